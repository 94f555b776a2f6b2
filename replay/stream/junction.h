// Where a node's own log and the stream stand to each other: which of them goes further, and from
// which sequence on they tell different histories.
//   Shape:   compares one transaction, the last that both have; only if it differs a binary search
//            for the first one that does.
//   Owner:   one thread.
//   Errors:  those of the log and of the stream; a stream of another log (bad_config).
#pragma once

#include <optional>
#include <string>

#include "matching/types.h"               // Sequence
#include "replay/disk/uuid.h"             // Uuid
#include "replay/log/log.h"               // Log
#include "replay/result.h"                // Result
#include "replay/stream/jetstream.h"      // JetStream
#include "replay/stream/stream_reader.h"  // StreamEnds

namespace bourse {

struct LedEnds : StreamEnds {
  std::uint64_t last_message = 0;  // stream sequence of the one that `last` is of
};

// The ends of a stream, without what came too late from an engine that did not lead any more: its
// last message is the last one of an epoch that is at least `floor`. If there is none such, the
// stream has lost its end, and the last message is its last one. nullopt: it is empty.
Result<std::optional<LedEnds>> led_ends(JetStream& server, const std::string& stream, Epoch floor);

struct Junction {
  Sequence common{0};                // the last that both have; 0: none
  std::optional<Sequence> diverges;  // the first that differs
};

Result<Junction> find_junction(const Log& log, const LedEnds& ends, JetStream& server,
                               const std::string& stream);

}  // namespace bourse
