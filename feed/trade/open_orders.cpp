#include "feed/trade/open_orders.h"

#include <algorithm>

namespace bourse {
namespace {

// What an order at rest in the engine and a report of one call by the same names.
template <class Order>
void take_in(OrderState& state, const Order& order) {
  state.client_sequence = order.client_sequence;
  state.price = order.price;
  state.filled = order.filled;
  state.leaves = order.leaves;
  state.symbol = order.symbol;
  state.group = order.group;
  state.side = order.side;
  state.time_in_force = order.time_in_force;
  state.client_order_id = order.client_order_id;
}

}  // namespace

OpenOrders::OpenOrders(std::uint32_t accounts_max, std::uint32_t orders_max)
    : orders_max_(std::clamp(orders_max, 1u, IdTable::entries_most)),
      states_(orders_max_),
      ids_(orders_max_),
      newest_(accounts_max + std::size_t{1}, no_handle) {}

OrderState* OpenOrders::add(AccountId account, OrderId order) {
  if (account.value() >= newest_.size()) return nullptr;
  if (ids_.entry_count() >= orders_max_) {
    ++passed_over_;
    return nullptr;
  }
  const Handle handle = states_.take();
  OrderState& state = states_[handle];
  state = {};
  state.order_id = order;
  state.account = account;
  state.newer = no_handle;
  Handle& newest = newest_[account.value()];
  state.older = newest;
  if (newest != no_handle) states_[newest].newer = handle;
  newest = handle;
  ids_.insert(order, handle, id_of());
  return &state;
}

void OpenOrders::remove(Handle handle) {
  const OrderState& state = states_[handle];
  if (state.newer != no_handle)
    states_[state.newer].older = state.older;
  else
    newest_[state.account.value()] = state.older;
  if (state.older != no_handle) states_[state.older].newer = state.newer;
  ids_.erase(state.order_id, handle);
  states_.release(handle);
}

void OpenOrders::recover(const Engine& engine) {
  std::vector<OpenOrder> orders;
  for (std::uint32_t id = 1; id <= engine.symbol_count(); ++id)
    for (const Side side : {Side::buy, Side::sell})
      for (const Orders which : {Orders::displayed, Orders::hidden, Orders::waiting})
        engine.for_each_order(
            SymbolId{id}, side, [&](const OpenOrder& order) { orders.push_back(order); }, which);
  // In the order in which they were born, as on_event() has seen them.
  std::sort(orders.begin(), orders.end(),
            [](const OpenOrder& a, const OpenOrder& b) { return a.order_id < b.order_id; });
  for (const OpenOrder& order : orders) {
    OrderState* const state = add(order.account, order.order_id);
    if (state == nullptr) continue;
    take_in(*state, order);
    state->type = order.type;
    state->status = order.is_waiting ? OrderStatus::waiting
                    : order.filled   ? OrderStatus::partially_filled
                                     : OrderStatus::open;
  }
}

void OpenOrders::on_event(const ExecEvent& event) {
  // Refusals change nothing; the decision about a mass cancel is about no order.
  if (event.type == ExecType::rejected || event.type == ExecType::cancel_rejected ||
      !event.order_id)
    return;
  const Handle handle = ids_.find(event.order_id, id_of());
  const bool is_open = event.status == OrderStatus::open ||
                       event.status == OrderStatus::partially_filled ||
                       event.status == OrderStatus::waiting;
  if (!is_open || !event.leaves) {
    if (handle != no_handle) remove(handle);
    return;
  }
  const bool is_born = event.type == ExecType::accepted;
  OrderState* const state = handle != no_handle ? &states_[handle]
                            : is_born           ? add(event.account, event.order_id)
                                                : nullptr;
  if (state == nullptr) return;
  take_in(*state, event);
  state->type = event.order_type;
  state->status = event.status;
}

const OrderState* OpenOrders::find(AccountId account, OrderId order) const {
  const Handle handle = ids_.find(order, id_of());
  if (handle == no_handle || states_[handle].account != account) return nullptr;
  return &states_[handle];
}

}  // namespace bourse
