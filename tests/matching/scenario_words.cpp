#include "tests/matching/scenario_words.h"

#include <span>

namespace bourse {
namespace {

template <class Enum>
std::string name(Enum value, std::span<const char* const> names) {
  const auto at = static_cast<std::size_t>(value);
  return at < names.size() ? names[at] : "number " + std::to_string(at);
}

}  // namespace

std::string word(RejectReason reason) {
  static constexpr const char* names[] = {"unknown_instrument",
                                          "halted",
                                          "bad_tick",
                                          "bad_lot",
                                          "min_notional",
                                          "max_quantity",
                                          "price_collar",
                                          "would_cross",
                                          "unknown_order",
                                          "too_late",
                                          "duplicate_client_sequence",
                                          "client_sequence_gap",
                                          "expired_valid_until",
                                          "self_trade",
                                          "risk_limit",
                                          "no_liquidity",
                                          "duplicate_client_order_id",
                                          "amend_invalid",
                                          "unsupported",
                                          "bad_field",
                                          "book_full",
                                          "duplicate_order_id",
                                          "unknown_account",
                                          "instrument_exists",
                                          "bad_instrument",
                                          "wrong_phase",
                                          "account_disabled",
                                          "open_orders_limit",
                                          "position_limit",
                                          "order_rate",
                                          "max_notional",
                                          "bad_account",
                                          "unknown_trade",
                                          "delisted",
                                          "already_busted"};
  if (reason == RejectReason::none) return "none";
  const int first = static_cast<int>(RejectReason::unknown_instrument);
  return name(static_cast<int>(reason) - first, names);
}

std::string word(Side side) {
  static constexpr const char* names[] = {"none", "buy", "sell"};
  return name(side, names);
}

std::string word(TimeInForce time_in_force) {
  static constexpr const char* names[] = {"none", "gtc", "ioc", "fok", "day", "gtd"};
  return name(time_in_force, names);
}

std::string word(CancelReason reason) {
  static constexpr const char* names[] = {"none",        "requested",   "amended",    "reduced",
                                          "replaced",    "mass_cancel", "disconnect", "dead_man",
                                          "kill_switch", "self_trade",  "expired",    "delisted"};
  return name(reason, names);
}

std::string word(SelfTradePrevention mode) {
  static constexpr const char* names[] = {"none", "newest", "oldest", "both", "decrement"};
  return name(mode, names);
}

std::string word(PegReference peg) {
  static constexpr const char* names[] = {"none", "primary", "market", "midpoint"};
  return name(peg, names);
}

std::string word(Phase phase) {
  static constexpr const char* names[] = {
      "none",   "pre_open",        "opening_auction", "continuous", "volatility_auction",
      "halted", "closing_auction", "closed"};
  return name(phase, names);
}

std::string word(MassCancelCause cause) {
  static constexpr const char* names[] = {"requested", "disconnect", "dead_man", "kill_switch",
                                          "administrator"};
  return name(cause, names);
}

std::string word(AccountStatus status) {
  static constexpr const char* names[] = {"enabled", "cancel_only", "killed"};
  return name(status, names);
}

}  // namespace bourse
