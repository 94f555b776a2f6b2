// The order pool: every open order of every book, and the one that is being matched.
//   Shape:  Order, one cache line, is what matching reads; OrderDetails, one line, what reports
//           need. What few orders have is in arrays of its own, not touched otherwise. All arrays
//           are indexed by the same handle. take() and release() are O(1).
//   Units:  lots, ticks.
//   Owner:  the thread of the engine.
//   Errors: none; the engine refuses new orders when orders_max of them are open.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

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
  PriceTicks price;     // limit or protection; no_price: any
  QuantityLots leaves;  // open and matched next: the displayed part of an iceberg, else all
  QuantityLots filled;
  Handle level;      // where it rests or waits; no_handle: nowhere
  QueuePlace place;  // in the queue of the level
  AccountId account;
  QueuePlace account_place;  // in the queue of the account
  GroupId group;
  Side side;
  OrderType type;
  TimeInForce time_in_force;
  SelfTradePrevention self_trade_prevention;
  std::uint8_t flags;  // order_flags::...
  // A limit order, all of it displayed, without a timer: most steps are shorter for it.
  bool is_plain;
  bool is_open;              // in the id table and in the queue of its account
  bool is_waiting;           // a stop that has not been triggered
  bool follows;              // in the list of orders that follow the market
  bool has_client_order_id;  // if not, the line with the text need not be touched
  std::uint8_t reserved_[2];

  bool is_hidden() const { return (flags & order_flags::hidden) != 0; }
  bool is_at_once() const {
    return time_in_force == TimeInForce::ioc || time_in_force == TimeInForce::fok;
  }
  // May what is left of it take a place in the book?
  bool may_rest() const {
    const bool priced =
        type == OrderType::limit || type == OrderType::stop_limit || type == OrderType::pegged;
    return priced && !is_at_once();
  }
};
static_assert(sizeof(Order) == 64);

inline bool is_plain_order(OrderType type, TimeInForce time_in_force, std::uint8_t flags,
                           QuantityLots display_quantity) {
  return type == OrderType::limit && time_in_force != TimeInForce::gtd &&
         (flags & order_flags::hidden) == 0 && display_quantity == QuantityLots{0};
}

struct alignas(64) OrderDetails {
  std::uint64_t identity;  // hash of all that stays the same while the order keeps its place
  ClientSequence client_sequence;
  Priority priority;
  SessionId session;
  SymbolId symbol;
  PriceTicks stop_price;
  QuantityLots display_quantity;
  TimeNs expire_at;
  QuantityLots reserve;  // open behind what is displayed
};
static_assert(sizeof(OrderDetails) == 64);

// Of an order that follows the market.
struct Following {
  PriceTicks extreme;  // trailing stop: best trade since it came; no_price: none yet
  Handle next;         // younger order that follows the market of the symbol
  Handle prev;
  PegReference peg;  // pegged orders only
  std::uint8_t reserved_[7];
};
static_assert(sizeof(Following) == 24);

class OrderPool {
 public:
  // One more than may be open: the order that is being matched has a place too.
  explicit OrderPool(std::uint32_t orders_max)
      : orders_(orders_max + 1),
        details_(take_pages<OrderDetails>(orders_max + 1)),
        client_order_ids_(take_pages<ClientOrderId>(orders_max + 1)),
        following_(take_pages<Following>(orders_max + 1)) {}

  [[gnu::always_inline]] Handle take() { return orders_.take(); }
  void release(Handle handle) { orders_.release(handle); }
  Order& operator[](Handle handle) { return orders_[handle]; }
  const Order& operator[](Handle handle) const { return orders_[handle]; }
  OrderDetails& details(Handle handle) { return details_[handle]; }
  const OrderDetails& details(Handle handle) const { return details_[handle]; }
  // All that is open of it.
  QuantityLots open(Handle handle) const {
    return orders_[handle].leaves + details_[handle].reserve;
  }
  // REQUIRES: has_client_order_id.
  const ClientOrderId& client_order_id(Handle handle) const { return client_order_ids_[handle]; }
  void set_client_order_id(Handle handle, const ClientOrderId& id) {
    client_order_ids_[handle] = id;
  }
  Following& following(Handle handle) { return following_[handle]; }
  const Following& following(Handle handle) const { return following_[handle]; }
  std::uint32_t live_count() const { return orders_.live_count(); }
  std::uint32_t touched_count() const { return orders_.touched_count(); }

  void touch(std::uint32_t count) {
    orders_.touch(count);
    touch_pages(details_.get(), count);
  }
  void prefetch(Handle handle) const {
    if (handle != no_handle) __builtin_prefetch(&orders_[handle]);
  }

  // What the order adds to StateHash::orders.
  std::uint64_t hash(Handle handle) const {
    const Order& order = orders_[handle];
    return mix64(details_[handle].identity + order.leaves.value() * hash_weights[0] +
                 order.filled.value() * hash_weights[1] +
                 details_[handle].reserve.value() * hash_weights[9]);
  }
  // Writes an open limit order without options. Its places in the queues are the caller's to fill
  // in.
  [[gnu::always_inline]] Order& write_plain(Handle handle, const Command& command,
                                            Priority priority) {
    const OrderBody& body = command.order;
    Order& order = orders_[handle];
    order.id = body.order_id;
    order.price = body.price;
    order.leaves = body.quantity;
    order.filled = QuantityLots{0};
    order.account = command.account;
    order.group = body.group;
    static_assert(offsetof(Order, self_trade_prevention) == offsetof(Order, side) + 3);
    static_assert(offsetof(OrderBody, self_trade_prevention) == offsetof(OrderBody, side) + 3);
    std::memcpy(&order.side, &body.side, 4);  // and its three neighbours
    // Flags, and the three behind them: plain, open, not waiting.
    static_assert(offsetof(Order, is_waiting) == offsetof(Order, flags) + 3);
    const std::uint32_t words = command.order_flags | 0x00'01'01'00u;
    std::memcpy(&order.flags, &words, sizeof words);
    order.follows = false;
    order.has_client_order_id = !body.client_order_id.empty();
    OrderDetails& details = details_[handle];
    details.priority = priority;
    details.client_sequence = command.client_sequence;
    details.session = command.session;
    details.symbol = command.symbol;
    details.stop_price = PriceTicks{0};
    details.display_quantity = QuantityLots{0};
    details.expire_at = TimeNs{0};
    details.reserve = QuantityLots{0};
    if (!body.client_order_id.empty()) [[unlikely]]
      set_client_order_id(handle, body.client_order_id);
    return order;
  }
  // Computes OrderDetails::identity anew: after anything but the quantities has changed.
  void identify(Handle handle, SymbolId symbol, PriceTicks price);

 private:
  Slab<Order, &Order::place> orders_;
  Pages<OrderDetails> details_;
  Pages<ClientOrderId> client_order_ids_;
  Pages<Following> following_;
};

}  // namespace bourse
