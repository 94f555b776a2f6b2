// The server of a fan-out run as it ships: session loop, egress and frame log of feed/, with a
// conversation that only copies what is new.
//   Owner:  the calling thread.
//   Errors: is_done() of the source stays false if the subscribers do not take everything.
#pragma once

#include <cstdint>
#include <functional>

#include "bench/load/fanout_source.h"  // FanoutSource

namespace bourse {

// Serves until every subscriber has got everything and left. `on_port` is told where.
void serve_fanout(FanoutSource& source, const std::function<void(std::uint16_t)>& on_port);

}  // namespace bourse
