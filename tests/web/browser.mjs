// An exchange of its own and a Chromium that looks at it, for the browser tests and the page's bench.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const web = join(process.env.BOURSE_SOURCE_DIR, 'clients/web/');
export const require = createRequire(web);
const { chromium } = require('playwright-core');

const freePort = () => new Promise((resolve) => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});

export class Exchange {
  static async start(...settings) {
    const exchange = new Exchange();
    exchange.folder = mkdtempSync(join(tmpdir(), 'bourse-page-'));
    exchange.port = await freePort();
    exchange.settings = settings;
    await exchange.run();
    return exchange;
  }
  get url() {
    return `https://127.0.0.1:${this.port}/`;
  }
  // On the same port and journal each time.
  run() {
    this.process = spawn(process.env.BOURSE_BINARY, ['serve', '--demo', '--port', String(this.port), '--journal', join(this.folder, 'journal'),
      '--set', 'journal.segment_bytes=8388608', ...this.settings.flatMap((one) => ['--set', one])], { stdio: ['ignore', 'pipe', 'inherit'] });
    return new Promise((resolve, reject) => {
      this.process.once('exit', (code) => reject(new Error(`the exchange ended with ${code}`)));
      let text = '';
      this.process.stdout.on('data', (data) => {
        text += data;
        if (text.includes('Ctrl-C')) resolve();
      });
    });
  }
  async end(signal) {
    const gone = new Promise((resolve) => this.process.once('exit', resolve));
    this.process.kill(signal);
    this.process.kill('SIGCONT');
    await gone;
  }
  async close() {
    if (this.process.exitCode === null && this.process.signalCode === null) await this.end('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

// A key of each kind, as an operator makes them.
export function makeKeys() {
  const folder = mkdtempSync(join(tmpdir(), 'bourse-keys-'));
  const keys = [['desk-1', 'ed25519', 7, 'key'], ['desk-2', 'hmac-sha256', 8, 'secret']].map(([id, algorithm, account, ending]) => {
    execFileSync(process.env.BOURSE_BINARY, ['keys', 'new', id, '--account', account, '--scopes', 'read trade', '--algorithm', algorithm], { cwd: folder });
    return { id, algorithm, account, secret: readFileSync(join(folder, `${id}.${ending}`), 'utf8').trim() };
  });
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return { keys, file: join(folder, 'keys.toml') };
}

export const launch = () => chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
