// The market as it was: one connection on /v1/replay, whose server keeps the clock. It begins with the book of the
// start and plays when told to; what comes is shown as it comes.
//   Owner:  the page's thread. Errors: `problem`, in words.
import { Book } from './book';
import { Connection } from './connection';
import type { ReplayState, ServerText } from './control';
import { Units } from './decimal';
import { Channel, Flag, Frame, Mbo, SystemCode, Trade } from './frame';
import { type TradeTick, tradeTick } from './market_feed';

const TICK_MS = 200; // of the market, so that its clock is seen to run in the quiet

export type ReplayStart = { seq: string } | { ts: string };

export class ReplayFeed {
  book = new Book();
  seq = 0;           // everything up to here has been played
  timeMs = 0;        // of the market that is shown
  playing = false;
  ended = false;
  earliest = 0;
  head = 0;          // the last transaction of the range
  ready = false;     // the first state is here
  problem = '';
  private readonly connection: Connection;
  private readonly frame = new Frame();
  private nextId = 1;

  constructor(
    base: string, start: ReplayStart, private pace: string,
    private readonly symbol: string, private units: Units, private readonly trade: (tick: TradeTick) => void,
  ) {
    const from = 'seq' in start ? `from_seq=${start.seq}` : `from_ts=${start.ts}`;
    this.connection = new Connection(`${base}/v1/replay?${from}&paused=1&stay=1&tick_ms=${TICK_MS}`, 'bourse.fb.v1', {
      hello: (hello) => this.begin(Number(hello.journal.earliest_seq), Number(hello.journal.head_seq)),
      text: (message) => this.text(message),
      frame: (buffer) => this.take(buffer),
      state: () => undefined,
    });
  }

  open(): void {
    this.connection.start();
  }
  close(): void {
    this.connection.stop();
  }

  play(): void {
    this.playing = true;
    if (this.ready) this.ask({ op: 'resume' });
  }
  pause(): void {
    this.playing = false;
    this.ask({ op: 'pause' });
  }
  step(unit: 'transactions' | 'trades' = 'transactions'): void {
    this.playing = false;
    this.ask({ op: 'step', [unit]: 1 });
  }
  setPace(pace: string): void {
    this.pace = pace;
    this.ask({ op: 'speed', speed: pace });
  }

  private ask(request: object): void {
    this.connection.send({ id: this.nextId++, ...request });
  }

  // After a break of the connection it goes on where it was.
  private begin(earliest: number, before: number): void {
    this.earliest = earliest;
    if (this.ready) this.ask({ op: 'seek', seq: String(this.seq + 1) });
    else this.seq = before;
    this.ask({ op: 'speed', speed: this.pace });
    this.ask({
      op: 'subscribe', subs: [
        { channel: 'mbo', symbols: [this.symbol], snapshot: true },
        { channel: 'trade', symbols: [this.symbol] },
      ],
    });
  }

  private text(message: ServerText): void {
    if (message.op === 'replay_state') this.state(message);
    if (message.op === 'subscribed') {
      for (const refusal of message.rejected ?? []) this.problem = refusal.msg;
      if (this.playing) this.ask({ op: 'resume' });
    }
    if (message.op !== 'error') return;
    this.problem = message.msg;
    if (!this.ready) this.close(); // it would be refused again
  }

  private state(state: ReplayState): void {
    this.head = Number(state.to_seq);
    this.ended = state.state === 'ended';
    if (state.state === 'seeking') return;
    this.seq = Number(state.seq);
    this.timeMs = Number(state.ts) / 1e6;
  }

  private take(buffer: ArrayBuffer): void {
    const { frame } = this;
    if (!frame.open(buffer)) return;
    if (frame.channel === Channel.system) {
      if (frame.system().code === SystemCode.clockTick) this.timeMs = frame.publishedMs;
      return;
    }
    if (frame.channel === Channel.mbo) {
      for (let i = 0; i < frame.count; ++i) this.book.apply(frame, i, this.units);
      if (frame.has(Flag.snapEnd)) this.ready = true;
      if (!frame.has(Flag.snapshot)) this.moved(frame.wide(frame.count - 1, Mbo.tsEvent));
    } else if (frame.channel === Channel.trade) {
      for (let i = 0; i < frame.count; ++i) this.trade(tradeTick(frame, i, this.units));
      this.moved(frame.wide(frame.count - 1, Trade.tsEvent));
    }
  }

  private moved(timeNs: number): void {
    this.seq = Math.max(this.seq, this.frame.lastSeq);
    this.timeMs = Math.max(this.timeMs, timeNs / 1e6);
  }
}
