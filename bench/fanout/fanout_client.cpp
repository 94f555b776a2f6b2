#include "bench/fanout/fanout_client.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <memory>
#include <vector>

#include "bench/load/load_connection.h"  // LoadConnection
#include "bench/measure/percentiles.h"   // Percentiles

namespace bourse {

namespace {

constexpr int patience_ms = 20'000;

class Subscriber {
 public:
  Subscriber(const TlsContext& context, std::uint16_t port)
      : connection_(context, port, "/flood", "") {}

  int fd() const { return connection_.fd(); }
  bool is_sound() const { return connection_.is_sound(); }
  std::uint64_t received() const { return received_; }

  // Takes what has come; latencies go into `samples` from number `warm_up` on.
  void take(const FanoutPlan& plan, std::vector<std::int64_t>* samples) {
    connection_.take([&](WsOpcode opcode, std::span<const std::byte> payload) {
      if (opcode == WsOpcode::ping) return;
      std::uint64_t number = 0;
      if (opcode == WsOpcode::binary && payload.size() == plan.payload_bytes)
        std::memcpy(&number, payload.data(), sizeof number);
      else
        number = ~received_;
      if (number != received_) connection_.give_up();
      if (samples != nullptr && number >= plan.warm_up) {
        std::int64_t intended = 0;
        std::memcpy(&intended, payload.data() + sizeof number, sizeof intended);
        samples->push_back(clock_ns(CLOCK_MONOTONIC) - intended);
      }
      ++received_;
    });
  }

 private:
  LoadConnection connection_;
  std::uint64_t received_ = 0;
};

}  // namespace

ClientFigures run_fanout_client(const FanoutPlan& plan, std::uint16_t port, bool spins) {
  const TlsContext context = TlsContext::client_without_verification();
  std::vector<std::unique_ptr<Subscriber>> subscribers;
  const int epoll = ::epoll_create1(0);
  for (std::uint32_t i = 0; i < plan.subscribers; ++i) {
    subscribers.push_back(std::make_unique<Subscriber>(context, port));
    if (!subscribers.back()->is_sound()) return {};
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u32 = i;
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, subscribers.back()->fd(), &event);
  }
  std::vector<std::int64_t> samples;
  if (plan.per_second > 0) samples.reserve(plan.subscribers * plan.messages);
  auto* const wanted = plan.per_second > 0 ? &samples : nullptr;
  // The first messages may have come with the answer to the upgrade.
  for (auto& subscriber : subscribers) subscriber->take(plan, wanted);
  ClientFigures figures;
  std::array<epoll_event, 256> events;
  std::size_t complete = 0;
  for (auto& subscriber : subscribers) complete += subscriber->received() == plan.messages;
  bool is_sound = true;
  while (complete < plan.subscribers && is_sound) {
    const int ready = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()),
                                   spins ? 0 : patience_ms);
    if (ready <= 0 && !spins) break;
    for (int i = 0; i < ready; ++i) {
      Subscriber& subscriber = *subscribers[events[static_cast<std::size_t>(i)].data.u32];
      const bool was_complete = subscriber.received() == plan.messages;
      subscriber.take(plan, wanted);
      complete += !was_complete && subscriber.received() == plan.messages;
      is_sound = is_sound && (subscriber.is_sound() || subscriber.received() == plan.messages);
    }
  }
  for (auto& subscriber : subscribers) figures.received += subscriber->received();
  figures.is_complete = is_sound && complete == plan.subscribers;
  ::close(epoll);
  if (samples.empty()) return figures;
  const Percentiles percentiles(std::move(samples));
  figures.p50_ns = percentiles.at(50);
  figures.p99_ns = percentiles.at(99);
  figures.p999_ns = percentiles.at(99.9);
  figures.max_ns = percentiles.max();
  return figures;
}

}  // namespace bourse
