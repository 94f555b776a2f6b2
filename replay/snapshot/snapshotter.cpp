#include "replay/snapshot/snapshotter.h"

#include <algorithm>
#include <utility>

#include "replay/log/snapshot_catalog.h"  // list_snapshots, verify_snapshot
#include "replay/log/snapshot_file.h"     // write_snapshot
#include "replay/snapshot/restore.h"      // restore

namespace bourse {

Result<SnapshotHeader> save_snapshot(const Log& log, const Restored& state, TimeNs now) {
  EngineImage image;
  state.engine->save(image);
  auto written = write_snapshot(log.disk(), log.directory(),
                                {.journal = log.journal_id(),
                                 .sequence = state.rebuilt.last,
                                 .time = state.rebuilt.last_time,
                                 .epoch = state.rebuilt.last_epoch,
                                 .state_hash = state.is_imported ? 0 : state.engine->state_hash(),
                                 .created_at = now},
                                image, state.market);
  if (!written) return written;
  // Whoever deletes old segments relies on it: what was written is read once.
  SnapshotEntry entry =
      verify_snapshot(log.disk(), log.directory(), written->sequence, log.journal_id());
  if (entry.unusable) return std::unexpected(std::move(*entry.unusable));
  return written;
}

Snapshotter::Snapshotter(const Log& log, const SnapshotPolicy& policy, const EngineLimits& limits,
                         Sequence newest)
    : log_(log), policy_(policy), limits_(limits), newest_(newest.value()) {
  remove_unfinished_snapshots(log.disk(), log.directory());
}

std::optional<Sequence> Snapshotter::due() const {
  if (has_diverged()) return std::nullopt;
  const Sequence last = newest();
  const Sequence released = log_.released_sequence();
  const std::uint64_t every = policy_.every_transactions;
  if (every != 0 && released.value() >= last.value() + every) return released;
  if (!policy_.at_seal) return std::nullopt;
  const Sequence sealed = std::min(log_.sealed_sequence(), released);
  if (sealed > last) return sealed;
  return std::nullopt;
}

Result<SnapshotHeader> Snapshotter::take(Sequence upto, TimeNs now,
                                         const std::function<bool()>& stop) {
  auto taken = take_now(upto, now, stop);
  if (!taken) {
    if (taken.error().code == ExitCode::interrupted) return taken;
    failed_.fetch_add(1, std::memory_order_relaxed);
    if (taken.error().code == ExitCode::answer_is_no) {
      has_diverged_.store(true, std::memory_order_relaxed);
    }
    return taken;
  }
  taken_.fetch_add(1, std::memory_order_relaxed);
  last_bytes_.store(taken->file_bytes, std::memory_order_relaxed);
  newest_.store(taken->sequence.value(), std::memory_order_release);
  remove_old();
  return taken;
}

Result<SnapshotHeader> Snapshotter::take_now(Sequence upto, TimeNs now,
                                             const std::function<bool()>& stop) {
  const auto state = restore(log_, {.limits = limits_, .last = upto, .snapshot = {}, .stop = stop});
  if (!state) return std::unexpected(state.error());
  executed_.fetch_add(state->rebuilt.transactions, std::memory_order_relaxed);
  return save_snapshot(log_, *state, now);
}

void Snapshotter::remove_old() const {
  const auto sequences = list_snapshots(log_.disk(), log_.directory());
  if (!sequences) return;
  const std::size_t keep = std::max(policy_.keep, 1u);
  for (std::size_t i = 0; i + keep < sequences->size(); ++i) {
    static_cast<void>(log_.disk().remove(snapshot_path(log_.directory(), (*sequences)[i])));
  }
}

}  // namespace bourse
