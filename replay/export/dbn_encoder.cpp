#include "replay/export/dbn_encoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>

#include "matching/check.h"             // CHECK
#include "replay/dbn/dbn_format.h"      // dbn::Mbo, ...
#include "replay/dbn/dbn_metadata.h"    // append_dbn_metadata
#include "replay/export/row_columns.h"  // rtype_of
#include "replay/text/decimal.h"        // quantity_text

namespace bourse {
namespace {

constexpr std::string_view dataset = "BOURSE.JOURNAL";
constexpr std::string_view exchange = "BRSE";
constexpr std::int64_t day_ns = 86'400'000'000'000;
constexpr std::int32_t int_undefined = std::numeric_limits<std::int32_t>::max();

static_assert(dbn::price_undefined == price_none);

template <std::size_t Size>
void copy_text(char (&to)[Size], std::string_view text) {
  std::memcpy(to, text.data(), std::min(text.size(), Size - 1));
}

// ticks * tick size, or undefined where that does not fit: limits of an instrument may be far away.
std::int64_t limit_price(PriceTicks ticks, std::int64_t tick_size_e9) {
  std::int64_t price = 0;
  return __builtin_mul_overflow(ticks.value(), tick_size_e9, &price) ? dbn::price_undefined : price;
}

class DbnEncoder final : public RowEncoder {
 public:
  using RowEncoder::RowEncoder;

  void begin(std::span<const ExportInstrument> instruments, std::string& out) override {
    DbnMetadata metadata;
    metadata.dataset = dataset;
    metadata.schema = scope_.schema;
    metadata.start = static_cast<std::uint64_t>(scope_.first_time.value());
    metadata.end = static_cast<std::uint64_t>(scope_.last_time.value()) + 1;
    metadata.stype_in = static_cast<std::uint8_t>(dbn::SType::raw_symbol);
    metadata.stype_out = static_cast<std::uint8_t>(dbn::SType::instrument_id);
    const std::uint32_t first_date = dbn_date(scope_.first_time.value());
    const std::uint32_t end_date = dbn_date(scope_.last_time.value() + day_ns);
    for (const ExportInstrument& instrument : instruments) {
      const std::string name(instrument.body.symbol_view());
      metadata.symbols.push_back(name);
      metadata.mappings.push_back(
          {name, {{first_date, end_date, std::to_string(instrument.symbol.value())}}});
    }
    append_dbn_metadata(metadata, out);
  }

  bool encode(const RowRef& row, std::string& out) override {
    return std::visit([&](const auto* r) { return put(*r, out); }, row);
  }

 private:
  template <class Record>
  static void append(const Record& record, std::string& out) {
    static_assert(std::is_trivially_copyable_v<Record> && sizeof(Record) % dbn::word_bytes == 0);
    out.append(reinterpret_cast<const char*>(&record), sizeof record);
  }

  template <class Record, class Row>
  bool begin_record(const Row& row, Record& record) {
    record.header = {.length = static_cast<std::uint8_t>(sizeof(Record) / dbn::word_bytes),
                     .rtype = rtype_of(row),
                     .publisher_id = export_publisher,
                     .instrument_id = row.head.symbol.value(),
                     .ts_event = static_cast<std::uint64_t>(row.head.time.value())};
    if (row.head.time.value() >= 0) return true;
    return refuse(row.head, "DBN has no times before 1970", "choose csv, jsonl or npy");
  }

  static std::uint32_t wrapped(Sequence sequence) {
    return static_cast<std::uint32_t>(sequence.value());
  }

  // "12.5 BTC", as the market says it.
  std::string in_words(const RowHead& head, QuantityLots lots) const {
    const ExportInstrument* const found = scope_.find(head.symbol);
    if (found == nullptr) return "an unknown instrument";
    const InstrumentBody& body = found->body;
    return quantity_text(lots, body) + ' ' +
           std::string(body.base, ::strnlen(body.base, sizeof body.base));
  }
  // What to do about a size that is too large.
  std::string larger_unit(QuantityLots lots) const {
    std::uint64_t unit = scope_.size_unit;
    while (lots.value() % (unit * 10) == 0 && lots.value() / unit >= dbn::size_undefined) {
      unit *= 10;
    }
    if (lots.value() / unit >= dbn::size_undefined) {
      return "no --size-unit holds it exactly: leave the symbol out, or choose csv, jsonl or npy";
    }
    return fmt::format(
        "add --size-unit {}, if all sizes are multiples of it; or choose csv, jsonl or npy", unit);
  }

  bool size(const RowHead& head, QuantityLots lots, std::uint32_t& out) {
    const std::uint64_t units = lots.value() / scope_.size_unit;
    if (units * scope_.size_unit != lots.value()) {
      return refuse(head,
                    fmt::format("a size of {} ({} lots) is no multiple of --size-unit {}",
                                in_words(head, lots), lots.value(), scope_.size_unit),
                    "choose a unit that divides all sizes, or csv, jsonl or npy");
    }
    if (units >= dbn::size_undefined) {
      return refuse(
          head,
          fmt::format("a size of {} ({} lots) does not fit the 32 bits that DBN has for it",
                      in_words(head, lots), lots.value()),
          larger_unit(lots));
    }
    out = static_cast<std::uint32_t>(units);
    return true;
  }

  bool level(const RowHead& head, const LevelPair& from, dbn::Level& to) {
    to.bid_px = from.bid_px.value();
    to.ask_px = from.ask_px.value();
    to.bid_ct = from.bid_ct;
    to.ask_ct = from.ask_ct;
    return size(head, from.bid_sz, to.bid_sz) && size(head, from.ask_sz, to.ask_sz);
  }

  bool put(const MboRow& row, std::string& out) {
    dbn::Mbo record{};
    if (!begin_record(row, record) || !size(row.head, row.size, record.size)) return false;
    record.order_id = row.order_id;
    record.price = row.price.value();
    record.flags = row.flags;
    record.action = row.action;
    record.side = row.side;
    record.ts_recv = record.header.ts_event;
    record.sequence = wrapped(row.head.sequence);
    append(record, out);
    return true;
  }

  template <std::size_t Depth>
  bool put(const DepthRow<Depth>& row, std::string& out) {
    dbn::Trade record{};
    if (!begin_record(row, record) || !size(row.head, row.size, record.size)) return false;
    record.header.length =
        static_cast<std::uint8_t>((sizeof record + Depth * sizeof(dbn::Level)) / dbn::word_bytes);
    record.price = row.price.value();
    record.action = row.action;
    record.side = row.side;
    record.flags = row.flags;
    record.depth = row.depth;
    record.ts_recv = record.header.ts_event;
    record.sequence = wrapped(row.head.sequence);
    append(record, out);
    for (const LevelPair& pair : row.levels) {
      dbn::Level to{};
      if (!level(row.head, pair, to)) return false;
      append(to, out);
    }
    return true;
  }

  bool put(const BboRow& row, std::string& out) {
    dbn::Bbo record{};
    if (!begin_record(row, record) || !size(row.head, row.size, record.size)) return false;
    record.price = row.price.value();
    record.side = row.side;
    record.flags = row.flags;
    record.ts_recv = static_cast<std::uint64_t>(row.ended.value());
    record.sequence = wrapped(row.head.sequence);
    if (!level(row.head, row.level, record.level)) return false;
    append(record, out);
    return true;
  }

  bool put(const BarRow& row, std::string& out) {
    dbn::Ohlcv record{};
    if (!begin_record(row, record)) return false;
    record.open = row.open.value();
    record.high = row.high.value();
    record.low = row.low.value();
    record.close = row.close.value();
    record.volume = row.volume.value() / scope_.size_unit;
    if (record.volume * scope_.size_unit != row.volume.value()) {
      return refuse(row.head,
                    fmt::format("a volume of {} lots is no multiple of --size-unit {}",
                                row.volume.value(), scope_.size_unit),
                    "leave --size-unit out: volumes have 64 bits");
    }
    append(record, out);
    return true;
  }

  bool put(const StatusRow& row, std::string& out) {
    dbn::Status record{};
    if (!begin_record(row, record)) return false;
    record.ts_recv = record.header.ts_event;
    record.action = row.action;
    record.is_trading = row.is_trading;
    record.is_quoting = record.is_short_sell_restricted = '~';
    append(record, out);
    return true;
  }

  bool put(const DefinitionRow& row, std::string& out);

  bool put(const ImbalanceRow& row, std::string& out) {
    dbn::Imbalance record{};
    if (!begin_record(row, record)) return false;
    record.ts_recv = record.header.ts_event;
    record.auction_time = dbn::time_undefined;
    record.ref_price = record.cont_book_clr_price = record.ssr_filling_price = record.upper_collar =
        record.lower_collar = dbn::price_undefined;
    record.auct_interest_clr_price = record.ind_match_price = row.price.value();
    record.market_imbalance_qty = record.unpaired_qty = dbn::size_undefined;
    record.auction_type = row.auction_type;
    record.side = row.side;
    record.unpaired_side = 'N';
    record.significant_imbalance = '~';
    if (!size(row.head, row.paired, record.paired_qty) ||
        !size(row.head, row.surplus, record.total_imbalance_qty)) {
      return false;
    }
    append(record, out);
    return true;
  }

  bool put(const LevelRow&, std::string&) {
    CHECK(false);  // make_row_maker makes none for DBN
    return false;
  }

  // What one unit of size is, in 1e-9 of the base currency; undefined where that is no integer.
  std::int64_t unit_e9(const InstrumentBody& body) const {
    std::int64_t value = 0;
    if (__builtin_mul_overflow(body.lot_size, scope_.size_unit, &value)) {
      return dbn::price_undefined;
    }
    int shift = body.quantity_exponent + 9;
    for (; shift > 0; --shift) {
      if (__builtin_mul_overflow(value, std::int64_t{10}, &value)) return dbn::price_undefined;
    }
    for (; shift < 0; ++shift) {
      if (value % 10 != 0) return dbn::price_undefined;
      value /= 10;
    }
    return value;
  }

  std::int32_t small_units(QuantityLots lots) const {
    const std::uint64_t units = lots.value() / scope_.size_unit;
    const bool fits = units * scope_.size_unit == lots.value() && units < int_undefined;
    return fits ? static_cast<std::int32_t>(units) : int_undefined;
  }
};

bool DbnEncoder::put(const DefinitionRow& row, std::string& out) {
  const InstrumentBody& body = row.instrument;
  dbn::Definition record{};
  if (!begin_record(row, record)) return false;
  record.ts_recv = record.header.ts_event;
  record.min_price_increment = body.tick_size_e9;
  record.display_factor = 1'000'000'000;
  record.expiration = dbn::time_undefined;
  record.activation = record.header.ts_event;
  record.high_limit_price = limit_price(body.price_max, body.tick_size_e9);
  record.low_limit_price = limit_price(body.price_min, body.tick_size_e9);
  record.unit_of_measure_qty = unit_e9(body);
  record.max_price_variation = record.min_price_increment_amount = record.price_ratio =
      record.strike_price = record.leg_price = record.leg_delta = dbn::price_undefined;
  record.raw_instrument_id = row.head.symbol.value();
  record.inst_attrib_value = record.market_depth_implied = record.market_depth = int_undefined;
  record.market_segment_id = dbn::size_undefined;
  const std::int32_t most = small_units(body.quantity_max);
  record.max_trade_vol =
      most == int_undefined ? dbn::size_undefined : static_cast<std::uint32_t>(most);
  record.min_lot_size = small_units(body.quantity_min);
  record.min_trade_vol = record.min_lot_size == int_undefined
                             ? dbn::size_undefined
                             : static_cast<std::uint32_t>(record.min_lot_size);
  record.min_lot_size_block = record.min_lot_size_round_lot = record.contract_multiplier =
      record.decay_quantity = record.original_contract_size = int_undefined;
  record.appl_id = std::numeric_limits<std::int16_t>::max();
  record.maturity_year = record.decay_start_date = std::numeric_limits<std::uint16_t>::max();
  copy_text(record.currency, body.quote);
  copy_text(record.settl_currency, body.quote);
  copy_text(record.raw_symbol, body.symbol_view());
  copy_text(record.exchange, exchange);
  copy_text(record.asset, body.base);
  copy_text(record.unit_of_measure, body.base);
  record.instrument_class = 'X';  // a currency pair; a stock is one against money
  record.match_algorithm = 'F';   // first in, first out
  record.main_fraction = record.price_display_format = record.sub_fraction =
      record.underlying_product = record.maturity_month = record.maturity_day =
          record.maturity_week = record.tick_rule = std::numeric_limits<std::uint8_t>::max();
  record.security_update_action = row.update;
  record.user_defined_instrument = 'N';
  record.contract_multiplier_unit = record.flow_schedule_type =
      std::numeric_limits<std::int8_t>::max();
  record.leg_side = 'N';
  append(record, out);
  return true;
}

}  // namespace

std::unique_ptr<RowEncoder> make_dbn_encoder(const ExportScope& scope) {
  return std::make_unique<DbnEncoder>(scope);
}

}  // namespace bourse
