#include "app/log_commands/snapshot_command.h"

#include <fmt/format.h>

#include <cstdio>

#include "app/terminal/complaint.h"          // complain
#include "app/threads/wall_clock.h"          // wall_clock_now
#include "replay/disk/directory.h"           // is_directory_in_use
#include "replay/log/log.h"                  // Log
#include "replay/log/snapshot_catalog.h"     // list_snapshots, verify_snapshot
#include "replay/log/snapshot_file.h"        // market_of
#include "replay/snapshot/book_history.h"    // snapshot_before
#include "replay/snapshot/book_keyframes.h"  // BookKeyframes
#include "replay/snapshot/restore.h"         // restore
#include "replay/snapshot/snapshotter.h"     // save_snapshot
#include "replay/text/time_text.h"           // time_text

namespace bourse {
namespace {

int list(const Log& log) {
  const auto sequences = list_snapshots(log.disk(), log.directory());
  if (!sequences) return complain("snapshot", sequences.error());
  bool all_sound = true;
  for (const Sequence sequence : *sequences) {
    const SnapshotEntry entry =
        verify_snapshot(log.disk(), log.directory(), sequence, log.journal_id());
    if (entry.unusable) {
      all_sound = false;
      fmt::print("{:>20}  {}\n", sequence.value(), entry.unusable->text());
    } else {
      fmt::print("{:>20}  {}  epoch {}  {} bytes  state {:016x}\n", sequence.value(),
                 time_text(entry.header.time), entry.header.epoch.value(), entry.bytes,
                 entry.header.state_hash);
    }
  }
  if (sequences->empty()) fmt::print("there is no snapshot in {}\n", log.directory().string());
  return all_sound ? 0 : static_cast<int>(ExitCode::answer_is_no);
}

// Keyframes for the whole log, for example of one that was imported.
int write_keyframes(const Log& log, std::uint64_t every) {
  MarketState market;
  if (log.earliest_sequence() > Sequence{1}) {
    const auto before = snapshot_before(log, next(log.released_sequence()));
    if (!before) return complain("snapshot", before.error());
    if (*before == nullptr) {
      return complain("snapshot",
                      {.code = ExitCode::data_damaged,
                       .what = "the log does not begin at sequence 1 and has no snapshot",
                       .where = log.directory().string(),
                       .next = "put back a snapshot or the older segments from a copy"});
    }
    auto books = market_of(**before);
    if (!books) return complain("snapshot", books.error());
    market = std::move(*books);
  }
  auto keyframes = BookKeyframes::open(log, std::move(market), every);
  if (!keyframes) return complain("snapshot", keyframes.error());
  for (;;) {
    const auto more = keyframes->step(wall_clock_now());
    if (!more) return complain("snapshot", more.error());
    if (!*more) break;
  }
  fmt::print("{} keyframes of the books, sequences up to {}\n", keyframes->written_count(),
             keyframes->position().value());
  return 0;
}

}  // namespace

int snapshot_command(const SnapshotArguments& arguments) {
  LogOptions options;
  options.directory = arguments.directory;
  options.read_only = true;
  const auto log = Log::open(options);
  if (!log) return complain("snapshot", log.error());
  if (arguments.list) return list(**log);
  if (is_directory_in_use((*log)->disk(), arguments.directory)) {
    return complain("snapshot",
                    {.code = ExitCode::busy,
                     .what = "an exchange is running on this log",
                     .where = arguments.directory,
                     .next = "it takes its own snapshots: snapshot.every_transactions"});
  }
  if (arguments.books_every != 0) return write_keyframes(**log, arguments.books_every);
  RestoreOptions wanted;
  if (arguments.sequence != 0) {
    wanted.last = Sequence{arguments.sequence};
    if (const auto there = (*log)->cursor(wanted.last); !there)
      return complain("snapshot", there.error());
  }
  const auto state = restore(**log, wanted);
  if (!state) return complain("snapshot", state.error());
  for (const std::string& warning : state->warnings) {
    fmt::print(stderr, "bourse snapshot: {}\n", warning);
  }
  const auto written = save_snapshot(**log, *state, wall_clock_now());
  if (!written) return complain("snapshot", written.error());
  fmt::print("snapshot at sequence {}: {} open orders, {} bytes, state {:016x}\n",
             written->sequence.value(), state->engine->open_orders(), written->file_bytes,
             written->state_hash);
  return 0;
}

}  // namespace bourse
