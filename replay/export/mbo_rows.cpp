#include "replay/export/mbo_rows.h"

namespace bourse {
namespace {

class MboRows final : public RowMaker {
 public:
  MboRows(bool snapshot, ExportBooks& books, RowSink& sink)
      : RowMaker(books, sink), snapshot_(snapshot) {}

  bool begin(Sequence sequence, TimeNs time) override {
    if (!snapshot_) return true;
    for (std::uint32_t id = 1; id <= books_.symbol_count(); ++id) {
      const Symbol* const symbol = books_.find(SymbolId{id});
      if (symbol == nullptr || !symbol->is_wanted) continue;
      if (!tell_book(*symbol, {sequence, time, SymbolId{id}})) return false;
    }
    return true;
  }

 private:
  static constexpr std::uint8_t snapshot_flags = row_flags::snapshot | row_flags::bad_ts_recv;

  bool tell_book(const Symbol& symbol, const RowHead& head) {
    rows_.push({head, 0, PriceE9{price_none}, QuantityLots{0}, snapshot_flags, 'R', 'N'});
    bool fits = true;
    for (const Side side : {Side::buy, Side::sell}) {
      symbol.book.for_each_order(side, [&](const DepthOrder& order) {
        MboRow row{head, order.order_id.value(), PriceE9{0}, order.quantity, snapshot_flags,
                   'A',  row_side(side)};
        fits = fits && price(symbol, order.price, head, row.price);
        rows_.push(row);
      });
    }
    return fits && rows_.write(sink_);
  }

  bool add_event(const PublicEvent& event, Symbol& symbol, const RowHead& head,
                 const TransactionView&) override {
    MboRow row{
        head, event.order_id.value(), PriceE9{price_none}, event.quantity, row_flags_of(event),
        'N',  row_side(event.side)};
    switch (event.kind) {
      case EventKind::add:
        row.action = 'A';
        break;
      case EventKind::modify:
        row.action = 'M';
        break;
      case EventKind::cancel:
        row.action = 'C';
        break;
      case EventKind::clear:
        row.action = 'R';
        row.side = 'N';
        row.size = QuantityLots{0};
        row.order_id = 0;
        rows_.push(row);
        return apply(event, symbol, head.sequence);
      case EventKind::execute:
        return add_execute(event, symbol, row);
      case EventKind::trade:
        if (!price(symbol, event.price, head, row.price)) return false;
        rows_.push(trade(event, row));
        return apply(event, symbol, head.sequence);
      case EventKind::bust:
        ++left_out_;
        [[fallthrough]];
      default:
        return apply(event, symbol, head.sequence);
    }
    if (!price(symbol, event.price, head, row.price)) return false;
    rows_.push(row);
    return apply(event, symbol, head.sequence);
  }

  static MboRow trade(const PublicEvent& event, MboRow row) {
    row.order_id = event.taker_order_id.value();
    row.action = 'T';
    row.side = row_side(aggressor(event));
    return row;
  }

  bool add_execute(const PublicEvent& event, Symbol& symbol, MboRow row) {
    if (!price(symbol, event.price, row.head, row.price)) return false;
    if (is_new_trade(event)) rows_.push(trade(event, row));
    row.action = 'F';
    rows_.push(row);
    row.action = 'C';
    // An auction trades at one price; the order leaves the level where it stood.
    const auto resting = symbol.book.find(event.order_id);
    if (resting && !price(symbol, resting->price, row.head, row.price)) return false;
    rows_.push(row);
    return apply(event, symbol, row.head.sequence);
  }

  bool end_transaction() override { return rows_.write(sink_); }

  TransactionRowsOf<MboRow> rows_;
  bool snapshot_;
};

}  // namespace

std::unique_ptr<RowMaker> make_mbo_rows(bool snapshot, ExportBooks& books, RowSink& sink) {
  return std::make_unique<MboRows>(snapshot, books, sink);
}

}  // namespace bourse
