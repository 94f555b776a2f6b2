// The open orders of all accounts as their owners may see them, for open_orders and order_status.
//   Shape:  records in a slab, found by order id, and chained by account, newest first. It follows
//           the private events of the log and starts from the engine that was recovered: what it
//           says is the same before and after a restart.
//   Units:  ticks, lots.
//   Owner:  one io thread; on_event() in sequence order. All memory is taken in the constructor and
//           touched when used.
//   Errors: above orders_max open orders the newest are not known, and is_complete() says so.
#pragma once

#include <cstdint>
#include <vector>

#include "matching/engine.h"    // Engine
#include "matching/event.h"     // ExecEvent
#include "matching/id_table.h"  // IdTable
#include "matching/slab.h"      // Slab
#include "matching/types.h"     // OrderId, AccountId, ...

namespace bourse {

struct OrderState {
  OrderId order_id;
  ClientSequence client_sequence;  // of the command that made it
  PriceTicks price;                // limit, no_price: none
  QuantityLots filled;
  QuantityLots leaves;
  AccountId account;
  SymbolId symbol;
  GroupId group;
  Handle newer;  // of the account
  Handle older;
  Side side;
  OrderType type;
  TimeInForce time_in_force;
  OrderStatus status;  // open, partially_filled or waiting
  ClientOrderId client_order_id;
};

class OpenOrders {
 public:
  OpenOrders(std::uint32_t accounts_max, std::uint32_t orders_max);

  void recover(const Engine& engine);
  void on_event(const ExecEvent& event);

  const OrderState* find(AccountId account, OrderId order) const;  // nullptr: not open, or not his
  // visit(const OrderState&) -> bool, newest first, until it is false.
  template <class Visit>
  void for_each(AccountId account, Visit&& visit) const {
    if (account.value() >= newest_.size()) return;
    for (Handle at = newest_[account.value()]; at != no_handle; at = states_[at].older)
      if (!visit(states_[at])) return;
  }
  std::uint32_t count() const { return ids_.entry_count(); }
  bool is_complete() const { return passed_over_ == 0; }

 private:
  auto id_of() const {
    return [this](Handle handle) { return states_[handle].order_id; };
  }
  OrderState* add(AccountId account, OrderId order);
  void remove(Handle handle);

  std::uint32_t orders_max_;
  Slab<OrderState, &OrderState::newer> states_;
  IdTable ids_;
  std::vector<Handle> newest_;  // by account
  std::uint64_t passed_over_ = 0;
};

}  // namespace bourse
