// What an auction tells besides its price: when it ends, its reference, and between which prices
// orders are taken.
//   Shape:  packed into fields of an imbalance event that it has no other use for: order_id is the
//           time, taker_order_id the reference, aux the phase (8 bits) and how far the upper and
//           the lower collar are above the reference (28 bits each, signed; both 0: none). Collars
//           that do not fit there are not told.
//   Units:  ticks, nanoseconds since the Unix epoch.
//   Errors: none; what is not there is 0 or no_price.
#pragma once

#include <algorithm>
#include <cstdint>

#include "matching/book.h"   // Book
#include "matching/event.h"  // PublicEvent
#include "matching/types.h"  // Phase, PriceTicks, TimeNs

namespace bourse {

struct AuctionTerms {
  TimeNs ends_at;        // 0: when somebody says so
  PriceTicks reference;  // the last trade, else that of the rules
  PriceTicks upper_collar;
  PriceTicks lower_collar;
  Phase phase;
};

// From one to the other, at any distance; one beyond 63 bits comes out as some other.
inline TickDelta ticks_between(PriceTicks from, PriceTicks to) {
  return TickDelta{static_cast<std::int64_t>(static_cast<std::uint64_t>(to.value()) -
                                             static_cast<std::uint64_t>(from.value()))};
}

// The limits of the static band and of the instrument.
inline AuctionTerms auction_terms(const Book& book) {
  const Trading& trading = book.trading;
  const RulesBody& rules = trading.rules;
  AuctionTerms terms{.ends_at = trading.change_at,
                     .reference = trading.reference(),
                     .upper_collar = no_price,
                     .lower_collar = no_price,
                     .phase = trading.phase};
  if (rules.static_band != TickDelta{0} && rules.reference_price != PriceTicks{0}) {
    const TickDelta up = ticks_between(rules.reference_price, book.price_max());
    const TickDelta down = ticks_between(book.price_min(), rules.reference_price);
    terms.upper_collar = rules.reference_price + std::min(rules.static_band, up);
    terms.lower_collar = rules.reference_price - std::min(rules.static_band, down);
  }
  return terms;
}

inline void pack(const AuctionTerms& terms, PublicEvent& event) {
  constexpr std::int64_t room = std::int64_t{1} << 27;
  event.order_id = OrderId{static_cast<std::uint64_t>(terms.ends_at.value())};
  event.taker_order_id = OrderId{static_cast<std::uint64_t>(terms.reference.value())};
  event.aux = static_cast<std::uint64_t>(terms.phase);
  if (terms.upper_collar == no_price) return;
  const std::int64_t upper = ticks_between(terms.reference, terms.upper_collar).value();
  const std::int64_t lower = ticks_between(terms.reference, terms.lower_collar).value();
  if (upper >= room || upper < -room || lower >= room || lower < -room) return;
  event.aux |= (static_cast<std::uint64_t>(upper) & (2 * room - 1)) << 8;
  event.aux |= static_cast<std::uint64_t>(lower) << 36;
}

// REQUIRES: event.kind is imbalance.
inline AuctionTerms unpack(const PublicEvent& event) {
  const PriceTicks reference{static_cast<std::int64_t>(event.taker_order_id.value())};
  const TickDelta upper{static_cast<std::int64_t>(event.aux << 28) >> 36};
  const TickDelta lower{static_cast<std::int64_t>(event.aux) >> 36};
  const bool none = upper == lower;
  return {.ends_at = TimeNs{static_cast<std::int64_t>(event.order_id.value())},
          .reference = reference,
          .upper_collar = none ? no_price : reference + upper,
          .lower_collar = none ? no_price : reference + lower,
          .phase = static_cast<Phase>(event.aux & 0xff)};
}

}  // namespace bourse
