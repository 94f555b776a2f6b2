// The words of what comes of a scenario's commands.
#include "tests/matching/scenario.h"
#include "tests/matching/scenario_words.h"  // word

namespace bourse {
namespace {

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

std::string cause(std::uint32_t flags) {
  if ((flags & exec_flags::mass_cancel) != 0) return " by mass cancel";
  if ((flags & exec_flags::cancel_on_disconnect) != 0) return " by disconnect";
  if ((flags & exec_flags::dead_man) != 0) return " by dead man";
  if ((flags & exec_flags::kill_switch) != 0) return " by kill switch";
  if ((flags & exec_flags::administrator) != 0) return " by administrator";
  return "";
}

std::string status_word(std::uint64_t action) {
  switch (action) {
    case 1:
      return word(Phase::pre_open);
    case 2:
      return word(Phase::opening_auction);
    case 7:
      return word(Phase::continuous);
    case 8:
      return word(Phase::halted);
    case 9:
      return word(Phase::volatility_auction);
    case 11:
      return word(Phase::closing_auction);
    case 12:
      return word(Phase::closed);
    case 15:
      return "delisted";
    default:
      return "action " + std::to_string(action);
  }
}

}  // namespace

std::string Scenario::name(OrderId id) const {
  const auto found = names_.find(id);
  return found == names_.end() ? "?" : found->second;
}

std::string Scenario::on(SymbolId symbol) const {
  const InstrumentBody* const instrument = twins_.engine().instrument(symbol);
  if (symbol.value() <= 1 || instrument == nullptr) return {};
  return " on " + std::string(instrument->symbol_view());
}

void Scenario::describe_events() {
  for (const ExecEvent& event : twins_.events().exec_events()) got_.push_back(describe(event));
  for (const PublicEvent& event : twins_.events().public_events()) {
    got_.push_back(describe(event));
  }
}

std::string Scenario::describe(const ExecEvent& e) const {
  const std::string to = account_name(e.account) + ": " +
                         (e.order_id == OrderId{0} ? std::string{} : name(e.order_id) + " ");
  const std::string reason =
      e.reject_reason == RejectReason::none ? "" : " " + word(e.reject_reason);
  const std::string duplicate = e.flags == exec_flags::duplicate ? " duplicate" : "";
  switch (e.type) {
    case ExecType::accepted:
      if (e.order_id == OrderId{0}) return to + "accepted";
      return to + "accepted " + text(e.quantity) + " @ " + text(e.price) +
             (e.status == OrderStatus::waiting ? ", waits" : "") +
             (e.flags == exec_flags::slid ? ", slid" : "");
    case ExecType::fill:
    case ExecType::partial_fill: {
      const char* const how = e.flags == exec_flags::auction    ? "in the auction"
                              : e.liquidity == Liquidity::maker ? "as maker"
                                                                : "as taker";
      return to + (e.type == ExecType::fill ? "filled " : "partly filled ") +
             text(e.last_quantity) + " @ " + text(e.last_price) + " " + how + ", " +
             text(e.leaves) + " left";
    }
    case ExecType::canceled:
      return to + "canceled" + reason + cause(e.flags) + ", " + text(e.filled) + " filled";
    case ExecType::replaced:
      return to + "replaced " + text(e.leaves) + " @ " + text(e.price) + ", " + text(e.filled) +
             " filled" + (e.status == OrderStatus::waiting ? ", waits" : "") +
             (e.flags == exec_flags::slid ? ", slid" : "");
    case ExecType::rejected:
      return to + "rejected" + reason + duplicate;
    case ExecType::expired:
      return to + "expired" + reason + ", " + text(e.filled) + " filled";
    case ExecType::cancel_rejected:
      return to + "stays" + reason + duplicate;
    case ExecType::restated:
      if (e.flags == exec_flags::administrator) {
        return to + "has trade " + std::to_string(e.match_id.value()) + " taken back, " +
               word(e.side) + " " + text(e.last_quantity) + " @ " + text(e.last_price);
      }
      return to + "restated " + text(e.leaves) + " left of " + text(e.quantity);
    case ExecType::triggered:
      return to + "triggered";
  }
  return to + "unexpected report";
}

std::string Scenario::describe(const PublicEvent& e) const {
  const std::string order =
      name(e.order_id) + " " + word(e.side) + " " + text(e.quantity) + " @ " + text(e.price);
  const std::string deal = text(e.quantity) + " @ " + text(e.price);
  const bool in_auction = (e.flags & event_flags::auction) != 0;
  switch (e.kind) {
    case EventKind::add:
      return "add " + order + on(e.symbol);
    case EventKind::modify:
      return "modify " + order + ", was " + std::to_string(e.aux) + ", priority " +
             ((e.flags & event_flags::priority_kept) != 0 ? "kept" : "lost") +
             ((e.flags & event_flags::self_trade_prevention) != 0 ? ", self_trade" : "") +
             on(e.symbol);
    case EventKind::cancel:
      return "remove " + order + ", " + word(static_cast<CancelReason>(e.aux)) + on(e.symbol);
    case EventKind::execute: {
      const bool again = (e.flags & event_flags::auction_other_side) != 0;
      const bool nameless = e.taker_order_id == OrderId{0};
      return (again ? "and " : "trade ") + name(e.order_id) + " x " +
             (nameless ? "hidden" : name(e.taker_order_id)) + " " + deal + ", " + text(e.leaves) +
             " left" + (in_auction ? ", auction" : "") + on(e.symbol);
    }
    case EventKind::trade:
      return "print " + (in_auction ? "" : word(e.side) + " " + name(e.taker_order_id) + " ") +
             deal + (in_auction ? ", auction" : "") + on(e.symbol);
    case EventKind::definition:
      return "define " + std::string(twins_.engine().instrument(e.symbol)->symbol_view());
    case EventKind::status:
      return "status " + status_word(e.aux) + on(e.symbol);
    case EventKind::imbalance:
      return "indicative " + text(e.price) + ", " + text(e.quantity) + " paired, " +
             (e.side == Side::none ? std::string("nothing") : word(e.side) + " " + text(e.leaves)) +
             " left" + on(e.symbol);
    case EventKind::bust:
      return "bust " + std::to_string(e.aux) + ", " + deal + on(e.symbol);
    default:
      return "unexpected event";
  }
}

// Displayed orders, then the hidden ones in brackets; what an iceberg keeps back after a plus.
void Scenario::describe_side(SymbolId symbol, Side side, std::vector<std::string>& lines) const {
  std::map<PriceTicks, std::string> levels;
  for (const Orders which : {Orders::displayed, Orders::hidden}) {
    twins_.engine().for_each_order(
        symbol, side,
        [&](const OpenOrder& order) {
          std::string& level = levels[order.price];
          if (!level.empty()) level += ",";
          const bool hidden = which == Orders::hidden;
          const QuantityLots reserve = order.leaves - order.displayed;
          level += (hidden ? " (" : " ") + name(order.order_id) + " " +
                   text(hidden ? order.leaves : order.displayed);
          if (!hidden && reserve != QuantityLots{0}) level += "+" + text(reserve);
          if (hidden) level += ")";
        },
        which);
  }
  std::vector<std::string> highest_first;
  for (const auto& [price, orders] : levels) {
    highest_first.insert(highest_first.begin(), (side == Side::sell ? "ask " : "bid ") +
                                                    text(price) + on(symbol) + ":" + orders);
  }
  lines.insert(lines.end(), highest_first.begin(), highest_first.end());
}

std::vector<std::string> Scenario::describe_books() const {
  std::vector<std::string> lines;
  for (std::uint32_t i = 1; i <= twins_.engine().symbol_count(); ++i) {
    const SymbolId symbol{i};
    const Phase phase = twins_.engine().trading(symbol).phase;
    if (phase != Phase::continuous) lines.push_back("phase " + word(phase) + on(symbol));
    // Asks are written first, so that the best prices meet in the middle.
    describe_side(symbol, Side::sell, lines);
    describe_side(symbol, Side::buy, lines);
    for (const Side side : {Side::buy, Side::sell}) {
      for (const ReferenceOrder* order :
           twins_.reference().orders(symbol, side, ReferenceOrder::Place::stops)) {
        lines.push_back(word(side) + " stop " + text(order->at) + on(symbol) + ": " +
                        name(order->body().order_id) + " " + text(order->open()));
      }
      for (const ReferenceOrder* order :
           twins_.reference().orders(symbol, side, ReferenceOrder::Place::book)) {
        if (order->at != no_price) continue;
        lines.push_back(word(side) + " peg nowhere" + on(symbol) + ": " +
                        name(order->body().order_id) + " " + text(order->open()));
      }
    }
  }
  if (lines.empty()) lines.emplace_back("empty");
  return lines;
}

}  // namespace bourse
