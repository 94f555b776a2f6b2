// The order pool: every open order of every book, and the one that is being matched.
//   Shape:  Order, one cache line, is what matching reads; OrderDetails, one line, what reports
//           need; OrderExtras what few orders have: it is not touched otherwise. All arrays are
//           indexed by the same handle. take() and release() are O(1).
//   Units:  lots, ticks.
//   Owner:  the thread of the engine.
//   Errors: none; the engine refuses new orders when orders_max of them are open.
#pragma once

#include <cstddef>
#include <cstdint>

#include "matching/command.h"      // ClientOrderId
#include "matching/order_queue.h"  // QueuePlace
#include "matching/pages.h"        // Pages, take_pages
#include "matching/slab.h"         // Slab, Handle
#include "matching/state_hash.h"   // mix64, hash_weights
#include "matching/types.h"        // OrderId, QuantityLots, ...

namespace bourse {

// The place of an order in time: the transaction in which it took its place, and which one it was
// there. Lower is older; unique over the life of the engine.
struct Priority {
  static constexpr unsigned ordinal_bits = 14;  // a transaction places fewer than 16,384 orders
  std::uint64_t value;

  static Priority of(Sequence sequence, std::uint32_t ordinal) {
    return {sequence.value() << ordinal_bits | ordinal};
  }
};

struct Order {
  OrderId id;
  PriceTicks price;      // limit or protection; no_price: any
  QuantityLots leaves;   // open and matched next: the displayed part of an iceberg, else all
  QuantityLots reserve;  // open behind it
  QuantityLots filled;
  Handle level;      // where it rests or waits; no_handle: nowhere
  QueuePlace place;  // in the queue of the level
  AccountId account;
  QueuePlace account_place;  // in the queue of the account
  GroupId group;
  Side side;
  OrderType type : 4;
  TimeInForce time_in_force : 4;
  std::uint8_t flags;  // order_flags::...
  SelfTradePrevention self_trade_prevention : 4;
  std::uint8_t is_open : 1;     // in the id table and in the list of its account
  std::uint8_t is_waiting : 1;  // a stop that has not been triggered
  std::uint8_t follows : 1;     // in the list of orders that follow the market
  // If not, the line with the text need not be touched.
  std::uint8_t has_client_order_id : 1;

  bool is_hidden() const { return (flags & order_flags::hidden) != 0; }
  // May what is left of it take a place in the book?
  bool may_rest() const {
    const bool priced =
        type == OrderType::limit || type == OrderType::stop_limit || type == OrderType::pegged;
    return priced && time_in_force != TimeInForce::ioc && time_in_force != TimeInForce::fok;
  }
};
static_assert(sizeof(Order) == 64);

struct OrderDetails {
  std::uint64_t identity;  // hash of all that stays the same while the order keeps its place
  ClientSequence client_sequence;
  Priority priority;
  PriceTicks stop_price;
  QuantityLots display_quantity;
  TimeNs expire_at;
  SessionId session;
  SymbolId symbol;
  Handle follow_next;  // younger order that follows the market of the symbol
  Handle follow_prev;
};
static_assert(sizeof(OrderDetails) == 64);

// What most orders do not have.
struct OrderExtras {
  ClientOrderId client_order_id;  // if Order::has_client_order_id
  PriceTicks extreme;             // trailing stop: best trade since it came; no_price: none yet
  PegReference peg;               // pegged orders only
  std::uint8_t reserved_[7];
};
static_assert(sizeof(OrderExtras) == 56);

class OrderPool {
 public:
  // One more than may be open: the order that is being matched has a place too.
  explicit OrderPool(std::uint32_t orders_max)
      : orders_(orders_max + 1),
        details_(take_pages<OrderDetails>(orders_max + 1)),
        extras_(take_pages<OrderExtras>(orders_max + 1)) {}

  Handle take() { return orders_.take(); }
  void release(Handle handle) { orders_.release(handle); }
  Order& operator[](Handle handle) { return orders_[handle]; }
  const Order& operator[](Handle handle) const { return orders_[handle]; }
  OrderDetails& details(Handle handle) { return details_[handle]; }
  const OrderDetails& details(Handle handle) const { return details_[handle]; }
  OrderExtras& extras(Handle handle) { return extras_[handle]; }
  const OrderExtras& extras(Handle handle) const { return extras_[handle]; }
  std::uint32_t live_count() const { return orders_.live_count(); }
  std::uint32_t touched_count() const { return orders_.touched_count(); }

  void prefetch(Handle handle) const {
    if (handle != no_handle) __builtin_prefetch(&orders_[handle]);
  }

  // What the order adds to StateHash::orders.
  std::uint64_t hash(Handle handle) const {
    const Order& order = orders_[handle];
    return mix64(details_[handle].identity + order.leaves.value() * hash_weights[0] +
                 order.filled.value() * hash_weights[1] + order.reserve.value() * hash_weights[9]);
  }
  // Computes OrderDetails::identity anew: after anything but the quantities has changed.
  void identify(Handle handle, SymbolId symbol, PriceTicks price);

 private:
  Slab<Order, &Order::place> orders_;
  Pages<OrderDetails> details_;
  Pages<OrderExtras> extras_;
};

}  // namespace bourse
