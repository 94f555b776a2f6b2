// The order ticket: it says in a sentence what it will send, asks once more, and sends once.
//   Locked while an answer is due, while the market is stale or replayed, and without a signed-in account.
import { type OrderEntry, type OrderRequest, type Outcome, type OwnOrder, reasonInWords } from '../client/index';
import { $, grouped, msText, setAttribute, setText } from './dom';
import type { Market } from './market';

const REVIEW_MS = 15_000;
const FAR = 0.01; // of the middle: worth a warning

export class Ticket {
  private market: Market | null = null;
  private side: 'buy' | 'sell' = 'buy';
  private amending: OwnOrder | null = null;
  private reviewed = '';    // the order that was reviewed; '': none
  private reviewTimer = 0;
  private sending = false;
  private locked = 'connecting';
  private readonly price = $<HTMLInputElement>('ticket-price');
  private readonly size = $<HTMLInputElement>('ticket-size');
  private readonly type = $<HTMLSelectElement>('ticket-type');
  private readonly tif = $<HTMLSelectElement>('ticket-tif');
  private readonly postOnly = $<HTMLInputElement>('ticket-post');
  private readonly send = $<HTMLButtonElement>('ticket-send');

  constructor(private readonly entry: OrderEntry) {
    $('ticket-buy').addEventListener('click', () => this.choose('buy'));
    $('ticket-sell').addEventListener('click', () => this.choose('sell'));
    for (const field of [this.price, this.size, this.type, this.tif, this.postOnly])
      field.addEventListener('input', () => this.changed());
    for (const button of document.querySelectorAll<HTMLButtonElement>('[data-step]'))
      button.addEventListener('click', () => {
        const [what, by] = button.dataset.step!.split(' ');
        if (what === 'price') this.stepPrice(Number(by));
        else this.stepSize(Number(by));
      });
    $('ticket').addEventListener('submit', (e) => {
      e.preventDefault();
      this.enter();
    });
    $('ticket-leave').addEventListener('click', () => this.leaveAmend());
  }

  show(market: Market): void {
    this.market = market;
    this.amending = null;
    this.price.value = '';
    this.size.value = market.units.size(market.units.parseSize('0.1') || 100);
    setText($('ticket-size-unit'), market.symbol.split('-')[0]);
    setText($('ticket-price-unit'), market.symbol.split('-')[1] ?? '');
    this.changed();
  }
  // '' unlocks; else why nothing can be sent.
  lock(reason: string): void {
    if (reason === this.locked) return;
    this.locked = reason;
    $<HTMLFieldSetElement>('ticket-fields').disabled = reason !== '';
    if (reason !== '') this.unreview();
    this.paint();
  }

  choose(side: 'buy' | 'sell'): void {
    if (this.amending) this.leaveAmend();
    this.side = side;
    this.price.value = '';
    this.fillPrice();
    this.changed();
  }
  // From the ladder.
  pick(side: 'buy' | 'sell', ticks: number): void {
    if (this.locked || !this.market) return;
    if (!this.amending) this.side = side;
    this.type.value = 'limit';
    this.price.value = this.market.units.price(ticks);
    this.changed();
    this.price.focus({ preventScroll: true });
  }
  // With a price in ticks: read back at once, as after Enter.
  amend(order: OwnOrder, price?: number): void {
    if (this.locked || this.sending || !this.market || order.symbol !== this.market.symbol) return;
    this.amending = order;
    this.side = order.side;
    this.type.value = 'limit';
    this.price.value = order.price;
    this.size.value = order.leaves;
    if (price !== undefined) this.price.value = this.market.units.price(price);
    this.changed();
    if (price !== undefined) this.enter();
    else this.price.focus();
  }
  leaveAmend(): void {
    this.amending = null;
    this.changed();
  }
  stepPrice(by: number): void {
    const { market } = this;
    if (!market) return;
    const now = market.units.parsePrice(this.price.value);
    this.price.value = market.units.price((Number.isNaN(now) ? Math.round(market.centre) : now) + by);
    this.changed();
  }
  // The next of 1, 2, 5 times a power of ten.
  stepSize(by: number): void {
    const { market } = this;
    if (!market) return;
    const now = market.units.parseSize(this.size.value);
    const steps = [1, 2, 5].flatMap((m) => Array.from({ length: 12 }, (_, e) => m * 10 ** e)).sort((a, b) => a - b);
    const next = Number.isNaN(now) ? 100 : by > 0 ? steps.find((s) => s > now) : steps.filter((s) => s < now).pop();
    if (next !== undefined) this.size.value = market.units.size(next);
    this.changed();
  }

  // Review, then send. A held key comes here as often as it likes: the lock lets one through.
  enter(): void {
    if (this.sending || this.locked) return;
    const { error, request } = this.plan();
    if (error || !request) {
      this.say(error, 'bad');
      return;
    }
    // The market may move between the two keys; the order may not.
    const asked = JSON.stringify(request) + (this.amending?.orderId ?? '');
    if (this.reviewed !== asked) {
      this.reviewed = asked;
      clearTimeout(this.reviewTimer);
      this.reviewTimer = setTimeout(() => this.unreview(), REVIEW_MS) as unknown as number;
      this.paint();
      this.send.focus({ preventScroll: true });
      return;
    }
    void this.dispatch(request);
  }

  private async dispatch(request: OrderRequest): Promise<void> {
    this.sending = true;
    this.unreview();
    const order = this.amending;
    const outcome = order
      ? await this.entry.amend(order, request.px!, request.qty)
      : await this.entry.submit(request);
    this.sending = false;
    if (outcome.kind === 'done') this.amending = null;
    this.changed();
    this.tell(outcome, order ? 'Amended' : 'Accepted');
  }

  tell(outcome: Outcome, done: string): void {
    if (outcome.kind === 'lost') this.say('Not sent: the exchange has never had it.', 'bad');
    else if (outcome.kind === 'rejected') this.say('Refused: ' + reasonInWords(outcome.reason, outcome.message) + '.', 'bad');
    else this.say(`${done} in ${msText(outcome.ms)}${outcome.exec.order_id ? ' · #' + outcome.exec.order_id : ''}.`, 'good');
  }
  say(text: string, mood: 'good' | 'bad' | ''): void {
    const line = $('ticket-answer');
    line.dataset.mood = mood;
    setText(line, text);
  }

  private fillPrice(): void {
    const { market } = this;
    const best = this.side === 'buy' ? market?.book.bids.best : market?.book.asks.best;
    if (market && best && this.price.value === '') this.price.value = market.units.price(best.price);
  }
  private unreview(): void {
    clearTimeout(this.reviewTimer);
    this.reviewed = '';
    this.paint();
  }
  private changed(): void {
    this.reviewed = '';
    this.say('', '');
    this.paint();
  }

  // What would be sent now, in words, or what is wrong with it.
  private plan(): { sentence: string; error: string; warning: string; detail: string; request: OrderRequest | null } {
    const none = { sentence: '', warning: '', detail: '', request: null };
    const { market, side } = this;
    if (!market) return { ...none, error: 'The market is not here yet.' };
    const { units, book, symbol } = market;
    const lots = units.parseSize(this.size.value);
    if (!(lots > 0)) return { ...none, error: `Size: a multiple of ${units.size(1)}, please.` };
    const isLimit = this.type.value === 'limit';
    const price = isLimit ? units.parsePrice(this.price.value) : NaN;
    if (isLimit && !(price > 0)) return { ...none, error: `Price: a multiple of ${units.price(1)}, please.` };
    const tif = (isLimit ? this.tif.value : 'ioc') as 'gtc' | 'ioc' | 'fok' | 'day';
    const postOnly = isLimit && this.postOnly.checked && (tif === 'gtc' || tif === 'day');

    // What would trade now.
    const against = book.top(side === 'buy' ? 'A' : 'B', 10_000);
    let left = lots;
    let cost = 0;
    let worst = 0;
    for (const level of against) {
      if (left === 0 || (isLimit && (side === 'buy' ? level.price > price : level.price < price))) break;
      const taken = Math.min(left, level.size);
      left -= taken;
      cost += units.notional(level.price, taken);
      worst = level.price;
    }
    const taken = lots - left;
    const size = (n: number) => units.size(n).replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '');
    const rests = tif === 'gtc' || tif === 'day';
    const fate =
      taken > 0 && postOnly ? 'would trade: refused'
      : taken === 0 ? (rests ? 'rests' : 'finds nothing: expires')
      : left === 0 ? 'trades at once'
      : tif === 'fok' ? 'cannot fill whole: expires'
      : `${size(taken)} trade at once, ${size(left)} ${rests ? 'rest' : 'expire'}`;
    const verb = this.amending ? `AMEND #${this.amending.orderId}: ${side.toUpperCase()}` : side.toUpperCase();
    const kind = isLimit ? `@ ${grouped(units.price(price))} limit${tif === 'gtc' ? '' : ' ' + tif.toUpperCase()}${postOnly ? ' post-only' : ''}` : 'at market';
    const average = taken > 0 ? cost / (taken * units.lot * 10 ** units.qtyExponent) : NaN;
    const distance = isLimit && !Number.isNaN(market.mid) ? ((price / market.mid - 1) * 100).toFixed(3) + ' % from mid' : '';
    const detail = taken > 0
      ? `average ${grouped(average.toFixed(units.priceDecimals))}, worst ${grouped(units.price(worst))}, cost ${grouped(cost.toFixed(2))}`
      : isLimit ? `worth ${grouped(units.notional(price, lots).toFixed(2))}, ${distance}` : '';
    const slip = Math.abs(worst / market.mid - 1);
    const warning =
      taken > 0 && slip > FAR ? `It reaches ${(slip * 100).toFixed(1)} % through the book.`
      : taken > 0 && isLimit && Math.abs(price / market.mid - 1) > FAR * 5 ? 'The limit is far beyond the market.' : '';
    return {
      sentence: `${verb} ${size(lots)} ${symbol} ${kind}, ${fate}`, error: '', warning, detail,
      request: { symbol, side, type: isLimit ? 'limit' : 'market', qty: units.size(lots), ...(isLimit ? { px: units.price(price) } : {}), tif, ...(postOnly ? { post_only: true } : {}) },
    };
  }

  // Ten times a second, and after each change.
  paint(): void {
    if (this.price.value === '' && document.activeElement !== this.price) this.fillPrice();
    const plan = this.plan();
    setAttribute($('ticket'), 'data-side', this.side);
    setAttribute($('ticket-buy'), 'aria-pressed', String(this.side === 'buy'));
    setAttribute($('ticket-sell'), 'aria-pressed', String(this.side === 'sell'));
    $('ticket-leave').hidden = this.amending === null;
    const isLimit = this.type.value === 'limit';
    this.price.disabled = !isLimit;
    this.tif.disabled = !isLimit || this.amending !== null;
    this.postOnly.disabled = !isLimit || this.amending !== null;
    setText($('ticket-sentence'), plan.error || plan.sentence);
    setText($('ticket-detail'), plan.detail);
    setText($('ticket-warning'), plan.warning && '⚠ ' + plan.warning);
    const label = this.locked ? this.locked
      : this.sending ? 'Waiting for the answer…'
      : this.reviewed ? `Send: ${this.amending ? 'amend' : this.side}` : 'Review';
    setText(this.send, label);
    this.send.disabled = this.locked !== '' || this.sending;
    setAttribute(this.send, 'data-armed', String(this.reviewed !== ''));
  }
}
