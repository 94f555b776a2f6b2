// Everything by keyboard. A held key repeats for prices and sizes only: what sends, sends once.
import { $, make } from './dom';

export interface Actions {
  search(): void; buy(): void; sell(): void; price(by: number): void; size(by: number): void; enter(): void;
  cancelLast(): void; cancelAll(): void; escape(): void; recentre(): void; regroup(): void; theme(): void;
}
const TWICE_MS = 600;
export const KEYS: [string, string][] = [
  ['/', 'find a symbol'], ['b  s', 'buy, sell: fill the ticket'], ['↑ ↓', 'price by one tick (Shift: by one row of the ladder)'],
  ['[  ]', 'size down, up'], ['Enter  Enter', 'review, then send'], ['x', 'cancel the last order'],
  ['Esc  Esc', 'cancel all orders'], ['c', 'recentre the ladder'], ['g', 'next grouping'], ['t', 'next palette'], ['?', 'this map'],
];

export function startKeys(actions: Actions, row: () => number): void {
  let escapedMs = 0;
  const help = $<HTMLDialogElement>('help');
  $('help-list').replaceChildren(...KEYS.map(([key, what]) => {
    const item = make('div');
    item.append(make('dt', '', key), make('dd', '', what));
    return item;
  }));
  for (const button of document.querySelectorAll<HTMLButtonElement>('dialog .close'))
    button.addEventListener('click', () => button.closest('dialog')!.close());
  $('help-open').addEventListener('click', () => help.showModal());

  document.addEventListener('keydown', (e) => {
    if (e.ctrlKey || e.altKey || e.metaKey || document.querySelector('dialog[open]')) return;
    const target = e.target as HTMLElement;
    const typing = target instanceof HTMLInputElement && target.type !== 'checkbox';
    const inTicket = target.closest('#ticket') !== null;
    if (e.key === 'Escape') {
      if (e.repeat) return;
      if (typing) target.blur();
      if (performance.now() - escapedMs < TWICE_MS) actions.cancelAll();
      else actions.escape();
      escapedMs = performance.now();
      return;
    }
    if (e.key === 'Enter') {
      // Buttons and other fields keep their own Enter; the ticket's goes through one door.
      if (!inTicket && (typing || target instanceof HTMLButtonElement || target instanceof HTMLSelectElement)) return;
      if (target.closest('#ticket') && target instanceof HTMLButtonElement && target.id !== 'ticket-send') return;
      e.preventDefault();
      if (!e.repeat) actions.enter();
      return;
    }
    if (typing && !inTicket) return;
    const digits = typing && /^[\d.,]$/.test(e.key);
    if (digits || target instanceof HTMLSelectElement) return;
    const step = e.shiftKey ? row() : 1;
    const held: Record<string, () => void> = {
      ArrowUp: () => actions.price(step), ArrowDown: () => actions.price(-step), '[': () => actions.size(-1), ']': () => actions.size(1),
    };
    const once: Record<string, () => void> = {
      '/': actions.search, b: actions.buy, s: actions.sell, x: actions.cancelLast, c: actions.recentre, g: actions.regroup,
      t: actions.theme, '?': () => help.showModal(),
    };
    const action = held[e.key] ?? (e.repeat ? undefined : once[e.key]);
    if (!action) return;
    e.preventDefault();
    action();
  });
}
