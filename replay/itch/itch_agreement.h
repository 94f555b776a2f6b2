// How well the engine agrees with Nasdaq: whether each execution of the file hit, in the engine,
// the same resting order that Nasdaq hit, and why not where it did not.
//   Shape:  counters, and the list of the disagreements (the first hundred thousand).
//   Units:  shares; messages are counted from 1.
//   Owner:  a value.
//   Errors: none.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "matching/types.h"  // QuantityLots

namespace bourse {

enum class ItchDisagreement : std::uint8_t {
  none = 0,
  order_unknown = 1,         // Nasdaq's order came before the file: there is nothing to hit
  not_best_price = 2,        // Nasdaq itself passed over a better displayed price
  not_oldest = 3,            // Nasdaq itself passed over an older order at this price: not FIFO
  cross = 4,                 // part of an auction (not printable), which this flow does not hold
  foreign_order = 5,         // somebody else's order stood in front here
  earlier_disagreement = 6,  // the queues differ since an execution that disagreed before
  refused = 7,               // the engine refused the order that was to execute
};
inline constexpr std::size_t itch_disagreement_count = 8;
std::string_view to_string(ItchDisagreement reason);

struct ItchDisagreementRecord {
  std::uint64_t message;
  std::uint64_t reference;      // whom Nasdaq hit
  std::uint64_t hit_reference;  // whom the engine hit first; 0 = nobody, or not of this flow
  QuantityLots quantity;        // what Nasdaq executed
  QuantityLots agreed;          // how much of it the engine took from the same order
  ItchDisagreement reason;
};

struct ItchAgreement {
  static constexpr std::size_t records_max = 100'000;

  std::uint64_t executions = 0;  // of displayed orders: E and C
  std::uint64_t agreed = 0;
  std::array<std::uint64_t, itch_disagreement_count> disagreed{};  // by reason
  std::vector<ItchDisagreementRecord> records;

  void agree() {
    ++executions;
    ++agreed;
  }
  void disagree(const ItchDisagreementRecord& record) {
    ++executions;
    ++disagreed[static_cast<std::size_t>(record.reason)];
    if (records.size() < records_max) records.push_back(record);
  }
  std::uint64_t disagreements() const { return executions - agreed; }
  // "849 of 849 executions (100.00 %) hit the same order as Nasdaq", and a line per reason and per
  // disagreement, at most `lines_max` of these.
  std::string text(std::size_t lines_max) const;
};

}  // namespace bourse
