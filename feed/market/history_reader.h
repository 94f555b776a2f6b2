// Reads for a hub what bars and statistics need of the past: once for all streams that wait,
// however many sessions want them.
//   Shape:  one cursor at a time, from the earliest moment that any of the waiting streams needs to
//           the hub's sequence; streams that come meanwhile wait for the next one.
//   Owner:  one hub. The log is lent for the call.
//   Errors: a log that cannot be read: the streams begin with what was read.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "feed/instrument_table.h"        // InstrumentTable
#include "feed/market/derived_streams.h"  // DerivedStreams
#include "feed/market/stream_encoder.h"   // StreamEncoder
#include "matching/types.h"               // Sequence, TimeNs
#include "replay/log/log.h"               // Log, Cursor

namespace bourse {

class HistoryReader {
 public:
  explicit HistoryReader(const InstrumentTable& instruments)
      : encoder_(instruments),
        reading_(instruments, encoder_, [](SymbolId) -> DepthBook* { return nullptr; }) {}

  void add(std::uint32_t stream) { waiting_.push_back(stream); }
  void remove(std::uint32_t stream);
  bool empty() const { return waiting_.empty() && streams_.empty(); }
  bool has(std::uint32_t stream) const;

  // Reads on for about a millisecond. Streams that have everything up to `head` move to `into` and
  // are returned.
  std::vector<std::uint32_t> step(const Log& log, Sequence head, DerivedStreams& into);

 private:
  void begin(const Log& log, Sequence head);

  std::vector<std::uint32_t> waiting_;
  std::vector<std::uint32_t> streams_;  // of the cursor
  std::optional<Cursor> cursor_;
  StreamEncoder encoder_;  // wants nothing
  DerivedStreams reading_;
};

// The time of a transaction; nullopt if the log does not have it.
std::optional<TimeNs> time_of(const Log& log, Sequence sequence);

}  // namespace bourse
