// Reads frames where they lie: no copy, no object per event, no BigInt.
//   A 64-bit field is two 32-bit halves, and as a number hi * 2^32 + lo. Up to 2^53 that is exact: every
//   sequence, every order id (the sequence of its birth), prices below 9,007,199 units. Times lose less than a microsecond.
//   Owner:  one Frame may be used for all frames of a connection; what it shows is valid until the next open().
//   Errors: open() returns false for bytes that are no frame, or one that is cut short.

export const Channel = { mbo: 1, level: 2, bbo: 3, trade: 4, bar: 6, status: 8, definition: 9, system: 12, exec: 13 } as const;
export const Flag = {
  snapshot: 1, snapBegin: 2, snapEnd: 4, replay: 8, conflated: 16, flushLast: 32, heartbeat: 64, partial: 128,
} as const;
export const SystemCode = { heartbeat: 0, slowReader: 2, replayCompleted: 3, caughtUp: 6, endOfReplay: 11, clockTick: 12 } as const;

const IDENTIFIER = 0x4b434954; // "TICK"
const HEADER_BYTES = 40;
const TWO_32 = 4294967296;
// Bytes of one struct, by channel; 0: the payload is a table.
const STRUCT_BYTES = [0, 64, 56, 72, 72, 0, 104, 0, 40, 0, 0, 0, 0, 0];

// Byte offsets inside the structs of schemas/market_data.fbs.
export const Mbo = { seq: 0, tsEvent: 8, orderId: 16, price: 24, size: 32, aux: 40, rptSeq: 48, instrumentId: 56, action: 60, side: 61, flags: 62 } as const;
export const LevelUpdate = { seq: 0, tsEvent: 8, price: 16, size: 24, rptSeq: 32, instrumentId: 40, count: 44, action: 48, side: 49, flags: 50, level: 52 } as const;
export const BarFrame = { seq: 0, tsOpen: 8, tsClose: 16, open: 24, high: 32, low: 40, close: 48, volume: 56, buyVolume: 64, intervalMs: 88, trades: 92, instrumentId: 96, flags: 100 } as const;
export const BarFlag = { closed: 1, snapshot: 2, empty: 4 } as const;
export const Trade = { seq: 0, tsEvent: 8, price: 16, size: 24, matchId: 32, makerId: 40, takerId: 48, rptSeq: 56, instrumentId: 64, kind: 68, side: 69, flags: 70 } as const;
export const Bbo = { seq: 0, tsEvent: 8, bidPx: 16, askPx: 24, bidSz: 32, askSz: 40, rptSeq: 48, instrumentId: 56, bidCt: 60, askCt: 64, flags: 68 } as const;
export const Status = { seq: 0, tsEvent: 8, rptSeq: 16, instrumentId: 24, action: 28, reason: 30, tradingEvent: 32, isTrading: 34, isQuoting: 35, flags: 36 } as const;

export interface Definition {
  instrumentId: number; seq: number; symbol: string; base: string; quote: string;
  tickE9: number; lot: number; minQty: number; maxQty: number; qtyExponent: number; status: number;
}
export interface SystemNotice {
  code: number; errorCode: number; streamId: number; journalSeq: number; lagMs: number; lagEvents: number;
  positions: { streamId: number; lastSeq: number }[]; text: string;
}

export class Frame {
  prevSeq = 0;
  firstSeq = 0;
  lastSeq = 0;
  publishedMs = 0; // server's clock, milliseconds since 1970 with a fraction
  streamId = 0;
  epoch = 0;
  channel = 0;
  flags = 0;
  count = 0; // structs of the payload
  private bytes = new Uint8Array(0);
  private words = new Uint32Array(0);
  private payload = 0; // byte offset of the first struct, or of the payload's table
  private structBytes = 0;

  open(buffer: ArrayBuffer): boolean {
    const length = buffer.byteLength;
    if (length < HEADER_BYTES + 8 || length % 8 !== 0) return false;
    this.bytes = new Uint8Array(buffer);
    this.words = new Uint32Array(buffer);
    if (this.words[1] !== IDENTIFIER) return false;
    const root = this.words[0];
    if (root + 4 > length) return false;
    const header = this.place(root, 0);
    if (header === 0 || header % 8 !== 0 || header + HEADER_BYTES > length) return false;
    this.prevSeq = this.u64(header);
    this.firstSeq = this.u64(header + 8);
    this.lastSeq = this.u64(header + 16);
    this.publishedMs = this.u64(header + 24) / 1e6;
    this.streamId = this.words[(header + 32) >> 2];
    this.epoch = this.u16(header + 36);
    this.channel = this.bytes[header + 38];
    this.flags = this.bytes[header + 39];
    this.count = 0;
    this.structBytes = STRUCT_BYTES[this.channel] ?? 0;
    const field = this.place(root, this.channel);
    if (field === 0 || field + 4 > length) return false;
    const target = field + this.u32(field);
    if (target + 4 > length) return false;
    if (this.structBytes === 0) {
      this.payload = target;
      return true;
    }
    this.count = this.u32(target);
    this.payload = target + 4;
    return this.payload % 8 === 0 && this.payload + this.count * this.structBytes <= length;
  }

  has(flag: number): boolean {
    return (this.flags & flag) !== 0;
  }

  // Fields of struct number i.
  wide(i: number, offset: number): number {
    return this.u64(this.payload + i * this.structBytes + offset);
  }
  signed(i: number, offset: number): number {
    const at = (this.payload + i * this.structBytes + offset) >> 2;
    return (this.words[at + 1] | 0) * TWO_32 + this.words[at];
  }
  word(i: number, offset: number): number {
    return this.words[(this.payload + i * this.structBytes + offset) >> 2];
  }
  half(i: number, offset: number): number {
    return this.u16(this.payload + i * this.structBytes + offset);
  }
  byte(i: number, offset: number): number {
    return this.bytes[this.payload + i * this.structBytes + offset];
  }
  // All 64 bits, for what must be exact beyond 2^53. Slow: not for the loop over events.
  exact(i: number, offset: number): bigint {
    const at = (this.payload + i * this.structBytes + offset) >> 2;
    return (BigInt(this.words[at + 1]) << 32n) | BigInt(this.words[at]);
  }

  definition(): Definition {
    const vector = this.payload;
    const table = vector + 4 + this.u32(vector + 4);
    return {
      instrumentId: this.u32Field(table, 0), seq: this.u64Field(table, 1), symbol: this.text(table, 4),
      base: this.text(table, 5), quote: this.text(table, 6), tickE9: this.u64Field(table, 8), lot: this.u64Field(table, 9),
      minQty: this.u64Field(table, 10), maxQty: this.u64Field(table, 11),
      qtyExponent: this.i8Field(table, 14, -8), status: this.u16Field(table, 17),
    };
  }

  system(): SystemNotice {
    const table = this.payload;
    const positions: SystemNotice['positions'] = [];
    const at = this.place(table, 8);
    if (at !== 0) {
      const vector = at + this.u32(at);
      const count = Math.min(this.u32(vector), (this.bytes.length - vector - 4) / 16);
      for (let i = 0, p = vector + 4; i < count; ++i, p += 16)
        positions.push({ lastSeq: this.u64(p), streamId: this.u32(p + 8) });
    }
    return {
      code: this.u16Field(table, 0), errorCode: this.u16Field(table, 1), streamId: this.u32Field(table, 2),
      journalSeq: this.u64Field(table, 4), lagMs: this.u64Field(table, 5) / 1e6, lagEvents: this.u64Field(table, 6),
      positions, text: this.text(table, 9),
    };
  }

  private place(table: number, field: number): number {
    const vtable = table - (this.u32(table) | 0);
    if (vtable < 0 || vtable + 4 > this.bytes.length || 4 + 2 * field >= this.u16(vtable)) return 0;
    const offset = this.u16(vtable + 4 + 2 * field);
    return offset === 0 ? 0 : table + offset;
  }
  private u16(at: number): number {
    return this.bytes[at] | (this.bytes[at + 1] << 8);
  }
  private u32(at: number): number {
    return (this.u16(at) | (this.u16(at + 2) << 16)) >>> 0;
  }
  private u64(at: number): number {
    return this.words[(at >> 2) + 1] * TWO_32 + this.words[at >> 2]; // every 64-bit field is aligned
  }
  private u64Field(table: number, field: number): number {
    const at = this.place(table, field);
    return at === 0 ? 0 : this.u64(at);
  }
  private u32Field(table: number, field: number): number {
    const at = this.place(table, field);
    return at === 0 ? 0 : this.u32(at);
  }
  private u16Field(table: number, field: number): number {
    const at = this.place(table, field);
    return at === 0 ? 0 : this.u16(at);
  }
  private i8Field(table: number, field: number, otherwise: number): number {
    const at = this.place(table, field);
    return at === 0 ? otherwise : (this.bytes[at] << 24) >> 24;
  }
  private text(table: number, field: number): string {
    const at = this.place(table, field);
    if (at === 0) return '';
    const begin = at + this.u32(at);
    return new TextDecoder().decode(this.bytes.subarray(begin + 4, begin + 4 + this.u32(begin)));
  }
}
