// Every request has one answer, also when the connection breaks between the two.
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { OrderEntry, type OrderRequest, signature } from '../../clients/web/src/client/order_entry';
import { FakeSocket, hello } from './fake_server';

const request: OrderRequest = { symbol: 'X', side: 'buy', type: 'limit', qty: '1', px: '10', tif: 'gtc' };
const exec = (number: number, more: object) => ({
  op: 'exec', exec_seq: String(number), seq: String(100 + number), ts_event: '0', symbol: 'X', side: 'buy', qty: '1', cum_qty: '0', leaves_qty: '1',
  price: '10', tif: 'gtc', ...more,
});
const settle = () => new Promise((resolve) => setImmediate(resolve));

async function signedIn() {
  mock.timers.reset();
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  Object.assign(globalThis, { WebSocket: FakeSocket });
  const acks: number[] = [];
  const entry = new OrderEntry('wss://x', { id: 'demo', secret: 's' }, {
    state: () => undefined, orders: () => undefined, fill: () => undefined, ack: (ms) => acks.push(ms),
  });
  entry.start();
  await signIn(0);
  return { entry, acks };
}
async function signIn(head: number): Promise<Record<string, unknown>> {
  FakeSocket.last.say(hello());
  for (let i = 0; i < 20_000 && !FakeSocket.last.sent.some((one) => one.op === 'auth'); ++i) await settle();
  const auth = FakeSocket.last.asked().find((one) => one.op === 'auth')!;
  FakeSocket.last.say({ op: 'auth_ok', key: 'demo', account: 1, scopes: [], next_client_seq: '1', exec_head: String(head), seq: '1' });
  return auth;
}
const sent = () => FakeSocket.last.asked().filter((one) => one.op === 'order')[0];

test('the signature is HMAC-SHA256 over nonce|session, in base64', async () => {
  assert.equal(await signature({ id: 'k', secret: 'key' }, 'The quick brown fox', 'jumps'), await reference('key', 'The quick brown fox|jumps'));
});
test('an Ed25519 key of bourse keys signs the same text, and its public half proves it', async () => {
  const { createPublicKey, createPrivateKey, generateKeyPairSync, verify } = await import('node:crypto');
  const pair = generateKeyPairSync('ed25519');
  const seed = pair.privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32).toString('base64');
  const sig = await signature({ id: 'k', secret: seed, algorithm: 'ed25519' }, 'nonce', 's-1');
  assert.ok(verify(null, Buffer.from('nonce|s-1'), createPublicKey(createPrivateKey(pair.privateKey.export({ format: 'pem', type: 'pkcs8' }))), Buffer.from(sig, 'base64')));
});
async function reference(key: string, text: string): Promise<string> {
  const { createHmac } = await import('node:crypto');
  return createHmac('sha256', key).update(text).digest('base64');
}

test('an accepted order is open and its time is told', async () => {
  const { entry, acks } = await signedIn();
  const answer = entry.submit(request);
  FakeSocket.last.say(exec(1, { exec_type: 'accepted', status: 'open', order_id: '7', cl_ord_id: sent().cl_ord_id }));
  assert.equal((await answer).kind, 'done');
  assert.deepEqual([...entry.open.keys()], ['7']);
  assert.equal(acks.length, 1);
});

test('a refusal at the edge settles the order that it names', async () => {
  const { entry } = await signedIn();
  const answer = entry.submit(request);
  FakeSocket.last.say({ op: 'error', id: sent().id, code: 5003, name: 'bad_tick', msg: 'no multiple' });
  assert.deepEqual({ ...(await answer), ms: 0 }, { kind: 'rejected', reason: 'bad_tick', message: 'no multiple', ms: 0 });
});

test('an order that was on its way when the line broke is found in the log', async () => {
  const { entry } = await signedIn();
  const answer = entry.submit(request);
  const name = sent().cl_ord_id;
  FakeSocket.last.breakDown();
  mock.timers.tick(1000);
  await signIn(1);
  FakeSocket.last.say(exec(1, { exec_type: 'accepted', status: 'open', order_id: '7', cl_ord_id: name, replay: true }));
  assert.equal((await answer).kind, 'done');
  assert.equal(FakeSocket.last.asked().length, 0, 'nothing was sent again');
});

test('an order that the log does not know was never sequenced, and is not sent again', async () => {
  const { entry } = await signedIn();
  const answer = entry.submit(request);
  FakeSocket.last.breakDown();
  mock.timers.tick(1000);
  await signIn(0);
  assert.equal((await answer).kind, 'lost');
  assert.equal(FakeSocket.last.asked().length, 0);
});

test('reports are asked for from the last one on, and a repeated one changes nothing', async () => {
  const { entry } = await signedIn();
  FakeSocket.last.say(exec(1, { exec_type: 'accepted', status: 'open', order_id: '7' }));
  FakeSocket.last.breakDown();
  mock.timers.tick(1000);
  const auth = await signIn(1);
  assert.equal(auth.exec_from, '2');
  FakeSocket.last.say(exec(1, { exec_type: 'canceled', status: 'canceled', order_id: '7', replay: true }));
  assert.deepEqual([...entry.open.keys()], ['7']);
});

test('a key that was refused is not tried again', async () => {
  await signedIn();
  FakeSocket.last.say({ op: 'error', id: 0, code: 3002, name: 'bad_signature', msg: 'wrong' });
  const sockets = FakeSocket.all.length;
  mock.timers.tick(100_000);
  assert.equal(FakeSocket.all.length, sockets);
});

test('without a signed-in session nothing is sent', async () => {
  const { entry } = await signedIn();
  FakeSocket.last.breakDown();
  assert.equal((await entry.submit(request)).kind, 'lost');
});
