// Control messages of /v1/md: JSON text in, requests out. The only room that knows simdjson for
// market data.
//   Shape:  a request is a plain value; unknown keys are ignored. Integers of 64 bits may come as
//           numbers or as strings of digits.
//   Owner:  free functions; the parser's memory belongs to the thread.
//   Errors: a mistake is a ControlFault with the request's id where it could be read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "feed/control/control_error.h"  // ControlFault
#include "feed/market/stream_table.h"    // OnSlow
#include "matching/types.h"              // Sequence, TimeNs, Epoch

namespace bourse {

enum class ControlOp : std::uint8_t {
  none = 0,
  subscribe = 1,
  unsubscribe = 2,
  subscriptions = 3,
  ping = 4,
  limits = 5,
  set = 6,
  snapshot = 7,
  check = 8,
  replay = 9,
  stats = 10,
};

enum class StartKind : std::uint8_t { live = 0, sequence = 1, earliest = 2, time = 3, session = 4 };

struct StartRequest {
  StartKind kind = StartKind::live;
  Sequence sequence{0};
  TimeNs time{0};
  std::optional<Epoch> epoch;  // of the last transaction that the client has
};

struct SubscriptionRequest {
  std::string channel;
  std::vector<std::string> symbols;
  std::optional<std::uint64_t> log;  // only of this one, if there are several
  StartRequest start;
  std::optional<StartRequest> end;  // by sequence or time; the last transaction that is wanted
  bool wants_snapshot = false;
  std::uint64_t depth = 0;
  std::optional<std::uint64_t> conflate_ms;
  std::optional<std::uint64_t> interval_ms;
  std::optional<std::uint64_t> every;
  std::optional<OnSlow> on_slow;
};

struct ControlRequest {
  ControlOp op = ControlOp::none;
  std::string id;  // raw JSON, empty if there was none
  std::vector<SubscriptionRequest> subscriptions;
  std::vector<std::uint32_t> streams;  // by id: unsubscribe, snapshot, check, replay (one)
  Sequence from{0};                    // replay
  Sequence to{0};
  std::string ping_time;  // raw JSON, empty if there was none
};

std::expected<ControlRequest, ControlFault> parse_control(std::string_view text);

// For messages: at most 48 bytes of a text from outside, cut between characters.
std::string shortened(std::string_view text);

}  // namespace bourse
