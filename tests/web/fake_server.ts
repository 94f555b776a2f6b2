// A websocket without a wire: the test is the server. Frames are built as docs/PROTOCOL.md lays them out.
export class FakeSocket {
  static readonly OPEN = 1;
  static all: FakeSocket[] = [];
  readyState = 1;
  binaryType = '';
  sent: Record<string, unknown>[] = [];
  onmessage: (event: { data: unknown }) => void = () => undefined;
  onclose: (event: { code: number }) => void = () => undefined;
  constructor(readonly url: string) {
    FakeSocket.all.push(this);
  }
  static get last(): FakeSocket {
    return FakeSocket.all[FakeSocket.all.length - 1];
  }
  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }
  close(): void {
    this.readyState = 3;
  }
  // What the client has asked for since the last look, pings left out.
  asked(): Record<string, unknown>[] {
    return this.sent.splice(0).filter((one) => one.op !== 'ping');
  }
  say(message: object): void {
    this.onmessage({ data: JSON.stringify(message) });
  }
  frame(buffer: ArrayBuffer): void {
    this.onmessage({ data: buffer });
  }
  breakDown(): void {
    this.readyState = 3;
    this.onclose({ code: 1006 });
  }
}

export const hello = (epoch = 1, head = 100) => ({
  op: 'hello', session: 's', nonce: 'n', epoch, time_ns: '0', server: 'b', heartbeat_ms: 1000,
  journal: { earliest_seq: '1', head_seq: String(head) },
});
export const MBO_STREAM = (1 << 24) | 1;
export const opened = (from: number, id = 1) => ({
  op: 'subscribed', id, streams: [{ stream: MBO_STREAM, channel: 'mbo', symbol: 'X', instrument_id: 1, from_seq: String(from) }],
});

export const LEVEL_STREAM = 2 ** 31 + 7;

// A frame of one vector of structs: `field` is the channel's place in the root table, `put` fills one struct.
function structFrame(
  head: { stream: number; channel: number; prev: number; first: number; last: number; flags: number; epoch: number },
  bytes: number, count: number, put: (view: DataView, at: number, i: number) => void,
): ArrayBuffer {
  // Root at 40; before it the vtable with the header's and the channel's place, behind it header and vector.
  const buffer = new ArrayBuffer(96 + count * bytes);
  const view = new DataView(buffer);
  const fields = head.channel + 1;
  const vtable = 8; // 4 + 2 * fields bytes, at most 22
  view.setUint32(0, 40, true);
  view.setUint32(4, 0x4b434954, true);
  view.setUint16(vtable, 4 + 2 * fields, true);
  view.setUint16(vtable + 2, 56, true);
  view.setUint16(vtable + 4, 8, true);
  view.setUint16(vtable + 4 + 2 * head.channel, 4, true);
  view.setInt32(40, 32, true);
  view.setUint32(44, 48, true); // to the vector at 92
  const wide = (at: number, value: number) => view.setBigUint64(at, BigInt(value), true);
  wide(48, head.prev);
  wide(56, head.first);
  wide(64, head.last);
  view.setUint32(80, head.stream, true);
  view.setUint16(84, head.epoch, true);
  view.setUint8(86, head.channel);
  view.setUint8(87, head.flags);
  view.setUint32(92, count, true);
  for (let i = 0; i < count; ++i) put(view, 96 + i * bytes, i);
  return buffer;
}

export interface Event { seq: number; id: number; action: string; side?: string; price?: number; size?: number }
// One mbo frame; prices and sizes are ticks of 1e-2 and lots of 1.
export function mboFrame(prev: number, events: Event[], flags = 32, epoch = 1): ArrayBuffer {
  const head = { stream: MBO_STREAM, channel: 1, prev, first: events[0].seq, last: events[events.length - 1].seq, flags, epoch };
  return structFrame(head, 64, events.length, (view, at, i) => {
    const event = events[i];
    view.setBigUint64(at, BigInt(event.seq), true);
    view.setBigUint64(at + 16, BigInt(event.id), true);
    view.setBigInt64(at + 24, BigInt(event.price ?? 0) * 10_000_000n, true);
    view.setBigUint64(at + 32, BigInt(event.size ?? 0), true);
    view.setUint8(at + 60, event.action.charCodeAt(0));
    view.setUint8(at + 61, (event.side ?? 'B').charCodeAt(0));
  });
}

export interface LevelEvent { seq: number; action: string; side?: string; price?: number; size?: number; count?: number }
export function levelFrame(prev: number, events: LevelEvent[], flags = 32, epoch = 1): ArrayBuffer {
  const head = { stream: LEVEL_STREAM, channel: 2, prev, first: events[0].seq, last: events[events.length - 1].seq, flags, epoch };
  return structFrame(head, 56, events.length, (view, at, i) => {
    const event = events[i];
    view.setBigUint64(at, BigInt(event.seq), true);
    view.setBigInt64(at + 16, BigInt(event.price ?? 0) * 10_000_000n, true);
    view.setBigUint64(at + 24, BigInt(event.size ?? 0), true);
    view.setUint32(at + 44, event.count ?? 0, true);
    view.setUint8(at + 48, event.action.charCodeAt(0));
    view.setUint8(at + 49, (event.side ?? 'B').charCodeAt(0));
  });
}

export function barFrame(stream: number, prev: number, bar: { seq: number; time: number; close: number; flags: number }): ArrayBuffer {
  const head = { stream, channel: 6, prev, first: bar.seq, last: bar.seq, flags: 32, epoch: 1 };
  return structFrame(head, 104, 1, (view, at) => {
    view.setBigUint64(at, BigInt(bar.seq), true);
    view.setBigUint64(at + 8, BigInt(bar.time) * 1_000_000_000n, true);
    for (const price of [24, 32, 40, 48]) view.setBigInt64(at + price, BigInt(bar.close) * 10_000_000n, true);
    view.setUint16(at + 100, bar.flags, true);
  });
}
