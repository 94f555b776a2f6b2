// A snapshot as a file: the state after one sequence, written whole or not at all, and loaded.
//   Shape:  written beside its name, synced, renamed, the folder synced: a name is always a whole
//           file. docs/JOURNAL.md has every byte.
//   Owner:  one writer per log (its Snapshotter); reading: any thread.
//   Errors: those of the disk; a snapshot whose content contradicts itself is data_damaged, one
//           that needs a larger engine bad_config.
#pragma once

#include <filesystem>

#include "matching/engine.h"             // Engine
#include "matching/engine_image.h"       // EngineImage
#include "matching/market_state.h"       // MarketState
#include "replay/disk/disk.h"            // Disk
#include "replay/log/snapshot_format.h"  // SnapshotHeader
#include "replay/log/snapshot_reader.h"  // SnapshotReader
#include "replay/result.h"               // Result

namespace bourse {

// Where in which log the state belongs.
struct SnapshotPlace {
  Uuid journal{};
  Sequence sequence{0};
  TimeNs time{0};
  Epoch epoch{0};
  std::uint64_t state_hash = 0;
  TimeNs created_at{0};
};

Result<SnapshotHeader> write_snapshot(Disk& disk, const std::filesystem::path& directory,
                                      const SnapshotPlace& place, const EngineImage& engine,
                                      const MarketState& market);

// The public market alone: SnapshotKind::books.
Result<SnapshotHeader> write_books(Disk& disk, const std::filesystem::path& directory,
                                   const SnapshotPlace& place, const MarketState& market);

// What a crash left of snapshots that were being written.
void remove_unfinished_snapshots(Disk& disk, const std::filesystem::path& directory);

Result<EngineImage> engine_image_of(const SnapshotReader& snapshot);
// The public market stands after the snapshot's sequence.
Result<MarketState> market_of(const SnapshotReader& snapshot);
// One book of it, without reading the others; `symbol` may be one that the snapshot does not know.
Result<std::optional<DepthBook>> book_of(const SnapshotReader& snapshot, SymbolId symbol);

}  // namespace bourse
