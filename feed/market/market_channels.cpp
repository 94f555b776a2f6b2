#include "feed/market/market_channels.h"

#include <algorithm>
#include <string>
#include <utility>

#include "feed/log_share.h"            // log_of, log_by_name
#include "feed/net/hello_json.h"       // write_log_points
#include "feed/net/outbox_messages.h"  // take_messages

namespace bourse {
namespace {

bool names_a_place(const SubscriptionRequest& sub) {
  return sub.start.kind == StartKind::sequence || (sub.end && sub.end->kind == StartKind::sequence);
}

// Whether the request is about everything that the connection has.
bool is_of_all(ControlOp op) {
  return op == ControlOp::set || op == ControlOp::subscriptions || op == ControlOp::stats;
}

}  // namespace

MarketChannels::MarketChannels(std::vector<MarketChannel> channels, const SessionInfo& info)
    : channels_(std::move(channels)), answers_(std::make_unique<Outbox>()) {
  for (const MarketChannel& channel : channels_)
    members_.emplace_back(channel.hub, channel.log, channel.options, info);
}

void MarketChannels::on_open(Outbox& out) {
  members_.front().on_open(*answers_);
  std::vector<HelloPoint> points;
  for (const MarketChannel& channel : channels_)
    points.push_back({.epoch = channel.hub.epoch(),
                      .earliest = channel.log.earliest_sequence(),
                      .head = channel.hub.sequence()});
  take_messages(
      *answers_,
      [&](std::string_view hello) { out.append_text(with_fields(hello, log_points(points))); },
      [](auto) {});
}

void MarketChannels::on_text(std::string_view text, Outbox& out) {
  MarketSession& speaker = members_.front();
  if (!speaker.take_control(text.size(), out)) return;
  const auto request = parse_control(text);
  if (!request) return speaker.refuse(request.error(), out);
  std::vector<ControlRequest> parts;
  if (!divide(*request, parts, out)) return;
  std::vector<LogReply> replies;
  Outbox frames;  // what follows the answer: definitions, snapshots
  for (std::uint32_t log = 0; log < count(); ++log) {
    if (parts[log].op == ControlOp::none) continue;
    members_[log].answer(parts[log], *answers_);
    take_messages(
        *answers_,
        [&](std::string_view reply) {
          if (reply.starts_with(R"({"op":"error")"))
            out.append_text(of_log(reply, log));
          else
            replies.push_back({log, std::string(reply)});
        },
        [&](std::span<const std::byte> frame) { frames.append_framed(frame); });
  }
  if (replies.size() == 1)
    out.append_text(of_log(replies.front().text, replies.front().log));
  else if (!replies.empty())
    out.append_text(joined_reply(replies));
  if (!frames.empty()) out.append_framed(frames.pending());
  if (std::ranges::any_of(members_, &MarketSession::has_subscribed))
    for (MarketSession& member : members_) member.note_subscribed();
}

bool MarketChannels::divide(const ControlRequest& request, std::vector<ControlRequest>& parts,
                            Outbox& out) {
  ControlRequest none;
  none.id = request.id;
  parts.assign(count(), none);
  for (const SubscriptionRequest& sub : request.subscriptions)
    if (!divide(sub, request, parts, out)) return false;
  for (const std::uint32_t stream : request.streams)
    parts[log_of(wire::symbol_of(stream), count())].streams.push_back(stream);
  bool is_of_any = false;
  for (ControlRequest& part : parts) {
    if (part.subscriptions.empty() && part.streams.empty() && !is_of_all(request.op)) continue;
    is_of_any = true;
    part.op = request.op;
    part.from = request.from;
    part.to = request.to;
  }
  if (!is_of_any) parts.front() = request;  // of the connection itself, or of nothing at all
  return true;
}

bool MarketChannels::divide(const SubscriptionRequest& sub, const ControlRequest& request,
                            std::vector<ControlRequest>& parts, Outbox& out) {
  if (sub.log && *sub.log >= count()) {
    refuse(request, "there is no log " + std::to_string(*sub.log), out);
    return false;
  }
  std::vector<std::vector<std::string>> symbols(count());
  for (const std::string& symbol : sub.symbols) {
    if (sub.log)
      symbols[*sub.log].push_back(symbol);
    else if (!is_pattern(symbol))
      symbols[log_of_symbol(symbol)].push_back(symbol);
    else
      for (const std::uint32_t log : logs_of_pattern(symbol)) symbols[log].push_back(symbol);
  }
  const auto is_named = [](const auto& named) { return !named.empty(); };
  if (names_a_place(sub) && std::ranges::count_if(symbols, is_named) > 1) {
    refuse(request,
           "a seq is a place of one log: name symbols of one log, or say which one with 'log'",
           out);
    return false;
  }
  for (std::uint32_t log = 0; log < count(); ++log) {
    // What names nothing at all is told so by the first one.
    if (symbols[log].empty() && (log != 0 || !sub.symbols.empty())) continue;
    SubscriptionRequest part = sub;
    part.symbols = std::move(symbols[log]);
    parts[log].subscriptions.push_back(std::move(part));
  }
  return true;
}

void MarketChannels::refuse(const ControlRequest& request, std::string message, Outbox& out) {
  members_.front().refuse({.code = ControlError::bad_type,
                           .message = std::move(message),
                           .id = request.id,
                           .symbol = {}},
                          out);
}

std::uint32_t MarketChannels::log_of_symbol(std::string_view symbol) const {
  for (const MarketChannel& channel : channels_)
    if (channel.hub.instruments().find(symbol)) return channel.options.log;
  return log_by_name(symbol, count());
}

// Those that have such a symbol; if none has, the first one says so.
std::vector<std::uint32_t> MarketChannels::logs_of_pattern(std::string_view pattern) const {
  std::vector<std::uint32_t> logs;
  for (const MarketChannel& channel : channels_)
    if (!channel.hub.instruments().matching(pattern).empty()) logs.push_back(channel.options.log);
  return logs.empty() ? std::vector<std::uint32_t>{0} : logs;
}

void MarketChannels::on_binary(std::span<const std::byte> bytes, Outbox& out) {
  members_.front().on_binary(bytes, out);
}

bool MarketChannels::pump(Outbox& out, TimeNs now) {
  first_ = (first_ + 1) % members_.size();
  bool is_more_due = false;
  for (std::size_t i = 0; i < members_.size(); ++i)
    is_more_due |= members_[(first_ + i) % members_.size()].pump(out, now);
  return is_more_due;
}

void MarketChannels::on_timer(TimeNs now, Outbox& out) {
  for (MarketSession& member : members_) member.on_timer(now, out);
}

}  // namespace bourse
