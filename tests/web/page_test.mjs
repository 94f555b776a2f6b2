// What a trader does with the page, done by Chromium against a real exchange. Each test is a sentence; they run in order on
// one page, as a morning would.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Exchange, launch, makeKeys, require } from './browser.mjs';
import { serverBook, serverTrades } from './server_truth.mjs';

const SHOTS = process.env.BOURSE_SHOTS; // a folder: keep pictures of some states
const { keys, file } = makeKeys();
const exchange = await Exchange.start('demo.commands_per_second=100', 'feed.keys_file=' + file);
const browser = await launch();
const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1366, height: 768 } });
const page = await context.newPage();
const complaints = [];
page.on('pageerror', (error) => complaints.push(String(error)));
page.on('console', (message) => {
  // The tests end connections themselves; that the browser mentions it is right.
  if (message.type() === 'error' && !message.text().includes('WebSocket')) complaints.push(message.text());
});

const first = await page.goto(exchange.url);
if (!first.headers()['content-type'].startsWith('text/html')) {
  console.log('skipped: this binary was built without the page; ./dev build where Node is');
  await browser.close();
  await exchange.close();
  process.exit(77);
}

const until = (condition, argument) => page.waitForFunction(condition, argument, { timeout: 30_000, polling: 50 });
const state = (name) => until((wanted) => document.body.dataset.state === wanted, name);
const shot = (name) => (SHOTS ? page.screenshot({ path: `${SHOTS}/${name}.png` }) : undefined);
const text = (id) => page.locator('#' + id).textContent();
const fill = async (side, price, size) => {
  await page.locator('#ticket-' + side).click();
  await page.locator('#ticket-price').fill(price);
  await page.locator('#ticket-size').fill(size);
};
const sendTicket = async () => {
  await page.locator('#ticket-send').click();
  await until(() => document.querySelector('#ticket-send').dataset.armed === 'true');
  await page.locator('#ticket-send').click();
};
// A price that nothing reaches, half of the market's.
const farBid = () => page.evaluate(() => {
  const market = bourse.market();
  return market.units.price(Math.round(market.centre / 2));
});
const openOrders = () => page.evaluate(() => bourse.entry.open.size);

async function ladderIsTheServers() {
  const { seq, symbol, group, rows, unit } = await page.evaluate(() => {
    const market = bourse.market();
    return {
      seq: market.book.seq, symbol: market.symbol, group: bourse.ladder.group, rows: bourse.ladder.model([]),
      unit: { tickE9: market.units.tickE9, lot: market.units.lot },
    };
  });
  assert.ok(seq > 0 && rows.length > 10, 'the ladder is there');
  const truth = await page.evaluate(serverBook, { symbol, seq });
  assert.ok(truth.length > 0, 'the server has a book');
  const expected = new Map(rows.map((row) => [row.price, { bid: 0, ask: 0 }]));
  for (const { side, price, size } of truth) {
    const ticks = Number(BigInt(price) / BigInt(unit.tickE9));
    const row = expected.get((side === 'B' ? Math.floor(ticks / group) : Math.ceil(ticks / group)) * group);
    if (row) row[side === 'B' ? 'bid' : 'ask'] += Number(BigInt(size) / BigInt(unit.lot));
  }
  for (const { price, bid, ask } of rows) assert.deepEqual({ bid, ask }, expected.get(price), `row ${price} at sequence ${seq}`);
  return rows.filter((row) => row.bid || row.ask).length;
}

const tests = {
  'the page loads over https and comes alive': async () => {
    const answer = await page.goto(exchange.url);
    assert.equal(answer.status(), 200);
    assert.match(answer.headers()['content-security-policy'], /default-src 'none'/);
    await state('live');
    await until(() => bourse.market()?.book.orders > 0 && bourse.market().tape.length > 20 && bourse.entry.signedIn);
    await until(() => bourse.ladder.group > 0);
  },
  'every row of the ladder is the book of the server at the same sequence': async () => {
    for (let i = 0; i < 3; ++i) assert.ok((await ladderIsTheServers()) > 2, 'some rows have orders');
  },
  'the tape has the trades of the server': async () => {
    const shown = await page.evaluate(() => bourse.market().tape.slice(-20).map(({ seq, matchId, lots }) => ({ seq, matchId, lots })));
    const { symbol, lot } = await page.evaluate(() => ({ symbol: bourse.market().symbol, lot: bourse.market().units.lot }));
    const truth = await page.evaluate(serverTrades, { symbol, seq: shown[0].seq, count: shown.length + 20 });
    const first = truth.findIndex((trade) => trade.matchId === String(shown[0].matchId));
    assert.deepEqual(truth.slice(first, first + shown.length).map((trade) => [trade.matchId, Number(trade.size) / lot]),
      shown.map((trade) => [String(trade.matchId), trade.lots]));
  },
  'everything fits on a screen of 1366 x 768': async () => {
    const { height, low, strip } = await page.evaluate(() => ({
      strip: [...document.querySelectorAll('.strip > *, .head > .icon')].map((one) => one.getBoundingClientRect().right),
      height: document.scrollingElement.scrollHeight, low: document.querySelector('footer').getBoundingClientRect().bottom,
    }));
    assert.ok(height <= 768 && low <= 768, `${height}, ${low}`);
    const end = await page.evaluate(() => document.querySelector('.strip').getBoundingClientRect().right);
    assert.ok(Math.max(...strip.slice(0, -2)) <= end + 1, `the latency strip is cut: ${strip} of ${end}`);
    await shot('live');
  },
  'the ticket says what it will send, and sends it once it was read': async () => {
    await fill('buy', await farBid(), '0.2');
    assert.match(await text('ticket-sentence'), /^BUY 0\.2 BTC-USD @ [\d,.]+ limit, rests$/);
    await sendTicket();
    await until(() => bourse.entry.open.size === 1);
    assert.match(await text('ticket-answer'), /^Accepted in [\d.]+ m?s · #\d+\.$/);
    await until(() => document.querySelectorAll('#orders-list li').length === 1);
  },
  'the own order is marked in the ladder': async () => {
    const group = await page.evaluate(() => bourse.ladder.group);
    await page.evaluate(() => bourse.ladder.setGroup(Math.round(bourse.market().centre / 15)));
    assert.equal(await page.evaluate(() => bourse.ladder.model(bourse.entry.open.values()).filter((row) => row.ownBid > 0).length), 1);
    await page.evaluate((ticks) => bourse.ladder.setGroup(ticks), group);
  },
  'the order is amended': async () => {
    await page.locator('#orders-list button', { hasText: 'amend' }).click();
    await page.locator('#ticket-size').fill('0.1');
    assert.match(await text('ticket-sentence'), /^AMEND #\d+: BUY 0\.1 /);
    await sendTicket();
    await until(() => [...bourse.entry.open.values()][0]?.leaves === '0.1');
    assert.match(await text('ticket-answer'), /^Amended in /);
  },
  'an own order is dragged to another price of the ladder, read back, and then sent': async () => {
    const group = await page.evaluate(() => bourse.ladder.group);
    await page.evaluate(() => bourse.ladder.setGroup(Math.round(bourse.market().centre / 15)));
    await page.waitForTimeout(100);
    const [order, row] = await page.evaluate(() => {
      const [order] = bourse.entry.open.values();
      return [order, bourse.ladder.model([order]).findIndex((one) => one.ownBid > 0)];
    });
    const { x, y } = await page.locator('#ladder').boundingBox();
    const at = (index) => [x + 20, y + index * 20 + 10];
    await page.mouse.move(...at(row));
    await page.mouse.down();
    await page.mouse.move(...at(row + 1), { steps: 3 });
    await page.mouse.move(...at(row + 2), { steps: 3 });
    await shot('drag');
    await page.mouse.up();
    await until(() => document.querySelector('#ticket-send').dataset.armed === 'true');
    assert.match(await text('ticket-sentence'), new RegExp(`^AMEND #${order.orderId}: BUY 0\\.1 BTC-USD`));
    assert.equal(await page.evaluate(() => [...bourse.entry.open.values()][0].price), order.price, 'nothing is sent yet');
    await page.locator('#ticket-send').click();
    await until((price) => Number([...bourse.entry.open.values()][0]?.price) < Number(price), order.price);
    const lower = await page.evaluate(() => {
      const [moved] = bourse.entry.open.values();
      return bourse.ladder.model([moved]).findIndex((one) => one.ownBid > 0);
    });
    assert.equal(lower, row + 2);
    await page.evaluate((ticks) => bourse.ladder.setGroup(ticks), group);
  },
  'and cancelled': async () => {
    await page.locator('#orders-list button[aria-label^="cancel"]').click();
    await until(() => bourse.entry.open.size === 0);
    await until(() => document.querySelector('#ticket-answer').textContent.startsWith('Cancelled in '));
  },
  'a refusal is told in words': async () => {
    await fill('buy', await page.evaluate(() => bourse.market().units.price(Math.round(bourse.market().centre * 1.01))), '0.1');
    await page.locator('#ticket-post').check();
    await sendTicket();
    await until(() => document.querySelector('#ticket-answer').dataset.mood === 'bad');
    assert.match(await text('ticket-answer'), /post-only orders must rest/);
    await page.locator('#ticket-post').uncheck();
  },
  'a market order buys': async () => {
    const before = await page.evaluate(() => bourse.entry.fills.length);
    await page.locator('#ticket-type').selectOption('market');
    await page.locator('#ticket-size').fill('0.001');
    await sendTicket();
    await until((count) => bourse.entry.fills.length > count, before);
    await page.locator('#ticket-type').selectOption('limit');
  },
  'a held key sends one order': async () => {
    await fill('buy', await farBid(), '0.3');
    const before = await openOrders();
    const hold = async () => {
      for (let i = 0; i < 30; ++i) await page.keyboard.down('Enter'); // all but the first are repeats
      await page.keyboard.up('Enter');
    };
    await page.locator('#ticket-size').focus();
    await hold();
    assert.equal(await openOrders(), before, 'held once: only reviewed');
    await hold();
    await until((count) => bourse.entry.open.size === count, before + 1);
    await page.waitForTimeout(500);
    assert.equal(await openOrders(), before + 1);
  },
  'Escape twice cancels everything': async () => {
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await until(() => bourse.entry.open.size === 0);
  },
  'it goes visibly stale when frames stop, and locks the ticket': async () => {
    exchange.process.kill('SIGSTOP');
    await state('stale');
    assert.ok(await page.locator('#banner').isVisible());
    assert.ok(await page.locator('#ticket-send').isDisabled());
    assert.equal(await page.evaluate(() => getComputedStyle(document.querySelector('.panel.ladder'), '::after').opacity), '1');
    await shot('stale');
    exchange.process.kill('SIGCONT');
    await state('live');
    await until(() => !document.querySelector('#ticket-send').disabled);
  },
  'a killed and restarted server is resumed without a gap': async () => {
    const before = await page.evaluate(() => bourse.feed.book.seq);
    await exchange.end('SIGKILL');
    await state('down');
    await exchange.run();
    await state('live');
    await until((seq) => bourse.feed.book.seq > seq + 20 && bourse.entry.signedIn, before);
    assert.equal(await page.evaluate(() => bourse.feed.gaps), 0);
    await ladderIsTheServers();
  },
  'a replay shows the book as it was, steps, and returns to live': async () => {
    const start = await page.evaluate(() => bourse.feed.book.seq - 400);
    await page.locator('#replay-from').fill(String(start));
    await page.locator('#replay-form button').click();
    await state('replay');
    await until(() => bourse.replay.feed.ready);
    assert.ok(await page.locator('#ticket-send').isDisabled());
    await page.locator('#replay-play').click();
    const before = await page.evaluate(() => bourse.replay.feed.seq);
    for (let i = 0; i < 5; ++i) await page.locator('#replay-step').click();
    await until((seq) => bourse.replay.feed.seq >= seq + 5, before);
    await shot('replay');
    await ladderIsTheServers();
    const trades = await page.evaluate(() => bourse.market().trades.length);
    await page.locator('#replay-trade').click();
    await until((count) => bourse.market().trades.length > count, trades);
    await ladderIsTheServers();
    await page.locator('#replay-speed').selectOption('max');
    await page.locator('#replay-play').click();
    await until(() => bourse.replay.feed.ended);
    // At full speed it would be at the end again before anybody looks.
    await page.locator('#replay-speed').selectOption('1');
    await page.locator('#replay-progress').click({ position: { x: 5, y: 3 } });
    await until(() => bourse.replay.feed.ready && bourse.replay.feed.seq < bourse.replay.feed.head);
    await page.locator('#replay-live').click();
    await state('live');
  },
  'a panel is as wide as it was dragged, also after a reload, until a double click': async () => {
    const width = () => page.locator('.panel.ladder').evaluate((one) => Math.round(one.getBoundingClientRect().width));
    const before = await width();
    const bar = page.locator('[data-split="ladder"]');
    const { x, y, width: thick, height } = await bar.boundingBox();
    await page.mouse.move(x + thick / 2, y + height / 2);
    await page.mouse.down();
    await page.mouse.move(x + thick / 2 + 40, y + height / 2, { steps: 4 });
    await page.mouse.up();
    assert.equal(await width(), before - 40);
    await bar.focus();
    await page.keyboard.press('ArrowLeft');
    assert.equal(await width(), before - 40 + 16);
    await page.reload();
    await until(() => bourse.market()?.book.orders > 0 && bourse.ladder.group > 0);
    assert.equal(await width(), before - 40 + 16);
    await page.locator('[data-split="ladder"]').dblclick();
    assert.equal(await width(), before);
  },
  'who has a key of their own signs in with it, and is told when it is refused': async () => {
    await until(() => bourse.entry.signedIn);
    const signIn = async (id, secret, algorithm) => {
      await page.locator('#account-open').click();
      await page.locator('#account-key').fill(id);
      await page.locator('#account-algorithm').selectOption(algorithm);
      await page.locator('#account-secret').fill(secret);
      await page.locator('#account-form button[type=submit]').click();
    };
    await signIn('nobody', 'wrong', 'hmac-sha256');
    await until(() => bourse.entry.wasRefused);
    await until(() => document.querySelector('#account-open').textContent === 'sign in');
    assert.ok(await page.locator('#ticket-send').isDisabled());
    for (const { id, secret, algorithm, account } of keys) {
      await signIn(id, secret, algorithm);
      await until((wanted) => bourse.entry.signedIn && bourse.entry.account === wanted, account);
      await until((wanted) => document.querySelector('#account-open').textContent === wanted, id);
    }
    assert.equal(await page.evaluate(() => localStorage.getItem('key')), null, 'kept for this tab alone');
    await page.locator('#account-open').click();
    await shot('sign-in');
    await page.locator('#account-demo').click();
    await until(() => bourse.entry.signedIn && bourse.entry.account === 1);
  },
  'candles are the exchange\'s own bars, whatever their length': async () => {
    for (const seconds of [60, 10, 1]) {
      await page.locator(`[data-bar="${seconds}"]`).click();
      await until((wanted) => bourse.market().barSeconds === wanted && bourse.market().bars.length > 0, seconds);
    }
    const lots = await page.evaluate(() => bourse.market().bars.map(({ time, lots }) => [time, lots]));
    const trades = await page.evaluate(() => bourse.market().trades.map(({ tsMs, lots }) => [Math.floor(tsMs / 1000), lots]));
    const [, closed] = [lots.pop(), lots.slice(-5)]; // the last one is still running
    for (const [time, volume] of closed)
      assert.equal(trades.filter(([at]) => at === time).reduce((sum, [, one]) => sum + one, 0), volume, `of the second ${time}`);
  },
  'nobody is shut out: axe finds nothing in any palette': async () => {
    await page.evaluate(readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8'));
    for (let i = 0; i < 3; ++i) {
      // The palettes differ in nothing but colour.
      const runOnly = i === 0 ? ['wcag2a', 'wcag2aa', 'wcag21aa', 'best-practice'] : ['color-contrast'];
      const found = await page.evaluate((rules) => axe.run(document, { runOnly: rules }), runOnly);
      const theme = await page.evaluate(() => document.documentElement.dataset.theme);
      assert.deepEqual(found.violations.map((v) => `${theme}: ${v.id}: ${v.nodes.map((n) => n.target).join(', ')}`), []);
      await shot('theme-' + theme);
      await page.keyboard.press('t');
    }
  },
  'a phone may look but not trade': async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    assert.equal(await page.locator('#ticket').isVisible(), false);
    assert.ok(await page.locator('#ladder').isVisible());
    await shot('phone');
  },
  'the browser had nothing to complain of': async () => assert.deepEqual(complaints, []),
};

let failed = 0;
for (const [sentence, run] of Object.entries(tests)) {
  const begin = performance.now();
  try {
    await run();
    console.log(`ok      ${sentence} (${((performance.now() - begin) / 1000).toFixed(1)} s)`);
  } catch (error) {
    ++failed;
    console.log(`FAILED  ${sentence}\n${error.stack}`);
    await shot('failed');
  }
}
await browser.close();
await exchange.close();
console.log(failed ? `${failed} failed` : 'all passed');
process.exit(failed ? 1 : 0);
