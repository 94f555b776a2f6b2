#include "bench/fanout/fanout_server.h"

#include <array>
#include <atomic>
#include <optional>
#include <string_view>
#include <thread>

#include "feed/market/frame_log.h"   // FrameLog
#include "feed/turn/session_loop.h"  // SessionLoop
#include "matching/check.h"          // CHECK

namespace bourse {

namespace {

constexpr std::int64_t patience_ns = 60'000'000'000;

struct Flood {
  explicit Flood(FanoutSource& from) : source(from), frames(32 << 20) {}
  FanoutSource& source;
  FrameLog frames;
  std::uint32_t subscribers = 0;
};

class FloodConversation {
 public:
  explicit FloodConversation(Flood& flood) : flood_(flood) {}

  void on_open(Outbox&) { ++flood_.subscribers; }
  void on_text(std::string_view, Outbox&) {}
  void on_binary(std::span<const std::byte>, Outbox&) {}
  bool pump(Outbox& out, TimeNs) {
    const FrameLog& frames = flood_.frames;
    CHECK(position_ >= frames.oldest());
    const std::uint64_t before = position_;
    for (; position_ < frames.head() && out.size() < outbox_bytes_max; ++position_)
      out.append_framed(frames.bytes(position_));
    flood_.source.delivered(position_ - before);
    return position_ < frames.head();
  }
  void on_timer(TimeNs, Outbox&) {}

 private:
  static constexpr std::size_t outbox_bytes_max = 64 << 10;
  Flood& flood_;
  std::uint64_t position_ = 0;
};

class FloodStage {
 public:
  using Conversation = FloodConversation;

  explicit FloodStage(FanoutSource& source) : flood_(source) {}

  std::span<const std::string_view> subprotocols(std::string_view path) const {
    static constexpr std::array<std::string_view, 1> any = {"flood"};
    return path == "/flood" ? std::span<const std::string_view>(any)
                            : std::span<const std::string_view>();
  }
  void open(const HttpRequest&, SessionInfo, std::optional<FloodConversation>& into) {
    into.emplace(flood_);
  }
  HttpAnswer answer(const HttpRequest&) { return {}; }
  bool serves() const { return true; }
  bool has_news() const { return flood_.source.due() > 0; }
  bool advance(TimeNs) {
    FanoutSource& source = flood_.source;
    source.measure(records_);
    if (flood_.subscribers == source.plan().subscribers && !has_started_) {
      has_started_ = true;
      source.start();
    }
    const std::uint64_t due = source.due();
    for (std::uint64_t i = 0; i < due; ++i) flood_.frames.append({}, source.next_payload());
    return due > 0;
  }
  void count_records(std::uint64_t records) { records_ = records; }

 private:
  Flood flood_;
  std::uint64_t records_ = 0;
  bool has_started_ = false;
};

}  // namespace

void serve_fanout(FanoutSource& source, const std::function<void(std::uint16_t)>& on_port) {
  FeedOptions options;
  auto context = TlsContext::server(options);
  CHECK(context.has_value());
  Metrics metrics;
  FloodStage stage(source);
  SessionLoop<FloodStage> loop(stage, options, *context, metrics);
  CHECK(loop.listen(0, Listener::Sharing::alone).has_value());
  source.listen();
  on_port(loop.port());

  std::atomic<bool> stop{false};
  std::thread pacer;
  if (source.plan().per_second > 0)
    pacer = std::thread([&] { source.pace(stop, [&loop] { loop.wake(); }); });
  const std::int64_t deadline = clock_ns(CLOCK_MONOTONIC) + patience_ns;
  bool had_connections = false;
  while (clock_ns(CLOCK_MONOTONIC) < deadline && (!had_connections || loop.connections() > 0)) {
    loop.turn();
    stage.count_records(loop.records());
    had_connections = had_connections || loop.connections() > 0;
  }
  source.measure(loop.records());
  stop.store(true);
  if (pacer.joinable()) pacer.join();
}

}  // namespace bourse
