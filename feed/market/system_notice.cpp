#include "feed/market/system_notice.h"

#include <algorithm>

namespace bourse {

constexpr std::size_t positions_per_frame_max = 1024;

void append_system_frames(Outbox& out, FrameWriter& writer, const SystemNotice& notice) {
  const auto time = static_cast<std::uint64_t>(notice.now.value());
  const bool is_heartbeat = notice.code == wire::SystemCode::heartbeat;
  const wire::FrameHeader header{
      .prev_seq = 0,
      .first_seq = notice.up_to.value(),
      .last_seq = notice.up_to.value(),
      .ts_pub = time,
      .stream_id = wire::stream_id(wire::Channel::system, SymbolId{notice.log}),
      .epoch = static_cast<std::uint16_t>(notice.epoch.value()),
      .channel = wire::Channel::system,
      .flags = is_heartbeat ? wire::frame_flags::heartbeat : std::uint8_t{0}};
  std::size_t at = 0;
  do {
    const std::size_t count = std::min(positions_per_frame_max, notice.positions.size() - at);
    out.append_binary(writer.system(header, {.code = notice.code,
                                             .error_code = 0,
                                             .stream_id = notice.stream_id,
                                             .ts = time,
                                             .journal_seq = notice.up_to.value(),
                                             .lag_ns = notice.lag_ns,
                                             .lag_events = notice.lag_events,
                                             .gap = notice.gap,
                                             .positions = notice.positions.subspan(at, count),
                                             .text = notice.text}));
    at += count;
  } while (at < notice.positions.size());
}

}  // namespace bourse
