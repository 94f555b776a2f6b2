#include "replay/export/interval_rows.h"

#include <algorithm>

namespace bourse {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000;

struct Interval {
  ExportSchema schema;
  std::int64_t length_ns;
  std::uint8_t rtype;
};

Interval interval_of(ExportSchema schema) {
  switch (schema) {
    case ExportSchema::ohlcv_1m:
      return {schema, 60 * second_ns, dbn::rtype::ohlcv_1m};
    case ExportSchema::ohlcv_1h:
      return {schema, 3600 * second_ns, dbn::rtype::ohlcv_1h};
    case ExportSchema::ohlcv_1d:
      return {schema, 86'400 * second_ns, dbn::rtype::ohlcv_1d};
    default:
      return {schema, second_ns, dbn::rtype::ohlcv_1s};
  }
}

std::int64_t floor_to(std::int64_t time, std::int64_t length) {
  const std::int64_t rest = time % length;
  return time - (rest < 0 ? rest + length : rest);
}

// Which interval is open and which instruments have something to tell of it.
class IntervalRows : public RowMaker {
 public:
  IntervalRows(std::int64_t length_ns, ExportBooks& books, RowSink& sink)
      : RowMaker(books, sink), length_ns_(length_ns) {}

  bool finish() override { return close(); }

 protected:
  virtual bool tell(SymbolId symbol) = 0;

  bool begin_transaction(const TransactionView& transaction) override {
    const std::int64_t begin = floor_to(transaction.time().value(), length_ns_);
    if (begin == begin_) return true;
    if (!close()) return false;
    begin_ = begin;
    return true;
  }

  // The instrument will be told when the interval ends.
  void note(SymbolId symbol) {
    if (noted_.size() <= symbol.value()) noted_.resize(symbol.value() + std::size_t{1});
    if (noted_[symbol.value()]) return;
    noted_[symbol.value()] = true;
    waiting_.push_back(symbol);
  }

  const std::int64_t length_ns_;
  std::int64_t begin_ = 0;  // of the open interval

 private:
  bool close() {
    std::ranges::sort(waiting_);
    for (const SymbolId symbol : waiting_) {
      if (!tell(symbol)) return false;
      noted_[symbol.value()] = false;
    }
    waiting_.clear();
    return true;
  }

  std::vector<bool> noted_;  // by symbol id
  std::vector<SymbolId> waiting_;
};

class BarRows final : public IntervalRows {
 public:
  BarRows(const Interval& interval, ExportBooks& books, RowSink& sink)
      : IntervalRows(interval.length_ns, books, sink), rtype_(interval.rtype) {}

  bool needs_books() const override { return false; }

 private:
  bool add_event(const PublicEvent& event, Symbol& symbol, const RowHead& head,
                 const TransactionView&) override {
    if (event.kind == EventKind::bust) ++left_out_;
    if (!is_new_trade(event)) return true;
    PriceE9 at{0};
    if (!price(symbol, event.price, head, at)) return false;
    if (bars_.size() <= head.symbol.value()) bars_.resize(head.symbol.value() + std::size_t{1});
    BarRow& bar = bars_[head.symbol.value()];
    const TimeNs begin{begin_};
    if (!bar.volume) {
      bar = {{head.sequence, begin, head.symbol}, rtype_, at, at, at, at, QuantityLots{0}};
    }
    bar.head.sequence = head.sequence;
    bar.high = std::max(bar.high, at);
    bar.low = std::min(bar.low, at);
    bar.close = at;
    bar.volume += event.quantity;
    if (bar.volume < event.quantity) {
      return refuse(head.sequence, "the volume of a bar does not fit 64 bits");
    }
    note(head.symbol);
    return true;
  }

  bool tell(SymbolId symbol) override {
    BarRow& bar = bars_[symbol.value()];
    const bool written = sink_.write(&bar);
    bar.volume = QuantityLots{0};
    return written;
  }

  const std::uint8_t rtype_;
  std::vector<BarRow> bars_;  // by symbol id; volume 0: none
};

class BboRows final : public IntervalRows {
 public:
  BboRows(ExportBooks& books, RowSink& sink) : IntervalRows(second_ns, books, sink) {}

 private:
  struct Quote {
    RowHead head{};
    PriceE9 price{price_none};
    QuantityLots size{0};
    char side = 'N';
    std::uint64_t trades = 0;
    std::uint64_t trades_told = 0;
    BestPrices told{no_price, no_price, QuantityLots{0}, QuantityLots{0}, 0, 0};
  };

  bool add_event(const PublicEvent& event, Symbol& symbol, const RowHead& head,
                 const TransactionView&) override {
    if (quotes_.size() <= head.symbol.value()) quotes_.resize(head.symbol.value() + std::size_t{1});
    Quote& quote = quotes_[head.symbol.value()];
    if (event.kind == EventKind::bust) ++left_out_;
    if (is_new_trade(event)) {
      if (!price(symbol, event.price, head, quote.price)) return false;
      quote.size = event.quantity;
      quote.side = row_side(aggressor(event));
      ++quote.trades;
    }
    quote.head = head;
    note(head.symbol);
    return apply(event, symbol, head.sequence);
  }

  bool tell(SymbolId id) override {
    Quote& quote = quotes_[id.value()];
    const Symbol& symbol = *books_.find(id);
    const BestPrices best = symbol.book.best();
    if (quote.trades == quote.trades_told && is_same(best, quote.told)) return true;
    BboRow row{quote.head,
               TimeNs{begin_ + length_ns_},
               quote.price,
               quote.size,
               quote.side,
               row_flags::last,
               {PriceE9{0}, PriceE9{0}, best.bid_quantity, best.ask_quantity, best.bid_orders,
                best.ask_orders}};
    if (!price(symbol, best.bid, quote.head, row.level.bid_px)) return false;
    if (!price(symbol, best.ask, quote.head, row.level.ask_px)) return false;
    quote.trades_told = quote.trades;
    quote.told = best;
    return sink_.write(&row);
  }

  static bool is_same(const BestPrices& a, const BestPrices& b) {
    return a.bid == b.bid && a.ask == b.ask && a.bid_quantity == b.bid_quantity &&
           a.ask_quantity == b.ask_quantity && a.bid_orders == b.bid_orders &&
           a.ask_orders == b.ask_orders;
  }

  std::vector<Quote> quotes_;  // by symbol id
};

}  // namespace

std::unique_ptr<RowMaker> make_bbo_rows(ExportBooks& books, RowSink& sink) {
  return std::make_unique<BboRows>(books, sink);
}

std::unique_ptr<RowMaker> make_bar_rows(ExportSchema schema, ExportBooks& books, RowSink& sink) {
  return std::make_unique<BarRows>(interval_of(schema), books, sink);
}

}  // namespace bourse
