// The account's open orders and fills. Rows are made anew only when a report came.
import { type Fill, type OrderEntry, type OwnOrder } from '../client/index';
import { $, clockText, grouped, make, setText } from './dom';
import type { Ticket } from './ticket';

const FILLS_SHOWN = 60;

export class OrdersPanel {
  private changed = true;
  private readonly net = new Map<string, { bought: number; sold: number }>();

  constructor(private readonly entry: OrderEntry, private readonly ticket: () => Ticket) {
    $('cancel-all').addEventListener('click', () => this.cancelAll());
    for (const name of ['orders', 'fills'] as const) $('tab-' + name).addEventListener('click', () => this.choose(name));
  }

  update(): void {
    if (this.entry.fills.length === 0) this.net.clear(); // another account
    this.changed = true;
  }
  addFill({ symbol, side, qty }: Fill): void {
    const net = this.net.get(symbol) ?? { bought: 0, sold: 0 };
    if (side === 'buy') net.bought += Number(qty);
    else net.sold += Number(qty);
    this.net.set(symbol, net);
    this.changed = true;
  }

  cancelAll(): void {
    const ticket = this.ticket();
    void this.entry.cancelAll().then((outcome) => ticket.tell(outcome, 'All cancelled'));
  }
  cancelLast(): void {
    const last = [...this.entry.open.values()].pop();
    if (last) this.cancel(last);
    else this.ticket().say('There is no open order.', '');
  }

  paint(symbol: string): void {
    if (!this.changed) return;
    this.changed = false;
    const orders = [...this.entry.open.values()].reverse();
    setText($('tab-orders'), `Orders ${orders.length}`);
    setText($('tab-fills'), `Fills ${this.entry.fills.length}`);
    const net = this.net.get(symbol);
    const position = net ? net.bought - net.sold : 0;
    setText($('position'), net ? `${position >= 0 ? '+' : '−'}${Math.abs(position).toPrecision(6).replace(/\.?0+$/, '')}` : '');
    $('orders-list').replaceChildren(...orders.map((order) => this.orderRow(order, symbol)));
    $('orders-none').hidden = orders.length > 0;
    $('fills-list').replaceChildren(...this.entry.fills.slice(0, FILLS_SHOWN).map(fillRow));
    $('fills-none').hidden = this.entry.fills.length > 0;
  }

  private orderRow(order: OwnOrder, shown: string): HTMLElement {
    const row = make('li', 'row');
    row.dataset.side = order.side;
    row.dataset.order = order.orderId;
    row.append(
      make('span', 'side', order.side === 'buy' ? '▲ buy' : '▼ sell'),
      make('span', 'number', order.leaves), make('span', 'number', order.price ? grouped(order.price) : order.type),
      make('span', 'dim', order.symbol !== shown ? order.symbol : order.status === 'partially_filled' ? `of ${order.qty}` : ''));
    const amend = make('button', 'small', 'amend');
    amend.setAttribute('aria-label', `amend order ${order.orderId}`);
    amend.addEventListener('click', () => this.ticket().amend(order));
    const cancel = make('button', 'small', '✕');
    cancel.setAttribute('aria-label', `cancel order ${order.orderId}`);
    cancel.addEventListener('click', () => this.cancel(order));
    row.append(amend, cancel);
    return row;
  }
  private cancel(order: OwnOrder): void {
    void this.entry.cancel(order).then((outcome) => this.ticket().tell(outcome, 'Cancelled'));
  }

  private choose(name: 'orders' | 'fills'): void {
    for (const one of ['orders', 'fills']) {
      $('tab-' + one).setAttribute('aria-selected', String(one === name));
      $(one + '-page').hidden = one !== name;
    }
  }
}

function fillRow(fill: Fill): HTMLElement {
  const row = make('li', 'row');
  row.dataset.side = fill.side;
  row.append(
    make('span', 'side', fill.side === 'buy' ? '▲ buy' : '▼ sell'), make('span', 'number', fill.qty),
    make('span', 'number', grouped(fill.price)), make('span', 'dim', fill.maker ? 'maker' : 'taker'),
    make('span', 'dim', clockText(fill.tsMs, false)));
  return row;
}
