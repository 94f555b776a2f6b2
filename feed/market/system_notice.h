// Notices to one connection, as System frames: heartbeat, slow reader, caught up, replay completed,
// shutdown.
//   Shape:  one frame, or several where there are more positions than one frame should carry.
//   Owner:  the io thread of the connection; the writer is lent for the call.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "feed/market/market_frames.h"  // FrameWriter
#include "feed/net/outbox.h"            // Outbox
#include "feed/wire.h"                  // SystemCode, StreamPosition
#include "matching/types.h"             // Sequence, TimeNs, Epoch

namespace bourse {

// The frames' own stream is that of the channel `system` and the log.
struct SystemNotice {
  wire::SystemCode code;
  Epoch epoch;
  TimeNs now;
  Sequence up_to;  // what the notice is about: everything up to here
  std::uint64_t lag_ns = 0;
  std::uint64_t lag_events = 0;
  std::uint32_t stream_id = 0;  // what it is about, if it is about one stream
  std::optional<wire::Gap> gap = {};
  std::span<const wire::StreamPosition> positions = {};
  std::string_view text = {};
  std::uint32_t log = 0;  // whose sequences these are
};

void append_system_frames(Outbox& out, FrameWriter& writer, const SystemNotice& notice);

}  // namespace bourse
