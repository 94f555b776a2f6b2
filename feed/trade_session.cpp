#include "feed/trade_session.h"

#include <algorithm>
#include <string>
#include <utility>

#include "feed/admin_desk.h"     // AdminDesk
#include "feed/exec_stream.h"    // ExecStream
#include "feed/field_reader.h"   // FieldReader
#include "feed/hello_json.h"     // write_hello
#include "feed/json_fields.h"    // JsonFields
#include "feed/json_writer.h"    // JsonWriter
#include "feed/order_fields.h"   // read_order_fields
#include "feed/order_frames.h"   // read_order
#include "feed/token_bucket.h"   // TokenBucket
#include "feed/trade_replies.h"  // error_reply, ...
#include "feed/upgrade.h"        // parse_session_name
#include "feed/wall_clock.h"     // wall_clock_now

namespace bourse {
namespace {

// A client that asks but does not read: over so many times the high mark it is closed.
constexpr std::size_t backlog_factor_max = 4;
constexpr std::uint16_t close_policy = 1008;
constexpr std::uint16_t close_auth = 4001;
constexpr std::uint16_t close_internal = 1011;
constexpr std::int64_t ns_per_ms = 1'000'000;
constexpr std::size_t id_bytes_max = 64;

OrderOperation order_operation(std::string_view op) {
  if (op == "order") return OrderOperation::new_order;
  if (op == "amend") return OrderOperation::amend;
  if (op == "cancel") return OrderOperation::cancel;
  if (op == "mass_cancel") return OrderOperation::mass_cancel;
  if (op == "cancel_after") return OrderOperation::cancel_all_after;
  return OrderOperation::none;
}

}  // namespace

struct TradeSession::State {
  State(ExecRouter& r, OrderEntry& e, const Keys& k, const Log& l, const FeedOptions& o,
        SessionInfo i)
      : router(r),
        entry(e),
        keys(k),
        log(l),
        options(o),
        info(std::move(i)),
        control(o.limits.control_per_second_count, o.limits.control_burst_count),
        orders(o.limits.orders_per_second_count, o.limits.orders_burst_count),
        session(info.id) {}

  void tell_time(TimeNs now_ns) { now = std::max(now, now_ns); }
  static void fail(const TradeError& error, Outbox& out) { out.append_text(error_reply(error)); }

  // False: nothing is answered any more.
  bool is_talking(Outbox& out);
  bool may_trade(bool is_cancel, TradeError& error);
  void on_order(OrderOperation operation, TradeError& error, Outbox& out);
  void on_auth(TradeError& error, Outbox& out);
  void on_exec_replay(TradeError& error, Outbox& out);
  void on_admin(std::string_view op, TradeError& error, Outbox& out);
  // Where the private stream is to begin, from exec_from and from_seq. False: error says why.
  struct Resume {
    bool is_asked = false;
    Sequence sequence{0};
    ExecSequence wanted{0};
  };
  bool read_resume(std::string_view exec_key, AccountId account, Resume& resume,
                   TradeError& error) const;
  // An order was taken; it may have asked to be cancelled when the session ends.
  void note_disconnect(bool asks) {
    if (!asks || ends_with_session) return;
    ends_with_session = true;
    entry.note_session({key->account, session, info.id});
  }

  ExecRouter& router;
  OrderEntry& entry;
  const Keys& keys;
  const Log& log;
  const FeedOptions& options;
  SessionInfo info;
  JsonFields json;
  TokenBucket control;
  TokenBucket orders;
  TimeNs now{0};     // as told by pump() and on_timer()
  TimeNs opened{0};  // first time told
  std::uint32_t auth_failures = 0;
  bool is_closing = false;
  SessionId session;                 // what orders carry: of this connection, or resumed
  bool ends_with_session = false;    // an order of the session asked to be cancelled with it
  const ApiKey* key = nullptr;       // once authenticated
  std::optional<ExecStream> stream;  // once authenticated
  std::unique_ptr<AdminDesk> admin;  // once an administrator has asked for something
};

TradeSession::TradeSession(ExecRouter& router, OrderEntry& entry, const Keys& keys, const Log& log,
                           const FeedOptions& options, SessionInfo info)
    : state_(std::make_unique<State>(router, entry, keys, log, options, std::move(info))) {}
TradeSession::~TradeSession() {
  if (state_ == nullptr || !state_->ends_with_session) return;
  const State& s = *state_;
  s.entry.end_session({s.key->account, s.session, s.info.id}, s.now);
}
TradeSession::TradeSession(TradeSession&&) noexcept = default;

bool TradeSession::is_authenticated() const { return state_->key != nullptr; }
bool TradeSession::is_live() const { return state_->stream && state_->stream->is_live(); }
AccountId TradeSession::account() const {
  return state_->key == nullptr ? AccountId{0} : state_->key->account;
}

void TradeSession::on_open(Outbox& out) {
  const State& s = *state_;
  JsonWriter json;
  write_hello(json, s.options, s.info,
              {s.options.epoch, s.log.earliest_sequence(), s.log.released_sequence()});
  out.append_text(json.view());
}

bool TradeSession::State::is_talking(Outbox& out) {
  if (is_closing) return false;
  if (out.size() <= backlog_factor_max * options.limits.outbox_high_bytes) return true;
  is_closing = true;
  out.request_close(close_policy, "asks but does not read");
  return false;
}

void TradeSession::on_text(std::string_view text, Outbox& out) {
  State& s = *state_;
  if (!s.is_talking(out)) return;
  TradeError error;
  if (!s.json.parse(text)) {
    error.code = code_of(ControlError::bad_json);
    error.message = s.json.error();
    if (!s.control.take(s.now)) {
      error.code = code_of(ControlError::control_rate);
      error.retry_after_ms = s.control.retry_after_ms();
    }
    return State::fail(error, out);
  }
  FieldReader fields{s.json, error};
  const std::string id = fields.echo("id", id_bytes_max);
  error.id = id;
  if (!fields.ok()) return State::fail(error, out);
  const std::string_view op = fields.text("op");
  if (const OrderOperation operation = order_operation(op); operation != OrderOperation::none)
    return s.on_order(operation, error, out);

  if (!s.control.take(s.now)) {
    error.code = code_of(ControlError::control_rate);
    error.retry_after_ms = s.control.retry_after_ms();
    return State::fail(error, out);
  }
  if (op == "auth") return s.on_auth(error, out);
  if (op == "exec_replay") return s.on_exec_replay(error, out);
  if (AdminDesk::knows(op)) return s.on_admin(op, error, out);
  if (op == "ping") {
    const std::string sent = fields.echo("t", id_bytes_max);
    if (!fields.ok()) return State::fail(error, out);
    const TimeNs now = wall_clock_now();
    out.append_text(pong_reply(id, sent, now, now));
    return;
  }
  if (error.code == 0) {
    error.code =
        op.empty() ? code_of(ControlError::missing_field) : code_of(ControlError::unknown_op);
    error.message = op.empty() ? "'op' is missing"
                               : "there is no op '" + std::string{op.substr(0, id_bytes_max)} + "'";
  }
  State::fail(error, out);
}

bool takes_risk_off(OrderOperation operation) {
  return operation == OrderOperation::cancel || operation == OrderOperation::mass_cancel ||
         operation == OrderOperation::cancel_all_after;
}

bool TradeSession::State::may_trade(bool is_cancel, TradeError& error) {
  if (key == nullptr) {
    error.code = code_of(ControlError::auth_required);
    error.message = "this session has not authenticated";
    return false;
  }
  if ((key->scopes & key_scopes::trade) == 0) {
    error.code = code_of(ControlError::scope_missing);
    error.message = "the key may not trade";
    return false;
  }
  // Risk can always be taken off.
  if (!is_cancel && !orders.take(now)) {
    error.code = code_of(ControlError::order_rate);
    error.message = "too many orders";
    error.retry_after_ms = orders.retry_after_ms();
    return false;
  }
  return true;
}

void TradeSession::State::on_order(OrderOperation operation, TradeError& error, Outbox& out) {
  FieldReader fields{json, error};
  OrderText order;
  order.operation = operation;
  // First what the answer carries, so that a refusal can be matched to its request.
  order.client_sequence = ClientSequence{fields.integer("client_seq")};
  order.client_order_id = fields.text("cl_ord_id");
  error.client_seq = order.client_sequence.value();
  error.cl_ord_id = order.client_order_id.substr(0, id_bytes_max);
  if (error.code == 0 && !may_trade(takes_risk_off(operation), error)) return fail(error, out);
  read_order_fields(fields, order);
  if (!fields.ok()) return fail(error, out);
  const auto outcome = entry.submit(order, {key->account, session, now});
  if (outcome)
    return note_disconnect(order.cancel_on_disconnect);  // the report comes on the stream
  error.code = outcome.error().code;
  error.message = outcome.error().message;
  fail(error, out);
}

void TradeSession::on_binary(std::span<const std::byte> bytes, Outbox& out) {
  State& s = *state_;
  if (!s.is_talking(out)) return;
  TradeError error;
  if (bytes.size() > std::min(s.options.limits.order_bytes, order_request_bytes_max)) {
    error.code = code_of(ControlError::frame_too_large);
    error.message = "the request has " + std::to_string(bytes.size()) + " bytes";
    return State::fail(error, out);
  }
  WireOrder order;
  if (!read_order(bytes, order)) {
    error.code = code_of(ControlError::bad_flatbuffer);
    error.message = !bytes.empty() && bytes.front() == std::byte{'{'}
                        ? "JSON in a binary message"
                        : "the message does not verify as an OrderRequest";
    return State::fail(error, out);
  }
  error.client_seq = order.client_seq;
  error.cl_ord_id = std::string_view{order.cl_ord_id}.substr(0, id_bytes_max);
  const auto operation = static_cast<OrderOperation>(order.op);
  if (!s.may_trade(takes_risk_off(operation), error)) return State::fail(error, out);
  const auto outcome = s.entry.submit(order, {s.key->account, s.session, s.now});
  if (outcome) return s.note_disconnect((order.flags & order_flags::cancel_on_disconnect) != 0);
  error.code = outcome.error().code;
  error.message = outcome.error().message;
  State::fail(error, out);
}

void TradeSession::State::on_auth(TradeError& error, Outbox& out) {
  const auto refuse = [&](std::uint16_t code, std::string message) {
    error.code = code;
    error.message = std::move(message);
    fail(error, out);
  };
  if (key != nullptr) return refuse(code_of(ControlError::nonce_expired), "already authenticated");
  FieldReader fields{json, error};
  const std::string_view key_id = fields.text("key");
  const std::string_view algorithm = fields.text("alg");
  const std::string_view signature = fields.text("sig");
  const std::string_view resumed = fields.text("resume");
  if (!fields.ok()) return fail(error, out);
  if (key_id.empty()) return refuse(code_of(ControlError::missing_field), "'key' is missing");
  if (signature.empty()) return refuse(code_of(ControlError::missing_field), "'sig' is missing");

  // An unknown key and a wrong signature are answered alike: the answer tells no key ids.
  const ApiKey* const found = keys.find(key_id);
  const bool algorithm_fits =
      found != nullptr && (algorithm.empty() || parse_algorithm(algorithm) == found->algorithm);
  if (!algorithm_fits || !verify(*found, info.nonce, info.name, signature)) {
    refuse(code_of(ControlError::bad_signature), "the signature is not that of this key");
    if (++auth_failures >= auth_failures_max) {
      is_closing = true;
      out.request_close(close_auth, "too many failed proofs");
    }
    return;
  }
  if (!found->enabled) return refuse(code_of(ControlError::key_disabled), "the key is disabled");
  if (!router.knows(found->account))
    return refuse(code_of(RejectReason::unknown_account),
                  "the key's account " + std::to_string(found->account.value()) +
                      " is above engine.accounts_max");
  if (router.session_count(found->account) >= sessions_per_account_max)
    return refuse(code_of(ControlError::too_many_sessions),
                  "the account has " + std::to_string(sessions_per_account_max) + " sessions");
  Resume resume;
  if (!read_resume("exec_from", found->account, resume, error)) return fail(error, out);

  key = found;
  if (const auto named = parse_session_name(resumed))
    if (const auto lost = entry.resume_session(key->account, *named, info.id)) {
      session = *lost;
      ends_with_session = true;
    }
  const auto encoding =
      info.subprotocol == "bourse.json.v1" ? ExecEncoding::json : ExecEncoding::flatbuffers;
  stream.emplace(router, log, options, encoding, key->account);
  if (resume.is_asked)
    stream->start_at(resume.sequence, resume.wanted);
  else
    stream->start_live();
  AuthAnswer answer{.position = router.account(key->account), .told = stream->told()};
  if (!resumed.empty()) answer.resumed = session != info.id;
  out.append_text(auth_ok_reply(error.id, *key, answer));
}

bool TradeSession::State::read_resume(std::string_view exec_key, AccountId account, Resume& resume,
                                      TradeError& error) const {
  FieldReader fields{json, error};
  const std::uint64_t exec_from = fields.integer(exec_key);
  const std::uint64_t from_seq = fields.integer("from_seq");
  if (!fields.ok()) return false;
  const std::uint64_t exec_next = router.account(account).exec_sequence.value() + 1;
  const std::uint64_t next_seq = router.position().value() + 1;
  if (exec_from > exec_next || from_seq > next_seq) {
    error.code = code_of(ControlError::seq_in_future);
    error.message = "the next exec_seq is " + std::to_string(exec_next) + ", the next seq " +
                    std::to_string(next_seq);
    return false;
  }
  resume.is_asked = fields.has(exec_key) || fields.has("from_seq");
  resume.wanted = ExecSequence{exec_from};
  // Without a sequence to begin at, the whole log is looked through; at the head nothing is.
  resume.sequence = Sequence{from_seq};
  if (from_seq == 0 && exec_from == exec_next) resume.sequence = Sequence{next_seq};
  return true;
}

void TradeSession::State::on_exec_replay(TradeError& error, Outbox& out) {
  if (key == nullptr) {
    error.code = code_of(ControlError::auth_required);
    return fail(error, out);
  }
  Resume resume;
  if (!read_resume("from_exec_seq", key->account, resume, error)) return fail(error, out);
  if (!resume.is_asked) {
    error.code = code_of(ControlError::missing_field);
    error.message = "'from_exec_seq' is missing";
    return fail(error, out);
  }
  stream->start_at(resume.sequence, resume.wanted);
  out.append_text(exec_replay_ok_reply(error.id, stream->told()));
}

void TradeSession::State::on_admin(std::string_view op, TradeError& error, Outbox& out) {
  if (key == nullptr || (key->scopes & key_scopes::admin) == 0) {
    error.code =
        code_of(key == nullptr ? ControlError::auth_required : ControlError::scope_missing);
    error.message =
        key == nullptr ? "this session has not authenticated" : "the key is not an administrator's";
    return fail(error, out);
  }
  if (admin == nullptr) admin = std::make_unique<AdminDesk>(router, entry, log, info.id);
  FieldReader fields{json, error};
  admin->submit(op, fields, now, error);
  if (error.code != 0) fail(error, out);
}

bool TradeSession::pump(Outbox& out, TimeNs now) {
  State& s = *state_;
  s.tell_time(now);
  if (!s.stream || s.is_closing) return false;
  if (s.admin) s.admin->pump(out);
  switch (s.stream->pump(out, s.now)) {
    case ExecStream::State::idle:
      return false;
    case ExecStream::State::more:
      return true;
    case ExecStream::State::failed:
      State::fail(
          {.code = code_of(ControlError::journal_unavailable), .message = s.stream->error()}, out);
      s.is_closing = true;
      out.request_close(close_internal, "the log cannot be read");
      return false;
  }
  return false;
}

void TradeSession::on_timer(TimeNs now, Outbox& out) {
  State& s = *state_;
  s.tell_time(now);
  if (s.opened == TimeNs{0}) s.opened = now;
  if (s.key != nullptr || s.is_closing) return;
  const std::int64_t waited_ms = (s.now.value() - s.opened.value()) / ns_per_ms;
  if (waited_ms < std::int64_t{s.options.limits.first_request_ms}) return;
  State::fail(
      {.code = code_of(ControlError::auth_required),
       .message = "no auth within " + std::to_string(s.options.limits.first_request_ms) + " ms"},
      out);
  s.is_closing = true;
  out.request_close(close_auth, "no auth in time");
}

}  // namespace bourse
