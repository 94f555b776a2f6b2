// A transaction as rows for people and tools: the command, each public event, each report.
//   Shape:  one Row of texts and numbers per part; what does not apply is empty or 0.
//   Units:  prices and quantities as decimals of the instrument; of an instrument that is not known
//           as "123t" (ticks) and "45l" (lots).
//   Owner:  one thread; the instruments are learnt from the transactions that went through.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "matching/command.h"      // InstrumentBody, Command
#include "matching/transaction.h"  // TransactionView

namespace bourse {

enum class RowPart : std::uint8_t { command = 1, event = 2, report = 3 };

struct Row {
  RowPart part = RowPart::command;
  std::string_view kind;  // "new_order", "execute", "partial_fill"
  std::string symbol;
  std::string_view side;  // "buy", "sell" or empty
  std::uint64_t order_id = 0;
  std::string price;
  std::string quantity;
  std::string leaves;
  std::uint64_t account = 0;
  std::uint64_t other_order_id = 0;  // execute, trade: the taker
  std::uint64_t match_id = 0;
  std::uint64_t rpt_sequence = 0;   // events
  std::uint64_t exec_sequence = 0;  // reports
  std::uint64_t client_sequence = 0;
  std::string client_order_id;
  std::string detail;  // the rest, in words: "limit gtc post_only", "would_cross", "last"
};

class TransactionRows {
 public:
  // Takes note of a definition; rows() does it too.
  void learn(const TransactionView& transaction);
  void learn(SymbolId symbol, const InstrumentBody& instrument) {
    instruments_[symbol] = instrument;
  }
  // The rows of one transaction, valid until the next call.
  const std::vector<Row>& rows(const TransactionView& transaction);

 private:
  std::string price(SymbolId symbol, PriceTicks price) const;
  std::string quantity(SymbolId symbol, QuantityLots quantity) const;
  std::string symbol_text(SymbolId symbol) const;
  Row command_row(const Command& command) const;
  Row event_row(const PublicEvent& event) const;
  Row report_row(const ExecEvent& exec) const;

  std::unordered_map<SymbolId, InstrumentBody> instruments_;
  std::vector<Row> rows_;
};

std::string_view command_name(CommandType type);
std::string_view event_name(EventKind kind);

}  // namespace bourse
