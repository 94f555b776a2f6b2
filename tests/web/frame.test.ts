// The frames of tests/golden, which the server's own tests pin, read by the page's client.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Channel, Flag, Frame, Mbo, Bbo, Status, SystemCode, Trade } from '../../clients/web/src/client/frame';

const golden = (name: string): ArrayBuffer => {
  const bytes = readFileSync(join(process.env.BOURSE_SOURCE_DIR!, 'tests/golden', `frame_${name}.bin`));
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
};
const opened = (name: string): Frame => {
  const frame = new Frame();
  assert.ok(frame.open(golden(name)), name);
  return frame;
};

test('the header of every golden frame is read', () => {
  for (const name of ['mbo_1', 'mbo_2', 'trade', 'bbo', 'status', 'definition', 'heartbeat', 'system']) {
    const frame = opened(name);
    assert.equal(frame.prevSeq, Number(0x1011121314151617n), name);
    assert.equal(frame.firstSeq, Number(0x2021222324252627n), name);
    assert.equal(frame.lastSeq, Number(0x3031323334353637n), name);
    assert.equal(frame.epoch, 0x6162, name);
    assert.equal(frame.streamId, ((frame.channel << 24) | 0x515253) >>> 0, name);
  }
});

test('an mbo frame of two events shows both where they lie', () => {
  const frame = opened('mbo_2');
  assert.equal(frame.channel, Channel.mbo);
  assert.ok(frame.has(Flag.replay));
  assert.equal(frame.count, 2);
  assert.equal(frame.exact(0, Mbo.seq), 0x0102030405060708n);
  assert.equal(frame.exact(1, Mbo.orderId), 0x2122232425262728n);
  assert.equal(frame.signed(0, Mbo.price), Number(-0x3132333435363738n));
  assert.equal(frame.wide(0, Mbo.size), Number(0x4142434445464748n));
  assert.equal(frame.exact(1, Mbo.rptSeq), 0x6162636465666769n);
  assert.equal(frame.word(0, Mbo.instrumentId), 0x71727374);
  assert.equal(String.fromCharCode(frame.byte(0, Mbo.action), frame.byte(0, Mbo.side)), 'AB');
  assert.equal(String.fromCharCode(frame.byte(1, Mbo.action), frame.byte(1, Mbo.side)), 'EA');
  assert.equal(frame.half(0, Mbo.flags), 0x8182);
});

test('trade, bbo and status are read', () => {
  const trade = opened('trade');
  assert.equal(trade.exact(0, Trade.takerId), 0x6162636465666768n);
  assert.equal(trade.signed(0, Trade.price), Number(-0x2122232425262728n));
  assert.equal(String.fromCharCode(trade.byte(0, Trade.kind), trade.byte(0, Trade.side)), 'BA');
  const bbo = opened('bbo');
  assert.equal(bbo.exact(0, Bbo.askPx), 0x7fffffffffffffffn);
  assert.equal(bbo.word(0, Bbo.askCt), 0x81828384);
  const status = opened('status');
  assert.equal(status.half(0, Status.action), 0x4142);
  assert.equal(String.fromCharCode(status.byte(0, Status.isTrading)), 'Y');
});

test('a definition is read from its table', () => {
  assert.deepEqual(opened('definition').definition(), {
    instrumentId: 0x01020304, seq: Number(0x1112131415161718n), symbol: 'ETH-USD', base: 'ETH', quote: 'USD',
    tickE9: Number(0x3132333435363738n), lot: Number(0x4142434445464748n), minQty: Number(0x5152535455565758n),
    maxQty: Number(0x6162636465666768n), qtyExponent: -6, status: 7,
  });
});

test('heartbeat and replay-completed are read, positions and text with them', () => {
  const heartbeat = opened('heartbeat').system();
  assert.equal(heartbeat.code, SystemCode.heartbeat);
  assert.equal(heartbeat.journalSeq, Number(0x1112131415161718n));
  const notice = opened('system').system();
  assert.equal(notice.code, SystemCode.replayCompleted);
  assert.equal(notice.errorCode, 0x0102);
  assert.equal(notice.lagEvents, Number(0x5152535455565758n));
  assert.deepEqual(notice.positions, [
    { lastSeq: Number(0x0102030405060708n), streamId: 0x11121314 },
    { lastSeq: Number(0x2122232425262728n), streamId: 0x31323334 },
  ]);
  assert.equal(notice.text, 'hello');
});

test('what is cut short or is no frame is refused, byte by byte', () => {
  const frame = new Frame();
  for (const name of ['mbo_2', 'trade', 'bbo', 'status']) {
    const whole = golden(name);
    for (let length = 0; length < whole.byteLength; ++length)
      assert.equal(frame.open(whole.slice(0, length)), false, `${name} cut to ${length}`);
  }
  const other = golden('mbo_1');
  new Uint8Array(other)[4] = 0;
  assert.equal(frame.open(other), false);
});

test('damaged bytes never throw', () => {
  const seed = Number(process.env.BOURSE_SEED ?? Date.now() % 1e9);
  console.log('seed', seed);
  let state = seed >>> 0;
  const random = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) % below;
  };
  const frame = new Frame();
  for (let round = 0; round < 5000; ++round) {
    const bytes = golden(['mbo_2', 'trade', 'bbo', 'definition', 'system'][random(5)]);
    const view = new Uint8Array(bytes);
    for (let i = 0; i <= random(4); ++i) view[random(view.length)] = random(256);
    if (!frame.open(bytes)) continue;
    if (frame.channel === Channel.definition) frame.definition();
    else if (frame.channel === Channel.system) frame.system();
    else if (frame.count > 0) frame.wide(frame.count - 1, 0);
  }
});
