// What a client asks of a replay: the query of the URL that opens it, and the control messages that
// /v1/replay has beyond those of /v1/md. docs/PROTOCOL.md, "Replay".
//   Shape:  plain values; places are still as the client named them (a sequence, a time, a session)
//           until place_of() finds them in the log.
//   Owner:  free functions; the parser's memory belongs to the thread.
//   Errors: a ControlFault with the request's id where it could be read.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "feed/control/control_error.h"  // ControlFault
#include "feed/control/json_writer.h"    // JsonWriter
#include "feed/history/replay_clock.h"   // ReplayPace
#include "feed/history/replay_group.h"   // ReplayUnit, ReplaySettings
#include "matching/types.h"              // Sequence, TimeNs, Epoch
#include "replay/log/log.h"              // Log

namespace bourse {

struct ReplayPlace {
  enum class Kind : std::uint8_t { none = 0, sequence = 1, time = 2, epoch = 3 };
  Kind kind = Kind::none;
  std::uint64_t value = 0;  // nanoseconds for a time; epoch 0: the newest one
};

struct ReplayOpening {
  ReplayPlace from;  // none: the earliest transaction
  ReplayPlace to;    // none: the newest one of now
  ReplayPace pace;
  std::uint32_t idle_max_ms = 0;
  std::uint32_t tick_ms = 1000;
  bool is_paused = false;
  bool stays = false;     // open after the end, so that it can be sought back
  std::string key;        // of the session whose connections keep in step; empty: alone
  std::uint64_t log = 0;  // of several
};

enum class ReplayOp : std::uint8_t {
  none = 0,  // not one of a replay: a request as on /v1/md
  pause = 1,
  resume = 2,
  seek = 3,
  step = 4,
  pace = 5,
  state = 6,
};

struct ReplayRequest {
  ReplayOp op = ReplayOp::none;
  std::string id;  // raw JSON, empty if there was none
  ReplayPlace place;
  ReplayPace pace;
  ReplayUnit unit = ReplayUnit::transactions;
  std::uint64_t count = 1;
};

// `defaults` are those of the server.
std::expected<ReplayOpening, ControlFault> parse_replay_opening(std::string_view query,
                                                                ReplayOpening defaults = {});
// Anything that is not one of its ops, well-formed or not, is ReplayOp::none.
std::expected<ReplayRequest, ControlFault> parse_replay_request(std::string_view text);

// The range in the log; a fault names the range that there is.
std::expected<ReplaySettings, ControlFault> settings_of(const ReplayOpening& opening,
                                                        const Log& log);
// A place within a range, for a seek.
std::expected<Sequence, ControlFault> place_of(const ReplayPlace& place, const Log& log,
                                               Sequence from, Sequence to);

}  // namespace bourse
