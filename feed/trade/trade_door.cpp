#include "feed/trade/trade_door.h"

#include <algorithm>
#include <utility>

#include "feed/control/json_writer.h"  // JsonWriter
#include "feed/net/hello_json.h"       // write_hello
#include "feed/trade/trade_replies.h"  // error_reply, pong_reply
#include "feed/wall_clock.h"           // wall_clock_now

namespace bourse {
namespace {

// A client that asks but does not read: over so many times the high mark it is closed.
constexpr std::size_t backlog_factor_max = 4;
constexpr std::uint16_t close_policy = 1008;
constexpr std::uint16_t close_auth = 4001;
constexpr std::uint16_t close_internal = 1011;
constexpr std::int64_t ns_per_ms = 1'000'000;

}  // namespace

TradeDoor::TradeDoor(const Keys& keys, ConnectionLimits& limits, const Log& log,
                     const FeedOptions& options, SessionInfo info)
    : keys_(keys),
      limits_(limits),
      log_(log),
      options_(options),
      info_(std::move(info)),
      control_(options.limits.control_per_second_count, options.limits.control_burst_count) {}

TradeDoor::~TradeDoor() {
  if (!counted_.empty()) limits_.leave_key(counted_);
}

void TradeDoor::greet(Epoch epoch, Outbox& out) const {
  JsonWriter json;
  write_hello(json, options_, info_, {epoch, log_.earliest_sequence(), log_.released_sequence()});
  out.append_text(json.view());
}

bool TradeDoor::is_talking(Outbox& out) {
  if (is_closing_) return false;
  if (out.size() <= backlog_factor_max * options_.limits.outbox_high_bytes) return true;
  close(close_policy, "asks but does not read", out);
  return false;
}

void TradeDoor::close(std::uint16_t code, std::string_view reason, Outbox& out) {
  is_closing_ = true;
  out.request_close(code, reason);
}

bool TradeDoor::take_control(TradeError& error, Outbox& out) {
  if (control_.take(now_)) return true;
  error.code = code_of(ControlError::control_rate);
  error.retry_after_ms = control_.retry_after_ms();
  fail(error, out);
  return false;
}

void TradeDoor::end_unreadable(std::string why, Outbox& out) {
  fail({.code = code_of(ControlError::journal_unavailable),
        .message = std::move(why),
        .log = log_named(options_)},
       out);
  close(close_internal, "the log cannot be read", out);
}

std::optional<std::string_view> TradeDoor::read(std::string_view text, TradeError& error,
                                                Outbox& out) {
  if (!json_.parse(text)) {
    if (!take_control(error, out)) return std::nullopt;
    error.code = code_of(ControlError::bad_json);
    error.message = json_.error();
    fail(error, out);
    return std::nullopt;
  }
  FieldReader fields{json_, error};
  id_ = fields.echo("id", id_bytes_max);
  error.id = id_;
  if (!fields.ok()) return fail(error, out), std::nullopt;
  return fields.text("op");
}

void TradeDoor::answer_rest(std::string_view op, TradeError& error, Outbox& out) {
  if (op == "ping") {
    FieldReader fields{json_, error};
    const std::string sent = fields.echo("t", id_bytes_max);
    if (!fields.ok()) return fail(error, out);
    const TimeNs now = wall_clock_now();
    out.append_text(pong_reply(error.id, sent, now, now));
    return;
  }
  if (error.code == 0) {
    error.code =
        op.empty() ? code_of(ControlError::missing_field) : code_of(ControlError::unknown_op);
    error.message = op.empty() ? "'op' is missing"
                               : "there is no op '" + std::string{op.substr(0, id_bytes_max)} + "'";
  }
  fail(error, out);
}

std::shared_ptr<const ApiKey> TradeDoor::prove(std::uint32_t scopes, TradeError& error,
                                               Outbox& out) {
  const auto refuse = [&](std::uint16_t code, std::string message) {
    error.code = code;
    error.message = std::move(message);
    fail(error, out);
    return nullptr;
  };
  if (key_) return refuse(code_of(ControlError::nonce_expired), "already authenticated");
  FieldReader fields{json_, error};
  const std::string_view id = fields.text("key");
  const std::string_view algorithm = fields.text("alg");
  const std::string_view signature = fields.text("sig");
  if (!fields.ok()) return fail(error, out), nullptr;
  if (id.empty()) return refuse(code_of(ControlError::missing_field), "'key' is missing");
  if (signature.empty()) return refuse(code_of(ControlError::missing_field), "'sig' is missing");

  // An unknown key and a wrong signature are answered alike: the answer tells no key ids.
  keys_version_ = keys_.version();
  const std::shared_ptr<const ApiKey> found = keys_.find(id);
  const bool algorithm_fits =
      found && (algorithm.empty() || parse_algorithm(algorithm) == found->algorithm);
  if (!algorithm_fits || !verify(*found, info_.nonce, info_.name, signature)) {
    refuse(code_of(ControlError::bad_signature), "the signature is not that of this key");
    if (++auth_failures_ >= auth_failures_max) close(close_auth, "too many failed proofs", out);
    return nullptr;
  }
  if (!found->enabled) return refuse(code_of(ControlError::key_disabled), "the key is disabled");
  if ((found->scopes & scopes) == 0)
    return refuse(code_of(ControlError::scope_missing), "the key is not meant for this endpoint");
  if (counted_ != found->id) {
    if (!limits_.enter_key(found->id))
      return refuse(code_of(ControlError::too_many_sessions),
                    "the key has " + std::to_string(options_.limits.connections_per_key_count) +
                        " connections");
    if (!counted_.empty()) limits_.leave_key(counted_);
    counted_ = found->id;
  }
  return found;
}

bool TradeDoor::may(std::uint32_t scope, TradeError& error) const {
  if (!key_) {
    error.code = code_of(ControlError::auth_required);
    error.message = "this session has not authenticated";
    return false;
  }
  if ((key_->scopes & scope) == 0) {
    error.code = code_of(ControlError::scope_missing);
    error.message = "the key has no scope ";
    for (const std::string_view name : scope_names(scope)) error.message += name;
    return false;
  }
  if (scope == key_scopes::admin && options_.admin_needs_certificate && info_.certificate.empty()) {
    error.code = code_of(ControlError::scope_missing);
    error.message = "administration needs a client certificate";
    return false;
  }
  return true;
}

void TradeDoor::on_timer(TimeNs now, Outbox& out) {
  tell_time(now);
  if (opened_ == TimeNs{0}) opened_ = now;
  if (is_closing_) return;
  if (key_) {
    const std::uint64_t version = keys_.version();
    if (version == keys_version_) return;
    keys_version_ = version;
    const std::shared_ptr<const ApiKey> fresh = keys_.find(key_->id);
    if (fresh && *fresh == *key_) return;
    fail({.code = code_of(ControlError::key_disabled),
          .message = "the key was disabled, or changed"},
         out);
    return close(close_auth, "key disabled", out);
  }
  const std::int64_t waited_ms = (now_.value() - opened_.value()) / ns_per_ms;
  if (waited_ms < std::int64_t{options_.limits.first_request_ms}) return;
  fail({.code = code_of(ControlError::auth_required),
        .message = "no auth within " + std::to_string(options_.limits.first_request_ms) + " ms"},
       out);
  close(close_auth, "no auth in time", out);
}

}  // namespace bourse
