// The trading page: wires the client to the panels, and paints them once per frame from one state.
import { type ConnectionState, MarketFeed, OrderEntry, type OwnOrder, phaseInWords, takesOrders } from '../client/index';
import { nowMs } from '../client/connection';
import { Account, savedKey } from './account';
import { Candles } from './candles';
import { Depth } from './depth';
import { $, grouped, make, setAttribute, setText } from './dom';
import { startKeys } from './keys';
import { Ladder } from './ladder';
import { startLayout } from './layout';
import { LatencyStrip } from './latency';
import { Market } from './market';
import { OrdersPanel } from './orders_panel';
import { ReplayBar } from './replay_bar';
import { SymbolSearch } from './symbols';
import { Tape } from './tape';
import { nextTheme, startTheme } from './theme';
import { Ticket } from './ticket';

const HISTORY_MS = 30 * 60_000;
const BARS_SHOWN = 1800; // of the past, but never more than some hours of log to be read by the exchange
const BAR_HISTORY_MAX_MS = 6 * 3600_000;
const base = `wss://${location.host}`;

let live: Market | null = null;
let symbol = '';
let feedState: ConnectionState = 'connecting';
let feedReason = '';
let tradeState: ConnectionState | 'signed-in' = 'connecting';
let tradeReason = '';
let lagging = 0;
let barSeconds = 1;

const strip = new LatencyStrip();
const feed = new MarketFeed(base, {
  changed: wake,
  state: (state, reason) => {
    feedState = state;
    feedReason = reason;
    if (state === 'live' && symbol === '') void begin();
  },
  hello: () => undefined,
  definition: (_, units) => {
    if (!live || live.symbol !== symbol) {
      live = new Market(symbol, units, feed.book, barSeconds, false);
      followBars();
      showMarket();
    }
    live.book = feed.book;
  },
  trade: (trade) => live?.addTrade(trade),
  bar: (bar) => live?.addBar(bar),
  takenBack: (matchId) => live?.takeBack(matchId),
  status: (action) => {
    if (live) live.status = action;
  },
  gap: (_channel, from, to, why) => live?.addGap(from, to, why),
  lag: (ms) => (lagging = ms),
  error: (error) => setText($('banner-text'), error.msg),
}, { book: 'level', conflateMs: 10 });
const entry = new OrderEntry(base, savedKey(), {
  state: (state, reason) => {
    tradeState = state;
    tradeReason = reason;
  },
  orders: () => {
    panel.update();
    wake();
  },
  fill: (fill) => panel.addFill(fill),
  ack: (ms) => strip.ack.add(ms),
});
const ticket = new Ticket(entry);
const panel = new OrdersPanel(entry, () => ticket);
const candles = new Candles();
const depth = new Depth();
const tape = new Tape();
const ladder = new Ladder({
  picked: (side, price) => ticket.pick(side, price),
  moved: (order, price) => ticket.amend(order, price),
});
const account = new Account(() => entry);
const symbols = new SymbolSearch((name) => choose(name));
const replay = new ReplayBar(base, () => live, () => nowMs() - feed.connection.clockOffsetMs, showMarket);
const shown = (): Market | null => replay.market ?? live;

async function begin(): Promise<void> {
  if (!(await symbols.load())) return; // asked again when the connection is back
  const first = symbols.first();
  if (first) choose(first);
}

function choose(name: string): void {
  if (name === symbol) return;
  if (replay.active) replay.stop();
  symbol = name;
  live = null;
  location.hash = name;
  feed.follow(name, HISTORY_MS);
}

function followBars(): void {
  feed.followBars(barSeconds, Math.min(barSeconds * 1000 * BARS_SHOWN, BAR_HISTORY_MAX_MS));
}

function showMarket(): void {
  const market = shown();
  if (!market) return;
  setText($('symbol-name'), market.symbol);
  document.title = market.symbol + ' · Bourse';
  for (const one of [candles, depth, tape, ladder]) one.show(market);
  if (!replay.active) ticket.show(market);
  panel.update();
}

// Why the ticket is locked; '' = it is not.
function lockReason(): string {
  if (replay.active) return 'Replay: orders are off';
  if (feedState !== 'live') return 'No live market';
  if (tradeState !== 'signed-in') return entry.wasRefused ? 'Sign in to trade' : 'Not signed in';
  return live && !takesOrders(live.status) ? 'The market is ' + phaseInWords(live.status) : '';
}

function paintState(): void {
  const state = replay.active ? 'replay' : feedState === 'live' && lagging > 0 ? 'catching-up' : feedState;
  setAttribute(document.body, 'data-state', state);
  const words: Record<string, string> = {
    live: 'live', connecting: 'connecting', stale: 'stale', down: 'down', replay: 'replay', 'catching-up': `${(lagging / 1000).toFixed(1)} s behind`,
  };
  setText($('state'), words[state]);
  const wait = Math.max(0, (feed.connection.retryAtMs - nowMs()) / 1000);
  const text =
    state === 'stale' ? `Nothing heard from the exchange: what you see is old (${feedReason}).`
    : state === 'down' ? `Connection lost: ${feedReason}. Next try in ${wait.toFixed(0)} s.`
    : state === 'connecting' && feed.reconnects + feed.connection.reconnects > 0 ? 'Connecting again…' : '';
  setText($('banner-text'), text);
  $('banner').hidden = text === '';
  $('retry').hidden = state !== 'down';
  ticket.lock(lockReason());
}

function paintHead(market: Market): void {
  const { units, last, book } = market;
  if (last) {
    const up = last.price >= market.before;
    setText($('last'), `${grouped(units.price(last.price))} ${up ? '▲' : '▼'}`);
    setAttribute($('last'), 'data-side', up ? 'buy' : 'sell');
  }
  const bid = book.bids.best;
  const ask = book.asks.best;
  const phase = replay.active ? '' : phaseInWords(market.status);
  setText($('spread'), phase ? phase : bid && ask ? `spread ${grouped(units.price(ask.price - bid.price))}` : 'one-sided');
  setText($('gaps'), String(feed.gaps));
  setText($('group'), ladder.group ? 'row ' + units.price(ladder.group) : '');
  setText($('sequence'), `seq ${replay.active ? replay.feed!.seq : Math.max(book.seq, feed.head)} · ${book.orders} orders`);
}

// For those who cannot see the canvas: the best ten levels of each side, and of which transaction they are.
function paintTable(market: Market): void {
  const { units, book } = market;
  const bids = book.top('B', 10);
  const asks = book.top('A', 10);
  const rows = $('ladder-rows');
  const length = Math.max(bids.length, asks.length);
  while (rows.children.length > length) rows.lastElementChild!.remove();
  while (rows.children.length < length) {
    const row = make('tr');
    row.append(make('td'), make('td'), make('td'), make('td'));
    rows.append(row);
  }
  for (let i = 0; i < length; ++i) {
    const cells = rows.children[i].children as HTMLCollectionOf<HTMLElement>;
    setText(cells[0], bids[i] ? units.size(bids[i].size) : '');
    setText(cells[1], bids[i] ? units.price(bids[i].price) : '');
    setText(cells[2], asks[i] ? units.price(asks[i].price) : '');
    setText(cells[3], asks[i] ? units.size(asks[i].size) : '');
  }
  $('ladder-table').dataset.seq = String(book.seq);
}

// A frame is painted when something has changed, and ten times a second: a quiet market costs next to nothing.
let frames = 0;
let asked = false;   // of the browser
let changed = false; // since the last paint
function wake(): void {
  changed = true;
  ask();
}
function ask(): void {
  if (!asked) requestAnimationFrame(frame);
  asked = true;
}

const BUSY_MS = 25; // frames so close: the next one will be wanted too
let paintedMs = 0;
let slowMs = 0;
let tenthMs = 0;
function frame(): void {
  const now = performance.now();
  asked = false;
  if (!changed) return;
  changed = false;
  ++frames;
  // From within a frame the next one costs nothing to ask for; from elsewhere the browser's compositor is woken for it.
  if (now - paintedMs < BUSY_MS) ask();
  paintedMs = now;
  const market = shown();
  const orders: OwnOrder[] = replay.active ? [] : [...entry.open.values()];
  if (market) {
    ladder.paint(orders);
    candles.paint();
    depth.paint();
  }
  if (feed.unpaintedMs !== 0) {
    if (!replay.active && !Number.isNaN(feed.connection.roundTripMs))
      strip.age.add(Math.max(0, nowMs() - (feed.unpaintedMs + feed.connection.clockOffsetMs)));
    feed.unpaintedMs = 0;
  }
  if (now - tenthMs >= 100) {
    tenthMs = now;
    tape.paint(); // before the texts: a canvas asks for its font's style, and with them for all that has changed
    paintState();
    account.paint(tradeState, tradeReason);
    ticket.paint();
    if (market) {
      paintHead(market);
      panel.paint(market.symbol);
    }
    replay.paint();
  }
  if (now - slowMs >= 500) {
    slowMs = now;
    strip.paint();
    if (market) paintTable(market);
  }
  if (replay.active) wake();
}

for (const button of document.querySelectorAll<HTMLButtonElement>('[data-bar]'))
  button.addEventListener('click', () => {
    for (const other of document.querySelectorAll('[data-bar]')) other.setAttribute('aria-pressed', String(other === button));
    barSeconds = Number(button.dataset.bar);
    live?.setBarSeconds(barSeconds);
    followBars();
    replay.market?.setBarSeconds(barSeconds);
  });
$('theme').addEventListener('click', nextTheme);
$('group').addEventListener('click', () => ladder.regroup());
$('recentre').addEventListener('click', () => ladder.recentre());
$('retry').addEventListener('click', () => {
  feed.connection.retryNow();
  entry.connection.retryNow();
});
startKeys({
  search: () => symbols.open(), buy: () => ticket.choose('buy'), sell: () => ticket.choose('sell'),
  price: (by) => ticket.stepPrice(by), size: (by) => ticket.stepSize(by), enter: () => ticket.enter(),
  cancelLast: () => panel.cancelLast(), cancelAll: () => panel.cancelAll(), escape: () => {
    ladder.leaveDrag();
    ticket.leaveAmend();
  },
  recentre: () => ladder.recentre(), regroup: () => ladder.regroup(), theme: nextTheme,
}, () => ladder.group || 1);
document.addEventListener('visibilitychange', () => (document.hidden ? feed.pause() : feed.resume()));
addEventListener('online', () => feed.connection.retryNow());

startTheme();
startLayout();
feed.start();
entry.start();
wake();
setInterval(wake, 100);
for (const kind of ['pointermove', 'wheel', 'click', 'keydown']) document.addEventListener(kind, wake, { passive: true });

// For the browser's console and the tests: the state behind the panels.
Object.assign(globalThis, { bourse: { feed, entry, ladder, strip, replay, market: shown, frames: () => frames } });
