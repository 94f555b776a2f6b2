// Streams that need more than the event: the book (levels, the ten best of both sides, sampled best
// prices, checks of the book) or the trades before (bars, statistics). Follows only what somebody
// has asked for.
//   Shape:  a list of followers for each symbol that has any. A transaction costs one look at the
//           list of each symbol that it touches; conflated followers are only marked then, and pay
//           when their time has come.
//   Units:  time of the log (catch-up) or of the clock (hub): whatever emit_due() is given.
//   Owner:  one StreamEncoder's owner, on its thread. Books are the owner's.
//   Errors: none.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "feed/instrument_table.h"       // InstrumentTable
#include "feed/market/level_changes.h"   // LevelWindow
#include "feed/market/stream_encoder.h"  // StreamEncoder
#include "feed/market/stream_shape.h"    // StreamShape
#include "feed/market/trade_follower.h"  // TradeFollower
#include "matching/depth_book.h"         // DepthBook
#include "matching/transaction.h"        // TransactionView
#include "matching/types.h"              // SymbolId, Sequence, TimeNs

namespace bourse {

class DerivedStreams {
 public:
  // `book_of` finds the book of a symbol; it is asked whenever one is needed.
  using BookOf = std::function<DepthBook*(SymbolId)>;
  static constexpr TimeNs never{std::numeric_limits<std::int64_t>::max()};

  DerivedStreams(const InstrumentTable& instruments, StreamEncoder& encoder, BookOf book_of)
      : instruments_(&instruments), encoder_(&encoder), book_of_(std::move(book_of)) {}

  // Whether streams of this kind are made here.
  static bool makes(std::uint32_t stream);
  // Whether a stream is made from the trades before: then it must have followed the log from
  // TradeFollower::needed_from() on.
  static bool needs_history(std::uint32_t stream);
  // Follows from the present state of the book on, or from `time`, that of the log, on.
  // REQUIRES: made here, not followed.
  void add(std::uint32_t stream, TimeNs time = TimeNs{0});
  // Takes over a stream that needs history. REQUIRES: `from` follows it, this does not.
  void adopt(DerivedStreams& from, std::uint32_t stream);
  bool follows(std::uint32_t stream) { return find(stream) != nullptr; }
  // Of a stream that needs history. REQUIRES: followed.
  const TradeFollower& trades(std::uint32_t stream) { return *find(stream)->trades; }
  void remove(std::uint32_t stream);  // no matter whether it is followed

  // The next transaction, before the calls for the symbols that it touches: bars end, trades count.
  void on_transaction(const TransactionView& transaction) {
    if (!traded_.empty()) follow_trades(transaction);
  }
  // A transaction has touched the symbol, and the books have followed it; once for each symbol.
  void on_transaction(SymbolId symbol, Sequence sequence, TimeNs time) {
    if (symbol.value() < symbols_.size() && !symbols_[symbol.value()].empty())
      follow(symbol, sequence, time);
  }
  // Conflated streams that have changed and whose interval is over, as of `sequence`, whose time is
  // `time`. Due at next_due() and not before.
  void emit_due(TimeNs now, Sequence sequence, TimeNs time) {
    if (now >= next_due_) emit_where(now, sequence, time, now);
  }
  void emit_all(TimeNs now, Sequence sequence, TimeNs time) {
    if (!changed_.empty()) emit_where(now, sequence, time, never);
  }
  // This one, if it has changed: from here on all of its readers know the same.
  void emit(std::uint32_t stream, TimeNs now, Sequence sequence, TimeNs time);
  TimeNs next_due() const { return next_due_; }

 private:
  static constexpr std::size_t touched_first = 4096;
  struct Follower {
    std::uint32_t stream;
    StreamShape shape;
    LevelWindow window;                        // level of a depth, depth10
    std::vector<TouchedLevel> touched;         // level, conflated: since the last frame
    std::size_t touched_many = touched_first;  // then it is made unique
    BestPrices best{};                         // bbo
    std::unique_ptr<TradeFollower> trades;     // bar, stat
    std::uint64_t checked = 0;                 // check: how often the rate had gone into rpt_seq
    bool has_changed = false;                  // conflated: since the last frame
    TimeNs due{0};
    TimeNs emitted{std::numeric_limits<std::int64_t>::min() / 2};
  };

  Follower* find(std::uint32_t stream);
  Follower& place(std::uint32_t stream);
  void follow_trades(const TransactionView& transaction);
  void tell_trades(Follower& follower, Sequence sequence, TimeNs time);
  void follow(SymbolId symbol, Sequence sequence, TimeNs time);
  void mark(Follower& follower, TimeNs time);
  bool sees_change(Follower& follower, const DepthBook& book) const;
  void tell(Follower& follower, Sequence sequence, TimeNs time);
  void tell_levels(Follower& follower, const DepthBook& book, Sequence sequence, TimeNs time);
  void emit_where(TimeNs now, Sequence sequence, TimeNs time, TimeNs due_max);
  void note_touched(SymbolId symbol);

  const InstrumentTable* instruments_;
  StreamEncoder* encoder_;
  BookOf book_of_;
  std::vector<std::vector<Follower>> symbols_;  // by symbol id
  std::vector<std::uint32_t> changed_;          // streams that have_changed
  std::vector<std::uint32_t> traded_;           // streams that need history
  TimeNs next_boundary_ = never;                // of one of them
  std::vector<LevelChange> changes_;
  std::vector<wire::Bar> bars_;
  std::vector<wire::Stat> stats_;
  TimeNs next_due_ = never;
};

}  // namespace bourse
