// The order pool: every open order of every book, hot half and cold half.
//   Shape:  Order, 32 bytes, is what walking a queue reads; OrderDetails, 128 bytes, is what
//   reports
//           need. Both arrays are indexed by the same handle. take() and release() are O(1).
//   Units:  lots.
//   Owner:  the thread of the engine.
//   Errors: none; the engine refuses new orders when the pool is full.
#pragma once

#include <cstddef>
#include <cstdint>

#include "matching/command.h"     // ClientOrderId
#include "matching/pages.h"       // Pages, take_pages
#include "matching/slab.h"        // Slab, Handle
#include "matching/state_hash.h"  // mix64, hash_weights
#include "matching/types.h"       // OrderId, QuantityLots, ...

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
  QuantityLots leaves;
  Handle next;  // younger order of the level
  Handle prev;  // older
  Handle level;
  AccountId account;
};
static_assert(sizeof(Order) == 32);

struct OrderDetails {
  std::uint64_t identity;  // hash of all that stays the same while the order keeps its place
  QuantityLots filled;
  ClientSequence client_sequence;
  Priority priority;
  GroupId group;
  SessionId session;
  OrderType type;
  TimeInForce time_in_force;
  std::uint8_t order_flags;
  bool has_client_order_id;  // if not, the line with the text need not be touched
  std::uint8_t reserved_[20];
  ClientOrderId client_order_id;  // begins the second cache line
  std::uint8_t reserved2_[24];
};
static_assert(sizeof(OrderDetails) == 128 && offsetof(OrderDetails, client_order_id) == 64);

class OrderPool {
 public:
  explicit OrderPool(std::uint32_t orders_max)
      : orders_(orders_max), details_(take_pages<OrderDetails>(orders_max)) {}

  Handle take() { return orders_.take(); }
  void release(Handle handle) { orders_.release(handle); }
  Order& operator[](Handle handle) { return orders_[handle]; }
  const Order& operator[](Handle handle) const { return orders_[handle]; }
  OrderDetails& details(Handle handle) { return details_[handle]; }
  const OrderDetails& details(Handle handle) const { return details_[handle]; }
  std::uint32_t live_count() const { return orders_.live_count(); }
  std::uint32_t orders_max() const { return orders_.records_max(); }

  void prefetch(Handle handle) const {
    if (handle == no_handle) return;
    __builtin_prefetch(&orders_[handle]);
    __builtin_prefetch(&details_[handle]);
  }

  // What the order adds to StateHash::orders.
  std::uint64_t hash(Handle handle) const {
    return mix64(details_[handle].identity + orders_[handle].leaves.value() * hash_weights[0] +
                 details_[handle].filled.value() * hash_weights[1]);
  }
  // Computes OrderDetails::identity anew: after anything but leaves and filled has changed.
  void identify(Handle handle, SymbolId symbol, Side side, PriceTicks price);

 private:
  Slab<Order, &Order::next> orders_;
  Pages<OrderDetails> details_;
};

}  // namespace bourse
