// The followers: orders whose place depends on the market of their symbol: waiting stops, and
// pegged orders. Trailing stops and pegs are in a list besides, oldest first, because they move.
//   Shape:  a count, so that a market without any pays one comparison, and a list through the
//           details of the orders. O(1).
//   Owner:  the thread of the engine.
//   Errors: none.
#pragma once

#include "matching/book.h"  // BookMemory, Trading

namespace bourse {

// REQUIRES: the order waits or is pegged.
inline void start_following(BookMemory& memory, Trading& trading, Handle handle) {
  Order& order = memory.orders[handle];
  // What was traded while nobody followed is nobody's business.
  if (trading.followers++ == 0) trading.trade_low = trading.trade_high = no_price;
  if (order.type != OrderType::trailing_stop && order.type != OrderType::pegged) return;
  Following& f = memory.orders.following(handle);
  order.follows = true;
  f.next = no_handle;
  f.prev = trading.newest_follower;
  (trading.newest_follower == no_handle ? trading.oldest_follower
                                        : memory.orders.following(trading.newest_follower).next) =
      handle;
  trading.newest_follower = handle;
}

// The order has been triggered or is about to be closed.
inline void stop_following(BookMemory& memory, Trading& trading, Handle handle) {
  Order& order = memory.orders[handle];
  --trading.followers;
  order.is_waiting = false;
  if (!order.follows) return;
  order.follows = false;
  const Following& f = memory.orders.following(handle);
  (f.prev == no_handle ? trading.oldest_follower : memory.orders.following(f.prev).next) = f.next;
  (f.next == no_handle ? trading.newest_follower : memory.orders.following(f.next).prev) = f.prev;
}

}  // namespace bourse
