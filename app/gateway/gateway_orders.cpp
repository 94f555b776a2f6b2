#include "app/gateway/gateway_orders.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <random>
#include <utility>

namespace bourse {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto connect_pause = 300ms;
constexpr auto listen_wait = 10ms;  // the forwarder looks at its clock as often
constexpr auto drain_max = 500ms;

std::int64_t steady_ns() { return Clock::now().time_since_epoch() / 1ns; }

std::uint64_t random_number() {
  std::random_device device;
  return (std::uint64_t{device()} << 32 | device()) | 1;
}

}  // namespace

GatewayOrders::GatewayOrders(GatewayOrdersParts parts)
    : server_options_(std::move(parts.server)),
      names_(std::move(parts.names)),
      title_(std::move(parts.title)),
      forwarder_(link_, parts.log, std::move(parts.followed),
                 [this](std::span<const std::byte> bytes) { return send(bytes); },
                 {.gateway = random_number()}) {
  export_metrics(parts.metrics, parts.labels);
}

GatewayOrders::~GatewayOrders() { stop(); }

void GatewayOrders::start() {
  listener_ = std::jthread([this](const std::stop_token& stop) { listen(stop); });
  thread_ = std::jthread([this](const std::stop_token& stop) { forward(stop); });
}

void GatewayOrders::stop() {
  thread_.request_stop();
  link_.arrivals().wake();
  if (thread_.joinable()) thread_.join();
  listener_.request_stop();
  if (listener_.joinable()) listener_.join();
}

bool GatewayOrders::send(std::span<const std::byte> bytes) {
  if (!is_connected_.load(std::memory_order_acquire)) return false;
  return send_message(*server_, names_.commands, bytes, answers_->subject());
}

bool GatewayOrders::connect() {
  auto connected = JetStream::connect(server_options_);
  if (!connected) return false;
  server_.emplace(std::move(*connected));
  auto opened = Mailbox::open(*server_);
  if (!opened) {
    server_.reset();
    return false;
  }
  answers_.emplace(std::move(*opened));
  is_connected_.store(true, std::memory_order_release);
  return true;
}

void GatewayOrders::listen(const std::stop_token& stop) {
  while (!stop.stop_requested() && !connect()) std::this_thread::sleep_for(connect_pause);
  while (!stop.stop_requested()) {
    if (const auto message = answers_->next(listen_wait))
      forwarder_.hear(message->bytes());
    else
      link_.arrivals().wake();
  }
}

void GatewayOrders::forward(const std::stop_token& stop) {
  GateState known = GateState::closed;
  Clock::time_point drain_until{};
  while (true) {
    const bool worked = forwarder_.step(steady_ns());
    if (const GateState state = link_.state().load(); state != std::exchange(known, state)) {
      if (state == GateState::closed) spdlog::warn("{}orders: the engine is not reached", title_);
      if (state == GateState::open) spdlog::info("{}orders: the engine takes them", title_);
    }
    if (stop.stop_requested()) {
      if (drain_until == Clock::time_point{}) drain_until = Clock::now() + drain_max;
      if (!forwarder_.has_work() || known == GateState::closed || Clock::now() > drain_until) break;
    }
    if (worked) continue;
    const std::uint32_t ticket = link_.arrivals().prepare();
    if (forwarder_.has_work() || stop.stop_requested())
      link_.arrivals().cancel();
    else
      link_.arrivals().park(ticket);
  }
  forwarder_.say_bye();
}

void GatewayOrders::export_metrics(Metrics& metrics, const MetricLabels& labels) {
  using Kind = Metrics::Kind;
  const auto sampled = [&](Kind kind, std::string_view name, std::string_view help,
                           const std::atomic<std::uint64_t>& value, double unit = 1) {
    metrics.sampled(kind, name, help, labels,
                    [&value, unit] { return static_cast<double>(value.load()) * unit; });
  };
  const CommandForwarder::Counters& c = forwarder_.counters();
  sampled(Kind::counter, "bourse_gateway_commands_total", "Commands forwarded to the engine",
          c.commands);
  sampled(Kind::counter, "bourse_gateway_sent_again_total", "Commands sent once more",
          c.sent_again);
  sampled(Kind::counter, "bourse_gateway_terms_total", "Times that the engine was lost", c.terms);
  sampled(Kind::counter, "bourse_gateway_unknown_total", "Commands whose outcome was in doubt",
          c.unknown);
  sampled(Kind::counter, "bourse_gateway_not_sequenced_total",
          "Commands of which is known that they never will be", c.not_sequenced);
  sampled(Kind::gauge, "bourse_gateway_under_way", "Commands sent and not yet in the log here",
          c.under_way);
  sampled(Kind::gauge, "bourse_gateway_round_trip_seconds",
          "From the last command to the engine's receipt of it", c.round_trip_ns, 1e-9);
  metrics.sampled(Kind::gauge, "bourse_gateway_orders_open", "1 while the engine takes orders",
                  labels, [this] { return link_.state().load() == GateState::open ? 1.0 : 0.0; });
}

}  // namespace bourse
