// Makes the rows of one schema from the transactions of a journal.
//   Shape:  follow() what lies before the range, begin(), add() each transaction of the range,
//           finish(). Memory: the books (if the schema needs them) and the rows of one transaction.
//   Owner:  one thread; books and sink must outlive it.
//   Errors: false, and error() says at which sequence; the maker is then of no more use. After a
//           sink's refusal error() is empty: ask the sink.
#pragma once

#include <memory>
#include <vector>

#include "matching/event.h"               // PublicEvent
#include "matching/transaction.h"         // TransactionView
#include "replay/export/export_books.h"   // ExportBooks
#include "replay/export/export_format.h"  // ExportSchema
#include "replay/export/market_rows.h"    // RowSink, RowHead
#include "replay/result.h"                // Error

namespace bourse {

class RowMaker {
 public:
  RowMaker(ExportBooks& books, RowSink& sink) : books_(books), sink_(sink) {}
  RowMaker(const RowMaker&) = delete;
  RowMaker& operator=(const RowMaker&) = delete;
  virtual ~RowMaker() = default;

  // Whether it has to follow() from where the books are known on.
  virtual bool needs_books() const { return true; }
  bool follow(const TransactionView& transaction);
  // The range begins: rows for the book as it is then, all of `sequence` and `time`.
  virtual bool begin(Sequence, TimeNs) { return true; }
  bool add(const TransactionView& transaction);
  // The range has ended: what was still open.
  virtual bool finish() { return true; }

  const Error& error() const { return error_; }
  // Events that the schema has no row for, though they belong to it: busts.
  std::uint64_t left_out() const { return left_out_; }

 protected:
  using Symbol = ExportBooks::Symbol;

  // One event of a wanted symbol. Whoever needs books applies it.
  virtual bool add_event(const PublicEvent& event, Symbol& symbol, const RowHead& head,
                         const TransactionView& transaction) = 0;
  virtual bool begin_transaction(const TransactionView&) { return true; }
  virtual bool end_transaction() { return true; }

  bool apply(const PublicEvent& event, Symbol& symbol, Sequence sequence);
  bool price(const Symbol& symbol, PriceTicks ticks, const RowHead& head, PriceE9& out);
  bool refuse(Sequence sequence, std::string what, std::string next = {});

  ExportBooks& books_;
  RowSink& sink_;
  std::uint64_t left_out_ = 0;

 private:
  void learn(const PublicEvent& event, const TransactionView& transaction);
  Error error_;
};

// The rows of one transaction, so that the last one of each instrument can be told.
template <class Row>
class TransactionRowsOf {
 public:
  void push(const Row& row) { rows_.push_back(row); }
  bool write(RowSink& sink) {
    if (rows_.size() == 1) {
      rows_.front().flags |= row_flags::last;
    } else if (!rows_.empty()) {
      mark_last();
    }
    bool written = true;
    for (const Row& row : rows_) written = written && sink.write(&row);
    rows_.clear();
    return written;
  }

 private:
  void mark_last() {
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const std::uint32_t symbol = rows_[i].head.symbol.value();
      if (symbol >= last_.size()) last_.resize(symbol + std::size_t{1});
      last_[symbol] = i;
    }
    for (const Row& row : rows_) {
      rows_[last_[row.head.symbol.value()]].flags |= row_flags::last;
    }
  }

  std::vector<Row> rows_;
  std::vector<std::size_t> last_;  // by symbol id
};

// The letter of a side in a row.
constexpr char row_side(Side side) {
  return side == Side::buy ? 'B' : side == Side::sell ? 'A' : 'N';
}
// Whom a trade's row names: the aggressor, or nobody in an auction.
constexpr Side aggressor(const PublicEvent& event) {
  if ((event.flags & event_flags::auction) != 0) return Side::none;
  if (event.kind == EventKind::trade || event.side == Side::none) return event.side;
  return opposite(event.side);
}
// Whether it is a trade that no event before it has told.
constexpr bool is_new_trade(const PublicEvent& event) {
  return event.kind == EventKind::trade ||
         (event.kind == EventKind::execute && (event.flags & event_flags::auction_other_side) == 0);
}
constexpr std::uint8_t row_flags_of(const PublicEvent& event) {
  return (event.flags & event_flags::bad_clock) != 0 ? row_flags::bad_ts_recv : std::uint8_t{0};
}

// nullptr: the format has no such table.
std::unique_ptr<RowMaker> make_row_maker(ExportFormat format, ExportSchema schema, bool snapshot,
                                         ExportBooks& books, RowSink& sink);

}  // namespace bourse
