// The displayed book of one instrument, by the rules of docs/PROTOCOL.md, section 3: Book is kept from mbo events,
// order by order; LevelBook from level updates, where nobody needs to know one order from another.
//   Shape:  orders in slots of typed arrays (no object per order); levels per side in a map by price
//           and in an array of prices, best price last.
//   Owner:  one feed writes; the page reads between two frames. `version` changes with every change.
//   Errors: what cannot follow from the book (an execution of an unknown order) is counted in `faults`:
//           the feed then asks for a snapshot. It never guesses.
import { Frame, LevelUpdate, Mbo } from './frame';
import type { Units } from './decimal';

export type Side = 'B' | 'A';
export interface Level {
  price: number; // ticks
  size: number;  // lots
  count: number; // orders
}

const BID = 66;
const ACTION = { add: 65, modify: 77, cancel: 67, execute: 69, clear: 82 } as const;
const LEVEL_ACTION = { new: 78, change: 67, delete: 68, clear: 82 } as const;

export class BookSide {
  readonly levels = new Map<number, Level>();
  readonly prices: number[] = []; // the best one last
  orders = 0;
  constructor(private readonly sign: 1 | -1) {} // 1: the highest price is the best

  get best(): Level | undefined {
    return this.levels.get(this.prices[this.prices.length - 1]);
  }
  // By so many lots and orders.
  change(price: number, lots: number, orders: number): void {
    this.orders += orders;
    const level = this.levels.get(price);
    if (level === undefined) {
      this.levels.set(price, { price, size: lots, count: orders });
      this.prices.splice(this.find(price), 0, price);
      return;
    }
    level.size += lots;
    level.count += orders;
    if (level.count > 0) return;
    this.levels.delete(price);
    this.prices.splice(this.find(price), 1);
  }
  // To so many; 0: there is no such level any more.
  set(price: number, lots: number, orders: number): void {
    const level = this.levels.get(price);
    if (level !== undefined || orders > 0) this.change(price, lots - (level?.size ?? 0), orders - (level?.count ?? 0));
  }
  clear(): void {
    this.orders = 0;
    this.levels.clear();
    this.prices.length = 0;
  }
  // Size at this price and all better ones.
  upTo(price: number): number {
    let lots = 0;
    for (let i = this.prices.length - 1; i >= 0 && this.sign * this.prices[i] >= this.sign * price; --i)
      lots += this.levels.get(this.prices[i])!.size;
    return lots;
  }
  private find(price: number): number {
    let low = 0;
    let high = this.prices.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.sign * this.prices[middle] < this.sign * price) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

// What both have, and all that a reader of prices needs.
export abstract class DepthBook {
  readonly bids = new BookSide(1);
  readonly asks = new BookSide(-1);
  seq = 0; // the last transaction that is in the book
  tsMs = 0;
  version = 0;
  faults = 0;
  publicEvents = 0; // of the instrument, ever: rpt_seq

  get orders(): number {
    return this.bids.orders + this.asks.orders;
  }
  // Event number i of a frame of its channel.
  abstract apply(frame: Frame, i: number, units: Units): void;

  clear(): void {
    this.bids.clear();
    this.asks.clear();
    ++this.version;
  }
  // The best levels of a side, best first.
  top(side: Side, count: number): Level[] {
    const { prices, levels } = side === 'B' ? this.bids : this.asks;
    const found: Level[] = [];
    for (let i = prices.length - 1; i >= 0 && found.length < count; --i) found.push(levels.get(prices[i])!);
    return found;
  }
}

export class LevelBook extends DepthBook {
  apply(frame: Frame, i: number, units: Units): void {
    const action = frame.byte(i, LevelUpdate.action);
    this.seq = frame.wide(i, LevelUpdate.seq);
    this.tsMs = frame.wide(i, LevelUpdate.tsEvent) / 1e6;
    this.publicEvents = frame.wide(i, LevelUpdate.rptSeq);
    if (action === LEVEL_ACTION.clear) return this.clear();
    if (action !== LEVEL_ACTION.new && action !== LEVEL_ACTION.change && action !== LEVEL_ACTION.delete) return;
    ++this.version;
    const side = frame.byte(i, LevelUpdate.side) === BID ? this.bids : this.asks;
    const price = units.ticksOf(frame.signed(i, LevelUpdate.price));
    if (action === LEVEL_ACTION.delete) side.set(price, 0, 0);
    else side.set(price, units.lotsOf(frame.wide(i, LevelUpdate.size)), frame.word(i, LevelUpdate.count));
  }
}

export class Book extends DepthBook {
  private slots = new Map<number, number>(); // order id -> slot
  private price = new Float64Array(1024);
  private size = new Float64Array(1024);
  private isBid = new Uint8Array(1024);
  private free: number[] = [];
  private used = 0;

  apply(frame: Frame, i: number, units: Units): void {
    const action = frame.byte(i, Mbo.action);
    this.seq = frame.wide(i, Mbo.seq);
    this.tsMs = frame.wide(i, Mbo.tsEvent) / 1e6;
    this.publicEvents = frame.wide(i, Mbo.rptSeq);
    if (action === ACTION.clear) {
      this.clear();
      return;
    }
    if (action !== ACTION.add && action !== ACTION.modify && action !== ACTION.cancel && action !== ACTION.execute) return;
    ++this.version;
    const id = frame.wide(i, Mbo.orderId);
    const lots = units.lotsOf(frame.wide(i, Mbo.size));
    const ticks = units.ticksOf(frame.signed(i, Mbo.price));
    if (action === ACTION.add) this.add(id, ticks, lots, frame.byte(i, Mbo.side) === BID);
    else if (action === ACTION.modify) this.modify(id, ticks, lots);
    else this.reduce(id, lots);
  }

  add(id: number, price: number, lots: number, bid: boolean): void {
    if (!Number.isSafeInteger(id) || this.slots.has(id)) {
      ++this.faults;
      return;
    }
    const slot = this.free.pop() ?? this.used++;
    if (slot === this.price.length) this.grow();
    this.slots.set(id, slot);
    this.price[slot] = price;
    this.size[slot] = lots;
    this.isBid[slot] = bid ? 1 : 0;
    this.side(slot).change(price, lots, 1);
  }

  modify(id: number, price: number, lots: number): void {
    const slot = this.slots.get(id);
    if (slot === undefined) {
      ++this.faults;
      return;
    }
    if (price === this.price[slot]) {
      this.side(slot).change(price, lots - this.size[slot], 0);
    } else {
      this.side(slot).change(this.price[slot], -this.size[slot], -1);
      this.side(slot).change(price, lots, 1);
      this.price[slot] = price;
    }
    this.size[slot] = lots;
  }

  reduce(id: number, lots: number): void {
    const slot = this.slots.get(id);
    if (slot === undefined || lots > this.size[slot]) {
      ++this.faults;
      return;
    }
    this.size[slot] -= lots;
    const gone = this.size[slot] === 0;
    this.side(slot).change(this.price[slot], -lots, gone ? -1 : 0);
    if (!gone) return;
    this.slots.delete(id);
    this.free.push(slot);
  }

  override clear(): void {
    super.clear();
    this.slots.clear();
    this.free.length = 0;
    this.used = 0;
    this.faults = 0;
  }

  private side(slot: number): BookSide {
    return this.isBid[slot] === 1 ? this.bids : this.asks;
  }
  private grow(): void {
    const twice = (old: Float64Array) => {
      const wider = new Float64Array(old.length * 2);
      wider.set(old);
      return wider;
    };
    this.price = twice(this.price);
    this.size = twice(this.size);
    const sides = new Uint8Array(this.price.length);
    sides.set(this.isBid);
    this.isBid = sides;
  }
}
