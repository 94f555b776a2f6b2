#include "matching/order_pool.h"

#include <cstring>

namespace bourse {
namespace {

std::uint64_t hash_client_order_id(const ClientOrderId& id) {
  std::uint64_t words[sizeof id.text / 8];
  std::memcpy(words, id.text, sizeof words);
  std::uint64_t hash = 0;
  for (std::size_t i = 0; i < std::size(words); ++i) hash += mix64(words[i] + hash_weights[i]);
  return hash;
}

}  // namespace

void OrderPool::identify(Handle handle, SymbolId symbol, PriceTicks price) {
  const Order& order = orders_[handle];
  OrderDetails& d = details_[handle];
  const std::uint64_t kind =
      static_cast<std::uint64_t>(order.side) | static_cast<std::uint64_t>(order.type) << 4 |
      static_cast<std::uint64_t>(order.time_in_force) << 8 |
      static_cast<std::uint64_t>(order.self_trade_prevention) << 12 |
      static_cast<std::uint64_t>(order.is_waiting) << 16 |
      static_cast<std::uint64_t>(order.type == OrderType::pegged ? following_[handle].peg
                                                                 : PegReference::none)
          << 20 |
      static_cast<std::uint64_t>(order.flags) << 24 |
      static_cast<std::uint64_t>(symbol.value()) << 32;
  const std::uint64_t owner = static_cast<std::uint64_t>(order.account.value()) |
                              static_cast<std::uint64_t>(d.session.value()) << 32;
  d.identity = order.id.value() * hash_weights[2] +
               static_cast<std::uint64_t>(price.value()) * hash_weights[3] +
               d.priority.value * hash_weights[4] + kind * hash_weights[5] +
               owner * hash_weights[6] + d.client_sequence.value() * hash_weights[7] +
               order.group.value() * hash_weights[8];
  // Most orders have none of these.
  const std::uint64_t rare = static_cast<std::uint64_t>(d.stop_price.value()) |
                             d.display_quantity.value() |
                             static_cast<std::uint64_t>(d.expire_at.value());
  if (rare != 0) {
    d.identity += mix64(static_cast<std::uint64_t>(d.stop_price.value()) * hash_weights[10] +
                        d.display_quantity.value() * hash_weights[11] +
                        static_cast<std::uint64_t>(d.expire_at.value()));
  }
  if (order.has_client_order_id) d.identity += hash_client_order_id(client_order_ids_[handle]);
}

}  // namespace bourse
