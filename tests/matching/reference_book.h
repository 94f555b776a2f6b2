// The naive twin of the engine, for the property tests: maps and lists, one rule after the other as
// the documents say them, no thought of speed. It shares the vocabulary with the engine and nothing
// else.
#pragma once

#include <algorithm>
#include <cstdint>
#include <list>
#include <map>
#include <utility>
#include <vector>

#include "matching/command.h"  // Command
#include "matching/event.h"    // PublicEvent, ExecEvent

namespace bourse {

class ReferenceBook {
 public:
  ReferenceBook(std::map<SymbolId, InstrumentBody> instruments, std::size_t orders_max)
      : instruments_(std::move(instruments)), orders_max_(orders_max) {
    for (const auto& [symbol, body] : instruments_) rpt_[symbol] = 1;  // its definition
  }

  void apply(const Command& command);

  std::vector<PublicEvent> publics;
  std::vector<ExecEvent> execs;
  std::size_t open_orders() const { return where_.size(); }

 private:
  struct Resting {
    ExecEvent report;  // as it was last told, without what belongs to one event
    bool post_only;
  };
  using Level = std::list<Resting>;
  using Levels = std::map<std::int64_t, Level>;  // by price, buys negated: the best is first
  struct Place {
    SymbolId symbol;
    Side side;
    std::int64_t key;
  };

  static std::int64_t key(Side side, PriceTicks price) {
    return side == Side::buy ? -price.value() : price.value();
  }
  Levels& levels(SymbolId symbol, Side side) { return books_[{symbol, side}]; }
  // May an order of `side` at `price` trade with the level `key` of the other side?
  static bool meets(Side side, PriceTicks price, std::int64_t key) {
    if (price == no_price) return true;
    return side == Side::buy ? key <= price.value() : -key >= price.value();
  }
  bool crosses(SymbolId symbol, Side side, PriceTicks price) {
    const Levels& others = levels(symbol, opposite(side));
    return !others.empty() && meets(side, price, others.begin()->first);
  }

  void tell(ExecEvent report) {
    report.exec_sequence = ExecSequence{++exec_[report.account]};
    execs.push_back(report);
  }
  void show(PublicEvent event) {
    event.rpt_sequence = RptSequence{++rpt_[event.symbol]};
    publics.push_back(event);
  }
  void refuse(const Command& command, RejectReason reason, std::uint32_t flags = 0);
  RejectReason wrong(const Command& command, bool is_new) const;
  void apply_new(const Command& command);
  void apply_cancel(const Command& command);
  void apply_amend(const Command& command);
  void trade(ExecEvent& taker, std::uint64_t& matches);
  void rest(const ExecEvent& report, bool post_only, EventKind kind, std::uint64_t aux);
  void expire(ExecEvent report, std::uint64_t matches);
  Resting take_out(OrderId id);
  static PublicEvent event_of(const ExecEvent& report, EventKind kind);

  std::map<SymbolId, InstrumentBody> instruments_;
  std::size_t orders_max_;
  std::map<std::pair<SymbolId, Side>, Levels> books_;
  std::map<OrderId, Place> where_;
  std::map<AccountId, std::uint64_t> exec_;
  std::map<AccountId, ClientSequence> client_;
  std::map<SymbolId, std::uint64_t> rpt_;
  std::uint64_t match_id_ = 0;
};

}  // namespace bourse
