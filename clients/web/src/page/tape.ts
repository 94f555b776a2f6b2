// Time and sales, newest above: it stands still while the pointer is on it, and says how many came meanwhile.
import { $, clockText, grouped, setText, Surface } from './dom';
import type { Market } from './market';
import { onTheme, palette } from './theme';

const ROW = 18;

export class Tape {
  private readonly surface: Surface;
  private market: Market | null = null;
  private held = 0; // tape length when the pointer came; 0: running
  private version = -1;
  private least = 0; // lots
  private paused = false;

  constructor() {
    const canvas = $<HTMLCanvasElement>('tape');
    this.surface = new Surface(canvas, () => (this.version = -1));
    onTheme(() => (this.version = -1));
    canvas.addEventListener('pointerenter', () => {
      this.paused = true;
      this.held = this.market?.tapeVersion ?? 0;
    });
    canvas.addEventListener('pointerleave', () => {
      this.paused = false;
      this.version = -1;
    });
    $<HTMLInputElement>('tape-least').addEventListener('input', (e) => {
      const lots = this.market?.units.parseSize((e.target as HTMLInputElement).value) ?? 0;
      this.least = Number.isNaN(lots) ? 0 : lots;
      this.version = -1;
    });
  }

  show(market: Market): void {
    this.market = market;
    this.version = -1;
  }

  paint(): void {
    const { market, surface } = this;
    if (!market || surface.height < ROW) return;
    const news = market.tapeVersion - this.held;
    setText($('tape-held'), this.paused ? (news > 0 ? `held · ${news} new` : 'held') : '');
    if (this.version === market.tapeVersion || (this.paused && this.version >= 0)) return;
    this.version = market.tapeVersion;
    const { context, width, height } = surface;
    context.fillStyle = palette.panel;
    context.fillRect(0, 0, width, height);
    context.font = `12px ${palette.font}`;
    context.textBaseline = 'middle';
    let y = ROW / 2;
    for (let i = market.tape.length - 1; i >= 0 && y < height + ROW; --i) {
      const row = market.tape[i];
      if (row.note === undefined && row.lots < this.least) continue;
      if (row.note !== undefined) {
        context.fillStyle = palette.accent;
        context.textAlign = 'left';
        context.fillText('⁄⁄ ' + row.note, 8, y);
        context.fillRect(0, y + ROW / 2 - 1, width, 1);
      } else {
        context.textAlign = 'left';
        context.fillStyle = palette.dim;
        context.fillText(clockText(row.tsMs), 8, y);
        context.fillStyle = row.buyer ? palette.bid : palette.ask;
        context.textAlign = 'right';
        context.fillText((row.buyer ? '▲ ' : '▼ ') + grouped(market.units.price(row.price)), width * 0.68, y);
        context.fillStyle = palette.ink;
        context.fillText(market.units.size(row.lots), width - 10, y);
      }
      y += ROW;
    }
  }
}
