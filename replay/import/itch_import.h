// Builds a journal from a Nasdaq day by the feed path: what Nasdaq says has happened becomes public
// events, one transaction per message; nothing is matched.
//   Shape:  sequence 1 opens an epoch; a stock of the directory is a define_instrument command
//           (both executed by an engine, as ever), any other message an `imported` command with its
//           events. Messages that mean nothing to a book make no transaction. Order references and
//           match numbers are kept as ids.
//   Units:  time = midnight in New York of the day + the message's own nanoseconds.
//   Owner:  one thread, until it is done.
//   Errors: an Error if the file or the journal cannot be read or written (what was written so far
//           stays and is whole); messages that do not fit the book are counted in the report.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "matching/engine.h"          // BestPrices
#include "matching/types.h"           // Sequence, TimeNs
#include "replay/itch/itch_feed.h"    // ItchFeedCounts
#include "replay/itch/itch_reader.h"  // ItchReader
#include "replay/result.h"            // Result

namespace bourse {

struct ItchImportOptions {
  std::filesystem::path file;
  std::filesystem::path journal;     // a directory; made if need be, must not hold a journal yet
  std::string date;                  // YYYY-MM-DD; empty = as the file's name has it
  std::vector<std::string> symbols;  // empty = all
  bool replace = false;              // remove the journal that is there first
};

struct ItchImportProgress {
  std::uint64_t bytes_done;
  std::uint64_t bytes_total;  // 0 = not known
  std::uint64_t messages;
};

struct ItchStockSummary {
  std::string symbol;
  BestPrices best;
  std::uint64_t orders;  // live at the end
  std::uint64_t events;
};

struct ItchImportReport {
  ItchReader::CountsByType counts{};  // by the byte of the message type
  std::uint64_t messages = 0;
  std::uint64_t unknown_messages = 0;
  std::uint64_t bytes = 0;
  ItchFeedCounts feed;
  std::uint64_t first_fault_message = 0;    // number of the message; 0 = none
  std::uint64_t first_crossed_message = 0;  // likewise
  std::uint64_t clock_reversals = 0;        // messages older than the one before; held at its time
  std::vector<std::string> missing_symbols;
  std::vector<ItchStockSummary> stocks;
  Sequence last_sequence{0};
  TimeNs first_time{0};
  TimeNs last_time{0};
  bool stopped = false;  // by the caller, before the end of the file

  // Every reference known, no quantity exceeded, never crossed, every symbol found.
  bool is_consistent() const {
    return feed.faults_all() == 0 && feed.crossed == 0 && missing_symbols.empty();
  }
};

// `go_on` is asked about four times per MB of file; false ends the import early.
Result<ItchImportReport> import_itch(
    const ItchImportOptions& options,
    const std::function<bool(const ItchImportProgress&)>& go_on = {});

}  // namespace bourse
