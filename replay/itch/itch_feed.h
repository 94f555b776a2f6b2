// The feed handler: ITCH messages in, public events out, and the books that they build. Nothing is
// matched; what Nasdaq says has happened is what happened.
//   Shape:  the books of itch_books.h, and events made of what changed in them. The order reference
//           is the OrderId, the match number the match id. Auction indications become `imbalance`,
//           broken trades `bust`; halts, short sale restrictions, and what collars, IPOs and direct
//           listings indicate become `status`. The market-wide circuit breaker makes no event:
//           Nasdaq then halts each stock by a message of its own.
//   Units:  ticks of 1e-4 dollars, shares.
//   Owner:  one thread.
//   Errors: a message that does not fit the book is refused: counted by its fault, without events,
//           and the book stays as it was.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "matching/event.h"              // EventBuffer, PublicEvent
#include "matching/types.h"              // SymbolId
#include "replay/itch/itch_books.h"      // ItchBook, ItchBooks, ItchFault
#include "replay/itch/itch_directory.h"  // ItchDirectory
#include "replay/itch/itch_messages.h"   // AddOrder, ...

namespace bourse {

enum class ItchOutcome : std::uint8_t {
  events = 1,    // the event buffer has at least one
  no_event = 2,  // means nothing to a book: attribution, retail interest, the clock, ...
  left_out = 3,  // about a stock that is not wanted
  refused = 4,   // see fault()
  not_listed =
      5,  // an order in a stock that the directory has not named: list_missing(), try again
};

struct ItchFeedCounts {
  std::array<std::uint64_t, itch_fault_count> faults{};  // by ItchFault
  std::uint64_t left_out = 0;
  std::uint64_t trades = 0;         // prints of hidden orders
  std::uint64_t crosses = 0;        // auctions that traded
  std::uint64_t empty_crosses = 0;  // auctions that did not
  std::uint64_t broken_trades = 0;
  std::uint64_t broken_unknown = 0;  // of these: trades that the file does not have
  std::uint64_t imbalances = 0;      // indications of auctions to come
  std::uint64_t crossed = 0;         // messages after which a trading stock's book was crossed
  std::uint64_t crossed_halted = 0;  // the same while it was halted or had not yet uncrossed since
  std::uint64_t live_orders = 0;
  std::uint64_t live_orders_max = 0;

  std::uint64_t fault(ItchFault which) const { return faults[static_cast<std::size_t>(which)]; }
  std::uint64_t faults_all() const {
    std::uint64_t sum = 0;
    for (const std::uint64_t count : faults) sum += count;
    return sum;
  }
};

class ItchFeed {
 public:
  explicit ItchFeed(std::vector<std::string> wanted = {}) : directory_(std::move(wanted)) {}

  // Follows one whole message, as ItchReader gives it. `out` is cleared first; the last event of
  // each symbol carries event_flags::last.
  ItchOutcome apply(std::span<const std::byte> message, EventBuffer& out);
  // Of the last message that was refused.
  ItchFault fault() const { return fault_; }
  // Lists the stock of the last message that was `not_listed`, as its directory message would have.
  ItchOutcome list_missing(EventBuffer& out);

  const ItchDirectory& directory() const { return directory_; }
  const ItchFeedCounts& counts() const { return counts_; }
  // REQUIRES: 1 <= symbol <= directory().symbol_count()
  ItchBook book(SymbolId symbol) const { return {books_, stocks_[symbol.value() - 1].locate}; }
  RptSequence last_rpt(SymbolId symbol) const { return stocks_[symbol.value() - 1].last_rpt; }
  // All books; a message that will be followed next may be announced: ItchBooks::expect().
  const ItchBooks& books() const { return books_; }

 private:
  struct Stock {
    std::uint16_t locate;
    RptSequence last_rpt{0};
    bool is_halted = false;
    bool is_short_sale_restricted = false;
    bool is_crossed = false;
    // Orders that meet during a halt stay crossed until the auction has worked them off.
    bool may_be_crossed = false;
  };
  // What has traded, in case it is broken later.
  struct Print {
    std::uint64_t match;
    SymbolId symbol;
    std::uint32_t price;
    std::uint64_t shares;
  };
  class Step;

  ItchDirectory directory_;
  ItchBooks books_;
  std::vector<Stock> stocks_;  // symbol id - 1
  std::vector<Print> prints_;  // match numbers rise over the day
  ItchFeedCounts counts_;
  ItchFault fault_ = ItchFault::none;
  itch::MessageHeader missing_header_{};
  itch::Stock missing_stock_{};
};

}  // namespace bourse
