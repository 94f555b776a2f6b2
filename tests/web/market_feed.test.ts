// How the feed resumes, and what it does when it cannot: a scripted server on the other side.
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { MarketFeed } from '../../clients/web/src/client/market_feed';
import { Units } from '../../clients/web/src/client/decimal';
import { barFrame, FakeSocket, hello, LEVEL_STREAM, levelFrame, MBO_STREAM, mboFrame, opened } from './fake_server';

const SNAPSHOT = 1 | 2 | 4;
const PARTIAL = 128;

function connected() {
  mock.timers.reset();
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  Object.assign(globalThis, { WebSocket: FakeSocket });
  const gaps: [string, number, number][] = [];
  const feed = new MarketFeed('wss://x', {
    state: () => undefined, changed: () => undefined, definition: () => undefined, trade: () => undefined, bar: () => undefined, takenBack: () => undefined,
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

function levels() {
  mock.timers.reset();
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  Object.assign(globalThis, { WebSocket: FakeSocket });
  const gaps: [string, number, number][] = [];
  const bars: { time: number; close: number; closed: boolean }[] = [];
  const feed = new MarketFeed('wss://x', {
    state: () => undefined, changed: () => undefined, definition: () => undefined, trade: () => undefined, takenBack: () => undefined,
    status: () => undefined, lag: () => undefined, hello: () => undefined, error: () => undefined,
    bar: ({ time, close, closed }) => bars.push({ time, close, closed }), gap: (channel, from, to) => gaps.push([channel, from, to]),
  }, { book: 'level', conflateMs: 10 });
  feed.start();
  FakeSocket.last.say(hello());
  feed.follow('X', 0);
  feed.units = new Units(10_000_000, 1, 0);
  return { feed, gaps, bars };
}
const levelOpened = (from: number) => ({
  op: 'subscribed', id: 1, streams: [{ stream: LEVEL_STREAM, channel: 'level', symbol: 'X', instrument_id: 1, from_seq: String(from), conflate_ms: 10 }],
});

test('levels are what the last update of each says, and one without orders is gone', () => {
  const { feed, gaps } = levels();
  assert.deepEqual(subs(FakeSocket.last).find((sub) => sub.channel === 'level'), { channel: 'level', symbols: ['X'], conflate_ms: 10, snapshot: true });
  FakeSocket.last.say(levelOpened(101));
  FakeSocket.last.frame(levelFrame(0, [
    { seq: 100, action: 'R' }, { seq: 100, action: 'N', price: 50, size: 7, count: 2 }, { seq: 100, action: 'N', price: 49, size: 1, count: 1 },
    { seq: 100, action: 'N', side: 'A', price: 52, size: 4, count: 1 }], SNAPSHOT));
  assert.deepEqual(feed.book.top('B', 9), [{ price: 50, size: 7, count: 2 }, { price: 49, size: 1, count: 1 }]);
  assert.equal(feed.book.orders, 4);
  // A conflated stream may delete what was never there and tell anew what is.
  FakeSocket.last.frame(levelFrame(100, [
    { seq: 140, action: 'D', price: 48 }, { seq: 140, action: 'N', price: 50, size: 3, count: 1 }, { seq: 140, action: 'D', price: 49 },
    { seq: 140, action: 'C', side: 'A', price: 52, size: 9, count: 3 }], 16));
  assert.deepEqual(feed.book.top('B', 9), [{ price: 50, size: 3, count: 1 }]);
  assert.deepEqual(feed.book.top('A', 9), [{ price: 52, size: 9, count: 3 }]);
  assert.equal(feed.book.seq, 140);
  assert.deepEqual(gaps, []);
});

test('a book of levels comes back whole after a broken connection, without a gap', () => {
  const { feed, gaps } = levels();
  FakeSocket.last.say(levelOpened(101));
  FakeSocket.last.frame(levelFrame(0, [{ seq: 100, action: 'R' }, { seq: 100, action: 'N', price: 50, size: 7, count: 1 }], SNAPSHOT));
  FakeSocket.last.frame(levelFrame(100, [{ seq: 120, action: 'N', price: 51, size: 1, count: 1 }], 16));
  const socket = reconnect();
  assert.deepEqual(subs(socket).find((sub) => sub.channel === 'level'), { channel: 'level', symbols: ['X'], conflate_ms: 10, snapshot: true });
  socket.say(levelOpened(151));
  socket.frame(levelFrame(0, [{ seq: 150, action: 'R' }, { seq: 150, action: 'N', price: 40, size: 2, count: 1 }], SNAPSHOT));
  assert.deepEqual(feed.book.top('B', 9).map(({ price }) => price), [40]);
  assert.deepEqual(gaps, []);
});

test('bars come closed from the past and running live, and another interval replaces them', () => {
  const { feed, bars } = levels();
  feed.followBars(60, 3_600_000);
  const asked = FakeSocket.last.asked().flatMap((one) => (one.subs as { channel: string; interval_ms?: number; conflate_ms?: number; start?: unknown }[]) ?? []);
  const [past, running] = asked.filter((sub) => sub.channel === 'bar');
  assert.equal(past.interval_ms, 60_000);
  assert.ok(past.start);
  assert.deepEqual(running, { channel: 'bar', symbols: ['X'], interval_ms: 60_000, conflate_ms: 100 });
  const opened = (stream: number, more: object) =>
    FakeSocket.last.say({ op: 'subscribed', id: 1, streams: [{ stream, channel: 'bar', symbol: 'X', instrument_id: 1, from_seq: '101', interval_ms: 60_000, ...more }] });
  opened(77, {});
  opened(78, { conflate_ms: 100 });
  FakeSocket.last.frame(barFrame(77, 100, { seq: 110, time: 60, close: 50, flags: 1 }));
  FakeSocket.last.frame(barFrame(78, 100, { seq: 112, time: 120, close: 51, flags: 0 }));
  FakeSocket.last.frame(barFrame(77, 110, { seq: 113, time: 180, close: 0, flags: 1 | 4 })); // nothing was traded
  assert.deepEqual(bars, [{ time: 60, close: 50, closed: true }, { time: 120, close: 51, closed: false }]);
  feed.followBars(1, 0);
  assert.deepEqual(FakeSocket.last.asked().find((one) => one.op === 'unsubscribe')?.streams, [77, 78]);
});
