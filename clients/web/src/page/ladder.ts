// The static ladder: prices stand still, sizes move. It recentres on key c, or when the last price has left the view
// while the pointer is elsewhere: never under the hand that is about to click. An own order is taken by its mark and
// dropped at another price; the ticket then reads back what that would send.
import type { Level, OwnOrder } from '../client/index';
import { $, grouped, Surface } from './dom';
import type { Market } from './market';
import { calm, onTheme, palette } from './theme';

const ROW = 20;
const FLASH_MS = 150;
const SCALE_MS = 2000; // how long a scale of the bars stands before it becomes finer
const STEPS = [1, 2, 5];

export interface LadderRow {
  price: number; // lower edge for bids, upper for asks: ticks
  bid: number;   // lots
  ask: number;
  ownBid: number;
  ownAsk: number;
  isLast: boolean;
}

export interface LadderEvents {
  picked(side: 'buy' | 'sell', price: number): void; // a click on a row
  moved(order: OwnOrder, price: number): void;        // an own order was dropped there
}
// What the canvas shows of one side of a row.
interface Cell {
  lots: number;
  own: number;
  look: number; // the pointer is on it, an order comes; -1: nothing is drawn yet
  glows: boolean;
  changedMs: number;
}
const fresh = (lots: number): Cell => ({ lots, own: 0, look: -1, glows: false, changedMs: -FLASH_MS });
interface Drag {
  order: OwnOrder;
  from: number; // rows
  to: number;
}

export class Ladder {
  group = 0; // ticks per row
  private readonly surface: Surface;
  private scale = 1; // lots of the longest bar
  private scaledMs = 0;
  private readonly texts = new Map<number, string>();
  private centre = NaN; // row index of the middle: price / group
  private hovered = false;
  private hoverRow = -1;
  private cells: { bid: Cell; ask: Cell; price: number }[] = [];
  private all = true;
  private own: readonly OwnOrder[] = []; // as last painted
  private drag: Drag | null = null;
  private dropped = false; // the click that follows a drop is none
  private market: Market | null = null;

  constructor(private readonly told: LadderEvents) {
    const canvas = $<HTMLCanvasElement>('ladder');
    this.surface = new Surface(canvas, () => this.repaint());
    onTheme(() => this.repaint());
    canvas.addEventListener('pointerenter', () => (this.hovered = true));
    canvas.addEventListener('pointerleave', () => {
      this.hovered = false;
      this.hoverRow = -1;
    });
    canvas.addEventListener('pointerdown', (e) => this.take(e));
    canvas.addEventListener('pointermove', (e) => this.move(e.offsetX, Math.floor(e.offsetY / ROW)));
    canvas.addEventListener('pointerup', () => this.drop());
    canvas.addEventListener('pointercancel', () => this.leaveDrag());
    canvas.addEventListener('click', (e) => {
      if (!this.dropped) this.click(e.offsetX, Math.floor(e.offsetY / ROW));
      this.dropped = false;
    });
    canvas.addEventListener('wheel', (e) => {
      this.centre -= Math.sign(e.deltaY) * 3;
      this.repaint();
      e.preventDefault();
    }, { passive: false });
  }

  show(market: Market): void {
    if (this.market?.symbol !== market.symbol) {
      this.group = 0;
      this.texts.clear();
    }
    this.market = market;
    this.centre = NaN;
    this.repaint();
  }
  repaint(): void {
    this.all = true;
  }
  recentre(): void {
    if (this.market && this.group > 0) this.centre = Math.round(this.market.centre / this.group);
    this.repaint();
  }

  // The next coarser grouping; after the coarsest the finest.
  regroup(): void {
    const tenth = 10 ** Math.floor(Math.log10(this.group));
    const step = STEPS[STEPS.indexOf(Math.round(this.group / tenth)) + 1];
    this.setGroup(this.group >= this.natural() * 50 ? 1 : step ? step * tenth : tenth * 10);
  }
  setGroup(group: number): void {
    this.group = group;
    this.recentre();
  }

  // So that a dozen levels of each side fill about the view.
  private natural(): number {
    const { book } = this.market!;
    const bids = book.top('B', 14);
    const asks = book.top('A', 14);
    const both = [...bids, ...asks].map((level) => level.price);
    if (both.length === 0) return 0;
    const span = Math.max(...both) - Math.min(...both);
    const wanted = span / Math.max(10, this.rows - 6);
    let group = 1;
    while (group < wanted) group = group.toString().startsWith('2') ? group * 2.5 : group * 2;
    return group;
  }
  get rows(): number {
    return Math.floor(this.surface.height / ROW);
  }

  private priceAt(row: number): number {
    return (this.centre + Math.floor(this.rows / 2) - row) * this.group;
  }
  private click(x: number, row: number): void {
    const price = this.priceAt(row);
    if (!this.market || Number.isNaN(price)) return;
    this.told.picked(x < this.surface.width / 2 ? 'buy' : 'sell', price);
  }

  // The newest own order of that side in that row.
  private orderAt(x: number, row: number): OwnOrder | undefined {
    const { market, group } = this;
    if (!market || group === 0) return undefined;
    const side = x < this.surface.width / 2 ? 'buy' : 'sell';
    const round = side === 'buy' ? Math.floor : Math.ceil;
    const price = this.priceAt(row);
    return [...this.own].reverse().find((one) => one.symbol === market.symbol && one.side === side && one.price !== '' &&
      round(market.units.parsePrice(one.price) / group) * group === price);
  }
  private take(e: PointerEvent): void {
    this.dropped = false;
    const row = Math.floor(e.offsetY / ROW);
    const order = e.button === 0 ? this.orderAt(e.offsetX, row) : undefined;
    if (!order) return;
    this.drag = { order, from: row, to: row };
    this.surface.canvas.setPointerCapture(e.pointerId);
  }
  private move(x: number, row: number): void {
    this.hoverRow = row;
    const { canvas } = this.surface;
    if (this.drag) this.drag.to = Math.max(0, Math.min(this.rows - 1, row));
    canvas.style.cursor = this.drag ? 'grabbing' : this.orderAt(x, row) ? 'grab' : '';
  }
  private drop(): void {
    const { drag } = this;
    this.leaveDrag();
    if (!drag || drag.to === drag.from) return;
    this.dropped = true;
    this.told.moved(drag.order, this.priceAt(drag.to));
  }
  leaveDrag(): void {
    this.drag = null;
  }

  // The rows that are seen, best asks above: numbers, bars and marks of one state of the book.
  model(orders: Iterable<OwnOrder>): LadderRow[] {
    const { market, group } = this;
    const rows: LadderRow[] = [];
    if (!market || group === 0) return rows;
    const top = this.centre + Math.floor(this.rows / 2);
    for (let i = 0; i < this.rows; ++i)
      rows.push({ price: (top - i) * group, bid: 0, ask: 0, ownBid: 0, ownAsk: 0, isLast: false });
    // Bids round down and asks up: no row promises a better price than there is.
    const bidRow = (price: number) => rows[top - Math.floor(price / group)];
    const askRow = (price: number) => rows[top - Math.ceil(price / group)];
    const fill = (side: 'B' | 'A', put: (level: Level) => boolean) => {
      const { prices, levels } = side === 'B' ? market.book.bids : market.book.asks;
      for (let i = prices.length - 1; i >= 0 && put(levels.get(prices[i])!); --i);
    };
    const lowest = rows[rows.length - 1]?.price ?? 0;
    const highest = rows[0]?.price ?? 0;
    fill('B', (level) => {
      const row = bidRow(level.price);
      if (row) row.bid += level.size;
      return level.price >= lowest;
    });
    fill('A', (level) => {
      const row = askRow(level.price);
      if (row) row.ask += level.size;
      return level.price <= highest;
    });
    for (const order of orders) {
      if (order.symbol !== market.symbol || !order.price) continue;
      const price = market.units.parsePrice(order.price);
      const lots = market.units.parseSize(order.leaves);
      const row = order.side === 'buy' ? bidRow(price) : askRow(price);
      if (!row) continue;
      if (order.side === 'buy') row.ownBid += lots;
      else row.ownAsk += lots;
    }
    const last = market.last && (market.last.buyer ? askRow(market.last.price) : bidRow(market.last.price));
    if (last) last.isLast = true;
    return rows;
  }

  paint(orders: readonly OwnOrder[]): void {
    const market = this.market;
    this.own = orders;
    if (!market || Number.isNaN(market.centre) || this.surface.height < ROW) return;
    if (this.group === 0) {
      this.group = this.natural();
      if (this.group === 0) return;
      this.recentre();
    }
    this.follow(market);
    const rows = this.model(orders);
    let most = 1;
    for (const row of rows) most = Math.max(most, row.bid, row.ask);
    // A bar's scale that changes with every order would make all rows move: it follows in steps.
    const now = performance.now();
    if (most > this.scale || (most < this.scale / 2.2 && now - this.scaledMs > SCALE_MS)) {
      this.scale = most * 1.25;
      this.scaledMs = now;
      this.all = true;
    }
    if (this.all) this.clear();
    for (let i = 0; i < rows.length; ++i) this.paintRow(rows[i], i, now);
    this.all = false;
  }

  private follow(market: Market): void {
    if (this.drag) return; // what is held must not be moved under the hand
    const off = Math.abs(Math.round(market.centre / this.group) - this.centre);
    if (Number.isNaN(this.centre) || (!this.hovered && off > this.rows / 2 - 2)) this.recentre();
  }

  private clear(): void {
    const { context, width, height } = this.surface;
    context.fillStyle = palette.panel;
    context.fillRect(0, 0, width, height);
    context.font = `12px ${palette.font}`;
    context.textBaseline = 'middle';
    this.cells = [];
  }

  // Only the cells that differ from what is on the canvas are drawn.
  private paintRow(row: LadderRow, i: number, now: number): void {
    const cells = (this.cells[i] ??= { bid: fresh(row.bid), ask: fresh(row.ask), price: -1 });
    const hovered = i === this.hoverRow;
    const { drag } = this;
    const coming = drag && drag.to === i && drag.to !== drag.from ? drag.order : null;
    const bidComing = coming?.side === 'buy' ? coming : null;
    const askComing = coming?.side === 'sell' ? coming : null;
    this.paintSide(cells.bid, row.bid, row.ownBid, true, i * ROW, now, hovered, bidComing);
    this.paintSide(cells.ask, row.ask, row.ownAsk, false, i * ROW, now, hovered, askComing);
    const price = (row.isLast ? 4 : 0) + (row.bid > 0 ? 2 : 0) + (row.ask > 0 ? 1 : 0);
    if (cells.price !== price) this.drawPrice(row, i * ROW);
    cells.price = price;
  }

  private paintSide(
    cell: Cell, lots: number, own: number, bid: boolean, y: number, now: number, hovered: boolean,
    coming: OwnOrder | null,
  ): void {
    if (cell.lots !== lots) cell.changedMs = now;
    const glows = lots > 0 && now - cell.changedMs < FLASH_MS && !calm.matches;
    const look = (hovered ? 2 : 0) + (coming ? 1 : 0);
    const isSame = cell.lots === lots && cell.own === own && cell.look === look && !coming;
    if (!isSame) {
      this.drawSide(lots, own, bid, y, glows, hovered, coming);
    } else if (cell.glows !== glows) {
      this.drawGlow(lots, bid, y, glows);
    }
    cell.lots = lots;
    cell.own = own;
    cell.look = look;
    cell.glows = glows;
  }

  // The mark of a change beside the price, and without it the bar again: a pixel more, so that no edge of it stays.
  private drawGlow(lots: number, bid: boolean, y: number, glows: boolean): void {
    const { context } = this.surface;
    const width = glows ? 2 : Math.min(3, this.barLength(lots));
    context.fillStyle = bid ? (glows ? palette.bid : palette.bidBar) : glows ? palette.ask : palette.askBar;
    context.fillRect(bid ? this.room - width : this.surface.width - this.room, y + 1, width, ROW - 2);
  }

  private barLength(lots: number): number {
    return Math.max(2, Math.min(lots / this.scale, 1) * (this.room - 14));
  }

  // Of a side, in pixels: whole ones, so that what is drawn anew covers what was there.
  private get room(): number {
    return Math.floor((this.surface.width - this.priceWidth) / 2);
  }
  private get priceWidth(): number {
    return Math.round(Math.min(112, this.surface.width * 0.32));
  }

  private drawSide(lots: number, own: number, bid: boolean, y: number, glows: boolean, hovered: boolean, coming: OwnOrder | null): void {
    const { context, width } = this.surface;
    const { room } = this;
    const units = this.market!.units;
    const near = bid ? room : width - room; // the edge beside the price
    const away = bid ? -1 : 1;
    const middle = y + ROW / 2 + 0.5;
    context.fillStyle = hovered ? palette.lift : palette.panel;
    context.fillRect(bid ? 0 : near, y, room, ROW);
    if (lots > 0) {
      const length = this.barLength(lots);
      context.fillStyle = bid ? palette.bidBar : palette.askBar;
      context.fillRect(bid ? near - length : near, y + 1, length, ROW - 2);
      if (glows) this.drawGlow(lots, bid, y, true);
      context.fillStyle = palette.ink;
      context.textAlign = bid ? 'right' : 'left';
      context.fillText(units.size(lots), near + away * 7, middle);
    }
    if (coming) {
      context.strokeStyle = palette.accent;
      context.strokeRect((bid ? 0 : near) + 1.5, y + 1.5, room - 3, ROW - 3);
    }
    if (own > 0 || coming) {
      const edge = bid ? 0 : width;
      context.fillStyle = palette.accent;
      context.fillRect(bid ? 0 : width - 3, y + 1, 3, ROW - 2);
      context.textAlign = bid ? 'left' : 'right';
      const size = coming ? coming.leaves : units.size(own);
      context.fillText(bid ? '▸ ' + size : size + ' ◂', edge - away * 8, middle);
    }
  }

  private drawPrice(row: LadderRow, y: number): void {
    const { context, width } = this.surface;
    context.fillStyle = row.isLast ? palette.accent : palette.ground;
    context.fillRect(this.room, y, width - 2 * this.room, ROW);
    context.textAlign = 'center';
    context.fillStyle = row.isLast ? palette.ground : row.bid ? palette.bid : row.ask ? palette.ask : palette.dim;
    context.fillText(this.priceText(row.price), width / 2, y + ROW / 2 + 0.5);
  }

  // Prices stand still: their texts are made once.
  private priceText(price: number): string {
    let text = this.texts.get(price);
    if (text === undefined) {
      if (this.texts.size > 2000) this.texts.clear();
      text = grouped(this.market!.units.price(price));
      this.texts.set(price, text);
    }
    return text;
  }
}
