// The columns of each row, in the order in which the tables of docs/DATA.md list them.
//   Shape:  columns(row, visit) calls visit(name, value) per column; value is an integer, a char, a
//           TimeNs, a PriceE9 or a text of fixed size. visit.levels(pairs) for price levels.
//   Owner:  pure functions.
//   Errors: none.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "replay/dbn/dbn_format.h"      // dbn::rtype
#include "replay/export/market_rows.h"  // MboRow, ...

namespace bourse {

template <class Row>
inline constexpr bool has_ts_recv = !std::is_same_v<Row, BarRow>;

inline TimeNs ts_recv(const BboRow& row) { return row.ended; }
template <class Row>
TimeNs ts_recv(const Row& row) {
  return row.head.time;
}

inline std::uint8_t rtype_of(const MboRow&) { return dbn::rtype::mbo; }
template <std::size_t Depth>
std::uint8_t rtype_of(const DepthRow<Depth>&) {
  return static_cast<std::uint8_t>(Depth);
}
inline std::uint8_t rtype_of(const BboRow&) { return dbn::rtype::bbo_1s; }
inline std::uint8_t rtype_of(const BarRow& row) { return row.rtype; }
inline std::uint8_t rtype_of(const StatusRow&) { return dbn::rtype::status; }
inline std::uint8_t rtype_of(const DefinitionRow&) { return dbn::rtype::definition; }
inline std::uint8_t rtype_of(const ImbalanceRow&) { return dbn::rtype::imbalance; }

template <class Row, class Visit>
void head_columns(const Row& row, Visit& visit) {
  visit("ts_event", row.head.time);
  visit("rtype", rtype_of(row));
  visit("publisher_id", export_publisher);
  visit("instrument_id", row.head.symbol.value());
}

template <class Visit>
void body_columns(const MboRow& row, Visit& visit) {
  visit("action", row.action);
  visit("side", row.side);
  visit("price", row.price);
  visit("size", row.size);
  visit("channel_id", std::uint8_t{0});
  visit("order_id", row.order_id);
  visit("flags", row.flags);
  visit("ts_in_delta", std::int32_t{0});
  visit("sequence", row.head.sequence.value());
}

template <std::size_t Depth, class Visit>
void body_columns(const DepthRow<Depth>& row, Visit& visit) {
  visit("action", row.action);
  visit("side", row.side);
  visit("depth", row.depth);
  visit("price", row.price);
  visit("size", row.size);
  visit("flags", row.flags);
  visit("ts_in_delta", std::int32_t{0});
  visit("sequence", row.head.sequence.value());
  if constexpr (Depth > 0) visit.levels(std::span<const LevelPair>(row.levels));
}

template <class Visit>
void body_columns(const BboRow& row, Visit& visit) {
  visit("side", row.side);
  visit("price", row.price);
  visit("size", row.size);
  visit("flags", row.flags);
  visit("sequence", row.head.sequence.value());
  visit.levels(std::span<const LevelPair>(&row.level, 1));
}

template <class Visit>
void body_columns(const BarRow& row, Visit& visit) {
  visit("open", row.open);
  visit("high", row.high);
  visit("low", row.low);
  visit("close", row.close);
  visit("volume", row.volume);
}

template <class Visit>
void body_columns(const StatusRow& row, Visit& visit) {
  visit("action", row.action);
  visit("reason", std::uint16_t{0});
  visit("trading_event", std::uint16_t{0});
  visit("is_trading", row.is_trading);
  visit("is_quoting", '~');
  visit("is_short_sell_restricted", '~');
}

template <class Visit>
void body_columns(const DefinitionRow& row, Visit& visit) {
  const InstrumentBody& body = row.instrument;
  visit("security_update_action", row.update);
  visit("raw_symbol", body.symbol);
  visit("asset", body.base);
  visit("currency", body.quote);
  visit("min_price_increment", PriceE9{body.tick_size_e9});
  visit("lot_size", body.lot_size);
  visit("quantity_exponent", body.quantity_exponent);
  visit("min_trade_vol", body.quantity_min.value());
  visit("max_trade_vol", body.quantity_max.value());
  visit("low_limit_ticks", body.price_min.value());
  visit("high_limit_ticks", body.price_max.value());
  visit("sequence", row.head.sequence.value());
}

template <class Visit>
void body_columns(const ImbalanceRow& row, Visit& visit) {
  visit("ind_match_price", row.price);
  visit("paired_qty", row.paired);
  visit("total_imbalance_qty", row.surplus);
  visit("auction_type", row.auction_type);
  visit("side", row.side);
  visit("sequence", row.head.sequence.value());
}

// All of them, as a table has them.
template <class Row, class Visit>
void columns(const Row& row, Visit& visit) {
  if constexpr (has_ts_recv<Row>) visit("ts_recv", ts_recv(row));
  head_columns(row, visit);
  body_columns(row, visit);
}

}  // namespace bourse
