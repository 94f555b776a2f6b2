#include "app/exchange/remote_orders.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <utility>

#include "app/threads/wall_clock.h"  // wall_clock_now
#include "replay/stream/mailbox.h"   // Mailbox, send_message

namespace bourse {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto connect_pause = 500ms;
constexpr auto heartbeat_every = 200ms;
constexpr auto idle_wait = 50ms;
constexpr auto busy_wait = 1ms;  // while receipts are due for what the engine executes

std::int64_t steady_ns() { return Clock::now().time_since_epoch() / 1ns; }

}  // namespace

RemoteOrders::RemoteOrders(RemoteOrdersParts parts)
    : server_(std::move(parts.server)),
      names_(std::move(parts.names)),
      log_(parts.log),
      epoch_(parts.epoch),
      channels_(parts.channels),
      receiver_(std::move(parts.gate), parts.epoch,
                [&sequencer = parts.sequencer] { return sequencer.last_sequence(); }) {
  using Kind = Metrics::Kind;
  const auto sampled = [&](Kind kind, std::string_view name, std::string_view help,
                           const std::atomic<std::uint64_t>& value) {
    parts.metrics.sampled(kind, name, help, parts.labels,
                          [&value] { return static_cast<double>(value.load()); });
  };
  const CommandReceiver::Counters& c = receiver_.counters();
  sampled(Kind::gauge, "bourse_gateways", "Gateways that forward orders", c.gateways);
  sampled(Kind::counter, "bourse_forwarded_commands_total", "Commands taken from gateways",
          c.commands);
  sampled(Kind::counter, "bourse_forwarded_repeated_total",
          "Commands that gateways sent again and that were there already", c.repeated);
  sampled(Kind::counter, "bourse_forwarded_damaged_total",
          "Messages of gateways that were not whole", c.damaged);
  sampled(Kind::counter, "bourse_gateways_given_up_total", "Gateways that fell silent", c.given_up);
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void RemoteOrders::run(const std::stop_token& stop) {
  bool has_complained = false;
  while (!stop.stop_requested()) {
    auto server = JetStream::connect(server_);
    if (server) {
      spdlog::info("gateways may forward orders: {}", names_.commands);
      serve(*server, stop);
      return;
    }
    if (!std::exchange(has_complained, true))
      spdlog::warn("no gateway is heard yet: {}", server.error().text());
    receiver_.look_after(steady_ns());
    std::this_thread::sleep_for(connect_pause);
  }
}

void RemoteOrders::serve(JetStream& server, const std::stop_token& stop) {
  auto mailbox = Mailbox::open(server, names_.commands);
  if (!mailbox) return spdlog::error("no gateway is heard: {}", mailbox.error().text());
  Clock::time_point heartbeat_at{};
  while (!stop.stop_requested()) {
    if (const auto message = mailbox->next(receiver_.is_waiting() ? busy_wait : idle_wait))
      receiver_.take(message->bytes(), message->reply_to(), steady_ns());
    receiver_.look_after(steady_ns());
    for (const CommandReceiver::Answer& answer : receiver_.take_answers())
      send_message(server, answer.to, answer.bytes);
    if (Clock::now() < heartbeat_at) continue;
    heartbeat_at = Clock::now() + heartbeat_every;
    send_heartbeat(server);
  }
}

void RemoteOrders::send_heartbeat(JetStream& server) {
  send_message(server, names_.heartbeat,
               encode_link({.kind = LinkKind::heartbeat,
                            .sequence = log_.released_sequence(),
                            .time = wall_clock_now(),
                            .epoch = epoch_,
                            .journal = log_.journal_id(),
                            .channels = channels_}));
}

}  // namespace bourse
