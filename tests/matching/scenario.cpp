#include "tests/matching/scenario.h"

#include <cstdlib>
#include <sstream>

#include "tests/matching/scenario_words.h"  // word

namespace bourse {
namespace {

constexpr EngineLimits scenario_limits{.symbols_max = 4, .accounts_max = 26, .orders_max = 16384};

std::vector<std::string> split(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> words;
  for (std::string w; in >> w;) words.push_back(w);
  return words;
}

std::int64_t number(const std::string& text) {
  std::size_t used = 0;
  const std::int64_t value = std::stoll(text, &used);
  if (used != text.size()) throw std::invalid_argument("not a number: " + text);
  return value;
}

std::pair<std::int64_t, std::int64_t> range(const std::string& text) {
  const std::size_t dots = text.find("..");
  if (dots == std::string::npos) throw std::invalid_argument("not a range: " + text);
  return {number(text.substr(0, dots)), number(text.substr(dots + 2))};
}

std::string text(PriceTicks price) {
  return price == no_price ? "none" : std::to_string(price.value());
}
std::string text(QuantityLots quantity) { return std::to_string(quantity.value()); }

std::string account_name(AccountId account) {
  if (account.value() < 1 || account.value() > 26) {
    return "account " + std::to_string(account.value());
  }
  return {static_cast<char>('A' + account.value() - 1)};
}

AccountId account_of(char letter) {
  // '?' is nobody, '!' one past the last account.
  if (letter == '?') return AccountId{0};
  if (letter == '!') return AccountId{27};
  if (letter < 'A' || letter > 'Z') throw std::invalid_argument("accounts are A to Z");
  return AccountId{static_cast<std::uint32_t>(letter - 'A' + 1)};
}

}  // namespace

Scenario::Scenario() : market_(scenario_limits) {
  InstrumentBody acme = test_instrument("ACME", 1, 1000);
  acme.quantity_max = QuantityLots{10'000};
  market_.define(acme);
  rpt_[SymbolId{1}] = RptSequence{1};
}

std::vector<Scenario::Block> Scenario::run(const std::string& file) {
  std::vector<Block> blocks;
  std::istringstream in(file);
  Block block{};
  std::size_t number_of_line = 0;
  const auto close = [&] {
    if (block.commands.empty() && block.separator.empty()) return;
    got_.clear();
    for (const std::string& line : block.commands) execute(line);
    block.got = block.separator.starts_with("=") ? describe_books() : got_;
    if (block.separator.empty()) {
      faults.push_back("line " + std::to_string(block.line) + ": a block without ---- or ====");
    }
    blocks.push_back(std::move(block));
    block = {};
  };
  for (std::string line; std::getline(in, line);) {
    ++number_of_line;
    if (line.starts_with('#')) continue;
    if (line.find_first_not_of(' ') == std::string::npos) {
      close();
      continue;
    }
    if (block.commands.empty() && block.separator.empty()) block.line = number_of_line;
    if (line.starts_with("----") || line.starts_with("====")) {
      block.separator = line;
    } else {
      (block.separator.empty() ? block.commands : block.expected).push_back(line);
    }
  }
  close();
  return blocks;
}

void Scenario::execute(const std::string& line) {
  try {
    execute_words(split(line));
  } catch (const std::exception& error) {
    faults.push_back("cannot understand '" + line + "': " + error.what());
  }
}

void Scenario::execute_words(std::vector<std::string> w) {
  const std::string& verb = w.at(0);
  if (verb == "time") {
    now_ = TimeNs{number(w.at(1))};
  } else if (verb == "instrument") {
    const auto [price_min, price_max] = range(w.at(3));
    const auto [quantity_min, quantity_max] = range(w.at(5));
    Command command = TestMarket::blank(CommandType::define_instrument);
    command.instrument = test_instrument(w.at(1), price_min, price_max);
    command.instrument.quantity_min = QuantityLots{static_cast<std::uint64_t>(quantity_min)};
    command.instrument.quantity_max = QuantityLots{static_cast<std::uint64_t>(quantity_max)};
    apply(command);
  } else if (verb == "limits") {
    Command command = TestMarket::blank(CommandType::open_epoch);
    command.epoch.epoch = Epoch{1};
    command.epoch.symbols_max = static_cast<std::uint32_t>(number(w.at(2)));
    command.epoch.accounts_max = static_cast<std::uint32_t>(number(w.at(4)));
    command.epoch.orders_max = static_cast<std::uint32_t>(number(w.at(6)));
    apply(command);
  } else if (verb == "repeat") {
    // repeat N buy A# ...: # counts from 1
    for (std::int64_t i = 1; i <= number(w.at(1)); ++i) {
      std::vector<std::string> once(w.begin() + 2, w.end());
      once.at(1).replace(once.at(1).find('#'), 1, std::to_string(i));
      execute_words(once);
    }
  } else if (verb == "buy" || verb == "sell") {
    const std::string& order = w.at(1);
    if (w.at(3) != "@") throw std::invalid_argument("expected @");
    const bool market = w.at(4) == "market";
    Command command =
        market_.order(1, verb == "buy" ? Side::buy : Side::sell,
                      static_cast<std::uint64_t>(number(w.at(2))), market ? 0 : number(w.at(4)));
    command.account = account_of(order[0]);
    if (market) {
      command.order.type = OrderType::market;
      command.order.price = no_price;
    }
    add_options(command, w, 5);
    if (ids_.contains(order)) {
      command.order.order_id = ids_[order];  // a duplicate, on purpose
    } else {
      ids_[order] = OrderId{market_.sequence.value() + 1};
      names_[ids_[order]] = order;
    }
    apply(command);
  } else if (verb == "cancel" || verb == "amend") {
    const std::string& order = w.at(1);
    const OrderId id = ids_.contains(order) ? ids_[order] : OrderId{999'999};
    const std::uint32_t owner = account_of(order[0]).value();
    if (verb == "cancel") {
      Command command = market_.cancel(owner, id);
      add_options(command, w, 2);
      apply(command);
    } else {
      if (w.at(3) != "@") throw std::invalid_argument("expected @");
      Command command =
          market_.amend(owner, id, static_cast<std::uint64_t>(number(w.at(2))), number(w.at(4)));
      add_options(command, w, 5);
      apply(command);
    }
  } else {
    throw std::invalid_argument("unknown verb");
  }
}

void Scenario::add_options(Command& command, const std::vector<std::string>& w, std::size_t from) {
  OrderBody& order = command.order;
  for (std::size_t i = from; i < w.size(); ++i) {
    const std::string& option = w[i];
    if (option == "ioc") {
      order.time_in_force = TimeInForce::ioc;
    } else if (option == "fok") {
      order.time_in_force = TimeInForce::fok;
    } else if (option == "day") {
      order.time_in_force = TimeInForce::day;
    } else if (option == "gtd") {
      order.time_in_force = TimeInForce::gtd;
    } else if (option == "post-only") {
      command.order_flags |= order_flags::post_only;
    } else if (option == "hidden") {
      command.order_flags |= order_flags::hidden;
    } else if (option == "lose-priority") {
      command.order_flags |= order_flags::lose_priority;
    } else if (option == "protected") {
      order.price = PriceTicks{number(w.at(++i))};
    } else if (option == "unpriced") {
      order.price = no_price;
    } else if (option == "by") {
      command.account = account_of(w.at(++i)[0]);
    } else if (option == "on") {
      const SymbolId symbol = market_.engine.find_symbol(w.at(++i));
      command.symbol = symbol ? symbol : SymbolId{99};
    } else if (option == "until") {
      order.valid_until = TimeNs{number(w.at(++i))};
    } else if (option == "seq") {
      command.client_sequence = ClientSequence{static_cast<std::uint64_t>(number(w.at(++i)))};
    } else if (option == "field") {
      // field NAME NUMBER: any number in a field, sense or not
      const std::string& field = w.at(++i);
      const std::int64_t value = number(w.at(++i));
      const auto small = static_cast<std::uint8_t>(value);
      const auto large = static_cast<std::uint64_t>(value);
      if (field == "side")
        order.side = Side{small};
      else if (field == "type")
        order.type = OrderType{small};
      else if (field == "time_in_force")
        order.time_in_force = TimeInForce{small};
      else if (field == "stp")
        order.self_trade_prevention = SelfTradePrevention{small};
      else if (field == "flags")
        command.order_flags = small;
      else if (field == "stop_price")
        order.stop_price = PriceTicks{value};
      else if (field == "display")
        order.display_quantity = QuantityLots{large};
      else if (field == "minimum")
        order.min_quantity = QuantityLots{large};
      else if (field == "expire_at")
        order.expire_at = TimeNs{value};
      else
        throw std::invalid_argument("unknown field " + field);
    } else {
      throw std::invalid_argument("unknown option " + option);
    }
  }
}

void Scenario::apply(const Command& command) {
  Command stamped = command;
  stamped.time = now_;
  market_.apply(stamped);
  check_promises(stamped);
  describe_events();
}

void Scenario::check_promises(const Command& command) {
  const auto check = [&](bool holds, const char* what) {
    if (!holds) faults.push_back(std::string("not true: ") + what);
  };
  const auto publics = market_.events.public_events();
  for (std::size_t i = 0; i < publics.size(); ++i) {
    const bool last = (publics[i].flags & event_flags::last) != 0;
    check(last == (i + 1 == publics.size()), "the last public event, and no other, says so");
    RptSequence& rpt = rpt_[publics[i].symbol];
    rpt = RptSequence{rpt.value() + 1};
    check(publics[i].rpt_sequence == rpt, "rpt_sequence counts the events of the symbol");
    if (publics[i].kind == EventKind::execute) {
      match_id_ = MatchId{match_id_.value() + 1};
      check(publics[i].aux == match_id_.value(), "match ids are dense");
      check(publics[i].taker_order_id != OrderId{0}, "an execution names its taker");
    }
  }
  for (const ExecEvent& event : market_.events.exec_events()) {
    if (event.reject_reason == RejectReason::unknown_account || event.account == AccountId{0}) {
      check(event.exec_sequence == ExecSequence{0}, "nobody's reports are not counted");
      continue;
    }
    ExecSequence& sequence = exec_[event.account];
    sequence = ExecSequence{sequence.value() + 1};
    check(event.exec_sequence == sequence, "exec_sequence counts the reports of the account");
    const bool over =
        event.status == OrderStatus::canceled || event.status == OrderStatus::expired ||
        event.status == OrderStatus::rejected || event.type == ExecType::cancel_rejected;
    check(over || event.quantity == event.filled + event.leaves, "quantity = filled + leaves");
    check(!over || event.leaves == QuantityLots{0}, "nothing is left of what is over");
  }
  check(market_.engine.consistent(), "all links and totals agree");
  check(market_.engine.state_hash() == market_.engine.state_hash(), "a question changes nothing");
  static_cast<void>(command);
}

std::string Scenario::name(OrderId id) const {
  const auto found = names_.find(id);
  return found == names_.end() ? "?" : found->second;
}

std::string Scenario::on(SymbolId symbol) const {
  const InstrumentBody* const instrument = market_.engine.instrument(symbol);
  if (symbol.value() <= 1 || instrument == nullptr) return {};
  return " on " + std::string(instrument->symbol_view());
}

void Scenario::describe_events() {
  for (const ExecEvent& event : market_.events.exec_events()) got_.push_back(describe(event));
  for (const PublicEvent& event : market_.events.public_events()) got_.push_back(describe(event));
}

std::string Scenario::describe(const ExecEvent& e) const {
  const std::string to = account_name(e.account) + ": " +
                         (e.order_id == OrderId{0} ? std::string{} : name(e.order_id) + " ");
  const std::string reason =
      e.reject_reason == RejectReason::none ? "" : " " + word(e.reject_reason);
  switch (e.type) {
    case ExecType::accepted:
      return to + "accepted " + text(e.quantity) + " @ " + text(e.price);
    case ExecType::fill:
    case ExecType::partial_fill:
      return to + (e.type == ExecType::fill ? "filled " : "partly filled ") +
             text(e.last_quantity) + " @ " + text(e.last_price) + " as " +
             (e.liquidity == Liquidity::maker ? "maker" : "taker") + ", " + text(e.leaves) +
             " left";
    case ExecType::canceled:
      return to + "canceled, " + text(e.filled) + " filled";
    case ExecType::replaced:
      return to + "replaced " + text(e.leaves) + " @ " + text(e.price) + ", " + text(e.filled) +
             " filled";
    case ExecType::rejected:
      return to + "rejected" + reason + (e.flags == exec_flags::duplicate ? " duplicate" : "");
    case ExecType::expired:
      return to + "expired" + reason + ", " + text(e.filled) + " filled";
    case ExecType::cancel_rejected:
      return to + "stays" + reason + (e.flags == exec_flags::duplicate ? " duplicate" : "");
    default:
      return to + "unexpected report";
  }
}

std::string Scenario::describe(const PublicEvent& e) const {
  const std::string order =
      name(e.order_id) + " " + word(e.side) + " " + text(e.quantity) + " @ " + text(e.price);
  switch (e.kind) {
    case EventKind::add:
      return "add " + order + on(e.symbol);
    case EventKind::modify:
      return "modify " + order + ", was " + std::to_string(e.aux) + ", priority " +
             ((e.flags & event_flags::priority_kept) != 0 ? "kept" : "lost") + on(e.symbol);
    case EventKind::cancel:
      return "remove " + order + ", " + word(static_cast<CancelReason>(e.aux)) + on(e.symbol);
    case EventKind::execute:
      return "trade " + name(e.order_id) + " x " + name(e.taker_order_id) + " " + text(e.quantity) +
             " @ " + text(e.price) + ", " + text(e.leaves) + " left" + on(e.symbol);
    case EventKind::definition:
      return "define " + std::string(market_.engine.instrument(e.symbol)->symbol_view());
    default:
      return "unexpected event";
  }
}

std::vector<std::string> Scenario::describe_books() const {
  std::vector<std::string> lines;
  for (std::uint32_t i = 1; i <= market_.engine.symbol_count(); ++i) {
    for (const Side side : {Side::sell, Side::buy}) {
      std::vector<std::string> levels;
      PriceTicks price = no_price;
      market_.engine.for_each_order(SymbolId{i}, side, [&](const OpenOrder& order) {
        if (order.price != price) {
          levels.push_back((side == Side::sell ? "ask " : "bid ") + text(order.price) +
                           on(SymbolId{i}) + ":");
        }
        price = order.price;
        levels.back() += " " + name(order.order_id) + " " + text(order.leaves) + ",";
      });
      for (std::string& level : levels) level.pop_back();
      // Asks are written highest first, so that the best prices meet in the middle.
      if (side == Side::sell) lines.insert(lines.end(), levels.rbegin(), levels.rend());
      if (side == Side::buy) lines.insert(lines.end(), levels.begin(), levels.end());
    }
  }
  if (lines.empty()) lines.emplace_back("empty");
  return lines;
}

}  // namespace bourse
