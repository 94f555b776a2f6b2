#include "replay/export/tardis_encoder.h"

#include <fmt/format.h>

#include <iterator>
#include <string_view>

#include "matching/check.h"       // CHECK
#include "replay/text/decimal.h"  // format_decimal, quantity_text

namespace bourse {
namespace {

constexpr std::string_view exchange = "bourse";

std::string_view trade_side(char side) {
  return side == 'B' ? "buy" : side == 'A' ? "sell" : "unknown";
}

std::string price_of(PriceE9 price) {
  return price.value() == price_none ? std::string() : format_decimal(price.value(), 9);
}

class TardisEncoder final : public RowEncoder {
 public:
  using RowEncoder::RowEncoder;

  void begin(std::span<const ExportInstrument>, std::string& out) override {
    out += "exchange,symbol,timestamp,local_timestamp,";
    switch (scope_.schema) {
      case ExportSchema::mbo:
        out += "is_snapshot,side,price,amount\n";
        break;
      case ExportSchema::trades:
        out += "id,side,price,amount\n";
        break;
      default:
        out += "ask_amount,ask_price,bid_price,bid_amount\n";
    }
  }

  bool encode(const RowRef& row, std::string& out) override {
    if (const auto* const* level = std::get_if<const LevelRow*>(&row)) {
      begin_line((*level)->head, out);
      fmt::format_to(std::back_inserter(out), "{},{},{},{}\n", (*level)->is_snapshot,
                     (*level)->side == Side::buy ? "bid" : "ask", price_of((*level)->price),
                     amount((*level)->head, (*level)->size));
    } else if (const auto* const* trade = std::get_if<const TradeRow*>(&row)) {
      begin_line((*trade)->head, out);
      fmt::format_to(std::back_inserter(out), "{},{},{},{}\n", (*trade)->match_id,
                     trade_side((*trade)->side), price_of((*trade)->price),
                     amount((*trade)->head, (*trade)->size));
    } else if (const auto* const* depth = std::get_if<const DepthRow<1>*>(&row)) {
      if ((*depth)->action == 'T') return true;  // the quote comes with the change that follows
      const LevelPair& best = (*depth)->levels.front();
      begin_line((*depth)->head, out);
      fmt::format_to(std::back_inserter(out), "{},{},{},{}\n",
                     best.ask_ct == 0 ? "" : amount((*depth)->head, best.ask_sz),
                     price_of(best.ask_px), price_of(best.bid_px),
                     best.bid_ct == 0 ? "" : amount((*depth)->head, best.bid_sz));
    } else {
      CHECK(false);  // make_row_maker makes no others
    }
    return true;
  }

 private:
  void begin_line(const RowHead& head, std::string& out) const {
    const std::int64_t us = head.time.value() / 1000;
    const ExportInstrument* const instrument = scope_.find(head.symbol);
    fmt::format_to(std::back_inserter(out), "{},{},{},{},", exchange,
                   instrument == nullptr ? "" : instrument->body.symbol_view(), us, us);
  }
  std::string amount(const RowHead& head, QuantityLots size) const {
    const ExportInstrument* const instrument = scope_.find(head.symbol);
    return instrument == nullptr ? std::string() : quantity_text(size, instrument->body);
  }
};

}  // namespace

std::unique_ptr<RowEncoder> make_tardis_encoder(const ExportScope& scope) {
  return std::make_unique<TardisEncoder>(scope);
}

}  // namespace bourse
