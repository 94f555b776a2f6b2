// Reads for a hub what bars and statistics need of the past: once for all streams that wait,
// however many sessions want them.
//   Shape:  one cursor at a time, from the earliest moment that any of the waiting streams needs to
//           the hub's sequence; streams that come meanwhile wait for the next one. A short past
//           is read at once; a long one, such as a day's for `stat`, by a thread of the lowest
//           priority that nobody waits for. The hub's thread reads the rest.
//   Owner:  one hub, on its thread. The log is lent for the call; who reads apart needs it until
//           this ends.
//   Errors: a log that cannot be read: the streams begin with what was read.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <thread>
#include <vector>

#include "feed/instrument_table.h"        // InstrumentTable
#include "feed/market/derived_streams.h"  // DerivedStreams
#include "feed/market/stream_encoder.h"   // StreamEncoder
#include "matching/types.h"               // Sequence, TimeNs
#include "replay/log/log.h"               // Log, Cursor

namespace bourse {

class HistoryReader {
 public:
  static constexpr std::size_t transactions_per_step = 8192;  // about a millisecond

  explicit HistoryReader(const InstrumentTable& instruments)
      : instruments_(instruments),
        encoder_(known_),
        reading_(known_, encoder_, [](SymbolId) -> DepthBook* { return nullptr; }) {}
  ~HistoryReader();
  HistoryReader(const HistoryReader&) = delete;
  HistoryReader& operator=(const HistoryReader&) = delete;

  void add(std::uint32_t stream) { waiting_.push_back(stream); }
  void remove(std::uint32_t stream);
  bool empty() const { return waiting_.empty() && streams_.empty(); }
  bool has(std::uint32_t stream) const;
  // A thread reads: there is no hurry to ask again.
  bool reads_apart() const { return is_apart_; }

  // Reads on. Streams that have everything up to `head` move to `into` and are returned.
  std::vector<std::uint32_t> step(const Log& log, Sequence head, DerivedStreams& into);

 private:
  void begin(const Log& log, Sequence head);
  void read_apart(Sequence goal);
  bool take_back();  // false: the thread still reads

  const InstrumentTable& instruments_;
  InstrumentTable known_;  // a copy, for whoever reads
  std::vector<std::uint32_t> waiting_;
  std::vector<std::uint32_t> streams_;  // of the cursor
  std::vector<std::uint32_t> removed_;  // of those, while the thread had them
  // The thread's while it reads.
  std::optional<Cursor> cursor_;
  StreamEncoder encoder_;  // wants nothing
  DerivedStreams reading_;
  bool is_apart_ = false;
  std::atomic<bool> has_read_{false};  // the thread writes it last, with release
  std::jthread thread_;                // last: ends before what it reads into
};

// The time of a transaction; nullopt if the log does not have it.
std::optional<TimeNs> time_of(const Log& log, Sequence sequence);

}  // namespace bourse
