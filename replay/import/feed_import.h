// What an import of recorded data was asked for and what it has found: the same for DBN files and
// for recordings of websockets.
//   Owner:  values.
//   Errors: is_consistent() is false if the data contradict themselves: what they have of sequences
//           and checksums, or books that do not fit. `cut` says where files ended too early.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "matching/command.h"  // InstrumentBody
#include "matching/engine.h"   // BestPrices
#include "matching/types.h"    // Sequence, TimeNs
#include "replay/result.h"     // Error

namespace bourse {

struct FeedImportOptions {
  std::vector<std::filesystem::path> files;  // one after the other
  std::filesystem::path journal;             // as in ItchImportOptions
  std::vector<std::string> symbols;          // empty: all
  bool replace = false;
};

struct FeedImportProgress {
  std::uint64_t bytes_done;
  std::uint64_t bytes_total;  // of both passes; 0: not known
  std::uint64_t messages;
};

// So many of so many are right.
struct FeedCheck {
  std::string name;
  std::uint64_t right = 0;
  std::uint64_t all = 0;
  std::string first_wrong = {};  // where; empty: none

  void note(bool is_right, const std::string& where) {
    ++all;
    if (is_right) ++right;
    if (!is_right && first_wrong.empty()) first_wrong = where;
  }
};

struct FeedSymbolSummary {
  InstrumentBody instrument{};
  BestPrices best{};
  std::uint64_t orders = 0;  // of the book at the end; one per level where the feed has levels
  std::uint64_t events = 0;
};

struct FeedImportReport {
  std::uint64_t messages = 0;
  struct Count {
    std::string name;
    std::uint64_t value;
  };
  std::vector<Count> counts;
  std::vector<FeedCheck> checks;
  std::vector<FeedSymbolSummary> symbols;
  std::uint64_t clock_reversals = 0;
  std::optional<Error> cut;  // why and where a file ended early; what is before it was imported
  Sequence last_sequence{0};
  TimeNs first_time{0};
  TimeNs last_time{0};
  bool stopped = false;  // by the caller

  bool is_consistent() const {
    for (const FeedCheck& check : checks) {
      if (check.right != check.all) return false;
    }
    return true;
  }
};

using FeedImportGoOn = std::function<bool(const FeedImportProgress&)>;

}  // namespace bourse
