#include "bench/load/wire_client.h"

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

#include "bench/load/aligned_copy.h"     // AlignedCopy
#include "bench/load/load_connection.h"  // LoadConnection
#include "bench/measure/open_loop.h"     // wall_ns
#include "feed/market/market_frames.h"   // read_frame
#include "matching/check.h"              // CHECK

namespace bourse {
namespace {

constexpr std::int64_t price_e9 = 1000 * std::int64_t{1'000'000'000};
constexpr std::uint64_t lot_units = 100'000;  // of ETH-USD: 0.001 in 1e-8
constexpr std::uint32_t instrument = 2;       // ETH-USD of the demo
constexpr std::string_view subscribe =
    R"({"op":"subscribe","id":1,"subs":[{"channel":"mbo","symbols":["ETH-USD"]}]})";
constexpr int patience_ms = 60'000;
constexpr int slow_receive_bytes = 4096;
constexpr int slow_pause_ms = 100;
constexpr std::uint32_t connects_between_takes = 16;  // so that who came first is not found dead

class Subscriber {
  auto handler() {
    return [this](WsOpcode opcode, std::span<const std::byte> payload) {
      if (opcode == WsOpcode::text) on_text(payload);
      if (opcode == WsOpcode::binary) on_frame(payload);
      if (opcode == WsOpcode::close) fault("the exchange closed a connection");
    };
  }

 public:
  Subscriber(const TlsContext& context, const WirePlan& plan, WireMemory& memory,
             std::uint32_t index)
      : plan_(plan),
        memory_(memory),
        is_first_(index == 0),
        is_laggard_(index >= plan.readers()),
        connection_(context, plan.port, "/v1/md", "bourse.fb.v1",
                    {.receive_bytes = is_laggard_ ? slow_receive_bytes : 0}) {
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
    if (index != seen_ || index >= plan_.count)
      return fault(fmt::format("the tick of order {} came instead of that of {}", index, seen_));
    ++seen_;
    if (index < plan_.warm_up || is_laggard_) return;
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
  bool is_laggard_;
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

namespace {

// All of them, on one thread.
class Crowd {
 public:
  Crowd(const WirePlan& plan, WireMemory& memory)
      : plan_(plan), memory_(memory), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    subscribers_.reserve(plan.subscribers);
  }
  ~Crowd() { ::close(epoll_); }
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  bool connect() {
    for (std::uint32_t i = 0; i < plan_.subscribers; ++i) {
      subscribers_.push_back(std::make_unique<Subscriber>(context_, plan_, memory_, i));
      if (!subscribers_.back()->is_sound()) return false;
      if (i < plan_.readers()) watch(i);
      if (i % connects_between_takes == 0 && !turn(0)) return false;
    }
    return true;
  }
  bool read_all() {
    // What came while the others connected is not told again.
    for (std::uint32_t i = 0; i < plan_.readers(); ++i)
      if (!take(i)) return false;
    if (!await_readers()) return false;
    for (std::uint32_t i = plan_.readers(); i < plan_.subscribers; ++i) {
      watch(i);
      if (!take(i)) return false;
    }
    while (late_complete_ < plan_.subscribers - plan_.readers())
      if (!turn(patience_ms)) return false;
    return true;
  }

 private:
  void watch(std::uint32_t index) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u32 = index;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, subscribers_[index]->fd(), &event);
  }
  bool take(std::uint32_t index) {
    Subscriber& subscriber = *subscribers_[index];
    const bool was_complete = subscriber.is_complete();
    subscriber.take();
    (index < plan_.readers() ? complete_ : late_complete_) +=
        !was_complete && subscriber.is_complete();
    return subscriber.is_sound();
  }
  bool turn(int wait_ms) {
    const int ready =
        ::epoll_wait(epoll_, events_.data(), static_cast<int>(events_.size()), wait_ms);
    for (int i = 0; i < ready; ++i)
      if (!take(events_[static_cast<std::size_t>(i)].data.u32)) return false;
    return true;
  }
  // Heartbeats come even if ticks do not: the parent knows when it has waited long enough.
  bool await_readers() {
    auto slow_reads = wall_ns();
    while (complete_ < plan_.readers()) {
      if (!turn(plan_.with_laggards ? slow_pause_ms : patience_ms)) return false;
      if (!plan_.with_laggards || wall_ns() < slow_reads) continue;
      slow_reads = wall_ns() + std::uint64_t{slow_pause_ms} * 1'000'000;
      if (!take(plan_.readers())) return false;
    }
    return true;
  }

  const WirePlan& plan_;
  WireMemory& memory_;
  const TlsContext context_ = TlsContext::client_without_verification();
  const int epoll_;
  std::vector<std::unique_ptr<Subscriber>> subscribers_;
  std::array<epoll_event, 256> events_;
  std::uint32_t complete_ = 0;
  std::uint32_t late_complete_ = 0;  // laggards
};

}  // namespace

void wire_subscribers(const WirePlan& plan, WireMemory& memory) {
  Crowd crowd(plan, memory);
  if (!crowd.connect()) return;
  memory.shared().is_ready.store(1, std::memory_order_release);
  crowd.read_all();
}

}  // namespace bourse
