#include "replay/text/order_words.h"

#include <algorithm>
#include <array>
#include <utility>

namespace bourse {
namespace {

template <class Enum, std::size_t N>
using Names = std::array<std::pair<Enum, std::string_view>, N>;

constexpr Names<Side, 3> sides{{{Side::none, "none"}, {Side::buy, "buy"}, {Side::sell, "sell"}}};

constexpr Names<OrderType, 7> order_types{{{OrderType::none, "none"},
                                           {OrderType::limit, "limit"},
                                           {OrderType::market, "market"},
                                           {OrderType::stop, "stop"},
                                           {OrderType::stop_limit, "stop_limit"},
                                           {OrderType::trailing_stop, "trailing_stop"},
                                           {OrderType::pegged, "pegged"}}};

constexpr Names<TimeInForce, 6> times_in_force{{{TimeInForce::none, "none"},
                                                {TimeInForce::gtc, "gtc"},
                                                {TimeInForce::ioc, "ioc"},
                                                {TimeInForce::fok, "fok"},
                                                {TimeInForce::day, "day"},
                                                {TimeInForce::gtd, "gtd"}}};

constexpr Names<SelfTradePrevention, 5> preventions{
    {{SelfTradePrevention::none, "none"},
     {SelfTradePrevention::cancel_newest, "cancel_newest"},
     {SelfTradePrevention::cancel_oldest, "cancel_oldest"},
     {SelfTradePrevention::cancel_both, "cancel_both"},
     {SelfTradePrevention::decrement, "decrement"}}};

constexpr Names<PegReference, 4> pegs{{{PegReference::none, "none"},
                                       {PegReference::primary, "primary"},
                                       {PegReference::market, "market"},
                                       {PegReference::midpoint, "midpoint"}}};

constexpr Names<ExecType, 10> exec_types{{{ExecType::accepted, "accepted"},
                                          {ExecType::fill, "fill"},
                                          {ExecType::partial_fill, "partial_fill"},
                                          {ExecType::canceled, "canceled"},
                                          {ExecType::replaced, "replaced"},
                                          {ExecType::rejected, "rejected"},
                                          {ExecType::expired, "expired"},
                                          {ExecType::restated, "restated"},
                                          {ExecType::triggered, "triggered"},
                                          {ExecType::cancel_rejected, "cancel_rejected"}}};

constexpr Names<OrderStatus, 8> statuses{{{OrderStatus::none, "none"},
                                          {OrderStatus::open, "open"},
                                          {OrderStatus::partially_filled, "partially_filled"},
                                          {OrderStatus::filled, "filled"},
                                          {OrderStatus::canceled, "canceled"},
                                          {OrderStatus::rejected, "rejected"},
                                          {OrderStatus::expired, "expired"},
                                          {OrderStatus::waiting, "waiting"}}};

constexpr Names<Liquidity, 3> liquidities{
    {{Liquidity::none, "none"}, {Liquidity::maker, "maker"}, {Liquidity::taker, "taker"}}};

constexpr Names<RejectReason, 38> reasons{
    {{RejectReason::none, "none"},
     {RejectReason::unknown_instrument, "unknown_instrument"},
     {RejectReason::halted, "halted"},
     {RejectReason::bad_tick, "bad_tick"},
     {RejectReason::bad_lot, "bad_lot"},
     {RejectReason::min_notional, "min_notional"},
     {RejectReason::max_quantity, "max_quantity"},
     {RejectReason::price_collar, "price_collar"},
     {RejectReason::would_cross, "would_cross"},
     {RejectReason::unknown_order, "unknown_order"},
     {RejectReason::too_late, "too_late"},
     {RejectReason::duplicate_client_sequence, "duplicate_client_sequence"},
     {RejectReason::client_sequence_gap, "client_sequence_gap"},
     {RejectReason::expired_valid_until, "expired_valid_until"},
     {RejectReason::self_trade, "self_trade"},
     {RejectReason::risk_limit, "risk_limit"},
     {RejectReason::no_liquidity, "no_liquidity"},
     {RejectReason::duplicate_client_order_id, "duplicate_client_order_id"},
     {RejectReason::amend_invalid, "amend_invalid"},
     {RejectReason::unsupported, "unsupported"},
     {RejectReason::bad_field, "bad_field"},
     {RejectReason::book_full, "book_full"},
     {RejectReason::duplicate_order_id, "duplicate_order_id"},
     {RejectReason::unknown_account, "unknown_account"},
     {RejectReason::instrument_exists, "instrument_exists"},
     {RejectReason::bad_instrument, "bad_instrument"},
     {RejectReason::wrong_phase, "wrong_phase"},
     {RejectReason::account_disabled, "account_disabled"},
     {RejectReason::open_orders_limit, "open_orders_limit"},
     {RejectReason::position_limit, "position_limit"},
     {RejectReason::order_rate, "order_rate"},
     {RejectReason::max_notional, "max_notional"},
     {RejectReason::bad_account, "bad_account"},
     {RejectReason::unknown_trade, "unknown_trade"},
     {RejectReason::delisted, "delisted"},
     {RejectReason::already_busted, "already_busted"},
     {RejectReason::busy, "busy"},
     {RejectReason::draining, "draining"}}};

constexpr Names<Phase, 8> phases{{{Phase::none, "none"},
                                  {Phase::pre_open, "pre_open"},
                                  {Phase::opening_auction, "opening_auction"},
                                  {Phase::continuous, "continuous"},
                                  {Phase::volatility_auction, "volatility_auction"},
                                  {Phase::halted, "halted"},
                                  {Phase::closing_auction, "closing_auction"},
                                  {Phase::closed, "closed"}}};

template <class Enum, std::size_t N>
std::string_view name_in(const Names<Enum, N>& names, Enum value, std::string_view otherwise) {
  for (const auto& [known, name] : names)
    if (known == value) return name;
  return otherwise;
}

// "none" is a name to tell, not one to ask for.
template <class Enum, std::size_t N>
std::optional<Enum> value_in(const Names<Enum, N>& names, std::string_view wanted) {
  for (const auto& [value, name] : names)
    if (name == wanted && value != Enum{}) return value;
  return std::nullopt;
}

}  // namespace

std::string_view side_name(Side side) { return name_in(sides, side, "none"); }
std::string_view order_type_name(OrderType type) { return name_in(order_types, type, "none"); }
std::string_view time_in_force_name(TimeInForce tif) {
  return name_in(times_in_force, tif, "none");
}
std::string_view exec_type_name(ExecType type) { return name_in(exec_types, type, "unknown"); }
std::string_view order_status_name(OrderStatus status) {
  return name_in(statuses, status, "unknown");
}
std::string_view liquidity_name(Liquidity liquidity) {
  return name_in(liquidities, liquidity, "none");
}
std::string_view reject_name(RejectReason reason) {
  return name_in(reasons, reason, "unknown_reason");
}

std::optional<Side> parse_side(std::string_view name) { return value_in(sides, name); }
std::optional<OrderType> parse_order_type(std::string_view name) {
  return value_in(order_types, name);
}
std::optional<TimeInForce> parse_time_in_force(std::string_view name) {
  return value_in(times_in_force, name);
}
std::optional<PegReference> parse_peg(std::string_view name) { return value_in(pegs, name); }
std::string_view phase_name(Phase phase) { return name_in(phases, phase, "none"); }
std::optional<Phase> parse_phase(std::string_view name) { return value_in(phases, name); }
std::optional<AccountStatus> parse_account_status(std::string_view name) {
  if (name == "enabled") return AccountStatus::enabled;
  if (name == "cancel_only") return AccountStatus::cancel_only;
  if (name == "killed") return AccountStatus::killed;
  return std::nullopt;
}
std::optional<SelfTradePrevention> parse_self_trade_prevention(std::string_view name) {
  if (name == "none") return SelfTradePrevention::none;
  return value_in(preventions, name);
}

}  // namespace bourse
