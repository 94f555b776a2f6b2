// The state of a stream at one sequence, as frames: ordinary events with the snapshot flags.
//   Shape:  a clear, then an add for every order, bids before asks, best level first, oldest order
//           first; in chunks of at most one frame. Every frame has prev_seq 0 and the sequence of
//           the snapshot as first and last. Best prices are one event.
//   Units:  those of feed/wire.h.
//   Owner:  a value, never changed once built; sessions share it.
#pragma once

#include <cstddef>
#include <vector>

#include "feed/instrument_table.h"  // Instrument
#include "feed/market_frames.h"     // FrameWriter
#include "matching/depth_book.h"    // DepthBook
#include "matching/types.h"         // Sequence, TimeNs, Epoch

namespace bourse {

struct SnapshotFrames {
  Sequence sequence;
  std::vector<std::byte> bytes;  // [websocket header | frame] ...
};

// Where and when a snapshot is taken.
struct SnapshotPoint {
  Sequence sequence;
  TimeNs time;
  Epoch epoch;
};

SnapshotFrames book_snapshot(FrameWriter& writer, const Instrument& instrument,
                             const DepthBook& book, const SnapshotPoint& point);
SnapshotFrames best_snapshot(FrameWriter& writer, const Instrument& instrument,
                             const DepthBook& book, const SnapshotPoint& point);

}  // namespace bourse
