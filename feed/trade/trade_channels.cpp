#include "feed/trade/trade_channels.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "feed/control/log_replies.h"  // joined_reply, of_log
#include "feed/log_share.h"            // log_of, log_by_name
#include "feed/net/hello_json.h"       // log_points
#include "feed/net/outbox_messages.h"  // take_messages
#include "feed/trade/field_reader.h"   // FieldReader
#include "feed/trade/order_frames.h"   // read_order
#include "feed/trade/trade_door.h"     // TradeDoor
#include "feed/trade/trade_replies.h"  // TradeError, error_reply

namespace bourse {
namespace {

constexpr std::size_t backlog_factor_max = 4;
constexpr std::uint16_t close_policy = 1008;

// About the account in all logs, unless the request names one.
constexpr std::array<std::string_view, 7> ops_of_all = {
    "auth",      "open_orders", "set_account",  "cancel_orders",
    "subscribe", "unsubscribe", "subscriptions"};
// About one log, which a symbol or `log` has to name.
constexpr std::array<std::string_view, 8> ops_of_one = {
    "order",        "amend",        "cancel",      "mass_cancel",
    "cancel_after", "order_status", "exec_replay", "bust_trade"};
// Where a private stream begins is of one log.
constexpr std::array<std::string_view, 3> places = {"exec_from", "from_exec_seq", "from_seq"};

bool is_one_of(std::string_view word, std::span<const std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

// `"logs":[{"log":1,"exec_from":"7"},...]`: the fields that are meant for this log.
std::string fields_of_log(std::string_view list, std::uint32_t log) {
  JsonFields entry;
  std::string fields;
  for (std::size_t at = list.find('{'); at != std::string_view::npos; at = list.find('{', at + 1)) {
    const std::size_t end = list.find('}', at);
    if (end == std::string_view::npos || !entry.parse(list.substr(at, end - at + 1))) continue;
    const JsonField* const number = entry.find("log");
    if (number == nullptr || entry.integer(*number) != log) continue;
    for (const std::string_view place : places)
      if (const JsonField* const field = entry.find(place))
        if (const auto value = entry.integer(*field))
          fields.append(fields.empty() ? "\"" : ",\"")
              .append(place)
              .append("\":\"")
              .append(std::to_string(*value))
              .append("\"");
  }
  return fields;
}

}  // namespace

template <class Session>
TradeChannels<Session>::TradeChannels(std::vector<TradeParts> channels, const SessionInfo& info)
    : channels_(std::move(channels)),
      json_(std::make_unique<JsonFields>()),
      answers_(std::make_unique<Outbox>()) {
  for (const TradeParts& channel : channels_) members_.emplace_back(channel, info);
}

template <class Session>
void TradeChannels<Session>::on_open(Outbox& out) {
  members_.front().on_open(*answers_);
  std::vector<HelloPoint> points;
  for (const TradeParts& channel : channels_)
    points.push_back({.epoch = channel.router.epoch(channel.options.epoch),
                      .earliest = channel.log.earliest_sequence(),
                      .head = channel.log.released_sequence()});
  take_messages(
      *answers_,
      [&](std::string_view hello) { out.append_text(with_fields(hello, log_points(points))); },
      [](auto) {});
}

template <class Session>
void TradeChannels<Session>::on_received(TimeNs time) {
  if constexpr (requires { members_.front().on_received(time); })
    for (Session& member : members_) member.on_received(time);
}

template <class Session>
bool TradeChannels<Session>::is_talking(Outbox& out) {
  const std::size_t high = channels_.front().options.limits.outbox_high_bytes;
  if (out.close_requested()) return false;
  if (out.size() <= backlog_factor_max * high) return true;
  out.request_close(close_policy, "asks but does not read");
  return false;
}

// REQUIRES: json_ has been parsed.
template <class Session>
typename TradeChannels<Session>::Route TradeChannels<Session>::route() {
  TradeError error;
  FieldReader fields{*json_, error};
  const std::string_view op = fields.text("op");
  const std::string_view symbol = fields.text("symbol");
  const auto named = static_cast<std::uint32_t>(fields.integer("log", UINT32_MAX));
  // What is wrong with a field is told by the session that it would be for.
  if (!fields.ok()) return {};
  if (fields.has("log")) {
    if (named < count()) return {.log = named};
    return {.refusal = "there is no log " + std::to_string(named)};
  }
  if (!symbol.empty()) {
    for (const TradeParts& channel : channels_)
      if (channel.router.instruments().find(symbol)) return {.log = channel.options.log};
    return {.log = log_by_name(symbol, count())};
  }
  if (is_one_of(op, ops_of_one))
    return {.refusal = "'symbol' is missing, or 'log': which log this is about"};
  if (!is_one_of(op, ops_of_all)) return {};
  for (const std::string_view place : places)
    if (fields.has(place))
      return {.refusal = "'" + std::string(place) + "' is of one log: say so for each in 'logs'"};
  return {.is_all = true};
}

template <class Session>
void TradeChannels<Session>::on_text(std::string_view text, Outbox& out) {
  if (!is_talking(out)) return;
  if (!json_->parse(text)) return tell_one(0, text, out);
  const Route to = route();
  if (!to.refusal.empty()) return refuse(to.refusal, out);
  if (to.is_all)
    tell_all(text, out);
  else
    tell_one(to.log, text, out);
}

template <class Session>
void TradeChannels<Session>::refuse(std::string message, Outbox& out) {
  TradeError error;
  FieldReader fields{*json_, error};
  const std::string id = fields.echo("id", TradeDoor::id_bytes_max);
  error = {.code = code_of(ControlError::missing_field),
           .message = std::move(message),
           .id = id,
           .client_seq = fields.integer("client_seq"),
           .cl_ord_id = fields.text("cl_ord_id").substr(0, TradeDoor::id_bytes_max)};
  out.append_text(error_reply(error));
}

template <class Session>
void TradeChannels<Session>::tell_one(std::uint32_t log, std::string_view text, Outbox& out) {
  members_[log].on_text(text, *answers_);
  take_messages(
      *answers_, [&](std::string_view reply) { out.append_text(of_log(reply, log)); },
      [&](std::span<const std::byte> frame) { out.append_framed(frame); });
  pass_on(out);
}

template <class Session>
void TradeChannels<Session>::tell_all(std::string_view text, Outbox& out) {
  const JsonField* const list = json_->find("logs");
  const std::string logs(list == nullptr ? std::string_view() : list->value);
  std::vector<LogReply> replies;
  std::vector<LogReply> errors;
  for (std::uint32_t log = 0; log < count(); ++log) {
    const std::string fields = fields_of_log(logs, log);
    members_[log].on_text(fields.empty() ? text : with_fields(text, fields), *answers_);
    take_messages(
        *answers_,
        [&](std::string_view reply) {
          const bool is_error = reply.starts_with(R"({"op":"error")");
          (is_error ? errors : replies).push_back({log, std::string(reply)});
        },
        [&](std::span<const std::byte> frame) { out.append_framed(frame); });
    pass_on(out);
    // What the first log refuses the others would refuse too. Later on the first one has done it,
    // perhaps without a word yet: then each is asked, and answers for itself.
    if (log == 0 && !errors.empty()) break;
  }
  if (!replies.empty()) out.append_text(joined_reply(replies));
  for (const LogReply& error : errors) out.append_text(of_log(error.text, error.log));
}

template <class Session>
void TradeChannels<Session>::pass_on(Outbox& out) {
  if (answers_->wants_sent_time()) out.want_sent_time();
  if (const auto& close = answers_->close_requested())
    out.request_close(close->code, close->reason);
}

template <class Session>
void TradeChannels<Session>::on_binary(std::span<const std::byte> bytes, Outbox& out) {
  if (!is_talking(out)) return;
  WireOrder order;
  std::uint32_t log = 0;  // which says what is wrong with the bytes
  if (read_order(bytes, order)) {
    if (order.instrument_id == 0)
      return TradeDoor::fail(
          {.code = code_of(ControlError::missing_field),
           .message = "'instrument_id' is missing: it says which log this is about",
           .client_seq = order.client_seq},
          out);
    log = log_of(SymbolId{order.instrument_id}, count());
  }
  members_[log].on_binary(bytes, *answers_);
  take_messages(
      *answers_, [&](std::string_view reply) { out.append_text(of_log(reply, log)); },
      [&](std::span<const std::byte> frame) { out.append_framed(frame); });
  pass_on(out);
}

template <class Session>
bool TradeChannels<Session>::pump(Outbox& out, TimeNs now) {
  first_ = (first_ + 1) % members_.size();
  bool is_more_due = false;
  for (std::size_t i = 0; i < members_.size(); ++i)
    is_more_due |= members_[(first_ + i) % members_.size()].pump(out, now);
  return is_more_due;
}

template <class Session>
void TradeChannels<Session>::on_timer(TimeNs now, Outbox& out) {
  for (Session& member : members_) {
    if (out.close_requested()) return;
    member.on_timer(now, out);
  }
}

template class TradeChannels<TradeSession>;
template class TradeChannels<DropcopySession>;

}  // namespace bourse
