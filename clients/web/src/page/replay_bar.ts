// The bar below: pick a time or a transaction of the log, play it at any pace on the same panels, return to live.
import { ReplayFeed, type ReplayStart, type TradeTick } from '../client/index';
import { $, clockText, setText } from './dom';
import { Market } from './market';

export class ReplayBar {
  feed: ReplayFeed | null = null;
  market: Market | null = null;

  constructor(
    private readonly base: string,
    private readonly live: () => Market | null,
    private readonly serverNowMs: () => number,
    private readonly changed: () => void,
  ) {
    for (const button of document.querySelectorAll<HTMLButtonElement>('[data-back]'))
      button.addEventListener('click', () => this.startAt({ ts: this.ago(Number(button.dataset.back)) }));
    $('replay-form').addEventListener('submit', (e) => {
      e.preventDefault();
      this.startFrom($<HTMLInputElement>('replay-from').value.trim());
    });
    $('replay-play').addEventListener('click', () => this.toggle());
    $('replay-step').addEventListener('click', () => this.feed?.step());
    $('replay-trade').addEventListener('click', () => this.feed?.step('trades'));
    $('replay-speed').addEventListener('change', () => this.feed?.setPace(this.pace));
    $('replay-progress').addEventListener('click', (e) => this.jump(e));
    $('replay-live').addEventListener('click', () => this.stop());
  }

  get active(): boolean {
    return this.feed !== null;
  }
  private ago(seconds: number): string {
    return String(Math.floor(this.serverNowMs() - seconds * 1000)) + '000000';
  }

  // "12345": a transaction; "14:05:30": a time of today, or of yesterday if it is still to come.
  private startFrom(text: string): void {
    const time = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(text);
    if (/^\d+$/.test(text)) return this.startAt({ seq: text });
    if (!time) return setText($('replay-note'), 'a time such as 14:05:30, or a sequence such as 12345');
    const date = new Date();
    date.setHours(Number(time[1]), Number(time[2]), Number(time[3] ?? 0), 0);
    if (date.getTime() > Date.now()) date.setDate(date.getDate() - 1);
    this.startAt({ ts: String(date.getTime()) + '000000' });
  }

  private get pace(): string {
    return $<HTMLSelectElement>('replay-speed').value;
  }
  // A click into the bar of the log's range.
  private jump(event: MouseEvent): void {
    const { feed } = this;
    const bar = $('replay-progress').getBoundingClientRect();
    if (!feed || feed.head <= feed.earliest) return;
    const share = Math.max(0, Math.min(1, (event.clientX - bar.left) / bar.width));
    this.startAt({ seq: String(Math.round(feed.earliest + share * (feed.head - feed.earliest))) });
  }

  startAt(start: ReplayStart): void {
    const live = this.live();
    if (!live) return;
    this.feed?.close();
    const feed = new ReplayFeed(this.base, start, this.pace, live.symbol, live.units, (trade: TradeTick) => market.addTrade(trade));
    const market = new Market(live.symbol, live.units, feed.book, live.barSeconds, true);
    market.seed(live, (trade) => ('ts' in start ? trade.tsMs * 1e6 < Number(start.ts) : trade.seq < Number(start.seq)));
    this.feed = feed;
    this.market = market;
    feed.play();
    feed.open();
    document.body.dataset.mode = 'replay';
    this.changed();
  }
  stop(): void {
    this.feed?.close();
    this.feed = this.market = null;
    delete document.body.dataset.mode;
    setText($('replay-note'), '');
    this.changed();
  }

  private toggle(): void {
    if (!this.feed) return;
    if (this.feed.playing) this.feed.pause();
    else this.feed.play();
  }

  // Each paint.
  paint(): void {
    const { feed } = this;
    if (!feed) return;
    setText($('replay-play'), feed.playing ? 'pause' : 'play');
    $('replay-play').setAttribute('aria-pressed', String(feed.playing));
    const share = feed.head > feed.earliest ? (feed.seq - feed.earliest) / (feed.head - feed.earliest) : 0;
    $<HTMLProgressElement>('replay-progress').value = Math.max(0, Math.min(1, share));
    const text = feed.problem ? `cannot replay: ${feed.problem}`
      : !feed.ready ? 'reading the log…'
      : `${clockText(feed.timeMs)} · seq ${feed.seq} of ${feed.head}` + (feed.ended ? ' · the end' : '');
    setText($('replay-note'), text);
  }
}
