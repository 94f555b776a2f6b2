// The naive twin of the engine, for the property tests: every rule of docs/MATCHING.md, one after
// the other as they are written, over plain lists that are searched from end to end. It shares the
// vocabulary with the engine (types, commands, events) and nothing else.
//   Shape:  one list of open orders per symbol, in the order in which they were opened. The next
//           order to trade, to trigger or to expire is looked for among all of them: O(n).
//   Owner:  one test at a time.
//   Errors: as the engine's: a RejectReason in a report.
#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "matching/command.h"  // Command
#include "matching/engine.h"   // EngineLimits
#include "matching/event.h"    // PublicEvent, ExecEvent

namespace bourse {

struct ReferenceOrder {
  Command command;  // that brought it; amends change price, stop price and quantity
  // Where the order is: being matched, in the book, waiting for its stop price; `price` says
  // where. A follower without a price is in the book or waits nowhere: no_price.
  enum class Place : std::uint8_t { taker, book, stops } place = Place::taker;
  PriceTicks at = no_price;
  std::uint64_t seniority = 0;  // lower is older: when it took its place
  std::uint64_t birth = 0;      // when it was opened
  QuantityLots shown{0};        // what can be matched: the displayed part of an iceberg, else all
  QuantityLots reserve{0};      // of an iceberg
  QuantityLots filled{0};       // cumulative
  bool is_stop = false;         // has not been triggered yet
  PriceTicks best_trade = no_price;  // trailing stop: what it keeps its distance from
  PriceTicks new_trade = no_price;   // best trade since it last moved

  const OrderBody& body() const { return command.order; }
  Side side() const { return command.order.side; }
  bool buys() const { return command.order.side == Side::buy; }
  bool is(OrderType type) const { return command.order.type == type; }
  bool has(std::uint8_t flag) const { return (command.order_flags & flag) != 0; }
  bool is_hidden() const { return has(order_flags::hidden) || is(OrderType::pegged); }
  bool follows() const { return is_stop || is(OrderType::pegged); }
  QuantityLots open() const { return shown + reserve; }
};

class ReferenceEngine {
 public:
  using Order = ReferenceOrder;
  using Place = ReferenceOrder::Place;

  explicit ReferenceEngine(const EngineLimits& limits);

  void apply(const Command& command);
  // When a clock command has something to do: as Engine::due().
  TimeNs due() const;

  std::vector<PublicEvent> publics;
  std::vector<ExecEvent> execs;

  std::size_t open_orders() const;
  // Of one side of a symbol, first to be matched or triggered first; followers without a price
  // last, oldest first.
  std::vector<const Order*> orders(SymbolId symbol, Side side, Place place) const;
  Phase phase(SymbolId symbol) const;
  std::int64_t position(AccountId account, SymbolId symbol) const;

 private:
  struct Sweep {  // what a mass cancel asks for
    SymbolId symbol{0};
    Side side = Side::none;
    GroupId group{0};
    SessionId session{0};
    MassCancelCause cause = MassCancelCause::requested;
    bool on_disconnect_only = false;
  };
  struct Account {
    ClientSequence client_sequence{0};
    std::uint64_t reports = 0;
    AccountBody limits{};
    bool tracks_positions = false;
    std::uint64_t tokens_e9 = 0;
    TimeNs tokens_at{0};
    TimeNs dead_man_at{0};  // 0: not armed
    Sweep dead_man;
    Sweep sweep;
  };
  struct Auction {
    PriceTicks price = no_price;
    QuantityLots paired{0};
    Side side = Side::none;  // of the surplus
    QuantityLots surplus{0};
    bool operator==(const Auction&) const = default;
  };
  enum class BookSweep : std::uint8_t { none, day_orders, all_orders };
  struct Market {
    SymbolId symbol{0};
    InstrumentBody instrument{};
    std::uint64_t events = 0;
    Phase phase = Phase::continuous;
    TimeNs change_at{0};
    Phase next_phase = Phase::none;
    TimeNs resume_change_at{0};  // what a volatility auction interrupted
    Phase resume_next_phase = Phase::none;
    TimeNs indicative_at{0};
    Auction told;
    RulesBody rules{};
    PriceTicks last_trade = no_price;
    bool is_delisted = false;
    bool is_uncrossing = false;  // at uncross_price, then phase_after
    PriceTicks uncross_price = no_price;
    Phase phase_after = Phase::none;
    BookSweep sweep = BookSweep::none;
    Side sweep_side = Side::none;
    MassCancelCause sweep_cause = MassCancelCause::requested;
    std::list<Order> orders;  // all that are open, in the order of their birth

    PriceTicks reference() const;
    TimeNs timer() const;
  };
  struct Found {
    Market* market = nullptr;
    Order* order = nullptr;
  };
  enum class End : std::uint8_t { filled, no_match, canceled, out_of_budget, interrupted };
  struct Words {  // why an order is cancelled
    CancelReason reason = CancelReason::requested;
    std::uint16_t event_flags = 0;
    std::uint32_t exec_flags = 0;
    RejectReason exec_reason = RejectReason::none;
  };

  // reference_engine.cpp: what is told, and what is open
  void execute(const Command& command);
  ExecEvent next_report(AccountId account);
  ExecEvent about(const Order& order, ExecType type);
  void tell(const ExecEvent& report) { execs.push_back(report); }
  void tell_over(const Order& order, ExecType type, RejectReason reason, std::uint32_t flags = 0);
  void tell_fill(const Order& order, QuantityLots quantity, PriceTicks price, Liquidity liquidity,
                 std::uint32_t flags);
  void reject(const Command& command, RejectReason reason, std::uint32_t flags = 0);
  void acknowledge(const Command& command);
  PublicEvent& show(Market& market, EventKind kind);
  PublicEvent& show(Market& market, EventKind kind, const Order& order);
  void show_add(Market& market, const Order& order);
  bool takes(AccountId account) const;
  bool tracks(AccountId account) const;
  Market* market(SymbolId symbol);
  Found find(const Command& command);
  void open(Market& market, const Order& order);
  void put_in_book(Market& market, Order& order, PriceTicks price);
  void take_out(Market& market, Order& order, CancelReason reason, std::uint16_t flags = 0);
  void close(Market& market, const Order& order);
  void cancel(Market& market, Order& order, const Words& words);
  void fill(Order& order, QuantityLots quantity);

  // reference_entry.cpp: new orders and amends
  bool admit(const Command& command);
  RejectReason check_account(const Command& command);
  bool take_token(Account& account) const;
  RejectReason check_kind(const Command& command) const;
  bool goes_together(const Command& command, const InstrumentBody& instrument) const;
  RejectReason check_ranges(const Command& command, const InstrumentBody& instrument) const;
  RejectReason check_rules(const Market& market, const Command& command) const;
  RejectReason check_limits(const Market& market, const Command& command, Side side,
                            QuantityLots added) const;
  RejectReason check_amend(const Market& market, const Order& order, const Command& command) const;
  void new_order(const Command& command);
  void amend(const Command& command);
  void amend_resting(Market& market, Order& order, const Command& command);
  bool crosses(const Market& market, Side side, PriceTicks price) const;
  PriceTicks passive_price(const Market& market, Side side) const;

  // reference_matching.cpp: continuous trading and those that follow it
  const Order* best(const Market& market, Side side) const;
  Order* best(Market& market, Side side);
  PriceTicks best_displayed(const Market& market, Side side) const;
  End match(Market& market, Order& taker, PriceTicks worst);
  bool prevent_self_trade(Market& market, Order& taker, Order& maker);
  void trade(Market& market, Order& taker, Order& maker);
  void settle_maker(Market& market, Order& maker);
  void note_trade(Market& market, PriceTicks price);
  void end_taker(Market& market, Order& taker, End end);
  bool leaves_band(const Market& market, PriceTicks price, PriceTicks from) const;
  bool is_own(const Order& taker, const Order& maker) const;
  bool can_fill(const Market& market, const Order& taker, PriceTicks worst,
                QuantityLots quantity) const;
  PriceTicks market_worst(const Market& market, const Order& order) const;
  void wait(Market& market, Order& order);
  void trigger(Market& market, Order& order);
  void move_trailing_stops(Market& market);
  Order* next_triggered(Market& market);
  PriceTicks peg_price(const Market& market, const Order& order) const;
  void place_peg(Market& market, Order& order);
  bool move_pegs(Market& market);
  void settle(Market& market);
  bool has_followers(const Market& market) const;

  // reference_phases.cpp: phases, auctions, time
  void enter_phase(Market& market, Phase phase, TimeNs change_at, Phase next_phase);
  void interrupt(Market& market);
  void set_phase(const Command& command);
  void change_phase(Market& market, Phase phase, TimeNs change_at, Phase next_phase);
  void continue_market(Market& market);
  Auction auction(const Market& market) const;
  bool uncross(Market& market);
  void show_auction_match(Market& market, const Order& buy, const Order& sell,
                          QuantityLots quantity);
  void clock();
  bool expire_orders();
  void symbol_is_due(Market& market);

  // reference_administration.cpp: many orders at once, definitions, limits, busts
  void cancel_one(const Command& command);
  void mass_cancel(const Command& command);
  void cancel_after(const Command& command);
  void sweep_account(AccountId account);
  void sweep_market(Market& market);
  static Words words_of(MassCancelCause cause);
  void pend(Market& market);
  void define_instrument(const Command& command);
  void change_instrument(const Command& command);
  void delist_instrument(const Command& command);
  void set_rules(const Command& command);
  void set_account(const Command& command);
  void bust(const Command& command);
  void open_epoch(const Command& command);

  EngineLimits room_;
  EngineLimits limits_;
  std::uint32_t accounts_counted_;
  bool has_epoch_ = false;
  TimeNs now_{0};
  std::uint64_t match_id_ = 0;
  std::uint32_t matches_ = 0;    // of the current command
  std::uint64_t seniority_ = 0;  // given so far
  std::uint64_t births_ = 0;
  std::map<SymbolId, Market> markets_;
  std::map<AccountId, Account> accounts_;
  std::map<std::pair<AccountId, SymbolId>, std::int64_t> positions_;
  std::set<MatchId> busted_;
  std::deque<AccountId> sweeping_;  // unfinished work, for the clock
  std::deque<SymbolId> pending_;
};

}  // namespace bourse
