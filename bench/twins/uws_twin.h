// The server of a fan-out run on uWebSockets, which is what Bun's websockets are: one topic that
// everything is published to. Bun brings BoringSSL with it; ours uses the system's OpenSSL.
//   Shape:  a process of its own (uws_twin.mjs) on the caller's core; its figures are those of the
//           thread that serves, as the kernel accounts for it.
//   Owner:  the calling thread, which waits.
//   Errors: nullopt: it did not start, or it ended without figures.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>

#include "bench/load/fanout_plan.h"  // FanoutPlan, ServerFigures

namespace bourse {

// `directory` holds bun, uws_twin.mjs, cert.pem and key.pem; `./dev bench fanout --uws` makes it.
std::optional<ServerFigures> serve_uws_twin(const std::filesystem::path& directory,
                                            const FanoutPlan& plan,
                                            const std::function<void(std::uint16_t)>& on_port);

}  // namespace bourse
