#include "feed/trade_replies.h"

#include "feed/json_fields.h"    // json_quoted
#include "replay/order_words.h"  // reject_name

namespace bourse {
namespace {

struct Meaning {
  std::string_view name;
  std::string_view hint;
  bool retryable = false;
};

Meaning meaning_of(std::uint16_t code) {
  switch (code) {
    case trade_error::bad_json:
      return {"bad_json", "send one JSON object per text message"};
    case trade_error::unknown_op:
      return {"unknown_op", "ops here: auth, order, amend, cancel, exec_replay, ping"};
    case trade_error::missing_field:
      return {"missing_field", "add the field; docs/PROTOCOL.md lists those of each op"};
    case trade_error::bad_type:
      return {"bad_type", "send integers and decimals as numbers or as text"};
    case trade_error::frame_too_large:
      return {"frame_too_large", "an OrderRequest has at most 512 bytes"};
    case trade_error::bad_flatbuffer:
      return {"bad_flatbuffer",
              "send an OrderRequest of orders.fbs without size prefix; JSON goes "
              "into text messages"};
    case trade_error::auth_required:
      return {"auth_required", "send auth first: sign \"nonce|session\" of hello"};
    case trade_error::bad_signature:
      return {"bad_signature", "sign the text nonce|session of this session's hello, send base64"};
    case trade_error::key_disabled:
      return {"key_disabled", "use another key"};
    case trade_error::scope_missing:
      return {"scope_missing", "use a key with the scope trade"};
    case trade_error::too_many_sessions:
      return {"too_many_sessions", "close another session of this account", true};
    case trade_error::nonce_expired:
      return {"nonce_expired", "a nonce is good for one auth; connect again"};
    case trade_error::seq_expired:
      return {"seq_expired", "older reports are no longer in the log"};
    case trade_error::seq_in_future:
      return {"seq_in_future", "ask for at most the next one"};
    case trade_error::journal_unavailable:
      return {"journal_unavailable", "connect again and resume with exec_from", true};
    case trade_error::control_rate:
      return {"control_rate", "wait retry_after_ms", true};
    case trade_error::order_rate:
      return {"order_rate", "wait retry_after_ms; cancels are always taken", true};
    case static_cast<std::uint16_t>(RejectReason::busy):
      return {"busy", "send it again with the same client_seq", true};
    case static_cast<std::uint16_t>(RejectReason::draining):
      return {"draining", "connect again after the restart", true};
    default:
      return {reject_name(static_cast<RejectReason>(code)),
              "nothing was sequenced; correct it and send it again with the same client_seq"};
  }
}

void add(std::string& out, std::string_view key, std::string_view json) {
  if (out.back() != '{') out += ',';
  out += '"';
  out += key;
  out += "\":";
  out += json;
}

void add_text(std::string& out, std::string_view key, std::string_view value) {
  add(out, key, json_quoted(value));
}

template <class Integer>
void add_long(std::string& out, std::string_view key, Integer value) {
  add(out, key, '"' + std::to_string(value) + '"');
}

template <class Integer>
void add_number(std::string& out, std::string_view key, Integer value) {
  add(out, key, std::to_string(value));
}

std::string reply(std::string_view op, std::string_view id) {
  std::string out = "{";
  add_text(out, "op", op);
  if (!id.empty()) add(out, "id", id);
  return out;
}

}  // namespace

std::string error_reply(const TradeError& error) {
  const Meaning meaning = meaning_of(error.code);
  std::string out = reply("error", error.id);
  add_number(out, "code", error.code);
  add_text(out, "name", meaning.name);
  add_text(out, "msg", error.message.empty() ? meaning.name : std::string_view{error.message});
  if (error.client_seq != 0) add_long(out, "client_seq", error.client_seq);
  if (!error.cl_ord_id.empty()) add_text(out, "cl_ord_id", error.cl_ord_id);
  add(out, "retryable", meaning.retryable ? "true" : "false");
  if (error.retry_after_ms != 0) add_number(out, "retry_after_ms", error.retry_after_ms);
  add_text(out, "hint", meaning.hint);
  return out + '}';
}

std::string hello_reply(const SessionInfo& info, const FeedOptions& options, Sequence earliest,
                        Sequence head, TimeNs now) {
  std::string journal = "{";
  add_long(journal, "earliest_seq", earliest.value());
  add_long(journal, "head_seq", head.value());
  journal += '}';
  const FeedLimits& limits = options.limits;
  std::string bounds = "{";
  add_number(bounds, "orders_per_s", limits.orders_per_second_count);
  add_number(bounds, "orders_burst", limits.orders_burst_count);
  add_number(bounds, "ctl_per_s", limits.control_per_second_count);
  add_number(bounds, "ctl_burst", limits.control_burst_count);
  add_number(bounds, "order_bytes", limits.order_bytes);
  add_number(bounds, "auth_within_ms", limits.first_request_ms);
  bounds += '}';

  std::string out = reply("hello", {});
  add_number(out, "proto", 1);
  add_text(out, "server", options.server_name);
  add_text(out, "session", info.name);
  add_text(out, "nonce", info.nonce);
  add_number(out, "epoch", options.epoch.value());
  if (now) add_long(out, "time_ns", now.value());
  add_text(out, "exec", info.subprotocol == "bourse.json.v1" ? "json" : "flatbuffers");
  add(out, "journal", journal);
  add(out, "limits", bounds);
  return out + '}';
}

std::string auth_ok_reply(std::string_view id, const ApiKey& key, const AccountPosition& position,
                          Sequence told) {
  std::string out = reply("auth_ok", id);
  add_text(out, "key", key.id);
  add_number(out, "account", key.account.value());
  std::string scopes = "[";
  if ((key.scopes & key_scopes::read) != 0) scopes += "\"read\"";
  if ((key.scopes & key_scopes::trade) != 0)
    scopes += scopes.size() > 1 ? ",\"trade\"" : "\"trade\"";
  add(out, "scopes", scopes + ']');
  add_long(out, "next_client_seq", position.client_sequence.value() + 1);
  add_long(out, "exec_head", position.exec_sequence.value());
  add_long(out, "seq", told.value());
  return out + '}';
}

std::string exec_replay_ok_reply(std::string_view id, Sequence told) {
  std::string out = reply("exec_replay_ok", id);
  add_long(out, "seq", told.value());
  return out + '}';
}

std::string pong_reply(std::string_view id, std::string_view t, TimeNs now) {
  std::string out = reply("pong", id);
  if (!t.empty()) add(out, "t", t);
  add_long(out, "time_ns", now.value());
  return out + '}';
}

}  // namespace bourse
