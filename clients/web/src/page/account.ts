// Who trades: the demo's key, published in docs/PROTOCOL.md, or one's own, asked for in a dialog. It is kept for this tab
// alone, or by the browser if that is wished; the secret signs and is never sent.
import type { ApiKey, ConnectionState, OrderEntry } from '../client/index';
import { $, setAttribute, setText } from './dom';

const DEMO: ApiKey = { id: 'demo', secret: 'bourse-demo-secret-not-for-production' };
const KEY = 'key';

export function savedKey(): ApiKey {
  for (const store of [sessionStorage, localStorage]) {
    try {
      const key = JSON.parse(store.getItem(KEY) ?? 'null') as ApiKey | null;
      if (key && typeof key.id === 'string' && typeof key.secret === 'string') return key;
    } catch {
      store.removeItem(KEY);
    }
  }
  return DEMO;
}

export class Account {
  private key = savedKey();
  private readonly dialog = $<HTMLDialogElement>('account');
  private readonly id = $<HTMLInputElement>('account-key');
  private readonly secret = $<HTMLTextAreaElement>('account-secret');

  constructor(private readonly entry: () => OrderEntry) {
    $('account-open').addEventListener('click', () => this.open());
    $('account-form').addEventListener('submit', (e) => {
      e.preventDefault();
      const algorithm = $<HTMLSelectElement>('account-algorithm').value as ApiKey['algorithm'];
      const key: ApiKey = { id: this.id.value.trim(), secret: this.secret.value.trim(), algorithm };
      if (key.id && key.secret) this.use(key, $<HTMLInputElement>('account-keep').checked);
    });
    $('account-demo').addEventListener('click', () => this.use(DEMO, false));
  }

  open(): void {
    this.id.value = this.key.id === DEMO.id ? '' : this.key.id;
    this.secret.value = '';
    this.dialog.showModal();
  }

  private use(key: ApiKey, isKept: boolean): void {
    for (const store of [sessionStorage, localStorage]) store.removeItem(KEY);
    if (key !== DEMO) (isKept ? localStorage : sessionStorage).setItem(KEY, JSON.stringify(key));
    this.key = key;
    this.secret.value = '';
    this.dialog.close();
    this.entry().signInAs(key);
  }

  // Ten times a second.
  paint(state: ConnectionState | 'signed-in', reason: string): void {
    const entry = this.entry();
    const isIn = state === 'signed-in';
    setText($('account-open'), isIn ? this.key.id : entry.wasRefused ? 'sign in' : 'signing in…');
    const title = isIn ? `account ${entry.account}; sign in with another key` : 'sign in with another key';
    setAttribute($('account-open'), 'title', title);
    setAttribute($('account-open'), 'data-refused', String(entry.wasRefused));
    setText($('account-note'), entry.wasRefused ? `The exchange refused the key ${this.key.id}: ${reason}.` : '');
  }
}
