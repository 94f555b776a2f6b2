// A book that follows LOBSTER's messages, checked against LOBSTER's own book after each of them.
//   Shape:  a DepthBook. What rested before the file is learnt from the first row: one order per
//           level, oldest in its queue, out of which come all changes of orders that were never
//           added. Where the book has more levels than a row, no message tells what happens behind
//           the last one: a level that comes back into sight is compared, and learnt anew if it has
//           changed meanwhile.
//   Units:  prices in 1e-4 dollars, shares.
//   Owner:  one thread.
//   Errors: a row that is not what the message makes of the row before is counted, and the book
//           then starts over from that row.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "matching/depth_book.h"           // DepthBook
#include "matching/event.h"                // EventBuffer
#include "replay/import/lobster_reader.h"  // LobsterMessage, LobsterRow

namespace bourse {

struct LobsterCounts {
  std::uint64_t rows = 0;
  std::uint64_t explained = 0;  // by the row before and the message; the first row by itself
  std::uint64_t first_unexplained = 0;  // number of the row; 0 = none
  std::uint64_t learnt = 0;             // levels that came into sight and were not known so
  std::uint64_t unknown_orders = 0;     // changes of orders that were never added
  std::uint64_t hidden = 0;             // executions of hidden orders
  std::uint64_t crosses = 0;
  std::uint64_t halts = 0;  // and resumptions
};

class LobsterBook {
 public:
  // `last`: of the events that the symbol has had before, such as its definition.
  LobsterBook(SymbolId symbol, std::size_t levels, RptSequence last = RptSequence{0})
      : symbol_(symbol), levels_max_(levels), last_rpt_(last) {
    book_.continue_after(last);
  }

  // A message and the row after it; what this changes goes to `out`, which is cleared first.
  void follow(const LobsterMessage& message, const LobsterRow& row, EventBuffer& out);

  const LobsterCounts& counts() const { return counts_; }
  const DepthBook& book() const { return book_; }

 private:
  void change(const LobsterMessage& message);
  void take(const LobsterMessage& message);
  // How many shares it had of them.
  std::uint64_t take_from(const DepthOrder& order, std::uint64_t shares, LobsterType type);
  void print(const LobsterMessage& message);
  bool match(Side side, const std::vector<LobsterLevel>& levels);
  void learn(Side side, const LobsterLevel& level);
  void remove_order(const DepthOrder& order);
  void start_over(const LobsterRow& row);
  // Of this price and worse ones, down to `last`; false: too many orders.
  bool remove_levels(Side side, std::int64_t from, std::int64_t last);
  void publish(PublicEvent event);

  SymbolId symbol_;
  std::size_t levels_max_;
  DepthBook book_;
  LobsterCounts counts_;
  // Of bids and asks: the last price in sight before the message; none if all levels were.
  std::optional<std::int64_t> horizon_[2];
  std::uint64_t last_learnt_ = std::uint64_t{1} << 62;  // above every id of LOBSTER's
  std::uint64_t matches_ = 0;
  RptSequence last_rpt_;
  EventBuffer* out_ = nullptr;
};

}  // namespace bourse
