// Builds a journal from LOBSTER's two files of a day: the messages become public events, and the
// book is compared with LOBSTER's after each of them (lobster_book.h).
//   Shape:  sequence 1 opens an epoch, 2 defines the stock, then one `imported` command per message
//           that means something to the book. Ends with the shorter file.
//   Units:  time = midnight in New York of the day + the message's own time.
//   Owner:  one thread, until it is done.
//   Errors: an Error if a file or the journal cannot be read or written; rows that the messages do
//           not explain are counted in the report.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "matching/types.h"              // Sequence, TimeNs
#include "replay/import/lobster_book.h"  // LobsterCounts
#include "replay/result.h"               // Result

namespace bourse {

struct LobsterImportOptions {
  std::filesystem::path messages;
  std::filesystem::path rows;     // the book after each message
  std::filesystem::path journal;  // as in ItchImportOptions
  std::string date;               // YYYY-MM-DD; empty = as the name of the message file has it
  std::string symbol;             // empty = what that name begins with
  bool replace = false;
};

struct LobsterImportReport {
  std::string symbol;
  std::uint64_t messages = 0;
  std::size_t levels = 0;  // of each row
  LobsterCounts counts;
  BestPrices best;
  std::uint64_t clock_reversals = 0;
  Sequence last_sequence{0};
  TimeNs first_time{0};
  TimeNs last_time{0};
  bool stopped = false;  // by the caller, before the end of the files

  bool is_consistent() const { return counts.explained == counts.rows; }
};

// `go_on` is asked every few thousand messages with the share that is done, in bytes of the message
// file and all of them; false ends the import early.
Result<LobsterImportReport> import_lobster(
    const LobsterImportOptions& options,
    const std::function<bool(std::uint64_t done, std::uint64_t total, std::uint64_t messages)>&
        go_on = {});

}  // namespace bourse
