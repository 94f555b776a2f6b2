// One fan-out run: a server on core 0, its subscribers in a child on core 1.
//   Owner:  the main thread, which stays on core 0.
//   Errors: nullopt: a subscriber missed a message, or the server did not get rid of them all.
#pragma once

#include <filesystem>
#include <optional>

#include "bench/load/fanout_plan.h"  // FanoutPlan, ServerFigures, ClientFigures

namespace bourse {

enum class FanoutServer { ours, beast, uws };

struct FanoutFigures {
  ServerFigures server;
  ClientFigures client;

  double cpu_per_connection(const FanoutPlan& plan) const {
    return static_cast<double>(server.open_ns) / plan.subscribers;
  }
  double cpu_per_delivery() const {
    return static_cast<double>(server.cpu_ns) / static_cast<double>(server.deliveries);
  }
};

// `uws`: where uWebSockets lies, see twins/uws_twin.h; for that server only.
std::optional<FanoutFigures> run_fanout(FanoutServer server, const FanoutPlan& plan,
                                        const std::filesystem::path& uws = {});

// The plan of a throughput run: about so many deliveries, a fifth of them to warm up.
FanoutPlan throughput_plan(std::uint32_t subscribers, std::uint32_t batch,
                           std::uint64_t deliveries);

}  // namespace bourse
