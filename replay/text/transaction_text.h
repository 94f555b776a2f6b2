// Transactions as text: a table for eyes, JSON lines and CSV for programs.
//   Shape:  table and csv: one line per row of TransactionRows; json: one line per transaction,
//           integers above 2^53 as texts, because most readers of JSON would round them.
//   Owner:  one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "matching/transaction.h"          // TransactionView
#include "replay/text/transaction_rows.h"  // TransactionRows

namespace bourse {

enum class TextFormat : std::uint8_t { table = 1, json = 2, csv = 3 };
std::optional<TextFormat> parse_text_format(std::string_view name);

class TransactionText {
 public:
  explicit TransactionText(TextFormat format) : format_(format) {}

  // The first line, with its line end; empty for json.
  std::string head() const;
  void learn(const TransactionView& transaction) { rows_.learn(transaction); }
  void learn(SymbolId symbol, const InstrumentBody& instrument) { rows_.learn(symbol, instrument); }
  void append(const TransactionView& transaction, std::string& out);

 private:
  TextFormat format_;
  TransactionRows rows_;
};

// One row in words, for messages: "execute EX.A sell order_id=7 price=10.25 quantity=3 ...".
std::string row_text(const Row& row);

// The fields in which two rows differ: "price=10.25 instead of 10.20, quantity=3 instead of 2".
std::string row_difference(const Row& got, const Row& expected);

}  // namespace bourse
