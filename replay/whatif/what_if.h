// What would have happened: the recorded commands are executed again on the real engine, with a
// strategy's orders among them. Counterfactual: the others do what they did, whatever they meet.
//   Shape:  give it the orders, each with the time of its arrival, then every transaction of the
//           log from the start on, then finish(). The strategy's commands come behind the recorded
//           ones of the same time. What is due by time (stops, expiries, auctions) happens when it
//           would have, as the sequencer does it.
//   Units:  ticks, lots, market time.
//   Owner:  one thread.
//   Errors: values: a transaction that was imported has nothing to execute; an account that the
//           record uses too cannot be the strategy's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "matching/command.h"              // Command
#include "matching/engine.h"               // Engine
#include "matching/event.h"                // EventBuffer
#include "matching/transaction.h"          // TransactionView
#include "matching/types.h"                // Sequence, TimeNs, OrderId, AccountId
#include "replay/result.h"                 // Result
#include "replay/whatif/queue_position.h"  // QueuePosition

namespace bourse {

// One thing that the strategy does. Either at a time, or when it has seen a transaction.
struct WhatIfOrder {
  std::string name;   // the strategy's own; amend and cancel name the order that they mean
  TimeNs time{0};     // decided then; 0: at the time of `after`
  Sequence after{0};  // decided when this transaction of the record is known; 0: not so
  Command command{};  // type, symbol, order; sequence, time, account and target are filled in
};

struct WhatIfFill {
  std::size_t order = 0;  // index of the order that made it
  Sequence after{0};      // the last transaction of the record before
  TimeNs time{0};
  PriceTicks price{0};
  QuantityLots quantity{0};
  QuantityLots leaves{0};
  Liquidity liquidity = Liquidity::none;
  OrderId other{0};  // whom it met: the record's order id
};

// How the strategy's orders fared.
struct WhatIfOutcome {
  OrderId id{0};
  TimeNs arrived{0};  // 0: never, the record ended before
  OrderStatus status = OrderStatus::none;
  RejectReason reject = RejectReason::none;
  QuantityLots filled{0};
  std::vector<QueuePosition::Place> queue;  // whenever it changed, while the order was in the book
};

// A trade of the others that the record has and the other history has not, or the other way round.
struct WhatIfTrade {
  SymbolId symbol{0};
  OrderId maker{0};
  OrderId taker{0};
  PriceTicks price{0};
  std::int64_t quantity = 0;  // lots: below 0 gone, above 0 new
  Sequence sequence{0};       // of the record, where it was seen first
  TimeNs time{0};
};

// A recorded command that was decided otherwise.
struct WhatIfDecision {
  Sequence sequence{0};
  TimeNs time{0};
  CommandType type{};
  RejectReason recorded = RejectReason::none;
  RejectReason now = RejectReason::none;
};

class WhatIf {
 public:
  struct Settings {
    AccountId account;
    std::int64_t latency_ns = 0;  // from the decision to the arrival at the engine
  };

  // `engine` stands before the first transaction that will be given. `last` and `time` are those of
  // the transaction before it.
  WhatIf(Engine& engine, Sequence last, TimeNs time, const Settings& settings,
         std::vector<WhatIfOrder> orders);

  Result<void> apply(const TransactionView& recorded);
  // What would arrive later than the record's end stays away.
  void finish();

  const std::vector<WhatIfOrder>& orders() const { return orders_; }
  const std::vector<WhatIfOutcome>& outcomes() const { return outcomes_; }  // of each order
  const std::vector<WhatIfFill>& fills() const { return fills_; }
  std::vector<WhatIfTrade> changed_trades() const;  // in order of their sequence
  const std::vector<WhatIfDecision>& changed_decisions() const { return decisions_; }
  std::uint64_t commands() const { return commands_; }  // of the record
  std::uint64_t recorded_trades() const { return recorded_trades_; }
  std::int64_t position(SymbolId symbol) const;  // lots
  Sequence last() const { return recorded_last_; }

  // From here on ids are the strategy's: the log never comes so far.
  static constexpr std::uint64_t first_own_id = std::uint64_t{1} << 62;

 private:
  struct TradeKey {
    std::uint64_t maker;
    std::uint64_t taker;
    std::int64_t price;
    auto operator<=>(const TradeKey&) const = default;
  };

  void execute(Command command);
  void execute_due(TimeNs time);
  void arrive_until(TimeNs time);
  void arrive(std::size_t index, TimeNs time);
  void note_own(const ExecEvent& event);
  void note_trades(std::span<const PublicEvent> events, std::int64_t sign, Sequence sequence,
                   TimeNs time);
  bool is_own_match(std::uint64_t match_id) const;
  void note_decision(const TransactionView& recorded);
  bool is_own(OrderId id) const { return id.value() >= first_own_id; }

  Engine& engine_;
  Settings settings_;
  std::vector<WhatIfOrder> orders_;
  std::vector<WhatIfOutcome> outcomes_;
  std::vector<WhatIfFill> fills_;
  std::vector<WhatIfDecision> decisions_;
  std::map<TradeKey, WhatIfTrade> trades_;                // those that have no twin yet
  std::unordered_map<std::string, std::size_t> by_name_;  // the newest order of a name
  std::multimap<TimeNs, std::size_t> arrivals_;           // of orders whose time is known
  std::multimap<Sequence, std::size_t> waiting_;          // for a transaction of the record
  QueuePosition queue_;
  EventBuffer events_;
  Sequence sequence_;  // of this history
  Sequence recorded_last_;
  TimeNs time_;
  std::uint64_t commands_ = 0;
  std::uint64_t recorded_trades_ = 0;
};

}  // namespace bourse
