#include "feed/trade/dropcopy_session.h"

#include <string>
#include <utility>

#include "feed/control/json_writer.h"  // JsonWriter
#include "feed/trade/trade_replies.h"  // read_exec_resume

namespace bourse {

struct DropcopySession::State {
  State(const TradeParts& p, SessionInfo info)
      : parts(p), door(p.keys, p.limits, p.log, p.options, std::move(info)) {}
  ~State() { parts.router.count_dropcopies(-static_cast<std::int64_t>(streams.size())); }

  void on_auth(TradeError& error, Outbox& out);
  void on_subscribe(TradeError& error, Outbox& out);
  void on_unsubscribe(TradeError& error, Outbox& out);
  void on_subscriptions(const TradeError& error, Outbox& out);
  // The account that a request names and the key may watch. 0: error says why not.
  AccountId read_account(TradeError& error);

  TradeParts parts;
  TradeDoor door;
  std::map<AccountId, ExecStream> streams;
};

DropcopySession::DropcopySession(const TradeParts& parts, SessionInfo info)
    : state_(std::make_unique<State>(parts, std::move(info))) {}
DropcopySession::~DropcopySession() = default;
DropcopySession::DropcopySession(DropcopySession&&) noexcept = default;

void DropcopySession::on_open(Outbox& out) {
  const TradeParts& parts = state_->parts;
  state_->door.greet(parts.router.epoch(parts.options.epoch), out);
}

void DropcopySession::on_text(std::string_view text, Outbox& out) {
  State& s = *state_;
  if (!s.door.is_talking(out)) return;
  TradeError error;
  const auto op = s.door.read(text, error, out);
  if (!op || !s.door.take_control(error, out)) return;
  if (*op == "auth") return s.on_auth(error, out);
  if (*op == "subscribe") return s.on_subscribe(error, out);
  if (*op == "unsubscribe") return s.on_unsubscribe(error, out);
  if (*op == "subscriptions") return s.on_subscriptions(error, out);
  s.door.answer_rest(*op, error, out);
}

void DropcopySession::on_binary(std::span<const std::byte>, Outbox& out) {
  if (!state_->door.is_talking(out)) return;
  TradeDoor::fail({.code = code_of(ControlError::scope_missing),
                   .message = "nothing can be ordered here: requests are JSON texts"},
                  out);
}

void DropcopySession::State::on_auth(TradeError& error, Outbox& out) {
  const auto found = door.prove(key_scopes::dropcopy, error, out);
  if (!found) return;
  door.accept(found);
  JsonWriter json;
  json.open('{').key("op").text("auth_ok");
  if (!error.id.empty()) json.key("id").raw(error.id);
  json.key("key").text(found->id).key("scopes").open('[');
  for (const std::string_view scope : scope_names(found->scopes)) json.text(scope);
  json.close(']').key("accounts").open('[');
  if (found->all_accounts) {
    json.text("*");
  } else {
    json.number(found->account.value());
    for (const AccountId account : found->accounts)
      if (account != found->account) json.number(account.value());
  }
  json.close(']').key("seq").wide(parts.router.position().value());
  out.append_text(json.close('}').view());
}

AccountId DropcopySession::State::read_account(TradeError& error) {
  FieldReader fields{door.json(), error};
  const AccountId account{static_cast<std::uint32_t>(fields.integer("account", UINT32_MAX))};
  if (!fields.ok() || !door.may(key_scopes::dropcopy, error)) return {};
  if (!account) {
    error.code = code_of(ControlError::missing_field);
    error.message = "'account' is missing";
    return {};
  }
  if (!door.key()->may_watch(account) || !parts.router.knows(account)) {
    error.code = code_of(ControlError::channel_not_entitled);
    error.message = "account " + std::to_string(account.value()) + " is not one of this key's";
    return {};
  }
  return account;
}

void DropcopySession::State::on_subscribe(TradeError& error, Outbox& out) {
  const AccountId account = read_account(error);
  ExecResume resume;
  if (!account ||
      !read_exec_resume(door.json(), "from_exec_seq", parts.router, account, resume, error))
    return TradeDoor::fail(error, out);
  auto found = streams.find(account);
  if (found == streams.end()) {
    const std::uint32_t accounts_most = parts.options.limits.dropcopy_accounts_count;
    if (streams.size() >= accounts_most) {
      error.code = code_of(ControlError::too_many_streams);
      error.message = "at most " + std::to_string(accounts_most) + " accounts on one connection";
      return TradeDoor::fail(error, out);
    }
    const auto encoding = door.info().subprotocol == "bourse.json.v1" ? ExecEncoding::json
                                                                      : ExecEncoding::flatbuffers;
    found = streams.try_emplace(account, parts.router, parts.log, parts.options, encoding, account)
                .first;
    parts.router.count_dropcopies(1);
  }
  ExecStream& stream = found->second;
  if (resume.is_asked)
    stream.start_at(resume.sequence, resume.wanted);
  else
    stream.start_live();
  JsonWriter json;
  json.open('{').key("op").text("subscribed");
  if (!error.id.empty()) json.key("id").raw(error.id);
  json.key("account").number(account.value());
  json.key("stream").number(exec_stream_id(account));
  json.key("exec_head").wide(parts.router.account(account).exec_sequence.value());
  json.key("seq").wide(stream.told().value());
  out.append_text(json.close('}').view());
}

void DropcopySession::State::on_unsubscribe(TradeError& error, Outbox& out) {
  const AccountId account = read_account(error);
  if (!account) return TradeDoor::fail(error, out);
  const auto found = streams.find(account);
  if (found == streams.end()) {
    error.code = code_of(ControlError::not_subscribed);
    error.message = "account " + std::to_string(account.value()) + " is not subscribed";
    return TradeDoor::fail(error, out);
  }
  JsonWriter json;
  json.open('{').key("op").text("unsubscribed");
  if (!error.id.empty()) json.key("id").raw(error.id);
  json.key("account").number(account.value());
  json.key("seq").wide(found->second.told().value());
  out.append_text(json.close('}').view());
  streams.erase(found);
  parts.router.count_dropcopies(-1);
}

void DropcopySession::State::on_subscriptions(const TradeError& error, Outbox& out) {
  JsonWriter json;
  json.open('{').key("op").text("subscriptions");
  if (!error.id.empty()) json.key("id").raw(error.id);
  json.key("head_seq").wide(parts.router.position().value()).key("accounts").open('[');
  for (const auto& [account, stream] : streams) {
    json.open('{').key("account").number(account.value());
    json.key("stream").number(exec_stream_id(account));
    json.key("state").text(stream.is_live() ? "live" : "replay");
    json.key("seq").wide(stream.told().value()).close('}');
  }
  out.append_text(json.close(']').close('}').view());
}

bool DropcopySession::pump(Outbox& out, TimeNs now) {
  State& s = *state_;
  s.door.tell_time(now);
  if (s.door.is_closing()) return false;
  bool more = false;
  for (auto& [account, stream] : s.streams) {
    const ExecStream::State state = stream.pump(out, s.door.now());
    more |= state == ExecStream::State::more;
    if (state != ExecStream::State::failed) continue;
    s.door.end_unreadable(stream.error(), out);
    return false;
  }
  return more;
}

void DropcopySession::on_timer(TimeNs now, Outbox& out) { state_->door.on_timer(now, out); }

}  // namespace bourse
