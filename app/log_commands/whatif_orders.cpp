#include "app/log_commands/whatif_orders.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "feed/control/json_fields.h"  // JsonFields
#include "replay/text/decimal.h"       // parse_price, parse_quantity
#include "replay/text/order_words.h"   // parse_side, ...
#include "replay/text/time_text.h"     // parse_time

namespace bourse {
namespace {

constexpr std::array<std::string_view, 15> names = {
    "time", "after_seq", "id",      "action",      "symbol",    "side",   "type", "px",
    "qty",  "tif",       "stop_px", "display_qty", "post_only", "hidden", "stp"};

Error wrong(const std::string& file, std::size_t line, std::string what, std::string next = {}) {
  return {.code = ExitCode::usage,
          .what = std::move(what),
          .where = fmt::format("{}:{}", file, line),
          .next = std::move(next)};
}

Result<void> check_name(std::string_view name, const std::string& file, std::size_t line) {
  if (std::ranges::find(names, name) != names.end()) return {};
  return std::unexpected(wrong(file, line, fmt::format("unknown field \"{}\"", name),
                               fmt::format("there are {}", fmt::join(names, ", "))));
}

std::vector<std::string> split(std::string_view line) {
  std::vector<std::string> out;
  for (;;) {
    const std::size_t comma = line.find(',');
    std::string_view one = line.substr(0, comma);
    while (!one.empty() && one.front() == ' ') one.remove_prefix(1);
    while (!one.empty() && one.back() == ' ') one.remove_suffix(1);
    out.emplace_back(one);
    if (comma == std::string_view::npos) return out;
    line.remove_prefix(comma + 1);
  }
}

Result<OrderRow> json_row(std::string_view line, std::size_t number, const std::string& file) {
  static JsonFields fields;
  if (!fields.parse(line)) return std::unexpected(wrong(file, number, std::string(fields.error())));
  OrderRow row{.line = number, .fields = {}};
  for (const std::string_view name : names) {
    if (const JsonField* field = fields.find(name)) row.fields.emplace(name, field->value);
  }
  return row;
}

Result<OrderRow> csv_row(const std::vector<std::string>& columns, std::string_view line,
                         std::size_t number, const std::string& file) {
  const std::vector<std::string> values = split(line);
  if (values.size() != columns.size()) {
    return std::unexpected(
        wrong(file, number,
              fmt::format("{} fields, the first line names {}", values.size(), columns.size())));
  }
  OrderRow row{.line = number, .fields = {}};
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!values[i].empty()) row.fields.emplace(columns[i], values[i]);
  }
  return row;
}

// Reads one order's fields into its command; the first mistake is kept.
class Fields {
 public:
  Fields(const OrderRow& row, const InstrumentBody& instrument, const std::string& file)
      : row_(row), instrument_(instrument), file_(file) {}

  template <class Value, class Parse>
  void word(std::string_view name, Value& into, Parse parse) {
    const std::string_view text = row_.field(name);
    if (text.empty() || error_) return;
    if (const auto value = parse(text))
      into = *value;
    else
      error_ = wrong(file_, row_.line, fmt::format("{} \"{}\" is not known", name, text));
  }
  void price(std::string_view name, PriceTicks& into) { number(name, into, parse_price); }
  void quantity(std::string_view name, QuantityLots& into) { number(name, into, parse_quantity); }
  void flag(std::string_view name, std::uint8_t bit, std::uint8_t& into) {
    const std::string_view text = row_.field(name);
    if (error_ || text.empty() || text == "0" || text == "false") return;
    if (text == "1" || text == "true")
      into = static_cast<std::uint8_t>(into | bit);
    else
      error_ = wrong(file_, row_.line, fmt::format("{} must be 0 or 1", name));
  }
  void require(std::string_view name) {
    if (!error_ && row_.field(name).empty())
      error_ = wrong(file_, row_.line, fmt::format("field {} is missing", name));
  }
  const std::optional<Error>& error() const { return error_; }

 private:
  template <class Value, class Parse>
  void number(std::string_view name, Value& into, Parse parse) {
    const std::string_view text = row_.field(name);
    if (text.empty() || error_) return;
    const auto value = parse(text, instrument_);
    if (value)
      into = *value;
    else
      error_ =
          wrong(file_, row_.line, fmt::format("{} \"{}\" {}", name, text, reason(value.error())));
  }

  const OrderRow& row_;
  const InstrumentBody& instrument_;
  const std::string& file_;
  std::optional<Error> error_;
};

}  // namespace

Result<std::vector<OrderRow>> parse_order_rows(std::string_view text, const std::string& file) {
  std::vector<OrderRow> rows;
  std::vector<std::string> columns;
  const bool is_json = text.starts_with('{');
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.starts_with('#')) continue;
    if (!is_json && columns.empty()) {
      columns = split(line);
      for (const std::string& name : columns) {
        if (auto known = check_name(name, file, number); !known)
          return std::unexpected(std::move(known.error()));
      }
      continue;
    }
    auto row = is_json ? json_row(line, number, file) : csv_row(columns, line, number, file);
    if (!row) return std::unexpected(std::move(row.error()));
    rows.push_back(std::move(*row));
  }
  if (rows.empty()) return fail(ExitCode::usage, "there are no orders in the file", file);
  return rows;
}

Result<WhatIfOrder> decision_of(const OrderRow& row, const std::string& file) {
  WhatIfOrder order;
  order.name = row.field("id");
  const std::string_view time = row.field("time");
  const std::string_view after = row.field("after_seq");
  if (time.empty() == after.empty()) {
    return std::unexpected(wrong(file, row.line, "exactly one of time and after_seq is needed"));
  }
  if (!time.empty()) {
    const auto parsed = parse_time(time);
    if (!parsed || parsed->value() <= 0) {
      return std::unexpected(wrong(file, row.line, fmt::format("time \"{}\" is no time", time),
                                   "2026-01-30T14:30:00.5Z, or nanoseconds since 1970"));
    }
    order.time = *parsed;
    return order;
  }
  std::uint64_t sequence = 0;
  const char* const end = after.data() + after.size();
  const auto [stopped, error] = std::from_chars(after.data(), end, sequence);
  if (error != std::errc{} || stopped != end || sequence == 0) {
    return std::unexpected(
        wrong(file, row.line, fmt::format("after_seq \"{}\" is no sequence", after)));
  }
  order.after = Sequence{sequence};
  return order;
}

Result<WhatIfOrder> order_of(const OrderRow& row, const Engine& engine, const std::string& file) {
  auto order = decision_of(row, file);
  if (!order) return order;
  Command& command = order->command;
  const std::string_view action = row.field("action");
  if (action.empty() || action == "new")
    command.type = CommandType::new_order;
  else if (action == "amend")
    command.type = CommandType::amend;
  else if (action == "cancel")
    command.type = CommandType::cancel;
  else
    return std::unexpected(
        wrong(file, row.line, fmt::format("action \"{}\"", action), "new, amend or cancel"));
  if (order->name.empty() && command.type != CommandType::new_order) {
    return std::unexpected(wrong(file, row.line, "field id is missing: which order is meant?"));
  }
  if (command.type == CommandType::cancel) return order;
  command.symbol = engine.find_symbol(row.field("symbol"));
  if (!command.symbol) {
    return std::unexpected(
        wrong(file, row.line, fmt::format("there is no symbol \"{}\" then", row.field("symbol"))));
  }
  Fields fields(row, *engine.instrument(command.symbol), file);
  OrderBody& body = command.order;
  body.type = OrderType::limit;
  body.time_in_force = TimeInForce::gtc;
  body.price = no_price;
  fields.require("qty");
  if (command.type == CommandType::new_order) fields.require("side");
  fields.word("side", body.side, parse_side);
  fields.word("type", body.type, parse_order_type);
  fields.word("tif", body.time_in_force, parse_time_in_force);
  fields.word("stp", body.self_trade_prevention, parse_self_trade_prevention);
  fields.price("px", body.price);
  fields.price("stop_px", body.stop_price);
  fields.quantity("qty", body.quantity);
  fields.quantity("display_qty", body.display_quantity);
  fields.flag("post_only", order_flags::post_only, command.order_flags);
  fields.flag("hidden", order_flags::hidden, command.order_flags);
  if (body.type == OrderType::limit) fields.require("px");
  if (fields.error()) return std::unexpected(*fields.error());
  return order;
}

}  // namespace bourse
