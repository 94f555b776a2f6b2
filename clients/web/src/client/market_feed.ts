// The live market of one symbol: book, trades and status, resumed without a gap or a duplicate.
//   Every stream remembers the last transaction that it has whole, and the epoch of it. After a lost connection it asks
//   for the next one; the server refuses by name what it cannot continue (4001, 4002, 4006), and then the book is
//   taken from a snapshot and the hole is told as an event. Nothing is guessed and nothing is hidden.
//   The book comes order by order (mbo), or as levels, at most one frame in `conflateMs`; a book of levels is its state
//   and nothing else, so after a lost connection it begins with a snapshot and has no hole.
//   Owner:  the page's thread. Errors: events.
import { Book, type DepthBook, LevelBook } from './book';
import { Connection, type ConnectionState, nowMs } from './connection';
import type { Hello, ServerError, ServerText, StreamInfo } from './control';
import { Units } from './decimal';
import { BarFlag, BarFrame, Channel, type Definition, Flag, Frame, Status, SystemCode, Trade } from './frame';

export interface TradeTick {
  seq: number; tsMs: number; price: number; lots: number; buyer: boolean; matchId: number; // buyer: the aggressor bought
}
export interface Bar {
  time: number; open: number; high: number; low: number; close: number; lots: number; // seconds since 1970; ticks
  closed: boolean;
}
export interface FeedOptions {
  book: 'mbo' | 'level';
  conflateMs: 0 | 10 | 50 | 100; // of levels
}
export type Start = { seq: string; epoch?: number } | { ts: string } | 'earliest';
export interface FeedEvents {
  state(state: ConnectionState, reason: string): void;
  changed(): void; // a frame was taken in
  definition(definition: Definition, units: Units): void;
  trade(trade: TradeTick, live: boolean): void;
  bar(bar: Bar): void;
  takenBack(matchId: number): void; // an administrator has declared this trade void
  status(action: number): void; // see phaseInWords
  gap(channel: string, from: number, to: number, why: string): void;
  lag(lagMs: number, lagEvents: number): void; // 0, 0: caught up
  hello(hello: Hello): void;
  error(error: ServerError): void;
}

interface Stream {
  channel: 'mbo' | 'level' | 'trade' | 'status' | 'bar';
  interval: number; // of bars, in seconds
  running: boolean; // bars: the one that is not over yet, too
  id: number;       // 0: not subscribed
  last: number;     // last_seq of the last frame
  whole: number;    // the last transaction that came whole; 0: start anew
  epoch: number;
  live: boolean;
  inSnapshot: boolean;
}
const RUNNING_BAR_MS = 100; // how often it is told
const CANNOT_CONTINUE = new Set([4001, 4002, 4003, 4006]);

export class MarketFeed {
  readonly connection: Connection;
  book: DepthBook;
  units: Units | null = null;
  definition: Definition | null = null;
  head = 0;              // newest transaction of the log that we heard of
  events = 0;            // of the book, and trades, taken in
  frames = 0;
  gaps = 0;
  reconnects = 0;
  unpaintedMs = 0;       // when the oldest frame since the last paint was published; 0: none
  private symbol = '';
  private historyMs = 0;
  private barHistoryMs = 0;
  private streams = new Map<number, Stream>();
  private wanted: Stream[] = [];
  private frame = new Frame();
  private nextId = 1;
  private paused = false;
  private rptSeq = 0;    // of the last trade

  constructor(base: string, private readonly told: FeedEvents, private readonly options: FeedOptions = { book: 'mbo', conflateMs: 0 }) {
    this.book = this.emptyBook();
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
    this.book = this.emptyBook();
    this.units = null;
    this.definition = null;
    this.rptSeq = 0;
    this.wanted = [fresh(this.options.book), fresh('trade'), fresh('status')];
    this.subscribe();
  }

  // Bars of so many seconds from now on, those of the last `historyMs` first.
  followBars(interval: number, historyMs: number): void {
    this.barHistoryMs = historyMs;
    const before = this.wanted.filter((stream) => stream.channel === 'bar');
    this.wanted = this.wanted.filter((stream) => stream.channel !== 'bar');
    this.leave(before);
    this.wanted.push({ ...fresh('bar'), interval }, { ...fresh('bar'), interval, running: true });
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

  private emptyBook(): DepthBook {
    return this.options.book === 'mbo' ? new Book() : new LevelBook();
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
      // Half a transaction is in the book: its other half cannot be asked for. And some are whole in their snapshot.
      if (stream.whole !== stream.last || stream.inSnapshot || stream.channel === 'level' || stream.running) this.restart(stream);
    }
    this.subscribe();
  }

  private subscribe(): void {
    if (this.paused || this.connection.state !== 'live') return;
    for (const stream of this.wanted) {
      if (stream.id !== 0) continue;
      const sub: Record<string, unknown> = { channel: stream.channel, symbols: [this.symbol] };
      if (stream.channel === 'level' && this.options.conflateMs > 0) sub.conflate_ms = this.options.conflateMs;
      if (stream.channel === 'bar') sub.interval_ms = stream.interval * 1000;
      if (stream.running) sub.conflate_ms = RUNNING_BAR_MS;
      if (stream.whole > 0) sub.start = { seq: String(stream.whole + 1), epoch: stream.epoch };
      else if (stream === this.wanted[0]) sub.snapshot = true;
      else if (stream.channel === 'trade' && this.historyMs > 0) sub.start = this.past(this.historyMs);
      else if (stream.channel === 'bar' && !stream.running && this.barHistoryMs > 0) sub.start = this.past(this.barHistoryMs);
      this.connection.send({ op: 'subscribe', id: this.nextId++, subs: [sub] });
    }
  }

  private past(ms: number): object {
    return { ts: String(Math.max(0, Math.floor(nowMs() - this.connection.clockOffsetMs - ms))) + '000000' };
  }

  private unsubscribe(): void {
    this.leave(this.wanted);
  }
  private leave(some: Stream[]): void {
    const streams = some.map((stream) => stream.id).filter((id) => this.streams.delete(id));
    for (const stream of some) stream.id = 0;
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
    const stream = this.wanted.find((one) => one.channel === info.channel && one.id === 0 &&
      (one.channel !== 'bar' || (one.interval * 1000 === info.interval_ms && one.running === (info.conflate_ms !== undefined))));
    if (!stream || this.paused || info.symbol !== this.symbol) {
      this.connection.send({ op: 'unsubscribe', id: this.nextId++, streams: [info.stream] });
      return;
    }
    stream.id = info.stream;
    stream.last = Number(info.from_seq) - 1;
    if (stream.whole > 0) stream.whole = stream.last;
    stream.live = info.live_seq === undefined;
    stream.inSnapshot = stream === this.wanted[0] && stream.whole === 0;
    this.streams.set(info.stream, stream);
  }

  private refused(refusal: ServerError): void {
    const stream = this.wanted.find((one) => one.channel === refusal.channel);
    if (!stream || !CANNOT_CONTINUE.has(refusal.code) || stream.whole === 0) {
      if (refusal.code === 4003 && stream) this.historyMs = this.barHistoryMs = 0;
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
    if (stream === this.wanted[0]) this.takeBook(frame, stream);
    else if (stream.channel === 'trade') this.takeTrades(frame, stream);
    else if (stream.channel === 'bar') this.takeBars(frame);
    else this.takeStatus(frame);
    stream.last = frame.lastSeq;
    if (!frame.has(Flag.partial) && !stream.inSnapshot) stream.whole = frame.lastSeq;
    this.head = Math.max(this.head, frame.lastSeq);
    if (this.book.faults > 0) {
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

  private takeBars(frame: Frame): void {
    if (!this.units) return;
    for (let i = 0; i < frame.count; ++i) {
      const flags = frame.half(i, BarFrame.flags);
      if ((flags & BarFlag.empty) !== 0) continue;
      const price = (at: number) => this.units!.ticksOf(frame.signed(i, at));
      this.told.bar({
        time: Math.round(frame.wide(i, BarFrame.tsOpen) / 1e9), open: price(BarFrame.open), high: price(BarFrame.high),
        low: price(BarFrame.low), close: price(BarFrame.close), lots: this.units.lotsOf(frame.wide(i, BarFrame.volume)),
        closed: (flags & BarFlag.closed) !== 0,
      });
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
      if (stream.channel !== 'level' && !stream.running && lastSeq > stream.last && notice.code === SystemCode.heartbeat && stream.last !== 0)
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

const fresh = (channel: Stream['channel']): Stream =>
  ({ channel, interval: 0, running: false, id: 0, last: 0, whole: 0, epoch: 0, live: false, inSnapshot: false });

export function tradeTick(frame: Frame, i: number, units: Units): TradeTick {
  return {
    seq: frame.wide(i, Trade.seq), tsMs: frame.wide(i, Trade.tsEvent) / 1e6,
    price: units.ticksOf(frame.signed(i, Trade.price)), lots: units.lotsOf(frame.wide(i, Trade.size)),
    buyer: frame.byte(i, Trade.side) === 66, matchId: frame.wide(i, Trade.matchId),
  };
}
