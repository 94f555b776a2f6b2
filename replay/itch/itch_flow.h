// The matching path: a Nasdaq day as commands for the engine. An added order becomes a limit order,
// a cancel an amend, a delete a cancel, a replace a cancel and a new order; an execution becomes an
// IOC order of the opposite side at that price and size, which should then hit, in the engine, the
// same resting order that Nasdaq hit.
//   Shape:  a passive object. next() gives one command, on_transaction() is shown what became of
//           them; between the two at most in_flight_max commands. Commands come back in the order
//           in which they were given out: push them through one gate.
//   Units:  ticks of 1e-4 dollars, shares; `now` in nanoseconds on any clock that does not go back.
//   Owner:  one thread.
//   Errors: next() says `failed` and error() has the fault of the file or the refusal of a stock.
//           Refused orders and messages that fit no order are counted.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "matching/command.h"            // Command
#include "matching/event.h"              // EventBuffer
#include "matching/transaction.h"        // TransactionView
#include "replay/itch/itch_agreement.h"  // ItchAgreement, ItchDisagreement
#include "replay/itch/itch_feed.h"       // ItchFeed
#include "replay/itch/itch_reader.h"     // ItchReader
#include "replay/result.h"               // Result, Error

namespace bourse {

struct ItchFlowOptions {
  std::filesystem::path file;
  // Of the flow alone: by account and session it knows its own commands. Two accounts, so that no
  // rule against trading with oneself stands in the way.
  AccountId maker{0};
  AccountId taker{0};
  SessionId session{0};
  double speed = 0;                  // of the file's own time; 0 = as fast as answered
  std::vector<std::string> symbols;  // empty = all
  // Instruments that the engine has already; any other stock is defined by the flow.
  std::vector<std::pair<std::string, SymbolId>> defined;
  std::size_t in_flight_max = 4096;
};

struct ItchFlowReport {
  std::uint64_t messages = 0;
  std::uint64_t instruments = 0;
  std::uint64_t orders = 0;  // resting orders sent
  std::uint64_t takers = 0;  // IOC orders sent
  std::uint64_t cancels = 0;
  std::uint64_t amends = 0;
  std::uint64_t rejected = 0;         // by the engine
  std::uint64_t traded_on_entry = 0;  // orders that rested at Nasdaq and found a match here
  std::uint64_t gone_before = 0;      // cancels and amends of orders that were gone here already
  std::uint64_t left_behind = 0;      // orders gone at Nasdaq that still rest here
  ItchFeedCounts feed;                // the file by itself: unknown references, crossed, prints
  ItchAgreement agreement;

  std::string text() const;
};

class ItchFlow {
 public:
  enum class Next : std::uint8_t {
    command = 1,          // push it
    wait_for_answer = 2,  // needs transactions that have not been shown yet
    not_due = 3,          // ask again at due()
    end = 4,              // no more; is_answered() says whether all have come back
    failed = 5,
  };

  static Result<ItchFlow> open(ItchFlowOptions options);

  Next next(TimeNs now, Command& command);
  TimeNs due() const { return due_; }            // REQUIRES: next() has said `not_due`
  const Error& error() const { return error_; }  // REQUIRES: next() has said `failed`

  // Every transaction of the log in order, the flow's own and all others.
  void on_transaction(const TransactionView& transaction);

  bool is_answered() const { return in_flight_.empty(); }
  ItchFlowReport report() const;
  const ItchReader& reader() const { return reader_; }  // progress
  const ItchFeed& nasdaq() const { return nasdaq_; }    // the books by the feed path
  // What the engine calls a stock of nasdaq().directory(); 0 = not defined yet.
  SymbolId engine_symbol(SymbolId stock) const { return symbols_[stock.value() - 1]; }

 private:
  enum class StepKind : std::uint8_t { define = 1, add = 2, take = 3, cancel = 4, reduce = 5 };
  struct Step {
    StepKind kind;
    Side side;                 // of the resting order
    ItchDisagreement verdict;  // take: what in Nasdaq's own book speaks against agreement
    SymbolId stock;
    std::uint64_t message;
    std::uint64_t reference;
    PriceTicks price;
    QuantityLots quantity;
    std::uint64_t match;
  };
  // One order of the file and what it is in the engine.
  struct Link {
    OrderId order_id{0};     // 0 = not answered yet
    QuantityLots leaves{0};  // in the engine
    PriceTicks price{0};
    std::uint32_t steps = 0;    // planned or in flight
    bool is_gone = false;       // from the engine
    bool is_done = false;       // gone at Nasdaq
    bool met_stranger = false;  // somebody else's order has traded with it
  };
  enum class Made : std::uint8_t { command = 1, wait = 2, skip = 3 };

  ItchFlow(ItchFlowOptions options, ItchReader reader, TimeNs midnight);

  bool is_due(TimeNs now);
  void plan();
  void plan_event(const PublicEvent& event);
  void judge(std::span<const std::byte> message);
  void push(const Step& step);
  Made make(const Step& step, Command& command);
  Made make_change(const Step& step, Command& command);
  bool is_own(const Command& command) const;
  void answer(const Step& step, const TransactionView& transaction);
  void answer_take(const Step& step, const TransactionView& transaction);
  void follow(const PublicEvent& event, bool is_own);
  void let_go(std::uint64_t reference);

  ItchFlowOptions options_;
  ItchReader reader_;
  ItchFeed nasdaq_;
  TimeNs midnight_;
  EventBuffer events_;
  std::vector<SymbolId> symbols_;  // by stock - 1
  bool has_message_ = false;
  std::optional<TimeNs> start_;  // of the pacing: now and time of day at the first message
  std::uint64_t start_ns_ = 0;
  std::uint64_t message_ns_ = 0;
  TimeNs due_{0};
  ItchDisagreement verdict_ = ItchDisagreement::none;  // of the execution that is being planned
  PriceTicks resting_price_{0};                        // likewise
  std::deque<Step> planned_;
  std::deque<Step> in_flight_;
  std::unordered_map<std::uint64_t, Link> links_;                // by reference
  std::unordered_map<std::uint64_t, std::uint64_t> references_;  // by the engine's order id
  ItchFlowReport report_;
  Error error_;
};

}  // namespace bourse
