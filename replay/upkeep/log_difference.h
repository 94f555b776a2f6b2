// Where two logs part: how many transactions are the same, and what differs in the first that is
// not.
//   Shape:  both are read once, side by side, from the first sequence that both have.
//   Owner:  one thread; reads only.
//   Errors: damage or a failed read of either, as its cursor tells it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "matching/types.h"  // Sequence
#include "replay/log/log.h"  // Log
#include "replay/result.h"   // Result

namespace bourse {

struct FieldDifference {
  std::string field;  // "time", "command.price", "event 3 quantity", "byte 56"
  std::string left;
  std::string right;
};

struct LogDifference {
  Sequence first{0};                // compared from here on
  std::uint64_t equal = 0;          // so many transactions are the same, byte for byte
  std::optional<Sequence> differs;  // the first that both have and that is not the same
  std::vector<FieldDifference> fields;
  Sequence left_last{0};  // the heads
  Sequence right_last{0};

  bool same() const { return !differs && left_last == right_last; }
};

Result<LogDifference> compare_logs(const Log& left, const Log& right);

}  // namespace bourse
