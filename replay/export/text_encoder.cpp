#include "replay/export/text_encoder.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "matching/check.h"             // CHECK
#include "replay/export/row_columns.h"  // columns
#include "replay/text/decimal.h"        // quantity_text
#include "replay/text/time_text.h"      // time_text

namespace bourse {
namespace {

constexpr std::int64_t e9 = 1'000'000'000;

template <class T>
void append_number(std::string& out, T value) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(digits.data(), end);
}

void append_price(std::string& out, std::int64_t price) {
  const std::uint64_t magnitude =
      price < 0 ? 0 - static_cast<std::uint64_t>(price) : static_cast<std::uint64_t>(price);
  if (price < 0) out += '-';
  append_number(out, magnitude / e9);
  out += '.';
  const std::size_t at = out.size();
  append_number(out, magnitude % e9 + e9);
  out.erase(at, 1);  // the leading one kept the zeros
}

template <class T>
concept Text = std::is_array_v<T>;

template <std::size_t Size>
std::string_view view(const char (&text)[Size]) {
  return {text, ::strnlen(text, Size)};
}

// A value as text, without quotes.
class ValueText {
 public:
  ValueText(const ExportScope& scope, const ExportInstrument* instrument, std::string& out)
      : out_(out), instrument_(instrument), pretty_(scope.pretty) {}

  void put(TimeNs time) {
    if (pretty_) {
      out_ += time_text(time);
    } else {
      append_number(out_, time.value());
    }
  }
  void put(PriceE9 price) {
    if (!pretty_) {
      append_number(out_, price.value());
    } else if (price.value() != price_none) {
      append_price(out_, price.value());
    }
  }
  void put(QuantityLots size) {
    if (pretty_ && instrument_ != nullptr) {
      out_ += quantity_text(size, instrument_->body);
    } else {
      append_number(out_, size.value());
    }
  }
  void put(char letter) { out_ += letter; }
  template <Text T>
  void put(const T& text) {
    out_ += view(text);
  }
  template <class T>
    requires(std::is_integral_v<T> && !std::is_same_v<T, char>)
  void put(T value) {
    append_number(out_, value);
  }

 protected:
  std::string& out_;
  const ExportInstrument* const instrument_;
  const bool pretty_;
};

std::string_view symbol_of(const ExportInstrument* instrument) {
  return instrument == nullptr ? std::string_view() : instrument->body.symbol_view();
}

// A symbol is any printable ASCII: CSV wants quotes around a comma or a quote, JSON a backslash.
void append_csv(std::string& out, std::string_view text) {
  if (text.find_first_of(",\"") == std::string_view::npos) {
    out += text;
    return;
  }
  out += '"';
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

void append_json(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
}

class CsvNames {
 public:
  explicit CsvNames(std::string& out) : out_(out) {}
  template <class T>
  void operator()(std::string_view name, const T&) {
    out_ += name;
    out_ += ',';
  }
  void levels(std::span<const LevelPair> pairs) {
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      for (const char* name : {"bid_px", "ask_px", "bid_sz", "ask_sz", "bid_ct", "ask_ct"}) {
        out_ += fmt::format("{}_{:02},", name, i);
      }
    }
  }

 private:
  std::string& out_;
};

class CsvValues : public ValueText {
 public:
  using ValueText::ValueText;
  template <class T>
  void operator()(std::string_view, const T& value) {
    put(value);
    out_ += ',';
  }
  void levels(std::span<const LevelPair> pairs) {
    for (const LevelPair& pair : pairs) {
      (*this)("", pair.bid_px);
      (*this)("", pair.ask_px);
      (*this)("", pair.bid_sz);
      (*this)("", pair.ask_sz);
      (*this)("", pair.bid_ct);
      (*this)("", pair.ask_ct);
    }
  }
};

template <class Row>
void csv_names(std::string& out) {
  static const Row example{};
  CsvNames names(out);
  columns(example, names);
  out += "symbol\n";
}

void csv_names(ExportSchema schema, std::string& out) {
  switch (schema) {
    case ExportSchema::mbo:
      return csv_names<MboRow>(out);
    case ExportSchema::trades:
      return csv_names<TradeRow>(out);
    case ExportSchema::mbp_1:
    case ExportSchema::tbbo:
      return csv_names<DepthRow<1>>(out);
    case ExportSchema::mbp_10:
      return csv_names<DepthRow<10>>(out);
    case ExportSchema::bbo_1s:
      return csv_names<BboRow>(out);
    case ExportSchema::definition:
      return csv_names<DefinitionRow>(out);
    case ExportSchema::status:
      return csv_names<StatusRow>(out);
    case ExportSchema::imbalance:
      return csv_names<ImbalanceRow>(out);
    default:
      return csv_names<BarRow>(out);
  }
}

class CsvEncoder final : public RowEncoder {
 public:
  using RowEncoder::RowEncoder;

  void begin(std::span<const ExportInstrument>, std::string& out) override {
    csv_names(scope_.schema, out);
  }
  bool encode(const RowRef& row, std::string& out) override {
    const ExportInstrument* const instrument = scope_.find(head_of(row).symbol);
    std::visit(
        [&](const auto* r) {
          if constexpr (std::is_same_v<decltype(r), const LevelRow*>) {
            CHECK(false);
          } else {
            CsvValues values(scope_, instrument, out);
            columns(*r, values);
          }
        },
        row);
    append_csv(out, symbol_of(instrument));
    out += '\n';
    return true;
  }
};

class JsonValues : public ValueText {
 public:
  using ValueText::ValueText;
  template <class T>
  void operator()(std::string_view name, const T& value) {
    out_ += '"';
    out_ += name;
    out_ += "\":";
    if constexpr (is_quoted<T>()) {
      if (is_missing(value)) {
        out_ += "null";
      } else {
        out_ += '"';
        put(value);
        out_ += '"';
      }
    } else {
      put(value);
    }
    out_ += ',';
  }
  void levels(std::span<const LevelPair> pairs) {
    out_ += "\"levels\":[";
    for (const LevelPair& pair : pairs) {
      out_ += '{';
      (*this)("bid_px", pair.bid_px);
      (*this)("ask_px", pair.ask_px);
      (*this)("bid_sz", pair.bid_sz);
      (*this)("ask_sz", pair.ask_sz);
      (*this)("bid_ct", pair.bid_ct);
      (*this)("ask_ct", pair.ask_ct);
      out_.back() = '}';
      out_ += ',';
    }
    out_.back() = ']';
    out_ += ',';
  }

 private:
  template <class T>
  static constexpr bool is_quoted() {
    return !std::is_integral_v<T> || std::is_same_v<T, char> || sizeof(T) == 8;
  }
  template <class T>
  bool is_missing(const T& value) const {
    if constexpr (std::is_same_v<T, PriceE9>) return pretty_ && value.value() == price_none;
    return false;
  }
};

class JsonlEncoder final : public RowEncoder {
 public:
  using RowEncoder::RowEncoder;

  void begin(std::span<const ExportInstrument>, std::string&) override {}
  bool encode(const RowRef& row, std::string& out) override {
    const ExportInstrument* const instrument = scope_.find(head_of(row).symbol);
    out += '{';
    std::visit(
        [&](const auto* r) {
          if constexpr (std::is_same_v<decltype(r), const LevelRow*>) {
            CHECK(false);
          } else {
            JsonValues values(scope_, instrument, out);
            if constexpr (has_ts_recv<std::remove_cvref_t<decltype(*r)>>) {
              values("ts_recv", ts_recv(*r));
            }
            out += "\"hd\":{";
            head_columns(*r, values);
            out.back() = '}';
            out += ',';
            body_columns(*r, values);
          }
        },
        row);
    out += "\"symbol\":\"";
    append_json(out, symbol_of(instrument));
    out += "\"}\n";
    return true;
  }
};

}  // namespace

std::unique_ptr<RowEncoder> make_csv_encoder(const ExportScope& scope) {
  return std::make_unique<CsvEncoder>(scope);
}

std::unique_ptr<RowEncoder> make_jsonl_encoder(const ExportScope& scope) {
  return std::make_unique<JsonlEncoder>(scope);
}

}  // namespace bourse
