// How the feed resumes, and what it does when it cannot: a scripted server on the other side.
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { MarketFeed } from '../../clients/web/src/client/market_feed';
import { Units } from '../../clients/web/src/client/decimal';
import { FakeSocket, hello, MBO_STREAM, mboFrame, opened } from './fake_server';

const SNAPSHOT = 1 | 2 | 4;
const PARTIAL = 128;

function connected() {
  mock.timers.reset();
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  Object.assign(globalThis, { WebSocket: FakeSocket });
  const gaps: [string, number, number][] = [];
  const feed = new MarketFeed('wss://x', {
    state: () => undefined, changed: () => undefined, definition: () => undefined, trade: () => undefined, takenBack: () => undefined,
    status: () => undefined, lag: () => undefined, hello: () => undefined, error: () => undefined,
    gap: (channel, from, to) => gaps.push([channel, from, to]),
  });
  feed.start();
  FakeSocket.last.say(hello());
  feed.follow('X', 0);
  feed.units = new Units(10_000_000, 1, 0);
  const first = subs(FakeSocket.last).find((sub) => sub.channel === 'mbo');
  assert.equal(first?.snapshot, true);
  FakeSocket.last.say(opened(101));
  FakeSocket.last.frame(mboFrame(0, [{ seq: 100, id: 0, action: 'R' }, { seq: 100, id: 1, action: 'A', price: 50, size: 7 }], SNAPSHOT));
  assert.deepEqual(feed.book.bids.best, { price: 50, size: 7, count: 1 });
  return { feed, gaps };
}
const subs = (socket: FakeSocket) =>
  socket.asked().filter((one) => one.op === 'subscribe').flatMap((one) => one.subs as { channel: string; start?: unknown; snapshot?: boolean }[]);
// The connection breaks and the next one says hello.
function reconnect(epoch = 1): FakeSocket {
  FakeSocket.last.breakDown();
  mock.timers.tick(1000);
  FakeSocket.last.say(hello(epoch));
  return FakeSocket.last;
}

test('a broken connection is resumed at the last sequence + 1 of its epoch', () => {
  const { feed, gaps } = connected();
  FakeSocket.last.frame(mboFrame(100, [{ seq: 105, id: 2, action: 'A', price: 51, size: 1 }]));
  const socket = reconnect();
  assert.deepEqual(subs(socket).find((sub) => sub.channel === 'mbo'), { channel: 'mbo', symbols: ['X'], start: { seq: '106', epoch: 1 } });
  socket.say(opened(106));
  socket.frame(mboFrame(105, [{ seq: 110, id: 1, action: 'E', size: 3 }]));
  assert.deepEqual(feed.book.top('B', 9).map(({ price, size }) => [price, size]), [[51, 1], [50, 4]]);
  assert.deepEqual(gaps, []);
});

test('a server that greets and hangs up is tried less and less often', () => {
  connected();
  const sockets = FakeSocket.all.length;
  for (let ms = 0; ms < 60_000; ms += 50) {
    if (FakeSocket.last.readyState === 1) {
      FakeSocket.last.say(hello());
      FakeSocket.last.breakDown();
    }
    mock.timers.tick(50);
  }
  assert.ok(FakeSocket.all.length - sockets <= 7, `${FakeSocket.all.length - sockets} tries in a minute`);
});

test('a missing frame is told as a gap, and the book comes anew', () => {
  const { feed, gaps } = connected();
  FakeSocket.last.frame(mboFrame(107, [{ seq: 108, id: 3, action: 'A', price: 52, size: 1 }]));
  assert.deepEqual(gaps, [['mbo', 101, 107]]);
  assert.equal(feed.gaps, 1);
  const asked = FakeSocket.last.sent.filter((one) => one.op !== 'ping');
  assert.deepEqual(asked.find((one) => one.op === 'unsubscribe')?.streams, [MBO_STREAM]);
  assert.equal(subs(FakeSocket.last).find((sub) => sub.channel === 'mbo')?.snapshot, true);
  FakeSocket.last.say(opened(109, 9));
  FakeSocket.last.frame(mboFrame(0, [{ seq: 108, id: 0, action: 'R' }, { seq: 108, id: 3, action: 'A', price: 52, size: 1 }], SNAPSHOT));
  assert.deepEqual(feed.book.top('B', 9).map(({ price }) => price), [52]);
});

test('what a crash has taken back is not kept: 4006 leads to a snapshot', () => {
  const { gaps } = connected();
  const socket = reconnect(2);
  socket.asked();
  socket.say({ op: 'subscribed', id: 1, streams: [], rejected: [{ channel: 'mbo', symbol: 'X', code: 4006, name: 'epoch_mismatch', msg: 'taken back' }] });
  assert.equal(gaps.length, 1);
  assert.equal(subs(socket).find((sub) => sub.channel === 'mbo')?.snapshot, true);
});

test('half a transaction cannot be continued: the book comes anew', () => {
  connected();
  FakeSocket.last.frame(mboFrame(100, [{ seq: 105, id: 2, action: 'A', price: 51, size: 1 }], PARTIAL));
  const socket = reconnect();
  const sub = subs(socket).find((one) => one.channel === 'mbo');
  assert.equal(sub?.snapshot, true);
  assert.equal(sub?.start, undefined);
});

test('an event that the book cannot follow is a gap, not a guess', () => {
  const { gaps } = connected();
  FakeSocket.last.frame(mboFrame(100, [{ seq: 101, id: 99, action: 'E', size: 1 }]));
  assert.deepEqual(gaps, [['mbo', 101, 101]]);
});

test('a hidden page takes nothing, and a snapshot when it is seen again', () => {
  const { feed, gaps } = connected();
  feed.pause();
  assert.deepEqual(FakeSocket.last.asked().map((one) => one.op), ['unsubscribe']);
  FakeSocket.last.frame(mboFrame(100, [{ seq: 101, id: 5, action: 'A', price: 55, size: 1 }]));
  assert.equal(feed.book.bids.best?.price, 50);
  feed.resume();
  assert.equal(subs(FakeSocket.last).find((sub) => sub.channel === 'mbo')?.snapshot, true);
  assert.deepEqual(gaps, []);
});
