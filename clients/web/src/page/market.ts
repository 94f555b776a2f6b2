// What the panels show of one symbol, live or replayed: the book, the last trades, and candles made of them.
//   Owner: the page's thread; `tapeVersion` and `barVersion` change with the content.
//   Live bars are the exchange's own; a replay makes them of the trades that it shows.
import { type Bar as ServerBar, type DepthBook, type TradeTick, Units } from '../client/index';

export interface Bar extends ServerBar {
  broken: boolean; // data were missing in it
}
export interface TapeRow extends TradeTick {
  note?: string; // instead of a trade: a hole in the data
}
const TAPE_MAX = 1000;
const TRADES_MAX = 60_000;
const BARS_MAX = 5000;

export class Market {
  units: Units;
  last: TradeTick | null = null;
  before = 0;              // the price before the last one
  tape: TapeRow[] = [];    // oldest first
  tapeVersion = 0;
  bars: Bar[] = [];
  barVersion = 0;          // changes when bars must be drawn anew
  status = 7; // trading; see phaseInWords
  volume = 0;
  private trades: TradeTick[] = [];

  constructor(readonly symbol: string, units: Units, public book: DepthBook, public barSeconds: number, private readonly ownBars: boolean) {
    this.units = units;
  }

  addTrade(trade: TradeTick): void {
    if (this.last && trade.price !== this.last.price) this.before = this.last.price;
    this.last = trade;
    this.tape.push(trade);
    if (this.tape.length > TAPE_MAX + 200) this.tape.splice(0, 200);
    ++this.tapeVersion;
    this.trades.push(trade);
    if (this.trades.length > TRADES_MAX * 1.2) this.trades.splice(0, this.trades.length - TRADES_MAX);
    if (this.ownBars) this.addToBars(trade);
  }

  // One of the exchange's; the running one comes again and again until it is closed.
  addBar(bar: ServerBar): void {
    if (this.ownBars) return;
    let at = this.bars.length;
    while (at > 0 && this.bars[at - 1].time >= bar.time) --at;
    const known = this.bars[at]?.time === bar.time ? this.bars[at] : undefined;
    if (known?.closed && !bar.closed) return;
    if (at + 1 < this.bars.length || (!known && at < this.bars.length)) ++this.barVersion; // the chart appends only
    this.bars.splice(at, known ? 1 : 0, { ...bar, broken: known?.broken ?? false });
    this.trimBars();
  }

  addGap(from: number, to: number, why: string): void {
    const tsMs = this.last?.tsMs ?? Date.now();
    const note = to >= from ? `gap: ${why} (${from} to ${to})` : `gap: ${why}`;
    this.tape.push({ seq: from, tsMs, price: 0, lots: 0, buyer: false, matchId: 0, note });
    ++this.tapeVersion;
    const bar = this.bars[this.bars.length - 1];
    if (bar) bar.broken = true;
    ++this.barVersion;
  }

  // The trade stays in its candle: that is what was seen. The tape says that it no longer counts.
  takeBack(matchId: number): void {
    const row = this.tape.find((one) => one.matchId === matchId);
    if (row) row.note = `taken back: ${this.units.size(row.lots)} at ${this.units.price(row.price)}`;
    ++this.tapeVersion;
  }

  // The trades before a moment, so that a replay does not begin with an empty chart.
  seed(other: Market, isBefore: (trade: TradeTick) => boolean): void {
    for (const trade of other.trades) if (isBefore(trade)) this.addTrade(trade);
  }

  setBarSeconds(seconds: number): void {
    this.barSeconds = seconds;
    this.bars = [];
    if (this.ownBars) for (const trade of this.trades) this.addToBars(trade);
    ++this.barVersion;
  }

  // Half of the best bid and ask, in ticks; NaN with an empty side.
  get mid(): number {
    const bid = this.book.bids.best;
    const ask = this.book.asks.best;
    return bid && ask ? (bid.price + ask.price) / 2 : NaN;
  }
  get centre(): number {
    return Number.isNaN(this.mid) ? (this.last?.price ?? this.book.bids.best?.price ?? this.book.asks.best?.price ?? NaN) : this.mid;
  }

  private addToBars({ tsMs, price, lots }: TradeTick): void {
    const time = Math.floor(tsMs / 1000 / this.barSeconds) * this.barSeconds;
    const bar = this.bars[this.bars.length - 1];
    if (bar && time <= bar.time) {
      bar.high = Math.max(bar.high, price);
      bar.low = Math.min(bar.low, price);
      bar.close = price;
      bar.lots += lots;
      return;
    }
    this.bars.push({ time, open: price, high: price, low: price, close: price, lots, closed: false, broken: false });
    this.trimBars();
  }
  private trimBars(): void {
    if (this.bars.length <= BARS_MAX * 1.2) return;
    this.bars.splice(0, this.bars.length - BARS_MAX);
    ++this.barVersion;
  }
}
