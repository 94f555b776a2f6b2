#include "replay/snapshot/restore.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "replay/log/snapshot_catalog.h"  // list_snapshots, verify_snapshot
#include "replay/log/snapshot_file.h"     // engine_image_of, market_of

namespace bourse {
namespace {

// What the log says of the snapshot's last transaction must be what the snapshot says.
std::optional<Error> contradiction(const Log& log, const SnapshotReader& snapshot) {
  const SnapshotHeader& header = snapshot.header();
  const Sequence earliest = log.earliest_sequence();
  if (header.sequence > log.released_sequence()) {
    return snapshot.unusable(fmt::format("it is newer than the log, which ends at sequence {}",
                                         log.released_sequence().value()));
  }
  if (next(header.sequence) < earliest) {
    return snapshot.unusable(
        fmt::format("the log begins at sequence {} only: there is a gap", earliest.value()));
  }
  if (header.sequence < earliest) return std::nullopt;  // the record itself has been deleted
  auto cursor = log.cursor(header.sequence);
  if (!cursor) return cursor.error();
  switch (cursor->next()) {
    case Cursor::Next::failed:
      return cursor->error();
    case Cursor::Next::at_head:
      return snapshot.unusable("the log does not reach it");
    case Cursor::Next::transaction:
      break;
  }
  const TransactionView& record = cursor->transaction();
  if (record.epoch() != header.epoch || record.time() != header.time ||
      record.state_hash() != header.state_hash) {
    return snapshot.unusable(fmt::format(
        "it is of another history: the log has epoch {} and state hash {:016x} there, the "
        "snapshot has epoch {} and {:016x}",
        record.epoch().value(), record.state_hash(), header.epoch.value(), header.state_hash));
  }
  return std::nullopt;
}

EngineLimits larger(const EngineLimits& a, const EngineLimits& b) {
  return {std::max(a.symbols_max, b.symbols_max), std::max(a.accounts_max, b.accounts_max),
          std::max(a.orders_max, b.orders_max)};
}

// The limits that the rest of the log needs.
Result<EngineLimits> limits_after(const Log& log, Sequence first, Sequence last) {
  auto cursor = log.cursor(first);
  if (!cursor) return std::unexpected(cursor.error());
  return limits_of(*cursor, last);
}

Error too_small(const SnapshotReader& snapshot, const EngineLimits& needed) {
  return Error{.code = ExitCode::bad_config,
               .what = "the limits of the engine are smaller than those of its log",
               .where = snapshot.path().string(),
               .next = fmt::format("set symbols_max, accounts_max and orders_max to at least {}, "
                                   "{} and {}",
                                   needed.symbols_max, needed.accounts_max, needed.orders_max)};
}

// The state of one snapshot. nullopt: it is passed over, with a warning.
Result<std::optional<Restored>> from_snapshot(const Log& log, Sequence sequence,
                                              const RestoreOptions& options, Error& why_not) {
  const auto pass_over = [&](Error error) {
    why_not = std::move(error);
    return std::optional<Restored>();
  };
  const SnapshotEntry entry =
      verify_snapshot(log.disk(), log.directory(), sequence, log.journal_id());
  if (entry.unusable) return pass_over(*entry.unusable);
  const auto snapshot = SnapshotReader::open(log.disk(), log.directory(), sequence);
  if (!snapshot) return pass_over(snapshot.error());
  if (auto wrong = contradiction(log, **snapshot)) return pass_over(std::move(*wrong));
  const auto image = engine_image_of(**snapshot);
  if (!image) return pass_over(image.error());
  auto market = market_of(**snapshot);
  if (!market) return pass_over(market.error());

  EngineLimits limits = image->limits();
  if (options.limits) {
    const EngineLimits needed = limits;
    limits = *options.limits;
    if (needed.symbols_max > limits.symbols_max || needed.accounts_max > limits.accounts_max ||
        needed.orders_max > limits.orders_max) {
      return std::unexpected(too_small(**snapshot, needed));
    }
  } else {
    const auto rest = limits_after(log, next(sequence), options.last);
    if (!rest) return std::unexpected(rest.error());
    limits = larger(limits, *rest);
  }
  Restored restored;
  restored.engine = std::make_unique<Engine>(limits);
  if (const std::string_view wrong = restored.engine->load(*image); !wrong.empty()) {
    return pass_over((*snapshot)->unusable(std::string(wrong)));
  }
  const SnapshotHeader& header = (*snapshot)->header();
  restored.is_imported = header.state_hash == 0;
  if (!restored.is_imported && restored.engine->state_hash() != header.state_hash) {
    return pass_over((*snapshot)->unusable("its state does not give its state hash"));
  }
  restored.market = std::move(*market);
  restored.snapshot = sequence;
  restored.rebuilt.last = header.sequence;
  restored.rebuilt.last_time = header.time;
  restored.rebuilt.last_epoch = header.epoch;
  return restored;
}

Result<Restored> from_nothing(const Log& log, const RestoreOptions& options) {
  const Sequence earliest = log.earliest_sequence();
  if (earliest > Sequence{1}) {
    return fail(ExitCode::data_damaged,
                fmt::format("the log begins at sequence {}, and there is no sound snapshot to go "
                            "on from",
                            earliest.value()),
                log.directory().string(), "put back a snapshot or the older segments from a copy");
  }
  EngineLimits limits;
  if (options.limits) {
    limits = *options.limits;
  } else {
    const auto needed = limits_after(log, earliest, options.last);
    if (!needed) return std::unexpected(needed.error());
    limits = *needed;
  }
  Restored restored;
  restored.engine = std::make_unique<Engine>(limits);
  return restored;
}

Result<Restored> start_of(const Log& log, const RestoreOptions& options) {
  std::vector<std::string> warnings;
  if (options.snapshot && *options.snapshot) {
    Error why_not;
    auto restored = from_snapshot(log, *options.snapshot, options, why_not);
    if (!restored) return std::unexpected(std::move(restored.error()));
    if (!*restored) return std::unexpected(std::move(why_not));
    return std::move(**restored);
  }
  std::vector<Sequence> sequences;
  if (!options.snapshot) {
    auto listed = list_snapshots(log.disk(), log.directory());
    if (!listed) return std::unexpected(std::move(listed.error()));
    sequences = std::move(*listed);
  }
  for (auto at = sequences.rbegin(); at != sequences.rend(); ++at) {
    // Later than what is asked for; but one that is newer than the log itself shall be told.
    const Sequence most = std::min(options.last, options.snapshot_most);
    if (*at > most && *at <= log.released_sequence()) continue;
    Error why_not;
    auto restored = from_snapshot(log, *at, options, why_not);
    if (!restored) return std::unexpected(std::move(restored.error()));
    if (*restored) {
      (*restored)->warnings = std::move(warnings);
      return std::move(**restored);
    }
    warnings.push_back(why_not.text());
  }
  auto restored = from_nothing(log, options);
  if (restored) restored->warnings = std::move(warnings);
  return restored;
}

}  // namespace

Result<Restored> restore_snapshot(const Log& log, const RestoreOptions& options) {
  return start_of(log, options);
}

Result<Restored> restore(const Log& log, const RestoreOptions& options) {
  auto restored = start_of(log, options);
  if (!restored) return restored;
  auto cursor = log.cursor(next(restored->rebuilt.last));
  if (!cursor) return std::unexpected(cursor.error());
  const RebuildReport before = restored->rebuilt;
  auto rebuilt = rebuild(*cursor, *restored->engine, restored->market, options.last, options.stop);
  if (!rebuilt) return std::unexpected(std::move(rebuilt.error()));
  if (rebuilt->transactions == 0) {
    rebuilt->last = before.last;
    rebuilt->last_time = before.last_time;
    rebuilt->last_epoch = before.last_epoch;
  }
  restored->is_imported = restored->is_imported || rebuilt->imported != 0;
  restored->rebuilt = *rebuilt;
  return restored;
}

}  // namespace bourse
