// The book store against a naive list of orders, and the decimals that people read.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Book } from '../../clients/web/src/client/book';
import { decimalToUnits, Units, unitsToDecimal } from '../../clients/web/src/client/decimal';

test('levels add up what rests at a price, best price first', () => {
  const book = new Book();
  book.add(1, 100, 5, true);
  book.add(2, 101, 7, true);
  book.add(3, 100, 1, true);
  book.add(4, 103, 2, false);
  assert.deepEqual(book.top('B', 10), [{ price: 101, size: 7, count: 1 }, { price: 100, size: 6, count: 2 }]);
  assert.deepEqual(book.top('A', 10), [{ price: 103, size: 2, count: 1 }]);
  assert.equal(book.bids.upTo(100), 13);
});

test('an executed order loses size and is gone at zero', () => {
  const book = new Book();
  book.add(1, 100, 5, true);
  book.reduce(1, 3);
  assert.deepEqual(book.bids.best, { price: 100, size: 2, count: 1 });
  book.reduce(1, 2);
  assert.equal(book.bids.best, undefined);
  assert.equal(book.orders, 0);
});

test('an order can move to another price', () => {
  const book = new Book();
  book.add(1, 100, 5, false);
  book.modify(1, 98, 6);
  assert.deepEqual(book.top('A', 5), [{ price: 98, size: 6, count: 1 }]);
});

test('what cannot follow from the book is a fault and changes nothing', () => {
  const book = new Book();
  book.add(1, 100, 5, true);
  book.reduce(2, 1);
  book.reduce(1, 6);
  book.modify(9, 1, 1);
  book.add(1, 100, 5, true);
  assert.equal(book.faults, 4);
  assert.deepEqual(book.top('B', 5), [{ price: 100, size: 5, count: 1 }]);
});

test('a thousand random books are what a plain list of orders says', () => {
  const seed = Number(process.env.BOURSE_SEED ?? Date.now() % 1e9);
  console.log('seed', seed);
  let state = seed >>> 0;
  const random = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) % below;
  };
  const book = new Book();
  const orders = new Map<number, { price: number; size: number; bid: boolean }>();
  let next = 1;
  for (let step = 0; step < 20000; ++step) {
    const ids = [...orders.keys()];
    const id = ids[random(ids.length || 1)];
    const kind = random(orders.size > 200 ? 4 : 6);
    if (kind >= 3 || id === undefined) {
      const order = { price: random(60), size: 1 + random(9), bid: random(2) === 0 };
      orders.set(next, order);
      book.add(next++, order.price, order.size, order.bid);
    } else if (kind === 0) {
      const order = orders.get(id)!;
      order.price = random(60);
      order.size = 1 + random(9);
      book.modify(id, order.price, order.size);
    } else {
      const order = orders.get(id)!;
      const lots = 1 + random(order.size);
      order.size -= lots;
      book.reduce(id, lots);
      if (order.size === 0) orders.delete(id);
    }
    if (step % 20 !== 0) continue;
    for (const side of ['B', 'A'] as const) {
      const levels = new Map<number, { price: number; size: number; count: number }>();
      for (const { price, size, bid } of orders.values()) {
        if (bid !== (side === 'B')) continue;
        const level = levels.get(price) ?? { price, size: 0, count: 0 };
        levels.set(price, { price, size: level.size + size, count: level.count + 1 });
      }
      const sorted = [...levels.values()].sort((a, b) => (side === 'B' ? b.price - a.price : a.price - b.price));
      assert.deepEqual(book.top(side, 1000), sorted, `step ${step}`);
    }
  }
  assert.equal(book.faults, 0);
});

test('decimals become whole units, and what is too fine is refused', () => {
  assert.equal(decimalToUnits('100.25', 2), 10025);
  assert.equal(decimalToUnits('-0.5', 2), -50);
  assert.equal(decimalToUnits('.5', 1), 5);
  assert.equal(decimalToUnits('1.500', 1), 15);
  for (const bad of ['', '.', '1.001', 'x', '1e3', '1,5', '99999999999999999']) assert.ok(Number.isNaN(decimalToUnits(bad, 2)), bad);
  assert.equal(unitsToDecimal(-5, 2), '-0.05');
});

test('prices and sizes keep the digits of their tick and lot', () => {
  const units = new Units(250_000_000, 10_000, -8); // tick 0.25, lot 0.0001
  assert.equal(units.price(401), '100.25');
  assert.equal(units.parsePrice('100.25'), 401);
  assert.ok(Number.isNaN(units.parsePrice('100.3')));
  assert.equal(units.size(5000), '0.5000');
  assert.equal(units.parseSize('0.5'), 5000);
  assert.ok(Number.isNaN(units.parseSize('0.00001')));
  assert.equal(units.notional(400, 5000), 50);
});
