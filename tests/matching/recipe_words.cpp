#include "tests/matching/recipe_words.h"

#include "tests/matching/scenario_words.h"  // word

namespace bourse {
namespace {

std::string number(std::uint64_t value) { return std::to_string(value); }

std::string price(PriceTicks at) { return at == no_price ? "none" : std::to_string(at.value()); }

std::string account(AccountId id) {
  if (!id) return "?";
  return id.value() > 26 ? "!" : std::string(1, static_cast<char>('A' + id.value() - 1));
}

std::string order_words(const Command& c) {
  const OrderBody& o = c.order;
  const std::string name = account(c.account) + number(o.order_id.value());
  std::string line = word(o.side) + " " + name + " " + number(o.quantity.value()) + " @ ";
  line += o.type == OrderType::market ? "market" : price(o.price);
  if (o.type == OrderType::market && o.price != no_price) line += " protected " + price(o.price);
  if (o.type == OrderType::stop || o.type == OrderType::stop_limit) {
    line += (o.type == OrderType::stop ? " stop " : " stop-limit ") + price(o.stop_price);
  }
  if (o.type == OrderType::trailing_stop) line += " trailing " + price(o.stop_price);
  if (o.type == OrderType::pegged) line += " peg " + word(c.peg) + " " + price(o.stop_price);
  if (o.time_in_force != TimeInForce::gtc) line += " " + word(o.time_in_force);
  if (o.expire_at) line += " expire " + std::to_string(o.expire_at.value());
  if (o.display_quantity) line += " display " + number(o.display_quantity.value());
  if (o.min_quantity) line += " minimum " + number(o.min_quantity.value());
  if (o.self_trade_prevention != SelfTradePrevention::none) {
    line += " stp " + word(o.self_trade_prevention);
  }
  if (o.group) line += " group " + number(o.group.value());
  return line;
}

std::string flag_words(const Command& c) {
  static constexpr const char* names[] = {"post-only", "reduce-only",   "hidden",  "lose-priority",
                                          "slide",     "on-disconnect", "in-group"};
  std::string line;
  for (int i = 0; i < 7; ++i) {
    if ((c.order_flags >> i & 1) != 0) line += std::string(" ") + names[i];
  }
  return line;
}

std::string rules_words(const RulesBody& r) {
  return "rules reference " + price(r.reference_price) + " static " +
         std::to_string(r.static_band.value()) + " dynamic " +
         std::to_string(r.dynamic_band.value()) + " protection " +
         std::to_string(r.market_protection.value()) + " volatility " +
         std::to_string(r.volatility_ns) + " indicative " + std::to_string(r.indicative_ns) +
         " notional-min " + number(r.notional_min) + " notional-max " + number(r.notional_max);
}

std::string account_words(const Command& c) {
  const AccountBody& b = c.account_limits;
  return "account " + account(c.account) + " status " + word(b.status) + " open-orders " +
         number(b.open_orders_max) + " rate " + number(b.orders_per_second) + " burst " +
         number(b.orders_burst) + " quantity " + number(b.quantity_max.value()) + " notional " +
         number(b.notional_max) + " position " + number(b.position_max.value());
}

std::string mass_cancel_words(const Command& c) {
  const MassCancelBody& b = c.mass_cancel;
  std::string line = "mass-cancel " + account(c.account);
  if (b.side != Side::none) line += " side " + word(b.side);
  if (b.group) line += " group " + number(b.group.value());
  if (b.session) line += " session " + number(b.session.value());
  line += " cause " + word(b.cause);
  if (b.on_disconnect_only) line += " on-disconnect";
  return line;
}

}  // namespace

std::string words_of(const Command& c) {
  std::string line;
  switch (c.type) {
    case CommandType::new_order:
      line = order_words(c) + flag_words(c);
      break;
    case CommandType::amend:
      line = "amend " + account(c.account) + number(c.order.order_id.value()) + " " +
             number(c.order.quantity.value()) + " @ " + price(c.order.price);
      if (c.order.stop_price) line += " stop-price " + price(c.order.stop_price);
      line += flag_words(c);
      break;
    case CommandType::cancel:
      line = "cancel " + account(c.account) + number(c.order.order_id.value());
      break;
    case CommandType::mass_cancel:
      line = mass_cancel_words(c);
      break;
    case CommandType::clock:
      line = "clock";
      break;
    case CommandType::set_phase:
      line = "phase " + word(c.phase.phase);
      if (c.phase.change_at) {
        line += " until " + std::to_string(c.phase.change_at.value()) + " then " +
                word(c.phase.next_phase);
      }
      break;
    case CommandType::set_rules:
      line = rules_words(c.rules);
      break;
    case CommandType::set_account:
      line = account_words(c);
      break;
    case CommandType::cancel_after:
      line = "cancel-after " + account(c.account) + " " + std::to_string(c.cancel_after.after_ns);
      break;
    case CommandType::bust_trade:
      line = "bust " + number(c.bust.match_id.value());
      break;
    default:
      line = "command of type " + number(static_cast<unsigned>(c.type));
  }
  line += c.symbol.value() > 1 ? " on " + number(c.symbol.value()) : "";
  if (c.session) line += " session " + number(c.session.value());
  return "time " + std::to_string(c.time.value()) + "  " + line;
}

}  // namespace bourse
