// What a log is made of: counts, sizes, rates, symbols. Flat memory, whatever its length.
//   Shape:  add() each transaction; sizes are exact, as records are multiples of 8 bytes.
//   Units:  bytes of records with their headers; seconds of the log's own time.
//   Owner:  one thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "matching/transaction.h"  // TransactionView

namespace bourse {

struct SymbolStatistics {
  std::string name;  // "#7" if its definition is not in what was read
  std::uint64_t commands = 0;
  std::uint64_t events = 0;
  std::uint64_t trades = 0;
};

class LogStatistics {
 public:
  LogStatistics();
  void add(const TransactionView& transaction);

  std::uint64_t transactions() const { return transactions_; }
  std::uint64_t bytes() const { return bytes_; }
  std::uint64_t events() const { return events_; }
  std::uint64_t reports() const { return reports_; }
  std::uint64_t trades() const { return trades_; }
  Sequence first_sequence() const { return first_sequence_; }
  Sequence last_sequence() const { return last_sequence_; }
  TimeNs first_time() const { return first_time_; }
  TimeNs last_time() const { return last_time_; }
  std::uint32_t epochs() const { return epochs_; }
  // The second of the log that has the most transactions, and how many.
  std::uint64_t busiest_second_count() const;
  TimeNs busiest_second() const;

  // By type of the command, and by kind of the event; indexed by the enumerator.
  static constexpr std::size_t kinds_max = 32;
  const std::array<std::uint64_t, kinds_max>& commands_by_type() const { return commands_; }
  const std::array<std::uint64_t, kinds_max>& events_by_kind() const { return events_by_kind_; }

  // Exact: the smallest size that so many of a thousand transactions do not exceed.
  std::size_t size_at(std::uint64_t per_mille) const;
  std::size_t largest() const { return largest_; }

  // By symbol number, from 1; without those of which nothing was read.
  std::vector<SymbolStatistics> symbols() const;

 private:
  SymbolStatistics& symbol(SymbolId id);

  std::uint64_t transactions_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t events_ = 0;
  std::uint64_t reports_ = 0;
  std::uint64_t trades_ = 0;
  Sequence first_sequence_{0};
  Sequence last_sequence_{0};
  TimeNs first_time_{0};
  TimeNs last_time_{0};
  Epoch last_epoch_{0};
  std::uint32_t epochs_ = 0;
  std::int64_t second_ = 0;
  std::uint64_t second_count_ = 0;
  std::int64_t busiest_ = 0;
  std::uint64_t busiest_count_ = 0;
  std::size_t largest_ = 0;
  std::array<std::uint64_t, kinds_max> commands_{};
  std::array<std::uint64_t, kinds_max> events_by_kind_{};
  std::vector<std::uint64_t> sizes_;  // [bytes / 8]
  std::vector<SymbolStatistics> symbols_;
};

}  // namespace bourse
