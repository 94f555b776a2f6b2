// The stable error codes of the protocol, with their names, whether trying again can help, and a
// word on what to do. docs/PROTOCOL.md, "Errors".
//   Shape:  a number on the wire for ever; a table of constants here.
//   Owner:  values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "feed/control/json_writer.h"  // JsonWriter

namespace bourse {

enum class ControlError : std::uint16_t {
  none = 0,
  bad_json = 1001,
  unknown_op = 1002,
  missing_field = 1003,
  bad_type = 1004,
  frame_too_large = 1005,
  bad_flatbuffer = 1006,
  unsupported_subprotocol = 1007,
  duplicate_id = 1008,
  unknown_channel = 2001,
  channel_not_entitled = 2002,
  unknown_symbol = 2003,
  too_many_streams = 2004,
  already_subscribed = 2005,
  not_subscribed = 2006,
  bad_depth = 2007,
  bad_conflation = 2008,
  instrument_not_active = 2009,
  bad_interval = 2010,
  stream_busy = 2011,
  auth_required = 3001,
  bad_signature = 3002,
  key_disabled = 3003,
  scope_missing = 3004,
  too_many_sessions = 3005,
  ip_not_allowed = 3006,
  nonce_expired = 3007,
  seq_expired = 4001,
  seq_in_future = 4002,
  ts_out_of_range = 4003,
  too_many_replays = 4004,
  journal_unavailable = 4005,
  epoch_mismatch = 4006,
  range_too_large = 4007,
  slow_no_progress = 4008,
  control_rate = 6001,
  order_rate = 6002,
  connection_rate = 6003,
  internal = 9001,
  overloaded = 9002,
  shutting_down = 9003,
  journal_full = 9004,
  engine_unreachable = 9005,
  outcome_unknown = 9006,
};

struct ControlErrorInfo {
  ControlError code;
  std::string_view name;
  bool is_retryable;
  std::string_view hint;
};

// REQUIRES: one of the enumerators but none.
const ControlErrorInfo& info_of(ControlError code);

// One mistake, as it is told: the fields beyond code and message are left out where empty.
struct ControlFault {
  ControlError code = ControlError::none;
  std::string message;
  std::string id;  // raw JSON of the request's id
  std::string symbol;
  std::uint32_t retry_after_ms = 0;
};

// {"op":"error","code":...,"name":...,"msg":...,"id":...,"symbol":...,"retryable":...,"hint":...}
void write_error(JsonWriter& json, const ControlFault& fault);
// The fields code, name, msg and retryable, inside of an object that is open.
void write_error_fields(JsonWriter& json, ControlError code, std::string_view message);

}  // namespace bourse
