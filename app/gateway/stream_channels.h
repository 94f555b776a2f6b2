// Whether an exchange on NATS has as many channels as whoever follows it was told.
//   Shape:   each channel has a stream; they are counted before a directory is made for as many.
//   Owner:   a function of the main thread, which waits for an exchange that is just starting.
//   Errors:  bad_config, with the number there is. Servers that cannot be reached, or have nothing
//            yet, are no error here: a copy that is there is served all the same.
#pragma once

#include <chrono>

#include "app/config/config.h"        // Config
#include "replay/result.h"            // Result
#include "replay/stream/jetstream.h"  // JetStreamOptions

namespace bourse {

Result<void> check_stream_channels(const Config& config, const JetStreamOptions& server,
                                   std::chrono::milliseconds wait);

}  // namespace bourse
