// Sets aside the end of a log that is not what happened: a leader had it on its disk when another
// one took over, and the history went on without it.
//   Shape:  <directory>/divergent/<first>-<last>-<epoch of last>/ gets copies of every segment that
//           holds any of it (and of the watermark), orders.csv (each report that somebody may have
//           been told: account, client id) and transactions.jsonl. Only when all of that is on the
//           disk is the log cut: it ends at the sequence before, byte for byte what it was. Nothing
//           is numbered anew.
//   Owner:  one thread; the log must not be open.
//   Errors: those of opening and reading the log, and of the disk. After one the log is what it
//           was, or shorter than asked for: what is missing comes from the stream again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>

#include "matching/types.h"  // Sequence, Epoch, AccountId
#include "replay/log/log.h"  // LogOptions
#include "replay/result.h"   // Result

namespace bourse {

inline constexpr std::string_view divergent_folder = "divergent";

struct DivergentTail {
  std::filesystem::path folder;
  Sequence first{0};
  Sequence last{0};
  Epoch epoch{0};  // of the last one
  std::uint64_t transactions = 0;
  std::map<std::uint32_t, std::uint64_t> reports;  // by account
};

// Cuts the log before `first`, which it holds.
Result<DivergentTail> set_divergent_tail_aside(const LogOptions& options, Sequence first);

}  // namespace bourse
