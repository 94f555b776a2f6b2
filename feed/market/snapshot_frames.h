// The state of a stream at one sequence, as frames: ordinary events with the snapshot flags.
//   Shape:  mbo: a clear, then an add for every order, bids before asks, best level first, oldest
//           order first. level: a clear, then every level. The others: one event. In chunks of at
//           most one frame; every frame has prev_seq 0 and the sequence of the snapshot as first
//           and last.
//   Units:  those of feed/wire.h.
//   Owner:  a value, never changed once built; sessions share it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "feed/instrument_table.h"       // Instrument
#include "feed/market/market_frames.h"   // FrameWriter
#include "feed/market/trade_follower.h"  // TradeFollower
#include "matching/depth_book.h"         // DepthBook
#include "matching/types.h"              // Sequence, TimeNs, Epoch

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

// Whether streams of this kind have a state that a snapshot can show.
bool has_state(std::uint32_t stream);
// REQUIRES: has_state(stream), with `trades` for bars and statistics and `book` for the others.
SnapshotFrames take_snapshot(FrameWriter& writer, const Instrument& instrument,
                             const DepthBook& book, const TradeFollower* trades,
                             std::uint32_t stream, const SnapshotPoint& point);

}  // namespace bourse
