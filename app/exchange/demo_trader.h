// One participant of the demo market: an account, its client sequence and its open orders as its
// reports tell of them.
//   Shape:  at most orders_max open or unanswered orders; O(orders) per report.
//   Owner:  the demo market's thread; it learns of its orders from the log and from nowhere else.
//   Errors: none; a refused command only frees its place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "matching/command.h"  // Command
#include "matching/engine.h"   // OpenOrder
#include "matching/event.h"    // ExecEvent
#include "matching/types.h"    // AccountId, ...

namespace bourse {

class DemoTrader {
 public:
  static constexpr std::size_t orders_max = 64;
  static constexpr std::size_t unanswered_max = 32;

  struct Resting {
    OrderId id;
    SymbolId symbol;
    Side side;
    PriceTicks price;
    QuantityLots leaves;
    bool is_asked;  // an amend or a cancel of it is not answered yet
  };
  struct Wish {
    SymbolId symbol;
    Side side;
    PriceTicks price;  // no_price: market
    QuantityLots quantity;
    TimeInForce time_in_force;
    bool post_only;
  };

  DemoTrader(AccountId account, ClientSequence last);

  void adopt(const OpenOrder& order);  // open since before the start
  void on_report(const ExecEvent& report);

  // Room for one more command, and for one more order.
  bool may_ask() const { return unanswered_.size() < unanswered_max; }
  bool may_order() const { return may_ask() && resting_.size() + unanswered_.size() < orders_max; }
  std::span<Resting> resting() { return resting_; }
  std::span<const Resting> resting() const { return resting_; }
  std::size_t open_count(SymbolId symbol, Side side) const;  // resting and asked for
  AccountId account() const { return account_; }
  OrderId last_gone() const { return last_gone_; }  // an order that no longer rests; 0 = none yet

  // Commands, and the note that they are unanswered. REQUIRES: may_ask().
  Command order(const Wish& wish);
  Command amend(Resting& target, PriceTicks price, QuantityLots quantity);
  Command cancel(Resting& target);
  Command cancel_gone(SymbolId symbol);
  // The last command was not sent after all: the gate was full.
  void take_back();

 private:
  struct Unanswered {
    ClientSequence sequence;
    OrderId target;  // of an amend or a cancel
    SymbolId symbol;
    Side side;
    bool may_rest;
  };
  Command ask(CommandType type, SymbolId symbol, OrderId target);
  void set_asked(OrderId id, bool asked);
  void forget(OrderId id);

  AccountId account_;
  ClientSequence last_;
  OrderId last_gone_{0};
  std::vector<Resting> resting_;
  std::vector<Unanswered> unanswered_;
};

}  // namespace bourse
