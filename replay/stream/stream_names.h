// What a channel of an exchange has on NATS, by the setting stream.subject.
//   Shape:  a value and the pure function that makes it.
//   Owner:  any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "replay/stream/stream_name.h"  // stream_subject, stream_name

namespace bourse {

struct StreamNames {
  std::string stream;     // of JetStream
  std::string subject;    // that it stores
  std::string commands;   // what gateways say to the engine
  std::string heartbeat;  // what the engine says to all gateways
  std::string archive;    // where ranges of the past are asked for
  std::string blocks;     // the bucket of session ids
};

inline StreamNames stream_names(std::string_view base, std::uint32_t channel = 0) {
  const std::string stream = stream_name(base, channel);
  return {.stream = stream,
          .subject = stream_subject(base, "tx", channel),
          .commands = stream_subject(base, "cmd", channel),
          .heartbeat = stream_subject(base, "hb", channel),
          .archive = stream_subject(base, "arc", channel),
          .blocks = stream_name(base, 0).substr(0, stream_name(base, 0).rfind('-')) + "-blocks"};
}

}  // namespace bourse
