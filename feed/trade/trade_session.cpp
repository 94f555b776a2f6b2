#include "feed/trade/trade_session.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "feed/net/token_bucket.h"       // TokenBucket
#include "feed/net/upgrade.h"            // parse_session_name
#include "feed/trade/admin_desk.h"       // AdminDesk
#include "feed/trade/exec_stream.h"      // ExecStream
#include "feed/trade/field_reader.h"     // FieldReader
#include "feed/trade/order_fields.h"     // read_order_fields
#include "feed/trade/order_frames.h"     // read_order
#include "feed/trade/order_questions.h"  // OrderQuestions
#include "feed/trade/order_timing.h"     // OrderTiming
#include "feed/trade/trade_door.h"       // TradeDoor
#include "feed/trade/trade_replies.h"    // error_reply, ...
#include "feed/wall_clock.h"             // wall_clock_now

namespace bourse {
namespace {

constexpr std::string_view in_doubt =
    "the engine has not confirmed it; a report or another error will follow";
constexpr std::size_t id_bytes_max = TradeDoor::id_bytes_max;

OrderOperation order_operation(std::string_view op) {
  if (op == "order") return OrderOperation::new_order;
  if (op == "amend") return OrderOperation::amend;
  if (op == "cancel") return OrderOperation::cancel;
  if (op == "mass_cancel") return OrderOperation::mass_cancel;
  if (op == "cancel_after") return OrderOperation::cancel_all_after;
  return OrderOperation::none;
}

bool takes_risk_off(OrderOperation operation) {
  return operation == OrderOperation::cancel || operation == OrderOperation::mass_cancel ||
         operation == OrderOperation::cancel_all_after;
}

}  // namespace

struct TradeSession::State {
  State(const TradeParts& p, SessionInfo info)
      : parts(p),
        door(p.keys, p.limits, p.log, p.options, std::move(info)),
        orders(p.options.limits.orders_per_second_count, p.options.limits.orders_burst_count),
        connection(door.info().id),
        session(connection) {}

  static void fail(const TradeError& error, Outbox& out) { TradeDoor::fail(error, out); }
  AccountId account() const { return door.key()->account; }

  bool may_trade(bool is_cancel, TradeError& error);
  void on_order(OrderOperation operation, TradeError& error, Outbox& out);
  // The way of a command that both encodings have made.
  void send(std::expected<Command, Refusal> command, TradeError& error, Outbox& out);
  void on_auth(TradeError& error, Outbox& out);
  void on_exec_replay(TradeError& error, Outbox& out);
  void on_order_status(TradeError& error, Outbox& out);
  void on_open_orders(TradeError& error, Outbox& out);
  void on_admin(std::string_view op, TradeError& error, Outbox& out);
  void tell_verdicts(Outbox& out);
  // What an order asks to be cancelled by, when its session ends.
  bool read_disconnect(TradeError& error);
  // The session has something that is to be cancelled with it.
  void note_disconnect() {
    if (ends_with_session) return;
    ends_with_session = true;
    parts.entry.note_session({account(), session, connection, disconnect});
  }

  TradeParts parts;
  TradeDoor door;
  TokenBucket orders;
  TimeNs received{0};  // of the message that is being answered
  SessionId connection;
  SessionId session;               // what orders carry: of this connection, or resumed
  DisconnectScope disconnect;      // what is cancelled when it ends, besides orders that ask for it
  bool ends_with_session = false;  // something is to be cancelled with the session
  std::uint64_t verdicts_seen = 0;   // of a remote engine
  std::optional<ExecStream> stream;  // once authenticated
  std::optional<OrderQuestions> questions;
  std::optional<OrderTiming> timing;  // once authenticated
  std::unique_ptr<AdminDesk> admin;   // once an administrator has asked for something
};

TradeSession::TradeSession(const TradeParts& parts, SessionInfo info)
    : state_(std::make_unique<State>(parts, std::move(info))) {}
TradeSession::~TradeSession() {
  if (state_ == nullptr || !state_->ends_with_session) return;
  State& s = *state_;
  s.parts.entry.end_session({s.account(), s.session, s.connection, s.disconnect}, s.door.now());
}
TradeSession::TradeSession(TradeSession&&) noexcept = default;

bool TradeSession::is_authenticated() const { return state_->door.key() != nullptr; }
bool TradeSession::is_live() const { return state_->stream && state_->stream->is_live(); }
AccountId TradeSession::account() const {
  return is_authenticated() ? state_->account() : AccountId{0};
}

void TradeSession::on_open(Outbox& out) {
  const TradeParts& parts = state_->parts;
  state_->door.greet(parts.router.epoch(parts.options.epoch), out);
}
void TradeSession::on_received(TimeNs time) { state_->received = time; }

void TradeSession::on_text(std::string_view text, Outbox& out) {
  State& s = *state_;
  if (!s.door.is_talking(out)) return;
  TradeError error;
  const auto op = s.door.read(text, error, out);
  if (!op) return;
  if (const OrderOperation operation = order_operation(*op); operation != OrderOperation::none)
    return s.on_order(operation, error, out);
  if (!s.door.take_control(error, out)) return;
  if (*op == "auth") return s.on_auth(error, out);
  if (*op == "exec_replay") return s.on_exec_replay(error, out);
  if (*op == "order_status") return s.on_order_status(error, out);
  if (*op == "open_orders") return s.on_open_orders(error, out);
  if (AdminDesk::knows(*op)) return s.on_admin(*op, error, out);
  s.door.answer_rest(*op, error, out);
}

bool TradeSession::State::may_trade(bool is_cancel, TradeError& error) {
  if (!door.may(key_scopes::trade, error)) return false;
  // Risk can always be taken off.
  if (!is_cancel && !orders.take(door.now())) {
    error.code = code_of(ControlError::order_rate);
    error.message = "too many orders";
    error.retry_after_ms = orders.retry_after_ms();
    return false;
  }
  return true;
}

void TradeSession::State::on_order(OrderOperation operation, TradeError& error, Outbox& out) {
  FieldReader fields{door.json(), error};
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
  send(parts.entry.command_of(order, {account(), session, door.now()}), error, out);
}

void TradeSession::State::send(std::expected<Command, Refusal> command, TradeError& error,
                               Outbox& out) {
  const auto refuse = [&](std::uint16_t code, std::string message) {
    error.code = code;
    error.message = std::move(message);
    fail(error, out);
  };
  if (!command) return refuse(command.error().code, std::move(command.error().message));
  const ClientSequence client = command->client_sequence;
  if (client && client <= parts.router.account(account()).client_sequence) {
    if (!questions->ask({.id = std::string{error.id},
                         .client_sequence = client,
                         .is_retry = true,
                         .is_comparable = true,
                         .command = *command}))
      refuse(code_of(ControlError::overloaded), "too many questions wait for their answers");
    return;
  }
  const EngineLink* const remote = parts.entry.remote();
  if (client && remote != nullptr && remote->is_in_doubt(account(), client))
    return refuse(code_of(ControlError::outcome_unknown), std::string(in_doubt));
  const bool rests = command->type == CommandType::new_order;
  if (rests && disconnect.covers(command->order.group))
    command->order_flags |= order_flags::cancel_on_disconnect;
  const bool is_followed = timing->wants(client);
  const TimeNs gate = is_followed ? wall_clock_now() : TimeNs{0};
  const auto outcome = parts.entry.submit(*command);
  if (!outcome) return refuse(outcome.error().code, outcome.error().message);
  if (is_followed) timing->on_sent(client, received, gate);
  if (rests && (command->order_flags & order_flags::cancel_on_disconnect) != 0) note_disconnect();
}

void TradeSession::on_binary(std::span<const std::byte> bytes, Outbox& out) {
  State& s = *state_;
  if (!s.door.is_talking(out)) return;
  TradeError error;
  if (bytes.size() > std::min(s.parts.options.limits.order_bytes, order_request_bytes_max)) {
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
  s.send(s.parts.entry.command_of(order, {s.account(), s.session, s.door.now()}), error, out);
}

bool TradeSession::State::read_disconnect(TradeError& error) {
  FieldReader fields{door.json(), error};
  const std::string_view word = fields.text("cod");
  const std::uint64_t group = fields.integer("cod_group", UINT32_MAX);
  if (!fields.ok()) return false;
  if (word.empty()) return true;
  if (word == "session") {
    disconnect.kind = DisconnectScope::Kind::session;
    return true;
  }
  if (word == "group" && group != 0) {
    disconnect = {DisconnectScope::Kind::group, GroupId{static_cast<std::uint32_t>(group)}};
    return true;
  }
  error.code = code_of(word == "group" ? ControlError::missing_field : ControlError::bad_type);
  error.message = word == "group" ? "'cod_group' is missing" : "'cod' is session or group";
  return false;
}

void TradeSession::State::on_auth(TradeError& error, Outbox& out) {
  const auto found =
      door.prove(key_scopes::read | key_scopes::trade | key_scopes::admin, error, out);
  if (!found) return;
  FieldReader fields{door.json(), error};
  const std::string_view resumed = fields.text("resume");
  const bool wants_timing = fields.flag("timing");
  if (!fields.ok() || !read_disconnect(error)) return fail(error, out);
  if (!parts.router.knows(found->account)) {
    error.code = code_of(RejectReason::unknown_account);
    error.message = "the key's account " + std::to_string(found->account.value()) +
                    " is above engine.accounts_max";
    return fail(error, out);
  }
  ExecResume resume;
  if (!read_exec_resume(door.json(), "exec_from", parts.router, found->account, resume, error))
    return fail(error, out);

  door.accept(found);
  if (const auto named = parse_session_name(resumed))
    if (const auto lost = parts.entry.resume_session(account(), *named, connection)) {
      session = lost->id;
      disconnect = lost->scope;
      ends_with_session = true;
    }
  if (disconnect.kind != DisconnectScope::Kind::orders) note_disconnect();
  using Follows = OrderTiming::Follows;
  timing.emplace(parts.stages, parts.order_stages,
                 wants_timing ? Follows::all_and_tells : Follows::one_at_a_time,
                 log_named(parts.options));
  if (wants_timing) out.want_sent_time();
  const auto encoding =
      door.info().subprotocol == "bourse.json.v1" ? ExecEncoding::json : ExecEncoding::flatbuffers;
  stream.emplace(parts.router, parts.log, parts.options, encoding, account(), session);
  questions.emplace(parts.router, parts.log, account(), log_named(parts.options));
  if (resume.is_asked)
    stream->start_at(resume.sequence, resume.wanted);
  else
    stream->start_live();
  AuthAnswer answer{.position = parts.router.account(account()), .told = stream->told()};
  if (!resumed.empty()) answer.resumed = session != connection;
  out.append_text(auth_ok_reply(error.id, *door.key(), answer));
}

void TradeSession::State::on_exec_replay(TradeError& error, Outbox& out) {
  if (!door.may(key_scopes::read | key_scopes::trade | key_scopes::admin, error))
    return fail(error, out);
  ExecResume resume;
  if (!read_exec_resume(door.json(), "from_exec_seq", parts.router, account(), resume, error))
    return fail(error, out);
  if (!resume.is_asked) {
    error.code = code_of(ControlError::missing_field);
    error.message = "'from_exec_seq' is missing";
    return fail(error, out);
  }
  stream->start_at(resume.sequence, resume.wanted);
  out.append_text(exec_replay_ok_reply(error.id, stream->told()));
}

void TradeSession::State::on_order_status(TradeError& error, Outbox& out) {
  FieldReader fields{door.json(), error};
  const ClientSequence client{fields.integer("client_seq")};
  const OrderId order{fields.integer("order_id")};
  if (!fields.ok()) return fail(error, out);
  error.client_seq = client.value();
  if (!door.may(key_scopes::read | key_scopes::trade, error)) return fail(error, out);
  if (!client && !order) {
    error.code = code_of(ControlError::missing_field);
    error.message = "'order_id' or 'client_seq' is missing";
    return fail(error, out);
  }
  const EngineLink* const remote = parts.entry.remote();
  if (client && client > parts.router.account(account()).client_sequence) {
    if (remote != nullptr && remote->is_in_doubt(account(), client)) {
      error.code = code_of(ControlError::outcome_unknown);
      error.message = in_doubt;
      return fail(error, out);
    }
    error.code = code_of(RejectReason::client_sequence_gap);
    error.message = "client_seq " + std::to_string(client.value()) + " has not been sequenced";
    return fail(error, out);
  }
  if (questions->ask({.id = std::string{error.id}, .client_sequence = client, .order = order}))
    return;
  error.code = code_of(ControlError::overloaded);
  error.message = "too many questions wait for their answers";
  fail(error, out);
}

void TradeSession::State::on_open_orders(TradeError& error, Outbox& out) {
  FieldReader fields{door.json(), error};
  const std::string_view symbol = fields.text("symbol");
  const OrderId below{fields.integer("below_order_id")};
  const GroupId group{static_cast<std::uint32_t>(fields.integer("group", UINT32_MAX))};
  if (!fields.ok()) return fail(error, out);
  if (!door.may(key_scopes::read | key_scopes::trade, error)) return fail(error, out);
  const std::uint32_t page = parts.options.limits.open_orders_page_count;
  OpenOrdersAsked asked{error.id, account(), {}, below, group, page};
  if (!symbol.empty()) {
    asked.symbol = parts.router.instruments().find(symbol);
    if (!asked.symbol) {
      error.code = code_of(RejectReason::unknown_instrument);
      error.message = "symbol '" + std::string{symbol.substr(0, id_bytes_max)} + "' is unknown";
      return fail(error, out);
    }
  }
  out.append_text(open_orders_reply(parts.router, asked));
}

void TradeSession::State::on_admin(std::string_view op, TradeError& error, Outbox& out) {
  if (!door.may(key_scopes::admin, error)) return fail(error, out);
  if (parts.entry.remote() != nullptr) {
    error.code = code_of(RejectReason::unsupported);
    error.message = "this is a gateway: administrators connect to the engine";
    return fail(error, out);
  }
  if (admin == nullptr)
    admin = std::make_unique<AdminDesk>(parts.router, parts.entry, parts.log, connection,
                                        parts.options);
  FieldReader fields{door.json(), error};
  admin->submit(op, fields, door.now(), error);
  if (error.code != 0) fail(error, out);
}

// What became of commands that the engine, in another process, has not confirmed.
void TradeSession::State::tell_verdicts(Outbox& out) {
  EngineLink* const remote = parts.entry.remote();
  if (remote == nullptr) return;
  const std::uint64_t told = remote->told_count();
  if (std::exchange(verdicts_seen, told) == told) return;
  for (const Verdict& verdict : remote->take(account(), session)) {
    const bool is_unknown = verdict.kind == Verdict::Kind::unknown;
    fail({.code = code_of(is_unknown ? ControlError::outcome_unknown
                                     : ControlError::engine_unreachable),
          .message = std::string(is_unknown ? in_doubt : "it was not sequenced and never will be"),
          .client_seq = verdict.client_sequence.value(),
          .cl_ord_id = verdict.client_order_id.view(),
          .log = log_named(parts.options)},
         out);
  }
}

bool TradeSession::pump(Outbox& out, TimeNs now) {
  State& s = *state_;
  s.door.tell_time(now);
  if (!s.stream || s.door.is_closing()) return false;
  if (s.admin) s.admin->pump(out);
  s.tell_verdicts(out);
  bool more = s.timing->pump(out);
  const ExecStream::State state = s.stream->pump(out, s.door.now());
  const auto told = s.stream->take_own();
  const bool is_followed = !told.empty() && s.timing->is_following();
  const TimeNs encoded = is_followed ? wall_clock_now() : TimeNs{0};
  for (const ExecStream::Own& own : told) {
    if (is_followed) s.timing->on_told(own, encoded, out);
    // The first one was still on its way when the retry was sent: it has arrived now.
    if (own.is_duplicate)
      s.questions->ask({.client_sequence = own.client_sequence, .is_retry = true});
  }
  more |= is_followed && s.timing->tells();
  if (state == ExecStream::State::failed) {
    s.door.end_unreadable(s.stream->error(), out);
    return false;
  }
  more |= s.questions->pump(out);
  return more || state == ExecStream::State::more;
}

void TradeSession::on_timer(TimeNs now, Outbox& out) { state_->door.on_timer(now, out); }

}  // namespace bourse
