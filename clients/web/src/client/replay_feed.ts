// The market as it was: reads the log of the exchange from a transaction or a time on, and plays it at any pace.
//   The server sends as fast as it can; frames are kept until their time has come. When enough are here the
//   subscription is ended, and taken up again behind the last transaction when few are left: memory stays bounded.
//   Owner:  the page's thread. Errors: `problem`, in words.
import { Book } from './book';
import { Connection } from './connection';
import type { ServerText } from './control';
import { Units } from './decimal';
import { Channel, Flag, Frame, Mbo, Trade } from './frame';
import { type TradeTick, tradeTick } from './market_feed';

const MOST_BYTES = 4 << 20;
const FEW_BYTES = 1 << 20;

interface Held {
  frame: Frame;
  bytes: number;
  at: number; // next event
}
interface Lane {
  seq: number;     // offsets of the fields of its struct
  tsEvent: number;
  frames: Held[];
  last: number;    // last_seq received
}

export class ReplayFeed {
  book = new Book();
  seq = 0;           // everything up to here has been played
  timeMs = 0;        // of the market that is shown
  speed = 1;
  playing = false;
  earliest = 0;
  head = 0;
  ready = false;     // the first state is here
  problem = '';
  private readonly books: Lane = { seq: Mbo.seq, tsEvent: Mbo.tsEvent, frames: [], last: 0 };
  private readonly trades: Lane = { seq: Trade.seq, tsEvent: Trade.tsEvent, frames: [], last: 0 };
  private readonly lanes = [this.books, this.trades];
  private readonly connection: Connection;
  private bytes = 0;
  private complete = 0; // both lanes have everything up to here
  private asked = false;      // the answer to a subscribe is due
  private subscribed = false;
  private start: { seq: string } | { ts: string } | 'earliest' = 'earliest';
  private clockMs = 0;  // page time of the last advance
  private nextId = 1;

  constructor(base: string, private readonly symbol: string, private units: Units, private readonly trade: (tick: TradeTick) => void) {
    this.connection = new Connection(base + '/v1/md', 'bourse.fb.v1', {
      hello: (hello) => {
        this.earliest = Number(hello.journal.earliest_seq);
        this.head = Number(hello.journal.head_seq);
        this.asked = this.subscribed = false;
        this.subscribe();
      },
      text: (message) => this.text(message),
      frame: (buffer) => this.take(buffer),
      state: () => undefined,
    });
  }

  open(start: { seq: string } | { ts: string } | 'earliest'): void {
    this.start = start;
    this.connection.start();
  }
  close(): void {
    this.connection.stop();
  }
  get buffered(): boolean {
    return this.lanes.some((lane) => lane.frames.length > 0);
  }

  play(): void {
    this.playing = true;
    this.clockMs = performance.now();
  }
  pause(): void {
    this.playing = false;
  }

  // One paint: plays what is due since the last one. The market's clock waits while nothing is there to play.
  advance(): void {
    const now = performance.now();
    const passed = now - this.clockMs;
    this.clockMs = now;
    if (!this.playing || !this.ready) return;
    this.playUntil(this.timeMs + passed * this.speed, Infinity);
    this.refill();
  }

  // The next transaction, whatever its time.
  step(): void {
    this.pause();
    let next = Infinity;
    for (const lane of this.lanes)
      if (lane.frames.length > 0) next = Math.min(next, lane.frames[0].frame.wide(lane.frames[0].at, lane.seq));
    if (next <= this.complete) this.playUntil(Infinity, next);
    this.refill();
  }

  private playUntil(timeMs: number, seq: number): void {
    let newest = 0;
    for (const lane of this.lanes) {
      while (lane.frames.length > 0) {
        const { frame, at } = lane.frames[0];
        const eventMs = frame.wide(at, lane.tsEvent) / 1e6;
        const eventSeq = frame.wide(at, lane.seq);
        if (eventMs > timeMs || eventSeq > Math.min(seq, this.complete)) break;
        newest = Math.max(newest, eventMs);
        this.seq = Math.max(this.seq, eventSeq);
        if (lane === this.books) this.book.apply(frame, at, this.units);
        else this.trade(tradeTick(frame, at, this.units));
        this.pass(lane);
      }
    }
    this.timeMs = timeMs === Infinity || !this.buffered ? Math.max(this.timeMs, newest) : timeMs;
  }

  private pass(lane: Lane): void {
    const held = lane.frames[0];
    if (++held.at < held.frame.count) return;
    this.bytes -= held.bytes;
    lane.frames.shift();
  }

  private refill(): void {
    if (this.bytes < FEW_BYTES && this.complete > 0) this.subscribe();
  }

  private subscribe(): void {
    if (this.subscribed || this.asked) return;
    const start = this.complete > 0 ? { seq: String(this.complete + 1) } : this.start;
    const subs = [
      { channel: 'mbo', symbols: [this.symbol], start, snapshot: this.complete === 0 },
      { channel: 'trade', symbols: [this.symbol], start },
    ];
    this.asked = this.connection.send({ op: 'subscribe', id: this.nextId++, subs });
  }

  private text(message: ServerText): void {
    if (message.op === 'error') this.problem = message.msg;
    if (message.op !== 'subscribed') return;
    this.asked = false;
    this.subscribed = message.streams.length > 0;
    for (const refusal of message.rejected ?? []) this.problem = refusal.msg;
    for (const stream of message.streams) if (this.complete === 0) this.seq = Number(stream.from_seq) - 1;
  }

  private take(buffer: ArrayBuffer): void {
    const frame = new Frame();
    if (!frame.open(buffer)) return;
    if (frame.channel === Channel.system) {
      this.head = Math.max(this.head, frame.system().journalSeq);
      return;
    }
    const lane = frame.channel === Channel.mbo ? this.books : frame.channel === Channel.trade ? this.trades : null;
    if (!lane || !this.subscribed) return;
    if (frame.has(Flag.snapshot)) {
      for (let i = 0; i < frame.count; ++i) this.book.apply(frame, i, this.units);
      return;
    }
    if (frame.lastSeq <= lane.last) return;
    if (!this.ready) {
      this.ready = true;
      this.timeMs = frame.wide(0, lane.tsEvent) / 1e6;
      this.clockMs = performance.now();
    }
    lane.frames.push({ frame, bytes: buffer.byteLength, at: 0 });
    this.bytes += buffer.byteLength;
    if (frame.has(Flag.partial)) return;
    lane.last = frame.lastSeq;
    if (!frame.has(Flag.flushLast)) return;
    for (const { last } of this.lanes) this.complete = Math.max(this.complete, last);
    if (this.bytes > MOST_BYTES) this.rest();
  }

  // What is on its way after this is not kept: it will be asked for again.
  private rest(): void {
    this.subscribed = false;
    this.connection.send({
      op: 'unsubscribe', id: this.nextId++,
      subs: [{ channel: 'mbo', symbols: [this.symbol] }, { channel: 'trade', symbols: [this.symbol] }],
    });
  }
}
