// What a refusal means, in words for a trader. The names are those of docs/PROTOCOL.md.
const WORDS: Record<string, string> = {
  unknown_instrument: 'there is no such symbol',
  halted: 'the market takes no orders now; cancels still work',
  bad_tick: 'the price is no multiple of the tick',
  bad_lot: 'the size is no multiple of the lot, or below the smallest size',
  min_notional: 'price × size is below the least that is allowed',
  max_notional: 'price × size is above the most that is allowed',
  max_quantity: 'the size is above the most that one order may have',
  price_collar: 'the price is too far from the market',
  would_cross: 'it would trade at once, and post-only orders must rest',
  unknown_order: 'the order is gone already: filled, cancelled, or not yours',
  duplicate_client_sequence: 'this request was received before',
  expired_valid_until: 'it arrived too late to be valid',
  self_trade: 'it would have traded with your own order',
  no_liquidity: 'nothing was there to take at that price',
  amend_invalid: 'this order cannot be amended so',
  unsupported: 'the exchange does not offer this',
  bad_field: 'the order contradicts itself',
  book_full: 'the book is full',
  wrong_phase: 'an auction is collecting orders: only resting orders are taken',
  account_disabled: 'the account is disabled',
  open_orders_limit: 'too many open orders',
  position_limit: 'the position would become too large',
  order_rate: 'too many orders in a short time',
  control_rate: 'too many requests in a short time',
  delisted: 'the symbol is no longer traded',
  overloaded: 'the exchange is overloaded; nothing was sent',
  shutting_down: 'the exchange is shutting down',
  not_authenticated: 'not signed in',
};

// Trading status in words; '' while trading is continuous.
const PHASES: Record<number, string> = {
  1: 'pre-open', 2: 'opening auction', 8: 'halted', 9: 'volatility auction', 11: 'closing auction', 12: 'closed', 15: 'delisted',
};
// These take no new orders; auctions collect them.
const CLOSED = new Set([8, 12, 15]);

export const phaseInWords = (action: number): string => PHASES[action] ?? '';
export const takesOrders = (action: number): boolean => !CLOSED.has(action);

export function reasonInWords(name: string | undefined, message?: string): string {
  return (name && WORDS[name]) || message || name || 'no reason was given';
}
