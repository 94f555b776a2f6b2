#include "replay/export/depth_rows.h"

#include <algorithm>
#include <span>

namespace bourse {
namespace {

char action_of(EventKind kind) {
  switch (kind) {
    case EventKind::add:
      return 'A';
    case EventKind::modify:
      return 'M';
    case EventKind::clear:
      return 'R';
    default:
      return 'C';
  }
}

constexpr LevelPair no_levels{
    PriceE9{price_none}, PriceE9{price_none}, QuantityLots{0}, QuantityLots{0}, 0, 0};

template <std::size_t Depth>
class DepthRows final : public RowMaker {
 public:
  DepthRows(bool trades_only, ExportBooks& books, RowSink& sink)
      : RowMaker(books, sink), trades_only_(trades_only) {}

  bool needs_books() const override { return Depth > 0; }

  bool begin(Sequence sequence, TimeNs time) override {
    if constexpr (Depth > 0) {
      for (std::uint32_t id = 1; id <= books_.symbol_count(); ++id) {
        const Symbol* const symbol = books_.find(SymbolId{id});
        if (symbol == nullptr || !symbol->is_wanted) continue;
        if (!look(*symbol, {sequence, time, SymbolId{id}})) return false;
      }
    }
    return true;
  }

 private:
  using Row = DepthRow<Depth>;
  using Levels = std::array<LevelPair, Depth>;

  bool add_event(const PublicEvent& event, Symbol& symbol, const RowHead& head,
                 const TransactionView&) override {
    if (event.kind == EventKind::bust) ++left_out_;
    Row row{head,
            PriceE9{price_none},
            event.quantity,
            0,
            'T',
            row_side(aggressor(event)),
            row_flags_of(event),
            0,
            known(head.symbol)};
    if (is_new_trade(event)) {
      if (!price(symbol, event.price, head, row.price)) return false;
      row.match_id = event.aux;
      rows_.push(row);
    }
    if constexpr (Depth > 0) {
      if (!apply(event, symbol, head.sequence)) return false;
      if (!changes_book(event.kind)) return true;
      if (!look(symbol, head)) return false;
      const Levels& now = known(head.symbol);
      if (trades_only_ || now == row.levels) return true;
      if (!price(symbol, event.price, head, row.price)) return false;
      row.match_id = 0;
      row.action = action_of(event.kind);
      row.side = row_side(event.side);
      row.depth = first_difference(row.levels, now);
      row.levels = now;
      rows_.push(row);
    }
    return true;
  }

  static bool changes_book(EventKind kind) {
    return kind == EventKind::add || kind == EventKind::modify || kind == EventKind::cancel ||
           kind == EventKind::execute || kind == EventKind::clear;
  }

  static std::uint8_t first_difference(const Levels& a, const Levels& b) {
    const auto at = std::ranges::mismatch(a, b);
    return static_cast<std::uint8_t>(at.in1 - a.begin());
  }

  const Levels& known(SymbolId symbol) {
    while (known_.size() <= symbol.value()) {
      known_.emplace_back();
      known_.back().fill(no_levels);
    }
    return known_[symbol.value()];
  }

  // Notes the first levels as they are now.
  bool look(const Symbol& symbol, const RowHead& head) {
    known(head.symbol);
    Levels& levels = known_[head.symbol.value()];
    levels.fill(no_levels);
    std::array<DepthLevel, Depth> side;
    const std::size_t bids = symbol.book.levels(Side::buy, side);
    for (std::size_t i = 0; i < std::min(bids, Depth); ++i) {
      if (!price(symbol, side[i].price, head, levels[i].bid_px)) return false;
      levels[i].bid_sz = side[i].quantity;
      levels[i].bid_ct = side[i].orders;
    }
    const std::size_t asks = symbol.book.levels(Side::sell, side);
    for (std::size_t i = 0; i < std::min(asks, Depth); ++i) {
      if (!price(symbol, side[i].price, head, levels[i].ask_px)) return false;
      levels[i].ask_sz = side[i].quantity;
      levels[i].ask_ct = side[i].orders;
    }
    return true;
  }

  bool end_transaction() override { return rows_.write(sink_); }

  TransactionRowsOf<Row> rows_;
  std::vector<Levels> known_;  // by symbol id
  bool trades_only_;
};

}  // namespace

std::unique_ptr<RowMaker> make_depth_rows(ExportSchema schema, ExportBooks& books, RowSink& sink) {
  switch (schema) {
    case ExportSchema::trades:
      return std::make_unique<DepthRows<0>>(true, books, sink);
    case ExportSchema::mbp_10:
      return std::make_unique<DepthRows<10>>(false, books, sink);
    default:
      return std::make_unique<DepthRows<1>>(schema == ExportSchema::tbbo, books, sink);
  }
}

}  // namespace bourse
