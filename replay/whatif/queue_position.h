// Where in the queues of the book one's own orders stand: what is displayed ahead of each at its
// price, followed event by event.
//   Shape:  for each order that is watched the orders ahead of it when it joined; what happens to
//           them moves it forward. Nothing is ever put ahead of it: queues are first in, first out.
//   Units:  lots.
//   Owner:  one thread.
//   Errors: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <unordered_map>
#include <vector>

#include "matching/engine.h"  // Engine
#include "matching/event.h"   // PublicEvent
#include "matching/types.h"   // OrderId, Sequence, TimeNs, QuantityLots

namespace bourse {

class QueuePosition {
 public:
  struct Place {
    Sequence after{0};  // the last transaction of the record
    TimeNs time{0};
    PriceTicks price{0};
    QuantityLots ahead{0};  // displayed, at the same price
    std::uint32_t orders = 0;
  };
  // Called for each change of a watched order's place; ahead and orders are what is new.
  using Changed =
      std::function<void(OrderId, PriceTicks, QuantityLots ahead, std::uint32_t orders)>;

  // The events of one command that `engine` has just executed. `is_own` says which to watch.
  template <class IsOwn>
  void follow(std::span<const PublicEvent> events, const Engine& engine, IsOwn is_own,
              const Changed& changed) {
    joined_.clear();
    for (const PublicEvent& event : events) {
      if (is_own(event.order_id)) follow_own(event);
      follow_other(event, changed);
    }
    for (const OrderId id : joined_) join(id, engine, changed);
  }

 private:
  struct Watched {
    SymbolId symbol{0};
    Side side = Side::none;
    PriceTicks price{0};
    std::unordered_map<std::uint64_t, std::uint64_t> ahead;  // order id to displayed lots
    std::uint64_t total = 0;
  };

  void follow_own(const PublicEvent& event);
  void follow_other(const PublicEvent& event, const Changed& changed);
  void join(OrderId id, const Engine& engine, const Changed& changed);

  std::map<OrderId, Watched> watched_;
  std::vector<OrderId> joined_;
};

}  // namespace bourse
