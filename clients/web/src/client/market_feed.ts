// The live market of one symbol: book, trades and status, resumed without a gap or a duplicate.
//   Every stream remembers the last transaction that it has whole, and the epoch of it. After a lost connection it asks
//   for the next one; the server refuses by name what it cannot continue (4001, 4002, 4006), and then the book is
//   taken from a snapshot and the hole is told as an event. Nothing is guessed and nothing is hidden.
//   Owner:  the page's thread. Errors: events.
import { Book } from './book';
import { Connection, type ConnectionState, nowMs } from './connection';
import type { Hello, ServerError, ServerText, StreamInfo } from './control';
import { Units } from './decimal';
import { Channel, type Definition, Flag, Frame, Status, SystemCode, Trade } from './frame';

export interface TradeTick {
  seq: number; tsMs: number; price: number; lots: number; buyer: boolean; matchId: number; // buyer: the aggressor bought
}
export type Start = { seq: string; epoch?: number } | { ts: string } | 'earliest';
export interface FeedEvents {
  state(state: ConnectionState, reason: string): void;
  changed(): void; // a frame was taken in
  definition(definition: Definition, units: Units): void;
  trade(trade: TradeTick, live: boolean): void;
  takenBack(matchId: number): void; // an administrator has declared this trade void
  status(action: number): void; // see phaseInWords
  gap(channel: string, from: number, to: number, why: string): void;
  lag(lagMs: number, lagEvents: number): void; // 0, 0: caught up
  hello(hello: Hello): void;
  error(error: ServerError): void;
}

interface Stream {
  channel: 'mbo' | 'trade' | 'status';
  id: number;       // 0: not subscribed
  last: number;     // last_seq of the last frame
  whole: number;    // the last transaction that came whole; 0: start anew
  epoch: number;
  live: boolean;
  inSnapshot: boolean;
}
const CANNOT_CONTINUE = new Set([4001, 4002, 4003, 4006]);

export class MarketFeed {
  readonly connection: Connection;
  book = new Book();
  units: Units | null = null;
  definition: Definition | null = null;
  head = 0;              // newest transaction of the log that we heard of
  events = 0;            // mbo events and trades taken in
  frames = 0;
  gaps = 0;
  reconnects = 0;
  unpaintedMs = 0;       // when the oldest frame since the last paint was published; 0: none
  private symbol = '';
  private historyMs = 0;
  private streams = new Map<number, Stream>();
  private wanted: Stream[] = [];
  private frame = new Frame();
  private nextId = 1;
  private paused = false;
  private rptSeq = 0;    // of the last trade

  constructor(base: string, private readonly told: FeedEvents) {
    this.connection = new Connection(base + '/v1/md', 'bourse.fb.v1', {
      hello: (hello) => this.hello(hello),
      text: (message) => this.text(message),
      frame: (buffer) => this.take(buffer),
      state: (state, reason) => this.told.state(state, reason),
    });
  }

  start(): void {
    this.connection.start();
  }
  stop(): void {
    this.connection.stop();
  }

  // Follows another symbol from now on, with the trades of the last `historyMs`.
  follow(symbol: string, historyMs: number): void {
    this.unsubscribe();
    this.symbol = symbol;
    this.historyMs = historyMs;
    this.book = new Book();
    this.units = null;
    this.definition = null;
    this.rptSeq = 0;
    const fresh = (channel: Stream['channel']): Stream =>
      ({ channel, id: 0, last: 0, whole: 0, epoch: 0, live: false, inSnapshot: false });
    this.wanted = [fresh('mbo'), fresh('trade'), fresh('status')];
    this.subscribe();
  }

  // A hidden page takes no increments; when it is seen again the book comes as a snapshot, trades are resumed.
  pause(): void {
    this.paused = true;
    this.unsubscribe();
  }
  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.restart(this.wanted[0]);
    this.subscribe();
  }

  private restart(stream: Stream | undefined): void {
    if (stream) stream.whole = stream.last = 0;
  }

  private hello(hello: Hello): void {
    this.told.hello(hello);
    this.head = Number(hello.journal.head_seq);
    this.streams.clear();
    for (const stream of this.wanted) {
      stream.id = 0;
      // Half a transaction is in the book: its other half cannot be asked for.
      if (stream.whole !== stream.last || stream.inSnapshot) this.restart(stream);
    }
    this.subscribe();
  }

  private subscribe(): void {
    if (this.paused || this.connection.state !== 'live') return;
    for (const stream of this.wanted) {
      if (stream.id !== 0) continue;
      const sub: Record<string, unknown> = { channel: stream.channel, symbols: [this.symbol] };
      if (stream.whole > 0) sub.start = { seq: String(stream.whole + 1), epoch: stream.epoch };
      else if (stream.channel === 'mbo') sub.snapshot = true;
      else if (stream.channel === 'trade' && this.historyMs > 0)
        sub.start = { ts: String(Math.max(0, Math.floor(nowMs() - this.connection.clockOffsetMs - this.historyMs))) + '000000' };
      this.connection.send({ op: 'subscribe', id: this.nextId++, subs: [sub] });
    }
  }

  private unsubscribe(): void {
    const streams = [...this.streams.keys()];
    this.streams.clear();
    for (const stream of this.wanted) stream.id = 0;
    if (streams.length > 0) this.connection.send({ op: 'unsubscribe', id: this.nextId++, streams });
  }

  private text(message: ServerText): void {
    if (message.op === 'subscribed') {
      for (const info of message.streams) this.opened(info);
      for (const refusal of message.rejected ?? []) this.refused(refusal);
    } else if (message.op === 'error') {
      this.told.error(message);
    }
  }

  private opened(info: StreamInfo): void {
    const stream = this.wanted.find((one) => one.channel === info.channel);
    if (!stream || this.paused || info.symbol !== this.symbol) {
      this.connection.send({ op: 'unsubscribe', id: this.nextId++, streams: [info.stream] });
      return;
    }
    stream.id = info.stream;
    stream.last = Number(info.from_seq) - 1;
    if (stream.whole > 0) stream.whole = stream.last;
    stream.live = info.live_seq === undefined;
    stream.inSnapshot = stream.channel === 'mbo' && stream.whole === 0;
    this.streams.set(info.stream, stream);
  }

  private refused(refusal: ServerError): void {
    const stream = this.wanted.find((one) => one.channel === refusal.channel);
    if (!stream || !CANNOT_CONTINUE.has(refusal.code) || stream.whole === 0) {
      if (refusal.code === 4003 && stream) this.historyMs = 0;
      else return this.told.error(refusal);
    } else {
      this.lost(stream, stream.whole + 1, this.head, refusal.msg);
    }
    this.subscribe();
  }

  private lost(stream: Stream, from: number, to: number, why: string): void {
    ++this.gaps;
    this.told.gap(stream.channel, from, to, why);
    this.restart(stream);
    this.historyMs = 0;
  }

  private take(buffer: ArrayBuffer): void {
    const frame = this.frame;
    if (!frame.open(buffer)) return;
    ++this.frames;
    this.told.changed();
    if (frame.channel === Channel.system) return this.system(frame);
    if (frame.channel === Channel.definition) return this.define(frame.definition());
    const stream = this.streams.get(frame.streamId);
    if (!stream) return;
    if (!frame.has(Flag.snapshot) && frame.prevSeq !== stream.last) {
      this.lost(stream, stream.last + 1, frame.prevSeq, 'frames are missing');
      return this.again(stream);
    }
    if (!frame.has(Flag.replay | Flag.snapshot)) {
      stream.live = true;
      if (this.unpaintedMs === 0) this.unpaintedMs = frame.publishedMs;
    }
    stream.epoch = frame.epoch;
    if (stream.channel === 'mbo') this.takeBook(frame, stream);
    else if (stream.channel === 'trade') this.takeTrades(frame, stream);
    else this.takeStatus(frame);
    stream.last = frame.lastSeq;
    if (!frame.has(Flag.partial) && !stream.inSnapshot) stream.whole = frame.lastSeq;
    this.head = Math.max(this.head, frame.lastSeq);
    if (stream.channel === 'mbo' && this.book.faults > 0) {
      this.lost(stream, frame.firstSeq, frame.lastSeq, 'the book contradicts itself');
      this.again(stream);
    }
  }

  // One stream is taken anew while the others go on.
  private again(stream: Stream): void {
    this.streams.delete(stream.id);
    this.connection.send({ op: 'unsubscribe', id: this.nextId++, streams: [stream.id] });
    stream.id = 0;
    this.subscribe();
  }

  private takeBook(frame: Frame, stream: Stream): void {
    if (!this.units) return;
    this.events += frame.count;
    for (let i = 0; i < frame.count; ++i) this.book.apply(frame, i, this.units);
    if (frame.has(Flag.snapEnd)) stream.inSnapshot = false;
    this.book.seq = frame.lastSeq;
  }

  private takeTrades(frame: Frame, stream: Stream): void {
    if (!this.units) return;
    this.events += frame.count;
    for (let i = 0; i < frame.count; ++i) {
      const tick = tradeTick(frame, i, this.units);
      const rptSeq = frame.wide(i, Trade.rptSeq);
      if (rptSeq <= this.rptSeq) continue;
      this.rptSeq = rptSeq;
      if (frame.byte(i, Trade.kind) === 86) this.told.takenBack(tick.matchId); // 'V'
      else this.told.trade(tick, stream.live);
    }
  }

  private takeStatus(frame: Frame): void {
    for (let i = 0; i < frame.count; ++i) this.told.status(frame.half(i, Status.action));
  }

  private system(frame: Frame): void {
    const notice = frame.system();
    this.head = Math.max(this.head, notice.journalSeq);
    // A position says that the stream has nothing up to there that we lack.
    for (const { streamId, lastSeq } of notice.positions) {
      const stream = this.streams.get(streamId);
      if (!stream) continue;
      stream.live = true;
      if (lastSeq > stream.last && notice.code === SystemCode.heartbeat && stream.last !== 0)
        this.lost(stream, stream.last + 1, lastSeq, 'the heartbeat is ahead of the stream');
    }
    if (notice.code === SystemCode.slowReader) this.told.lag(notice.lagMs, notice.lagEvents);
    if (notice.code === SystemCode.caughtUp) this.told.lag(0, 0);
  }

  private define(definition: Definition): void {
    if (definition.symbol !== this.symbol) return;
    this.definition = definition;
    this.units = new Units(definition.tickE9, definition.lot, definition.qtyExponent);
    this.told.definition(definition, this.units);
    this.told.status(definition.status);
  }
}

export function tradeTick(frame: Frame, i: number, units: Units): TradeTick {
  return {
    seq: frame.wide(i, Trade.seq), tsMs: frame.wide(i, Trade.tsEvent) / 1e6,
    price: units.ticksOf(frame.signed(i, Trade.price)), lots: units.lotsOf(frame.wide(i, Trade.size)),
    buyer: frame.byte(i, Trade.side) === 66, matchId: frame.wide(i, Trade.matchId),
  };
}
