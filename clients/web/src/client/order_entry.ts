// Orders and everything that happens to the account's own orders.
//   Every request has an answer: the report that decides it, the server's refusal, or, after a lost connection,
//   what the log says about it once the reports have been read up to the present. Nothing is ever sent twice.
//   Owner:  the page's thread. Errors: outcomes, never exceptions.
import { Connection, type ConnectionState } from './connection';
import type { AuthOk, Exec, Hello, ServerError, ServerText } from './control';

export interface OrderRequest {
  symbol: string; side: 'buy' | 'sell'; type: 'limit' | 'market'; qty: string; px?: string;
  tif?: 'gtc' | 'ioc' | 'fok' | 'day'; post_only?: boolean;
}
export interface OwnOrder {
  orderId: string; clOrdId: string; symbol: string; side: 'buy' | 'sell'; type: string; tif: string;
  price: string; qty: string; filled: string; leaves: string; status: string; tsMs: number;
}
export interface Fill {
  execSeq: number; symbol: string; side: 'buy' | 'sell'; price: string; qty: string; maker: boolean; tsMs: number;
}
export type Outcome =
  | { kind: 'done'; exec: Exec; ms: number }
  | { kind: 'rejected'; reason: string | undefined; message?: string; ms: number }
  | { kind: 'lost' }; // the exchange has never had it
export interface TradeEvents {
  state(state: ConnectionState | 'signed-in', reason: string): void;
  orders(): void;
  fill(fill: Fill, replay: boolean): void;
  ack(ms: number): void;
}

interface Waiting {
  key: string;
  sentMs: number;
  settle(outcome: Outcome): void;
}
const FIRST_LOOK_BACK = 5_000_000; // transactions read for own orders when the page comes first
const AUTH_ID = 0;
const FILLS_MAX = 200;
const OPEN = new Set(['open', 'partially_filled', 'waiting']);

// `secret`: what `bourse keys new` has written for the client: the text of an HMAC secret, or 32 bytes of a private key
// in base64.
export interface ApiKey { id: string; secret: string; algorithm?: 'ed25519' | 'hmac-sha256' }

// What stands before the 32 bytes in a PKCS #8 file of an Ed25519 key.
const PKCS8_ED25519 = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

export async function signature({ secret, algorithm }: ApiKey, nonce: string, session: string): Promise<string> {
  const utf8 = new TextEncoder();
  const text = utf8.encode(nonce + '|' + session);
  const base64 = (bytes: ArrayBuffer) => btoa(String.fromCharCode(...new Uint8Array(bytes)));
  if (algorithm === 'ed25519') {
    const der = [...PKCS8_ED25519, ...Array.from(atob(secret), (c) => c.charCodeAt(0))];
    const key = await crypto.subtle.importKey('pkcs8', Uint8Array.from(der), 'Ed25519', false, ['sign']);
    return base64(await crypto.subtle.sign('Ed25519', key, text));
  }
  const key = await crypto.subtle.importKey('raw', utf8.encode(secret), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  return base64(await crypto.subtle.sign('HMAC', key, text));
}

export class OrderEntry {
  readonly connection: Connection;
  readonly open = new Map<string, OwnOrder>(); // by order id, oldest first
  readonly fills: Fill[] = [];
  signedIn = false;
  wasRefused = false; // the key; nothing is tried again until another one is given
  account = 0;
  private waiting = new Map<string, Waiting>();
  private byRequest = new Map<number, string>();
  private nextId = 1;
  private nextName = 1;
  private readonly prefix = 'p' + Math.random().toString(36).slice(2, 8) + '-';
  private execSeq = 0;
  private seq = 0;
  private catchUpTo = 0;
  private signedInMs = 0;

  constructor(base: string, private key: ApiKey, private readonly told: TradeEvents) {
    this.connection = new Connection(base + '/v1/trade', 'bourse.json.v1', {
      hello: (hello) => void this.signIn(hello),
      text: (message) => this.text(message),
      frame: () => undefined,
      state: (state, reason) => {
        if (state === 'down' || state === 'connecting') this.signedIn = false;
        this.told.state(state === 'live' && this.signedIn ? 'signed-in' : state, reason);
      },
    });
  }

  start(): void {
    this.connection.start();
  }
  // As somebody else from now on: nothing of the account before is kept.
  signInAs(key: ApiKey): void {
    this.connection.stop();
    for (const one of [...this.waiting.values()]) this.settle(one.key, { kind: 'lost' });
    this.key = key;
    this.signedIn = this.wasRefused = false;
    this.account = this.execSeq = this.seq = this.catchUpTo = 0;
    this.open.clear();
    this.fills.length = 0;
    this.told.orders();
    this.told.state('connecting', '');
    this.connection.start();
  }
  get inFlight(): number {
    return this.waiting.size;
  }

  submit(order: OrderRequest): Promise<Outcome> {
    const name = this.prefix + this.nextName++;
    return this.ask('name ' + name, { op: 'order', ...order, cl_ord_id: name });
  }
  amend(order: OwnOrder, px: string, qty: string): Promise<Outcome> {
    return this.ask('order ' + order.orderId, { op: 'amend', symbol: order.symbol, order_id: order.orderId, px, qty });
  }
  cancel(order: OwnOrder): Promise<Outcome> {
    return this.ask('order ' + order.orderId, { op: 'cancel', symbol: order.symbol, order_id: order.orderId });
  }
  cancelAll(): Promise<Outcome> {
    return this.ask('all', { op: 'mass_cancel' });
  }

  private ask(key: string, message: object): Promise<Outcome> {
    if (this.waiting.has(key)) return Promise.resolve({ kind: 'rejected', reason: undefined, message: 'an answer is still due', ms: 0 });
    const id = this.nextId++;
    return new Promise((resolve) => {
      const sentMs = performance.now();
      if (!this.signedIn || !this.connection.send({ ...message, id })) return resolve({ kind: 'lost' });
      this.byRequest.set(id, key);
      this.waiting.set(key, { key, sentMs, settle: resolve });
    });
  }

  private async signIn(hello: Hello): Promise<void> {
    const { key } = this;
    let sig = '';
    try {
      sig = await signature(key, hello.nonce, hello.session);
    } catch (error) {
      return this.refuse('this browser cannot sign with it: ' + String(error));
    }
    if (key !== this.key) return; // another key was given meanwhile
    const message: Record<string, unknown> = { op: 'auth', id: AUTH_ID, key: key.id, alg: key.algorithm ?? 'hmac-sha256', sig };
    if (this.execSeq > 0) {
      message.exec_from = String(this.execSeq + 1);
      message.from_seq = String(this.seq + 1);
    } else {
      const begin = Number(hello.journal.head_seq) - FIRST_LOOK_BACK;
      message.from_seq = String(Math.max(Number(hello.journal.earliest_seq), begin, 1));
    }
    this.connection.send(message);
  }

  private text(message: ServerText): void {
    if (message.op === 'auth_ok') this.authenticated(message);
    else if (message.op === 'exec') this.report(message);
    else if (message.op === 'error') this.refused(message);
  }

  private authenticated(message: AuthOk): void {
    this.signedIn = true;
    this.signedInMs = performance.now();
    this.account = message.account;
    this.catchUpTo = Number(message.exec_head);
    if (this.execSeq >= this.catchUpTo) this.settleLost();
    this.told.state('signed-in', 'account ' + message.account);
  }

  // All reports of the time before this session are here: what is still unanswered was never sequenced.
  private settleLost(): void {
    for (const one of [...this.waiting.values()])
      if (one.sentMs < this.signedInMs) this.settle(one.key, { kind: 'lost' });
  }

  // Trying again with the same key would only be refused again.
  private refuse(reason: string): void {
    this.wasRefused = true;
    this.connection.stop();
    this.told.state('down', reason);
  }

  private refused(error: ServerError): void {
    if (error.id === AUTH_ID) return this.refuse(error.msg);
    const key = error.id === undefined ? undefined : this.byRequest.get(error.id);
    if (key === undefined) return;
    const waiting = this.waiting.get(key);
    this.settle(key, {
      kind: 'rejected', reason: error.name, message: error.msg, ms: performance.now() - (waiting?.sentMs ?? 0),
    });
  }

  private report(exec: Exec): void {
    const number = Number(exec.exec_seq);
    if (number <= this.execSeq) return;
    this.execSeq = number;
    // The last transaction may not be whole yet: it is asked for again, and what is known is passed over.
    this.seq = Number(exec.seq) - 1;
    this.answer(exec);
    if (exec.last_qty !== undefined && exec.last_px !== undefined && exec.side && exec.symbol) {
      const fill: Fill = {
        execSeq: number, symbol: exec.symbol, side: exec.side, price: exec.last_px, qty: exec.last_qty,
        maker: exec.liquidity === 'maker', tsMs: Number(exec.ts_event) / 1e6,
      };
      this.fills.unshift(fill);
      if (this.fills.length > FILLS_MAX) this.fills.pop();
      this.told.fill(fill, exec.replay === true);
    }
    this.keep(exec);
    if (number >= this.catchUpTo && exec.replay) this.settleLost();
    this.told.orders();
  }

  private answer(exec: Exec): void {
    const keys = ['name ' + exec.cl_ord_id, 'order ' + exec.order_id];
    if (exec.order_id === undefined || exec.order_id === '0') keys.push('all');
    for (const key of keys) {
      const waiting = this.waiting.get(key);
      if (!waiting) continue;
      const ms = performance.now() - waiting.sentMs;
      const failed = exec.exec_type === 'rejected' || exec.exec_type === 'cancel_rejected';
      // A fill that passes an amend on its way is not its answer.
      if (key.startsWith('order ') && exec.exec_type.endsWith('fill') && exec.status !== 'filled') continue;
      if (!exec.replay) this.told.ack(ms);
      this.settle(key, failed ? { kind: 'rejected', reason: exec.reject, ms } : { kind: 'done', exec, ms });
    }
  }

  private settle(key: string, outcome: Outcome): void {
    const waiting = this.waiting.get(key);
    this.waiting.delete(key);
    for (const [id, name] of this.byRequest) if (name === key) this.byRequest.delete(id);
    waiting?.settle(outcome);
  }

  private keep(exec: Exec): void {
    if (!exec.order_id || exec.exec_type === 'cancel_rejected') return;
    if (!OPEN.has(exec.status)) {
      this.open.delete(exec.order_id);
      return;
    }
    // The first report of an immediate order says open; it never rests.
    if (exec.tif === 'ioc' || exec.tif === 'fok') return;
    const before = this.open.get(exec.order_id);
    this.open.set(exec.order_id, {
      orderId: exec.order_id, clOrdId: exec.cl_ord_id ?? '', symbol: exec.symbol ?? before?.symbol ?? '',
      side: exec.side ?? before?.side ?? 'buy', type: exec.ord_type ?? '', tif: exec.tif ?? '',
      price: exec.price ?? '', qty: exec.qty ?? '', filled: exec.cum_qty ?? '0', leaves: exec.leaves_qty ?? '',
      status: exec.status, tsMs: before?.tsMs ?? Number(exec.ts_event) / 1e6,
    });
  }
}
