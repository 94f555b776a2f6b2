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

export interface Event { seq: number; id: number; action: string; side?: string; price?: number; size?: number }
// One mbo frame; prices and sizes are ticks of 1e-2 and lots of 1.
export function mboFrame(prev: number, events: Event[], flags = 32, epoch = 1): ArrayBuffer {
  const buffer = new ArrayBuffer(72 + events.length * 64);
  const view = new DataView(buffer);
  const wide = (at: number, value: number) => view.setBigUint64(at, BigInt(value), true);
  view.setUint32(0, 16, true);
  view.setUint32(4, 0x4b434954, true);
  [8, 56, 8, 4].forEach((value, i) => view.setUint16(8 + 2 * i, value, true));
  view.setInt32(16, 8, true);
  view.setUint32(20, 48, true);
  view.setUint32(68, events.length, true);
  wide(24, prev);
  wide(32, events[0].seq);
  wide(40, events[events.length - 1].seq);
  view.setUint32(56, MBO_STREAM, true);
  view.setUint16(60, epoch, true);
  view.setUint8(62, 1);
  view.setUint8(63, flags);
  events.forEach((event, i) => {
    const at = 72 + i * 64;
    wide(at, event.seq);
    wide(at + 16, event.id);
    view.setBigInt64(at + 24, BigInt(event.price ?? 0) * 10_000_000n, true);
    wide(at + 32, event.size ?? 0);
    view.setUint8(at + 60, event.action.charCodeAt(0));
    view.setUint8(at + 61, (event.side ?? 'B').charCodeAt(0));
  });
  return buffer;
}
