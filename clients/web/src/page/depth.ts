// Cumulative depth, symmetric about the middle. Under the pointer: what it costs to trade up to there.
import uPlot from 'uplot';
import { $, grouped, setText } from './dom';
import type { Market } from './market';
import { onTheme, palette } from './theme';

const EVERY_MS = 333;
const LEVELS = 200;

export class Depth {
  private plot: uPlot | null = null;
  private market: Market | null = null;
  private version = -1;
  private paintedMs = 0;
  private isLog = false;
  private span = 0; // price units each side of the middle

  constructor() {
    const host = $('depth');
    new ResizeObserver(() => this.plot?.setSize({ width: host.clientWidth, height: host.clientHeight })).observe(host);
    onTheme(() => this.rebuild());
    $('depth-scale').addEventListener('click', (e) => {
      this.isLog = !this.isLog;
      (e.target as HTMLElement).textContent = this.isLog ? 'log' : 'linear';
      this.rebuild();
    });
  }

  show(market: Market): void {
    this.market = market;
    this.span = 0;
    this.rebuild();
  }
  private rebuild(): void {
    this.plot?.destroy();
    this.plot = null;
    this.version = -1;
    this.paintedMs = 0;
  }

  paint(): void {
    const market = this.market;
    const now = performance.now();
    if (!market || now - this.paintedMs < EVERY_MS || this.version === market.book.version || Number.isNaN(market.mid)) return;
    this.paintedMs = now;
    this.version = market.book.version;
    const data = this.data(market);
    if (!this.plot) this.plot = this.make(data);
    else this.plot.setData(data);
  }

  // Steps from the far bids over the middle to the far asks; a null ends a side.
  private data(market: Market): uPlot.AlignedData {
    const unit = market.units.tickE9 / 1e9;
    const lot = market.units.lot * 10 ** market.units.qtyExponent;
    const bids = market.book.top('B', LEVELS);
    const asks = market.book.top('A', LEVELS);
    const xs: number[] = [];
    const down: (number | null)[] = [];
    const up: (number | null)[] = [];
    let sum = 0;
    for (const { price, size } of bids) {
      sum += size * lot;
      xs.unshift(price * unit);
      down.unshift(sum);
      up.push(null);
    }
    sum = 0;
    for (const { price, size } of asks) {
      sum += size * lot;
      xs.push(price * unit);
      down.push(null);
      up.push(sum);
    }
    const middle = market.mid * unit;
    // The nearer end of the two sides, kept until it is far off: a scale that moves always cannot be read.
    const reach = Math.min(middle - xs[0], xs[xs.length - 1] - middle);
    if (this.span === 0 || reach < this.span * 0.7 || reach > this.span * 1.5) this.span = reach;
    return [xs, down, up];
  }

  private make(data: uPlot.AlignedData): uPlot {
    const host = $('depth');
    const steps = (align: 1 | -1) => uPlot.paths.stepped!({ align });
    const axis = { stroke: palette.dim, grid: { stroke: palette.line, width: 1 }, ticks: { show: false }, font: `11px ${palette.font}` };
    return new uPlot({
      width: host.clientWidth, height: host.clientHeight, legend: { show: false }, padding: [8, 8, 0, 0],
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
      scales: {
        x: { time: false, range: () => this.range() },
        y: { distr: this.isLog ? 3 : 1, range: (_, min, max) => (this.isLog ? [Math.max(min / 2, 1e-6), max * 1.2] : [0, max * 1.1]) },
      },
      axes: [{ ...axis, size: 24, space: 70 }, { ...axis, size: 44, side: 1, values: (_, ticks) => ticks.map((v) => (v === null ? '' : shortNumber(v))) }],
      series: [
        {},
        { stroke: palette.bid, fill: palette.bidBar, width: 1.5, paths: steps(-1), points: { show: false } },
        { stroke: palette.ask, fill: palette.askBar, width: 1.5, paths: steps(1), points: { show: false } },
      ],
      hooks: { setCursor: [(plot) => this.tell(plot)] },
    }, data, host);
  }

  private range(): [number, number] {
    const market = this.market!;
    const middle = (market.mid * market.units.tickE9) / 1e9;
    return [middle - this.span, middle + this.span];
  }

  private tell(plot: uPlot): void {
    const market = this.market;
    const { left } = plot.cursor;
    if (!market || left === undefined || left === null || left < 0) return setText($('depth-note'), '');
    const price = (plot.posToVal(left, 'x') * 1e9) / market.units.tickE9;
    const buying = price > market.mid;
    const levels = market.book.top(buying ? 'A' : 'B', LEVELS);
    let lots = 0;
    let cost = 0;
    for (const level of levels) {
      if (buying ? level.price > price : level.price < price) break;
      lots += level.size;
      cost += market.units.notional(level.price, level.size);
    }
    if (lots === 0) return setText($('depth-note'), '');
    const size = lots * market.units.lot * 10 ** market.units.qtyExponent;
    setText($('depth-note'), `${buying ? 'buy' : 'sell'} to ${grouped(market.units.price(Math.round(price)))}: ` +
      `${market.units.size(lots)}, average ${grouped((cost / size).toFixed(market.units.priceDecimals))}, ${grouped(cost.toFixed(0))} in all`);
  }
}

export function shortNumber(value: number): string {
  if (value >= 1e6) return (value / 1e6).toPrecision(3) + ' M';
  if (value >= 1e4) return (value / 1e3).toPrecision(3) + ' k';
  return String(Number(value.toPrecision(3)));
}
