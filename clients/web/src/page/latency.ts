// The latency strip: every order's way to its acknowledgement, and how old the market is when it is painted.
// Percentiles are exact, of all samples of the last minute.
import uPlot from 'uplot';
import { $, make, msText, setText, Surface } from './dom';
import { palette } from './theme';

const MINUTE_MS = 60_000;
const SPARK = 60; // seconds

export class Samples {
  private at: number[] = [];
  private ms: number[] = [];
  count = 0;
  max = 0;

  add(ms: number): void {
    this.at.push(performance.now());
    this.ms.push(ms);
    ++this.count;
    this.max = Math.max(this.max, ms);
  }
  // Sorted, of the last minute.
  minute(): number[] {
    const from = performance.now() - MINUTE_MS;
    const cut = this.at.findIndex((at) => at >= from);
    const gone = cut < 0 ? this.at.length : cut;
    this.at.splice(0, gone);
    this.ms.splice(0, gone);
    return [...this.ms].sort((a, b) => a - b);
  }
  // The worst of each of the last seconds; NaN: no sample.
  seconds(): number[] {
    const now = performance.now();
    const worst = new Array<number>(SPARK).fill(NaN);
    for (let i = 0; i < this.at.length; ++i) {
      const k = SPARK - 1 - Math.floor((now - this.at[i]) / 1000);
      if (k >= 0) worst[k] = Math.max(Number.isNaN(worst[k]) ? 0 : worst[k], this.ms[i]);
    }
    return worst;
  }
}

export const percentile = (sorted: number[], p: number): number =>
  sorted.length === 0 ? NaN : sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * p) - 1)];

const NAMES = {
  ack: ['Order to acknowledgement', 'from the click on Send until the report is read; the exchange tells nothing before it is durable'],
  age: ['Age of the market when painted', 'from the exchange publishing a frame until the paint that shows it; clocks compared by ping'],
} as const;
export type Kind = keyof typeof NAMES;

export class LatencyStrip {
  readonly ack = new Samples();
  readonly age = new Samples();
  private shown: Kind | null = null;
  private plot: uPlot | null = null;
  private readonly sparks: Record<Kind, Surface>;

  constructor() {
    const spark = (kind: Kind) => new Surface($<HTMLCanvasElement>(kind + '-spark'), () => undefined, {});
    this.sparks = { ack: spark('ack'), age: spark('age') };
    for (const kind of ['ack', 'age'] as const) $(kind + '-meter').addEventListener('click', () => this.open(kind));
    $<HTMLDialogElement>('histogram').addEventListener('close', () => {
      this.shown = null;
      this.plot?.destroy();
      this.plot = null;
    });
  }

  // Twice a second.
  paint(): void {
    for (const kind of ['ack', 'age'] as const) {
      const sorted = this[kind].minute();
      setText($(kind + '-p50'), msText(percentile(sorted, 0.5)));
      setText($(kind + '-p99'), msText(percentile(sorted, 0.99)));
      this.spark(this.sparks[kind], this[kind].seconds());
    }
    if (this.shown) this.draw(this.shown);
  }

  private spark({ context, width, height }: Surface, seconds: number[]): void {
    context.clearRect(0, 0, width, height);
    const known = seconds.filter((v) => !Number.isNaN(v));
    if (known.length === 0) return;
    const top = Math.log1p(Math.max(...known) * 20);
    context.fillStyle = palette.accent;
    const step = width / SPARK;
    seconds.forEach((v, i) => {
      if (Number.isNaN(v)) return;
      const bar = Math.max(1.5, (Math.log1p(v * 20) / top) * height);
      context.fillRect(i * step, height - bar, Math.max(1, step - 0.5), bar);
    });
  }

  private open(kind: Kind): void {
    this.shown = kind;
    setText($('histogram-title'), NAMES[kind][0]);
    setText($('histogram-what'), NAMES[kind][1]);
    $<HTMLDialogElement>('histogram').showModal();
    this.draw(kind);
  }

  // Ten buckets per factor of ten.
  private draw(kind: Kind): void {
    const sorted = this[kind].minute();
    const rows = [['p50', 0.5], ['p90', 0.9], ['p99', 0.99], ['p99.9', 0.999]] as const;
    $('histogram-table').replaceChildren(
      ...rows.map(([name, p]) => fact(name, msText(percentile(sorted, p)))),
      fact('max', msText(sorted[sorted.length - 1] ?? NaN)), fact('samples', String(sorted.length)), fact('since load', String(this[kind].count)));
    const bucket = (ms: number) => Math.floor(Math.log10(Math.max(ms, 0.01)) * 10);
    const counts = new Map<number, number>();
    for (const ms of sorted) counts.set(bucket(ms), (counts.get(bucket(ms)) ?? 0) + 1);
    const low = Math.min(-10, ...counts.keys());
    const high = Math.max(20, ...counts.keys());
    const xs: number[] = [];
    const ys: number[] = [];
    for (let k = low; k <= high; ++k) {
      xs.push(10 ** (k / 10));
      ys.push(counts.get(k) ?? 0);
    }
    const data: uPlot.AlignedData = [xs, ys];
    if (this.plot) this.plot.setData(data);
    else this.plot = this.make(data);
  }

  private make(data: uPlot.AlignedData): uPlot {
    const axis = { stroke: palette.dim, grid: { stroke: palette.line, width: 1 }, ticks: { show: false }, font: `11px ${palette.font}` };
    return new uPlot({
      width: 560, height: 220, legend: { show: false }, cursor: { show: false },
      scales: { x: { time: false, distr: 3, log: 10 }, y: { range: (_, __, max) => [0, Math.max(1, max * 1.1)] } },
      axes: [{ ...axis, size: 28, values: (_, ticks) => ticks.map((v) => (v === null ? '' : v + ' ms')) }, { ...axis, size: 44 }],
      series: [{}, { fill: palette.accent, stroke: palette.accent, width: 0, paths: uPlot.paths.bars!({ size: [0.9, 40], align: 1 }), points: { show: false } }],
    }, data, $('histogram-plot'));
  }
}

function fact(name: string, value: string): HTMLElement {
  const item = make('div');
  item.append(make('dt', '', name), make('dd', '', value));
  return item;
}
