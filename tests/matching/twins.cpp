#include "tests/matching/twins.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <sstream>

namespace bourse {
namespace {

template <class T>
std::string number(T value) {
  if constexpr (requires { value.value(); }) {
    return std::to_string(value.value());
  } else {
    return std::to_string(static_cast<std::uint64_t>(value));
  }
}

std::string price_text(PriceTicks price) { return price == no_price ? "none" : number(price); }

std::string text(const PublicEvent& e) {
  return "kind " + number(e.kind) + " side " + number(e.side) + " flags " + number(e.flags) +
         " symbol " + number(e.symbol) + " order " + number(e.order_id) + " price " +
         price_text(e.price) + " quantity " + number(e.quantity) + " aux " + number(e.aux) +
         " taker " + number(e.taker_order_id) + " leaves " + number(e.leaves) + " rpt " +
         number(e.rpt_sequence);
}

std::string text(const ExecEvent& e) {
  return "account " + number(e.account) + " type " + number(e.type) + " status " +
         number(e.status) + " order " + number(e.order_id) + " price " + price_text(e.price) +
         " quantity " + number(e.quantity) + " filled " + number(e.filled) + " leaves " +
         number(e.leaves) + " last " + price_text(e.last_price) + " x " + number(e.last_quantity) +
         " match " + number(e.match_id) + " reason " + number(e.reject_reason) + " flags " +
         number(e.flags) + " liquidity " + number(e.liquidity) + " exec " +
         number(e.exec_sequence) + " symbol " + number(e.symbol);
}

std::string describe(OrderId id, PriceTicks price, QuantityLots open, QuantityLots shown,
                     QuantityLots filled, bool is_waiting) {
  return number(id) + " @ " + price_text(price) + ": " + number(open) + " shows " + number(shown) +
         " filled " + number(filled) + (is_waiting ? " waits; " : "; ");
}

template <class Event>
std::optional<std::string> difference(std::span<const Event> got,
                                      const std::vector<Event>& expected, const char* what) {
  const std::size_t count = std::max(got.size(), expected.size());
  for (std::size_t i = 0; i < count; ++i) {
    const bool both = i < got.size() && i < expected.size();
    if (both && std::memcmp(&got[i], &expected[i], sizeof(Event)) == 0) continue;
    std::ostringstream out;
    out << what << " " << i << "\n  got      " << (i < got.size() ? text(got[i]) : "nothing")
        << "\n  expected " << (i < expected.size() ? text(expected[i]) : "nothing") << "\n";
    return out.str();
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> difference(const EventBuffer& got, const ReferenceEngine& expected) {
  if (auto fault = difference(got.exec_events(), expected.execs, "report")) return fault;
  return difference(got.public_events(), expected.publics, "public event");
}

Twins::Twins(const EngineLimits& limits, std::uint32_t look_every)
    : engine_(limits), reference_(limits), look_every_(look_every) {}

std::optional<std::string> Twins::apply(Command command, TimeNs time) {
  now_ = std::max(now_, time);
  while (engine_.due() <= now_) {
    Command clock{};
    clock.type = CommandType::clock;
    if (auto fault = apply_alone(clock, now_)) return fault;
  }
  return apply_alone(command, now_);
}

std::optional<std::string> Twins::apply(const Recipe& recipe) {
  const TimeNs time{now_.value() + RecipeMarket::wait_ns(recipe)};
  std::vector<RecipeMarket::Target> targets;
  if (recipe[0] >= 150 || recipe[12] == 6) {
    for (std::uint32_t i = 1; i <= engine_.symbol_count(); ++i) {
      for (const auto place : {ReferenceEngine::Place::book, ReferenceEngine::Place::stops}) {
        for (const Side side : {Side::buy, Side::sell}) {
          for (const ReferenceOrder* order : reference_.orders(SymbolId{i}, side, place)) {
            targets.push_back({order->body().order_id, order->command.account, SymbolId{i},
                               order->body().price, order->open()});
          }
        }
      }
    }
  }
  market_.last_match = match_id_;
  return apply(market_.command(recipe, time, targets), time);
}

std::optional<std::string> Twins::apply_alone(Command command, TimeNs time) {
  now_ = std::max(now_, time);
  sequence_ = next(sequence_);
  command.sequence = sequence_;
  command.time = now_;
  if (command.type == CommandType::new_order && !command.order.order_id) {
    command.order.order_id = OrderId{sequence_.value()};
  }
  if (keeps_history_) history.push_back(command);
  engine_.apply(command, events_);
  reference_.apply(command);
  if (listener) listener(events_);
  if (auto fault = difference(events_, reference_)) return fault;
  if (engine_.due() != reference_.due()) {
    return "due at " + number(engine_.due()) + ", expected " + number(reference_.due());
  }
  if (auto fault = check_promises(command)) return fault;
  const std::uint32_t look_every = engine_.open_orders() < 500 ? look_every_ : 256;
  if (sequence_.value() % look_every == 0) return compare();
  return std::nullopt;
}

std::optional<std::string> Twins::compare() {
  if (engine_.open_orders() != reference_.open_orders()) return "another number of open orders";
  if (!engine_.consistent()) return "links, totals and hashes of the engine do not agree";
  for (std::uint32_t i = 1; i <= engine_.symbol_count(); ++i) {
    if (auto fault = compare_books(SymbolId{i})) return fault;
    if (auto fault = check_public_book(SymbolId{i})) return fault;
    if (engine_.trading(SymbolId{i}).phase != reference_.phase(SymbolId{i})) return "another phase";
    for (std::uint32_t a = 1; a <= engine_.limits().accounts_max; ++a) {
      const AccountId account{a};
      if (engine_.position(account, SymbolId{i}) != reference_.position(account, SymbolId{i})) {
        return "another position of account " + number(account);
      }
    }
  }
  return std::nullopt;
}

// The same orders in the same queues with the same quantities.
std::optional<std::string> Twins::compare_books(SymbolId symbol) const {
  for (const Side side : {Side::buy, Side::sell}) {
    std::vector<const ReferenceOrder*> shown;
    std::vector<const ReferenceOrder*> hidden;
    std::vector<const ReferenceOrder*> waiting =
        reference_.orders(symbol, side, ReferenceOrder::Place::stops);
    for (const auto* order : reference_.orders(symbol, side, ReferenceOrder::Place::book)) {
      (order->at == no_price ? waiting : order->is_hidden() ? hidden : shown).push_back(order);
    }
    // Those without a price: stops and pegs together, oldest first.
    std::ranges::stable_sort(waiting, [](const auto* a, const auto* b) {
      const bool a_last = a->at == no_price;
      const bool b_last = b->at == no_price;
      return a_last != b_last ? b_last : a_last && a->birth < b->birth;
    });
    for (const auto& [which, expected] : {std::pair{Orders::displayed, &shown},
                                          {Orders::hidden, &hidden},
                                          {Orders::waiting, &waiting}}) {
      std::string wish;
      for (const ReferenceOrder* order : *expected) {
        const bool is_seen = which == Orders::displayed;
        wish += describe(order->body().order_id, which == Orders::waiting ? no_price : order->at,
                         order->open(), is_seen ? order->shown : QuantityLots{0}, order->filled,
                         order->is_stop);
      }
      std::string got;
      engine_.for_each_order(
          symbol, side,
          [&](const OpenOrder& order) {
            got += describe(order.order_id, which == Orders::waiting ? no_price : order.price,
                            order.leaves, order.displayed, order.filled, order.is_waiting);
          },
          which);
      if (got != wish) {
        return "other orders of symbol " + number(symbol) + ", side " + number(side) + ", kind " +
               number(which) + "\n  got      " + got + "\n  expected " + wish;
      }
    }
  }
  return std::nullopt;
}

// What must hold whatever the rules are.
std::optional<std::string> Twins::check_promises(const Command& command) {
  std::size_t decisions = 0;
  std::uint64_t bought = 0;
  std::uint64_t sold = 0;
  for (const ExecEvent& e : events_.exec_events()) {
    const bool is_decision = e.type == ExecType::accepted || e.type == ExecType::rejected ||
                             e.type == ExecType::replaced || e.type == ExecType::cancel_rejected;
    decisions += is_decision ? 1 : 0;
    if (e.type == ExecType::fill || e.type == ExecType::partial_fill) {
      (e.side == Side::buy ? bought : sold) += e.last_quantity.value();
    }
    const bool is_open = e.leaves != QuantityLots{0} && e.reject_reason == RejectReason::none;
    if (is_open && e.quantity != e.filled + e.leaves) return "quantity is not filled + left";
  }
  if (bought != sold) return "more is bought than sold, or less";
  const bool is_cancel = command.type == CommandType::cancel;
  const bool is_traders = command.type == CommandType::new_order || is_cancel ||
                          command.type == CommandType::amend ||
                          command.type == CommandType::cancel_after;
  if (is_traders) {
    const auto reports = events_.exec_events();
    const bool canceled =
        is_cancel && !reports.empty() && reports.front().type == ExecType::canceled;
    if (decisions + (canceled ? 1 : 0) != 1) return "not exactly one decision";
    if (reports.front().account != command.account) return "the decision does not come first";
  }
  for (const PublicEvent& e : events_.public_events()) {
    std::vector<Shown>& all = shown_[e.symbol];
    const auto found =
        std::ranges::find_if(all, [&](const Shown& s) { return s.order_id == e.order_id; });
    const bool known = found != all.end();
    switch (e.kind) {
      case EventKind::add:
        if (known) return "an order is added that was there";
        all.push_back({e.order_id, e.side, e.price, e.leaves});
        break;
      case EventKind::modify:
        if (!known || found->quantity.value() != e.aux) return "a modify of something else";
        if ((e.flags & event_flags::priority_kept) != 0) {
          *found = {e.order_id, e.side, e.price, e.leaves};
        } else {
          all.erase(found);
          all.push_back({e.order_id, e.side, e.price, e.leaves});
        }
        break;
      case EventKind::cancel:
        if (!known || found->quantity != e.quantity) return "a cancel of something else";
        all.erase(found);
        break;
      case EventKind::execute:
        if (!known || found->quantity != e.quantity + e.leaves) {
          return "an execute of something else";
        }
        if (e.leaves == QuantityLots{0}) {
          all.erase(found);
        } else {
          found->quantity = e.leaves;
        }
        break;
      default:
        break;
    }
    const bool is_match = e.kind == EventKind::execute || e.kind == EventKind::trade;
    if (is_match && (e.flags & event_flags::auction_other_side) == 0) {
      if (e.aux != match_id_.value() + 1) return "match ids are not dense";
      match_id_ = MatchId{e.aux};
    }
  }
  return std::nullopt;
}

// Public events alone give the displayed book; in continuous trading nothing crosses.
std::optional<std::string> Twins::check_public_book(SymbolId symbol) const {
  const auto found = shown_.find(symbol);
  const std::vector<Shown> none;
  const std::vector<Shown>& all = found == shown_.end() ? none : found->second;
  std::size_t count = 0;
  PriceTicks best[2] = {no_price, no_price};  // of all that could trade
  for (const Side side : {Side::buy, Side::sell}) {
    std::map<PriceTicks, std::vector<OrderId>> levels;
    std::map<PriceTicks, QuantityLots> totals;
    bool same = true;
    engine_.for_each_order(symbol, side, [&](const OpenOrder& order) {
      levels[order.price].push_back(order.order_id);
      totals.try_emplace(order.price, QuantityLots{0}).first->second += order.displayed;
      ++count;
    });
    for (const auto& [price, orders] : levels) {
      std::size_t i = 0;
      for (const Shown& s : all) {
        if (s.side != side || s.price != price) continue;
        same = same && i < orders.size() && orders[i] == s.order_id;
        ++i;
      }
      same = same && i == orders.size();
      if (engine_.depth_at(symbol, side, price) != totals.at(price)) return "a wrong level total";
    }
    if (!same) return "public events give another queue";
    for (const Orders which : {Orders::displayed, Orders::hidden}) {
      engine_.for_each_order(
          symbol, side,
          [&](const OpenOrder& order) {
            PriceTicks& b = best[side == Side::sell];
            if (b == no_price || (order.price > b) == (side == Side::buy)) b = order.price;
          },
          which);
    }
  }
  if (count != all.size()) return "public events give more orders";
  const bool crosses = best[0] != no_price && best[1] != no_price && best[0] >= best[1];
  if (crosses && engine_.trading(symbol).phase == Phase::continuous) {
    return "the book crosses in continuous trading";
  }
  return std::nullopt;
}

}  // namespace bourse
