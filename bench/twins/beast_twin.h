// The server of a fan-out run as Beast's documentation suggests it: one async_write per message and
// subscriber, a queue of shared buffers in front of it. The baseline that ours is compared with.
//   Owner:  the calling thread.
#pragma once

#include <cstdint>
#include <functional>

#include "bench/load/fanout_source.h"  // FanoutSource

namespace bourse {

// Serves until every subscriber has got everything and left. `on_port` is told where.
void serve_beast_twin(FanoutSource& source, const std::function<void(std::uint16_t)>& on_port);

}  // namespace bourse
