// The page's budgets, measured in headless Chromium against a real exchange on this machine. ./dev bench page
//   --rate N      commands per second of the demo market, two symbols (default 20000)
//   --seconds N   how long to look (default 20; memory is flat or not over 600)
//   --frames      pour 10,000 level updates a second, not conflated, into the page's own decoder instead: what the page can
//                 take when neither the server nor its conflation is a limit
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
process.env.BOURSE_SOURCE_DIR ??= join(here, '../..');
process.env.BOURSE_BINARY ??= join(here, '../../build/release/app/bourse');
process.env.CHROMIUM ??= '/usr/bin/chromium';
const { Exchange, launch } = await import('../../tests/web/browser.mjs');
const option = (name, otherwise) => {
  const at = process.argv.indexOf('--' + name);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
};
const synthetic = process.argv.includes('--frames');
const rate = synthetic ? 10 : option('rate', 20_000);
const seconds = option('seconds', 20);

const sizes = execFileSync(process.execPath, [join(here, 'build.mjs'), '--out', join(here, 'dist')], { encoding: 'utf8' });
const js = /page-\w+\.js +(\d+) +gzip +(\d+) +br +(\d+)/.exec(sizes);

const exchange = await Exchange.start(`demo.commands_per_second=${rate}`, 'journal.durability=memory');
const browser = await launch();
const page = await (await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1366, height: 768 } })).newPage();
const devtools = await page.context().newCDPSession(page);
// The thread's own CPU time: what others take from this machine meanwhile is not the page's.
await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });

const paints = [];
for (let i = 0; i < 5; ++i) {
  await page.goto(exchange.url);
  await page.waitForFunction(() => performance.getEntriesByName('first-contentful-paint').length > 0);
  paints.push(await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0].startTime));
}
await page.waitForFunction(() => bourse.market()?.book.orders > 0 && bourse.ladder.group > 0);
if (synthetic) await page.evaluate(pour);
// Looked at from within the page's own frames: a second loop of frames would be paid by the main thread, and counted.
await page.evaluate(() => {
  globalThis.painted = { last: document.timeline.currentTime, gaps: new Float64Array(100_000), count: 0 };
  const { ladder } = bourse;
  const paint = ladder.paint.bind(ladder);
  ladder.paint = (orders) => {
    const now = document.timeline.currentTime; // of the frame
    painted.gaps[painted.count++ % painted.gaps.length] = now - painted.last;
    painted.last = now;
    paint(orders);
  };
});
await page.waitForTimeout(2000);

const look = async () => {
  await devtools.send('HeapProfiler.collectGarbage');
  const metrics = Object.fromEntries((await devtools.send('Performance.getMetrics')).metrics.map(({ name, value }) => [name, value]));
  const { events, updates, frames, ageing } = await page.evaluate(() => {
    const ages = bourse.strip.age.minute();
    return { events: bourse.feed.book.publicEvents, updates: bourse.feed.events, frames: bourse.frames(), ageing: ages[Math.floor(ages.length * 0.99)] };
  });
  return { at: performance.now(), events, updates, frames, ageing, busy: metrics.TaskDuration, script: metrics.ScriptDuration, heap: metrics.JSHeapUsedSize / 1048576 };
};
const first = await look();
const heaps = [first.heap];
let last = first;
for (let i = 0; i < Math.max(4, Math.round(seconds / 60)); ++i) {
  await page.waitForTimeout((seconds * 1000) / Math.max(4, Math.round(seconds / 60)));
  last = await look();
  heaps.push(last.heap);
}
const passed = (last.at - first.at) / 1000;
const gaps = await page.evaluate(() => [...painted.gaps.slice(5, painted.count)].sort((a, b) => a - b));
const share = (value) => (value * 100).toFixed(1) + ' %';
const middle = [...paints].sort((a, b) => a - b)[2];
console.log(`page.js               ${js[2]} bytes gzip, ${js[3]} brotli`);
console.log(`first paint           ${middle.toFixed(0)} ms, median of 5 (${Math.min(...paints).toFixed(0)} to ${Math.max(...paints).toFixed(0)})`);
const perSecond = (name) => ((last[name] - first[name]) / passed).toFixed(0);
if (!synthetic) console.log(`events of the symbol  ${perSecond('events')}/s public events, ${rate} commands/s asked of the market of two symbols`);
console.log(`updates taken in      ${perSecond('updates')}/s ${synthetic ? 'levels, poured in from memory' : 'levels, at most one frame in 10 ms, and trades'}`);
console.log(`frames painted        ${((last.frames - first.frames) / passed).toFixed(1)}/s, p99 ${gaps[Math.floor(gaps.length * 0.99)].toFixed(1)} ms apart`);
console.log(`main thread busy      ${share((last.busy - first.busy) / passed)} of a core, script ${share((last.script - first.script) / passed)}`);
console.log(`feed age p99          ${last.ageing?.toFixed(1)} ms`);
console.log(`JS heap after a GC    ${heaps.map((heap) => heap.toFixed(1)).join(' ')} MiB over ${passed.toFixed(0)} s`);
await browser.close();
await exchange.close();

// Ten thousand level updates a second in frames of up to 33, as a busy server would batch them: levels around the middle come,
// change and go. The frames pass through the same door as those of the socket. They are made up beforehand and copied, with
// their sequences and times: to invent a market is not the page's work.
function pour() {
  const { feed } = bourse;
  const stream = [...feed.streams.values()].find((one) => one.channel === 'level');
  let seq = stream.last;
  const LEVELS = 33;
  const wide = (view, at, value) => {
    view.setUint32(at, value % 2 ** 32, true);
    view.setUint32(at + 4, Math.floor(value / 2 ** 32), true);
  };
  // Root at 40, its vtable at 8 with the places of the header (8) and of the levels (4); the vector begins at 92.
  const invented = () => {
    const buffer = new ArrayBuffer(96 + LEVELS * 56);
    const view = new DataView(buffer);
    view.setUint32(0, 40, true);
    view.setUint32(4, 0x4b434954, true);
    [10, 56, 8, 0, 4].forEach((value, i) => view.setUint16(8 + 2 * i, value, true));
    view.setInt32(40, 32, true);
    view.setUint32(44, 48, true);
    view.setUint32(80, stream.id, true);
    view.setUint16(84, stream.epoch, true);
    view.setUint8(86, 2);
    view.setUint8(87, 32);
    for (let i = 0; i < LEVELS; ++i) {
      const at = 96 + i * 56;
      const isBid = i % 2 === 0;
      const goes = Math.random() < 0.3;
      const price = 6_000_000 + (isBid ? -25 : 25) * (1 + Math.floor(Math.random() * 200));
      view.setBigInt64(at + 16, BigInt(price) * 10_000_000n, true);
      wide(view, at + 24, goes ? 0 : (1 + Math.floor(Math.random() * 5000)) * 10_000);
      view.setUint32(at + 44, goes ? 0 : 3, true);
      view.setUint8(at + 48, goes ? 68 : 67);
      view.setUint8(at + 49, isBid ? 66 : 65);
    }
    return buffer;
  };
  const inventions = Array.from({ length: 512 }, invented);
  let next = 0;
  const frameOf = (count) => {
    const buffer = inventions[next++ % inventions.length].slice(0, 96 + count * 56);
    const view = new DataView(buffer);
    const now = performance.timeOrigin + performance.now();
    wide(view, 48, seq);
    wide(view, 56, seq + 1);
    wide(view, 64, seq + count);
    wide(view, 72, Math.round(now * 1e6));
    view.setUint32(92, count, true);
    for (let i = 0; i < count; ++i) {
      wide(view, 96 + i * 56, ++seq);
      wide(view, 104 + i * 56, Math.round(now * 1e6));
    }
    return buffer;
  };
  const take = feed.take.bind(feed);
  feed.take = (buffer) => {
    // The server's own frames of this stream are put aside: its book and this one have nothing to do with each other.
    if (feed.frame.open(buffer) && feed.frame.channel !== 2) take(buffer);
  };
  feed.book.clear();
  let due = 0;
  let before = performance.now();
  setInterval(() => {
    const now = performance.now();
    due += (now - before) * 10;
    before = now;
    while (due >= 1) {
      const count = Math.min(33, Math.floor(due));
      take(frameOf(count));
      due -= count;
    }
  }, 4);
}
