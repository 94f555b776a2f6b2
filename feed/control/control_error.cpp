#include "feed/control/control_error.h"

#include <algorithm>
#include <array>

#include "matching/check.h"  // CHECK

namespace bourse {
namespace {

// Sorted by code.
constexpr auto table = std::to_array<ControlErrorInfo>({
    {ControlError::bad_json, "bad_json", false, "send one JSON object in one text message"},
    {ControlError::unknown_op, "unknown_op", false, "see docs/PROTOCOL.md for the list of ops"},
    {ControlError::missing_field, "missing_field", false, "add the field that msg names"},
    {ControlError::bad_type, "bad_type", false, "give the field the type that msg names"},
    {ControlError::frame_too_large, "frame_too_large", false, "see limits in hello"},
    {ControlError::bad_flatbuffer, "bad_flatbuffer", false,
     "the bytes do not verify: check the schema version and do not size-prefix"},
    {ControlError::unsupported_subprotocol, "unsupported_subprotocol", false,
     "offer bourse.fb.v1 or no subprotocol"},
    {ControlError::duplicate_id, "duplicate_id", false, "use each id once at a time"},
    {ControlError::unknown_channel, "unknown_channel", false,
     "channels are mbo, level, bbo, trade, depth10, bar, stat, status, imbalance and check"},
    {ControlError::channel_not_entitled, "channel_not_entitled", false, "ask for the entitlement"},
    {ControlError::unknown_symbol, "unknown_symbol", false,
     "see did_you_mean or GET /v1/instruments"},
    {ControlError::too_many_streams, "too_many_streams", false,
     "unsubscribe some or open another connection; see limits in hello"},
    {ControlError::already_subscribed, "already_subscribed", false,
     "unsubscribe first to start again elsewhere"},
    {ControlError::not_subscribed, "not_subscribed", false, "op subscriptions lists what is"},
    {ControlError::bad_depth, "bad_depth", false,
     "levels are offered for the depths that msg names"},
    {ControlError::bad_conflation, "bad_conflation", false,
     "ask for one that msg names, or leave it out"},
    {ControlError::instrument_not_active, "instrument_not_active", true, "wait for its status"},
    {ControlError::bad_interval, "bad_interval", false, "ask for one that msg names"},
    {ControlError::stream_busy, "stream_busy", true, "wait until the stream is live"},
    {ControlError::auth_required, "auth_required", false, "send auth first"},
    {ControlError::bad_signature, "bad_signature", false, "sign nonce|session of this hello"},
    {ControlError::key_disabled, "key_disabled", false, "use another key"},
    {ControlError::scope_missing, "scope_missing", false, "use a key with this scope"},
    {ControlError::too_many_sessions, "too_many_sessions", true, "close another session first"},
    {ControlError::ip_not_allowed, "ip_not_allowed", false, "connect from an address on the list"},
    {ControlError::nonce_expired, "nonce_expired", true, "reconnect and sign the new nonce"},
    {ControlError::seq_expired, "seq_expired", false,
     "start at earliest_seq, or live with a snapshot"},
    {ControlError::seq_in_future, "seq_in_future", true,
     "start at head_seq + 1 at most, or leave start out"},
    {ControlError::ts_out_of_range, "ts_out_of_range", false, "start by sequence"},
    {ControlError::too_many_replays, "too_many_replays", true,
     "wait for ReplayCompleted of another one"},
    {ControlError::journal_unavailable, "journal_unavailable", true,
     "start live with a snapshot, or try later"},
    {ControlError::epoch_mismatch, "epoch_mismatch", false,
     "what you have after that sequence was lost in a crash: start live with a snapshot"},
    {ControlError::range_too_large, "range_too_large", false, "ask for less at once"},
    {ControlError::slow_no_progress, "slow_no_progress", true,
     "read faster; resume at the last sequence + 1"},
    {ControlError::control_rate, "control_rate", true, "wait retry_after_ms"},
    {ControlError::order_rate, "order_rate", true, "wait retry_after_ms"},
    {ControlError::connection_rate, "connection_rate", true, "wait retry_after_ms"},
    {ControlError::internal, "internal", true, "report it with the time and the session"},
    {ControlError::overloaded, "overloaded", true, "nothing was done: try again"},
    {ControlError::shutting_down, "shutting_down", true, "nothing was done: reconnect and resume"},
    {ControlError::journal_full, "journal_full", true,
     "nothing was done: cancels are taken, orders again when there is room"},
    {ControlError::engine_unreachable, "engine_unreachable", true,
     "nothing was done: try again, here or at another gateway"},
    {ControlError::outcome_unknown, "outcome_unknown", true,
     "send it again with the same client_seq, or ask order_status: it is never done twice"},
});

constexpr bool is_sorted() {
  for (std::size_t i = 1; i < table.size(); ++i) {
    if (table[i - 1].code >= table[i].code) return false;
  }
  return true;
}
static_assert(is_sorted(), "info_of() searches by halves");

}  // namespace

const ControlErrorInfo& info_of(ControlError code) {
  const auto* const end = table.end();
  const auto* const found =
      std::lower_bound(table.begin(), end, code,
                       [](const ControlErrorInfo& info, ControlError c) { return info.code < c; });
  CHECK(found != end && found->code == code);
  return *found;
}

void write_error_fields(JsonWriter& json, ControlError code, std::string_view message) {
  const ControlErrorInfo& info = info_of(code);
  json.key("code").number(static_cast<std::uint32_t>(code)).key("name").text(info.name);
  json.key("msg").text(message).key("retryable").boolean(info.is_retryable);
}

void write_error(JsonWriter& json, const ControlFault& fault) {
  json.open('{').key("op").text("error");
  if (!fault.id.empty()) json.key("id").raw(fault.id);
  write_error_fields(json, fault.code, fault.message);
  if (!fault.symbol.empty()) json.key("symbol").text(fault.symbol);
  if (fault.retry_after_ms > 0) json.key("retry_after_ms").number(fault.retry_after_ms);
  json.key("hint").text(info_of(fault.code).hint).close('}');
}

}  // namespace bourse
