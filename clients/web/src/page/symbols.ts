// Finds a symbol: key /, some letters, Enter. Pinned ones come first, then those looked at last.
import type { Instrument } from '../client/index';
import { $, make } from './dom';

const RECENT_MAX = 8;
const kept = (key: string): string[] => JSON.parse(localStorage.getItem(key) ?? '[]') as string[];

export class SymbolSearch {
  instruments: Instrument[] = [];
  private readonly dialog = $<HTMLDialogElement>('symbols');
  private readonly input = $<HTMLInputElement>('symbols-input');
  private selected = 0;
  private found: Instrument[] = [];

  constructor(private readonly chosen: (symbol: string) => void) {
    $('symbol').addEventListener('click', () => this.open());
    this.input.addEventListener('input', () => this.list(0));
    this.input.addEventListener('keydown', (e) => {
      if (e.key === 'ArrowDown' || e.key === 'ArrowUp') {
        this.list(this.selected + (e.key === 'ArrowDown' ? 1 : -1));
        e.preventDefault();
      } else if (e.key === 'Enter') {
        const one = this.found[this.selected];
        if (one) this.choose(one.symbol);
        e.preventDefault();
      }
    });
  }

  // False: the server did not answer.
  async load(): Promise<boolean> {
    try {
      const answer = await fetch('/v1/instruments', { cache: 'no-store' });
      this.instruments = ((await answer.json()) as { instruments: Instrument[] }).instruments;
      return true;
    } catch {
      return false;
    }
  }
  // The symbol to begin with: of the address, the last one, the first one.
  first(): string | undefined {
    const names = new Set(this.instruments.map((one) => one.symbol));
    return [decodeURIComponent(location.hash.slice(1)), ...kept('recent')].find((name) => names.has(name)) ?? this.instruments[0]?.symbol;
  }

  open(): void {
    if (this.dialog.open) return;
    this.input.value = '';
    this.dialog.showModal();
    this.input.focus();
    this.list(0);
    void this.load().then(() => this.list(this.selected));
  }

  private choose(symbol: string): void {
    this.dialog.close();
    localStorage.setItem('recent', JSON.stringify([symbol, ...kept('recent').filter((one) => one !== symbol)].slice(0, RECENT_MAX)));
    this.chosen(symbol);
  }

  private list(selected: number): void {
    const pinned = kept('pinned');
    const recent = kept('recent');
    const rank = ({ symbol }: Instrument) => (pinned.includes(symbol) ? -100 : 0) + (recent.includes(symbol) ? recent.indexOf(symbol) - 50 : 0);
    const wanted = this.input.value.trim().toUpperCase();
    this.found = this.instruments.filter((one) => one.symbol.toUpperCase().includes(wanted)).sort((a, b) => rank(a) - rank(b)).slice(0, 50);
    this.selected = Math.max(0, Math.min(selected, this.found.length - 1));
    $('symbols-list').replaceChildren(...this.found.map((one, i) => this.row(one, i, pinned)));
  }

  private row({ symbol, tick_size, lot_size }: Instrument, i: number, pinned: string[]): HTMLElement {
    const row = make('li', 'row');
    const pick = make('button', 'pick', symbol);
    if (i === this.selected) pick.setAttribute('aria-current', 'true');
    pick.append(make('small', 'dim', ` tick ${tick_size} · lot ${lot_size}`));
    pick.addEventListener('click', () => this.choose(symbol));
    const isPinned = pinned.includes(symbol);
    const pin = make('button', 'small', isPinned ? '★' : '☆');
    pin.setAttribute('aria-label', (isPinned ? 'unpin ' : 'pin ') + symbol);
    pin.addEventListener('click', () => {
      localStorage.setItem('pinned', JSON.stringify(isPinned ? pinned.filter((one) => one !== symbol) : [...pinned, symbol]));
      this.list(this.selected);
    });
    row.append(pick, pin);
    return row;
  }
}
