#include "replay/text/transaction_text.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "replay/text/time_text.h"  // time_text

namespace bourse {
namespace {

constexpr std::uint64_t exact_in_double_max = std::uint64_t{1} << 53;

constexpr std::string_view table_head =
    "    sequence  time                            kind               symbol        side       "
    "order       price    quantity      leaves  detail\n";
constexpr std::string_view csv_head =
    "sequence,time_ns,epoch,part,kind,symbol,side,order_id,price,quantity,leaves,account,"
    "other_order_id,match_id,rpt_sequence,exec_sequence,client_sequence,client_order_id,detail\n";

std::string_view part_name(RowPart part) {
  switch (part) {
    case RowPart::command:
      return "command";
    case RowPart::event:
      return "event";
    case RowPart::report:
      return "report";
  }
  return {};
}

// Calls number(name, value) and text(name, value) for what the row has, in a fixed order.
template <class Number, class Text>
void for_each_field(const Row& row, Number number, Text text) {
  const auto number_if = [&](std::string_view name, std::uint64_t value) {
    if (value != 0) number(name, value);
  };
  const auto text_if = [&](std::string_view name, std::string_view value) {
    if (!value.empty()) text(name, value);
  };
  text_if("symbol", row.symbol);
  text_if("side", row.side);
  number_if("order_id", row.order_id);
  text_if("price", row.price);
  text_if("quantity", row.quantity);
  text_if("leaves", row.leaves);
  number_if("account", row.account);
  number_if("other_order_id", row.other_order_id);
  number_if("match_id", row.match_id);
  number_if("rpt_sequence", row.rpt_sequence);
  number_if("exec_sequence", row.exec_sequence);
  number_if("client_sequence", row.client_sequence);
  text_if("client_order_id", row.client_order_id);
  text_if("detail", row.detail);
}

void append_json_text(std::string_view text, std::string& out) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f) {
      // Only a damaged or foreign text has such bytes; the line must stay valid JSON all the same.
      fmt::format_to(std::back_inserter(out), "\\u{:04x}",
                     static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      out += c;
    }
  }
  out += '"';
}

void append_json_number(std::uint64_t value, std::string& out) {
  const bool exact = value < exact_in_double_max;
  fmt::format_to(std::back_inserter(out), "{0}{1}{0}", exact ? "" : "\"", value);
}

void append_json_row(const Row& row, std::string& out) {
  out += "{\"kind\":";
  append_json_text(row.kind, out);
  for_each_field(
      row,
      [&](std::string_view name, std::uint64_t value) {
        fmt::format_to(std::back_inserter(out), ",\"{}\":", name);
        append_json_number(value, out);
      },
      [&](std::string_view name, std::string_view value) {
        fmt::format_to(std::back_inserter(out), ",\"{}\":", name);
        append_json_text(value, out);
      });
  out += '}';
}

void append_json(const TransactionView& transaction, const std::vector<Row>& rows,
                 std::string& out) {
  out += "{\"sequence\":";
  append_json_number(transaction.sequence().value(), out);
  fmt::format_to(std::back_inserter(out),
                 ",\"time\":\"{}\",\"epoch\":{},\"command\":", time_text(transaction.time()),
                 transaction.epoch().value());
  append_json_row(rows.front(), out);
  const auto append_part = [&](RowPart part, std::string_view name) {
    fmt::format_to(std::back_inserter(out), ",\"{}\":[", name);
    bool first = true;
    for (const Row& row : rows) {
      if (row.part != part) continue;
      if (!first) out += ',';
      first = false;
      append_json_row(row, out);
    }
    out += ']';
  };
  append_part(RowPart::event, "events");
  append_part(RowPart::report, "reports");
  fmt::format_to(std::back_inserter(out), ",\"state_hash\":\"{:016x}\"}}\n",
                 transaction.state_hash());
}

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out += '"';
}

void append_csv(const TransactionView& transaction, const std::vector<Row>& rows,
                std::string& out) {
  const auto number = [](std::uint64_t value) {
    return value == 0 ? std::string() : std::to_string(value);
  };
  for (const Row& row : rows) {
    fmt::format_to(
        std::back_inserter(out), "{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n",
        transaction.sequence().value(), transaction.time().value(), transaction.epoch().value(),
        part_name(row.part), row.kind, csv_field(row.symbol), row.side, number(row.order_id),
        row.price, row.quantity, row.leaves, number(row.account), number(row.other_order_id),
        number(row.match_id), number(row.rpt_sequence), number(row.exec_sequence),
        number(row.client_sequence), csv_field(row.client_order_id), csv_field(row.detail));
  }
}

void append_table(const TransactionView& transaction, const std::vector<Row>& rows,
                  std::string& out) {
  for (const Row& row : rows) {
    std::string kind;
    switch (row.part) {
      case RowPart::command:
        fmt::format_to(std::back_inserter(out), "{:>12}  {:<30}  ", transaction.sequence().value(),
                       time_text(transaction.time()));
        kind = row.kind;
        break;
      case RowPart::event:
        out.append(46, ' ');
        kind = fmt::format("  {}", row.kind);
        break;
      case RowPart::report:  // private: not part of the public feed
        out.append(46, ' ');
        kind = fmt::format("  ~{}", row.kind);
        break;
    }
    fmt::format_to(std::back_inserter(out), "{:<18} {:<12}  {:<4} {:>11} {:>11} {:>11} {:>11}  ",
                   kind, row.symbol, row.side,
                   row.order_id == 0 ? std::string() : std::to_string(row.order_id), row.price,
                   row.quantity, row.leaves);
    std::string detail;
    const auto add = [&](std::string_view name, std::uint64_t value) {
      if (value != 0) fmt::format_to(std::back_inserter(detail), "{}={} ", name, value);
    };
    add("account", row.account);
    add("taker", row.other_order_id);
    add("match", row.match_id);
    if (!row.client_order_id.empty()) {
      fmt::format_to(std::back_inserter(detail), "client_order_id={} ", row.client_order_id);
    }
    detail += row.detail;
    out += detail;
    while (out.back() == ' ') out.pop_back();
    out += '\n';
  }
}

}  // namespace

std::optional<TextFormat> parse_text_format(std::string_view name) {
  if (name == "table") return TextFormat::table;
  if (name == "json") return TextFormat::json;
  if (name == "csv") return TextFormat::csv;
  return std::nullopt;
}

std::string row_text(const Row& row) {
  std::string out(row.kind);
  for_each_field(
      row,
      [&](std::string_view name, std::uint64_t value) {
        fmt::format_to(std::back_inserter(out), " {}={}", name, value);
      },
      [&](std::string_view name, std::string_view value) {
        fmt::format_to(std::back_inserter(out), " {}={}", name, value);
      });
  return out;
}

std::string row_difference(const Row& got, const Row& expected) {
  // Name and text of every field that is not empty.
  using Fields = std::vector<std::pair<std::string_view, std::string>>;
  const auto fields_of = [](const Row& row) {
    Fields fields{{"kind", std::string(row.kind)}};
    for_each_field(
        row,
        [&](std::string_view name, std::uint64_t value) {
          fields.emplace_back(name, std::to_string(value));
        },
        [&](std::string_view name, std::string_view value) { fields.emplace_back(name, value); });
    return fields;
  };
  const auto value_in = [](const Fields& fields, std::string_view name) {
    const auto found = std::ranges::find(fields, name, &Fields::value_type::first);
    return found == fields.end() ? std::string("nothing") : found->second;
  };
  const Fields there = fields_of(expected);
  const Fields here = fields_of(got);
  std::string out;
  const auto add = [&](std::string_view name) {
    const std::string a = value_in(here, name);
    const std::string b = value_in(there, name);
    if (a != b) out += fmt::format("{}{}={} instead of {}", out.empty() ? "" : ", ", name, a, b);
  };
  for (const auto& [name, value] : there) add(name);
  for (const auto& [name, value] : here) {
    if (value_in(there, name) == "nothing") add(name);
  }
  return out;
}

std::string TransactionText::head() const {
  switch (format_) {
    case TextFormat::table:
      return std::string(table_head);
    case TextFormat::csv:
      return std::string(csv_head);
    case TextFormat::json:
      break;
  }
  return {};
}

void TransactionText::append(const TransactionView& transaction, std::string& out) {
  const std::vector<Row>& rows = rows_.rows(transaction);
  switch (format_) {
    case TextFormat::table:
      return append_table(transaction, rows, out);
    case TextFormat::csv:
      return append_csv(transaction, rows, out);
    case TextFormat::json:
      return append_json(transaction, rows, out);
  }
}

}  // namespace bourse
