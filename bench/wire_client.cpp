#include "bench/wire_client.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <string_view>
#include <vector>

#include "bench/aligned_copy.h"         // AlignedCopy
#include "bench/load_connection.h"      // LoadConnection
#include "bench/open_loop.h"            // wall_ns
#include "feed/market/market_frames.h"  // read_frame
#include "matching/check.h"             // CHECK

namespace bourse {
namespace {

constexpr std::int64_t price_e9 = 1000 * std::int64_t{1'000'000'000};
constexpr std::uint64_t lot_units = 100'000;  // of ETH-USD: 0.001 in 1e-8
constexpr std::uint32_t instrument = 2;       // ETH-USD of the demo
constexpr std::string_view subscribe =
    R"({"op":"subscribe","id":1,"subs":[{"channel":"mbo","symbols":["ETH-USD"]}]})";
constexpr int patience_ms = 10'000;

class Subscriber {
  auto handler() {
    return [this](WsOpcode opcode, std::span<const std::byte> payload) {
      if (opcode == WsOpcode::text) on_text(payload);
      if (opcode == WsOpcode::binary) on_frame(payload);
      if (opcode == WsOpcode::close) fault("the exchange closed a connection");
    };
  }

 public:
  Subscriber(const TlsContext& context, const WirePlan& plan, WireMemory& memory, bool is_first)
      : plan_(plan),
        memory_(memory),
        is_first_(is_first),
        connection_(context, plan.port, "/v1/md", "bourse.fb.v1") {
    if (!connection_.is_sound()) fault("a connection was refused");
    connection_.send(WsOpcode::text, std::as_bytes(std::span(subscribe)));
    while (connection_.is_sound() && !is_subscribed_)
      if (!connection_.wait_and_take(patience_ms, handler())) fault("not subscribed in time");
  }
  int fd() const { return connection_.fd(); }
  bool is_sound() const { return connection_.is_sound(); }
  bool is_complete() const { return seen_ == plan_.count; }
  void take() { connection_.take(handler()); }

 private:
  void on_text(std::span<const std::byte> payload) {
    const std::string_view text(reinterpret_cast<const char*>(payload.data()), payload.size());
    is_subscribed_ = is_subscribed_ || text.find("\"op\":\"subscribed\"") != text.npos;
    if (text.find("\"op\":\"error\"") != text.npos) fault(text);
  }
  void on_frame(std::span<const std::byte> payload) {
    const auto now = static_cast<std::int64_t>(wall_ns());
    const auto frame = read_frame(aligned_.of(payload));
    if (!frame) return fault("a frame does not verify");
    if (frame->header.channel != wire::Channel::mbo) return;
    const bool is_snapshot = (frame->header.flags & wire::frame_flags::snapshot) != 0;
    if (!is_snapshot && has_last_ && frame->header.prev_seq != last_seq_)
      return fault(fmt::format("the chain is broken: after {} came a frame after {}", last_seq_,
                               frame->header.prev_seq));
    last_seq_ = frame->header.last_seq;
    has_last_ = true;
    if (is_snapshot) return;
    for (const wire::MboEvent& event : frame->mbo) on_event(event, frame->header, now);
  }
  void on_event(const wire::MboEvent& event, const wire::FrameHeader& header, std::int64_t now) {
    if (event.action != 'A' && event.action != 'E') return;
    const std::uint64_t index = (event.size / lot_units - 1) * 2 + (event.action == 'E' ? 1 : 0);
    if (index != seen_)
      return fault(fmt::format("the tick of order {} came instead of that of {}", index, seen_));
    ++seen_;
    if (index < plan_.warm_up) return;
    const auto begin = memory_.shared().begin_ns.load(std::memory_order_relaxed);
    const auto intended = static_cast<std::int64_t>(begin) +
                          static_cast<std::int64_t>(plan_.interval_ns * static_cast<double>(index));
    const std::uint64_t at = memory_.shared().sample_count.load(std::memory_order_relaxed);
    memory_.latencies()[at] = now - intended;
    memory_.shared().sample_count.store(at + 1, std::memory_order_relaxed);
    if (is_first_)
      memory_.stamps()[index] = {static_cast<std::int64_t>(event.ts_event),
                                 static_cast<std::int64_t>(header.ts_pub), now};
  }
  void fault(std::string_view what) {
    char* const text = memory_.shared().fault;
    if (*text == 0)
      std::memcpy(text, what.data(), std::min(what.size(), sizeof memory_.shared().fault - 1));
    connection_.give_up();
  }

  const WirePlan& plan_;
  WireMemory& memory_;
  bool is_first_;
  AlignedCopy aligned_;
  bool is_subscribed_ = false;
  bool has_last_ = false;
  std::uint64_t last_seq_ = 0;
  std::uint64_t seen_ = 0;
  LoadConnection connection_;  // last: its handler writes the above
};

}  // namespace

WireMemory::WireMemory(const WirePlan& plan)
    : bytes_(sizeof(WireShared) + plan.count * sizeof(WireStamps) +
             plan.subscribers * (plan.count - plan.warm_up) * sizeof(std::int64_t)) {
  base_ = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  CHECK(base_ != MAP_FAILED);
  shared_ = new (base_) WireShared;
  auto* const stamps = reinterpret_cast<WireStamps*>(shared_ + 1);
  stamps_ = {stamps, plan.count};
  latencies_ = {reinterpret_cast<std::int64_t*>(stamps + plan.count),
                plan.subscribers * (plan.count - plan.warm_up)};
}

WireMemory::~WireMemory() { ::munmap(base_, bytes_); }

WireOrder wire_order(std::uint64_t index, std::uint64_t client_seq) {
  WireOrder order;
  order.client_seq = client_seq;
  order.price = price_e9;
  order.qty = (index / 2 + 1) * lot_units;
  order.instrument_id = instrument;
  order.op = static_cast<std::uint8_t>(OrderOperation::new_order);
  order.side = index % 2 == 0 ? wire_buy : wire_sell;
  order.ord_type = static_cast<std::uint8_t>(OrderType::limit);
  order.tif = static_cast<std::uint8_t>(index % 2 == 0 ? TimeInForce::gtc : TimeInForce::ioc);
  return order;
}

void wire_subscribers(const WirePlan& plan, WireMemory& memory) {
  const TlsContext context = TlsContext::client_without_verification();
  std::vector<std::unique_ptr<Subscriber>> subscribers;
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  for (std::uint32_t i = 0; i < plan.subscribers; ++i) {
    subscribers.push_back(std::make_unique<Subscriber>(context, plan, memory, i == 0));
    if (!subscribers.back()->is_sound()) return;
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u32 = i;
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, subscribers.back()->fd(), &event);
  }
  memory.shared().is_ready.store(1, std::memory_order_release);
  std::array<epoll_event, 256> events;
  std::size_t complete = 0;
  while (complete < plan.subscribers) {
    const int ready =
        ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), patience_ms);
    for (int i = 0; i < ready; ++i) {
      Subscriber& subscriber = *subscribers[events[static_cast<std::size_t>(i)].data.u32];
      const bool was_complete = subscriber.is_complete();
      subscriber.take();
      complete += !was_complete && subscriber.is_complete();
      if (!subscriber.is_sound()) return;
    }
    if (ready <= 0) {
      std::strncpy(memory.shared().fault, "not all ticks came in time",
                   sizeof memory.shared().fault - 1);
      return;
    }
  }
  ::close(epoll);
}

}  // namespace bourse
