// The journal that an import writes: what a foreign feed says has happened, one transaction each.
//   Shape:  the engine thread's and the journal thread's work in one: numbers, encodes, appends,
//           writes. Sequence 1 opens an epoch; what an engine has to decide, such as what an
//           instrument is, is decided by one, so that the journal can be executed again.
//   Units:  advance() sets the time of what is written next.
//   Owner:  one thread.
//   Errors: an Error of the directory or the disk; what was written until then is whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "matching/broadcast_ring.h"  // BroadcastRing
#include "matching/command.h"         // Command
#include "matching/engine.h"          // Engine
#include "matching/event.h"           // EventBuffer
#include "replay/log/log.h"           // Log
#include "replay/result.h"            // Result

namespace bourse {

class ImportJournal {
 public:
  // Makes the directory if need be; a journal that is there is refused, or replaced.
  static Result<std::unique_ptr<ImportJournal>> open(const std::filesystem::path& directory,
                                                     bool replace, TimeNs start);

  Result<void> write_executed(Command command);
  const EventBuffer& executed() const { return executed_; }  // the events of the last of these
  Result<void> write_imported(SymbolId symbol, const EventBuffer& events);
  // Nobody waits for a part of the day: one fdatasync at the end makes all of it durable.
  Result<void> finish();

  void advance(TimeNs time) { time_ = time; }
  TimeNs time() const { return time_; }
  Sequence sequence() const { return sequence_; }

 private:
  static constexpr Epoch epoch{1};
  // Every locate number of a day; no order ever comes to this engine.
  static constexpr EngineLimits limits{.symbols_max = 65'535, .accounts_max = 1, .orders_max = 1};

  ImportJournal(std::unique_ptr<Log> log, TimeNs start);

  void stamp(Command& command);
  Result<void> append(const Command& command, const EventBuffer& events, std::uint64_t state_hash);
  Result<void> step();

  std::unique_ptr<Log> log_;
  BroadcastRing::Writer ring_;
  Engine engine_;
  EventBuffer executed_;
  std::vector<std::uint64_t> scratch_;  // 8-aligned
  std::size_t pending_bytes_ = 0;
  Sequence sequence_{0};
  TimeNs time_;
};

}  // namespace bourse
