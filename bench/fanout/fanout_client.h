// The subscribers of a fan-out run: many wss connections on one thread, each message verified.
//   Shape:  a frame parser of its own over TlsWire and epoll, so that the client costs little.
//   Owner:  a process of its own.
//   Errors: is_complete false: a gap, a duplicate, a wrong byte or an early end.
#pragma once

#include <cstdint>

#include "bench/load/fanout_plan.h"  // FanoutPlan, ClientFigures

namespace bourse {

// `spins`: never sleeps, so that the server's send() does not pay for waking us.
ClientFigures run_fanout_client(const FanoutPlan& plan, std::uint16_t port, bool spins);

}  // namespace bourse
