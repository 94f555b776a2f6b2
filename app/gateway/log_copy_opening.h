// Opens the directory of a log's copy: one that is there, or a new one of the stream's log.
//   Shape:  a function of the main thread, which waits for the stream if the directory is new.
//   Errors: no stream in time, a directory of another log, and what Log::open() refuses.
#pragma once

#include <chrono>
#include <memory>

#include "replay/log/log.h"              // Log, LogOptions
#include "replay/result.h"               // Result
#include "replay/stream/jetstream.h"     // JetStreamOptions
#include "replay/stream/stream_names.h"  // StreamNames

namespace bourse {

// `options`: all but copy_of.
Result<std::unique_ptr<Log>> open_log_copy(LogOptions options, const JetStreamOptions& server,
                                           const StreamNames& names,
                                           std::chrono::milliseconds wait);

}  // namespace bourse
