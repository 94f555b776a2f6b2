#include "bench/suites/wire_run.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>

#include "bench/load/handshake_storm.h"  // HandshakeStorm
#include "bench/load/wire_client.h"      // wire_subscribers
#include "bench/measure/open_loop.h"     // Pace, wall_ns, sleep_most
#include "feed/control/auth.h"           // sign, demo_key_id
#include "feed/control/json_fields.h"    // JsonFields
#include "feed/net/feed_client.h"        // FeedClient
#include "feed/trade/order_frames.h"     // encode_order

namespace bourse {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;
constexpr auto patience = 60s;  // thousands of subscribers on a busy machine
constexpr auto connect_patience = 180s;

// The stamps of an acknowledgement, in the order of the way (docs/PROTOCOL.md).
constexpr const char* ack_points[] = {"recv",     "gate",    "sequenced", "matched",
                                      "released", "encoded", "written"};
constexpr std::size_t ack_point_count = std::size(ack_points);

// The connection that sends the orders. Its reports are read between two orders.
class Trader {
 public:
  static Result<std::unique_ptr<Trader>> log_in(std::uint16_t port) {
    FeedClientOptions options;
    options.address = {"127.0.0.1", port, "/v1/trade"};
    options.subprotocol = "bourse.fb.v1";
    options.verify = false;
    auto client = FeedClient::connect(options);
    if (!client) return std::unexpected(client.error());
    std::unique_ptr<Trader> trader(new Trader(std::move(*client)));
    if (auto hello = trader->await("hello"); !hello) return std::unexpected(hello.error());
    const std::string signature = sign(KeyAlgorithm::hmac_sha256, demo_key_secret,
                                       trader->field("nonce"), trader->field("session"));
    const std::string request = fmt::format(
        R"({{"op":"auth","id":1,"key":"{}","alg":"hmac-sha256","sig":"{}","timing":true}})",
        demo_key_id, signature);
    if (auto sent = trader->client_->send_text(request); !sent)
      return std::unexpected(sent.error());
    if (auto answer = trader->await("auth_ok"); !answer) return std::unexpected(answer.error());
    trader->next_seq_ = std::stoull(trader->field("next_client_seq"));
    trader->first_seq_ = trader->next_seq_;
    return trader;
  }

  // Orders that a run that was void has left behind would meet those of this one.
  Result<void> clear_book() {
    if (auto sent = client_->send_text(R"({"op":"mass_cancel","id":2})"); !sent) return sent;
    return take_reports(100ms);
  }
  std::uint64_t next_seq() { return next_seq_++; }
  Result<void> send(std::span<const std::byte> bytes) { return client_->send_binary(bytes); }
  Result<void> take_reports(std::chrono::milliseconds wait) {
    for (;;) {
      const auto message = client_->next(wait);
      if (!message) return std::unexpected(message.error());
      if (!*message) return {};
      if ((*message)->is_text) note_timing((*message)->text());
    }
  }
  // By order; all zero where none came.
  struct AckStamps {
    std::int64_t at[ack_point_count] = {};
  };
  std::vector<AckStamps>& acks() { return acks_; }

 private:
  explicit Trader(std::unique_ptr<FeedClient> client) : client_(std::move(client)) {}

  Result<void> await(std::string_view op) {
    const auto end = Clock::now() + patience;
    while (Clock::now() < end) {
      const auto message = client_->next(100ms);
      if (!message) return std::unexpected(message.error());
      if (!*message || !(*message)->is_text || !fields_.parse((*message)->text())) continue;
      const JsonField* const found = fields_.find("op");
      if (found != nullptr && found->value == op) return {};
      if (found != nullptr && found->value == "error")
        return fail(ExitCode::unreachable, std::string((*message)->text()), "/v1/trade",
                    "is it a demo exchange?");
    }
    return fail(ExitCode::unreachable, fmt::format("no {} came", op), "/v1/trade");
  }
  std::string field(std::string_view key) const {
    const JsonField* const found = fields_.find(key);
    return found == nullptr ? std::string() : std::string(found->value);
  }
  void note_timing(std::string_view text) {
    if (!text.starts_with(R"({"op":"timing")") || !fields_.parse(text)) return;
    const auto number = [&](const char* key) {
      const JsonField* const found = fields_.find(key);
      return found == nullptr ? 0 : fields_.integer(*found).value_or(0);
    };
    const std::uint64_t index = number("client_seq") - first_seq_;
    if (index >= next_seq_ - first_seq_) return;
    if (acks_.size() <= index) acks_.resize(index + 1);
    for (std::size_t i = 0; i < ack_point_count; ++i)
      acks_[index].at[i] = static_cast<std::int64_t>(number(ack_points[i]));
  }

  std::unique_ptr<FeedClient> client_;
  JsonFields fields_;
  std::uint64_t first_seq_ = 0;
  std::uint64_t next_seq_ = 0;
  std::vector<AckStamps> acks_;
};

// The child with the subscribers; killed if it is still there at the end.
class Child {
 public:
  Child(const WirePlan& plan, WireMemory& memory) : memory_(memory), pid_(::fork()) {
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    wire_subscribers(plan, memory);
    ::_exit(0);
  }
  ~Child() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  bool has_ended() {
    if (pid_ > 0 && ::waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = 0;
    return pid_ <= 0;
  }
  Error error() const {
    return {ExitCode::unreachable,
            memory_.shared().fault[0] == 0 ? "the subscribers ended early" : memory_.shared().fault,
            "/v1/md",
            {}};
  }

 private:
  WireMemory& memory_;
  pid_t pid_;
};

void add_stages(WireRun& out, const WirePlan& plan, WireMemory& memory, const Pace& pace,
                const std::vector<std::int64_t>& sent) {
  out.stages = {{"intended to sent", {}},
                {"sent to sequenced", {}},
                {"sequenced to encoded", {}},
                {"encoded to received", {}}};
  for (std::uint64_t i = plan.warm_up; i < plan.count; ++i) {
    const WireStamps& at = memory.stamps()[i];
    const std::int64_t points[] = {static_cast<std::int64_t>(pace.intended(i)), sent[i],
                                   at.sequenced, at.encoded, at.received};
    for (std::size_t stage = 0; stage < out.stages.size(); ++stage)
      out.stages[stage].second.push_back(points[stage + 1] - points[stage]);
  }
}

void add_ack_stages(WireRun& out, const WirePlan& plan, Trader& trader,
                    const std::vector<std::int64_t>& sent) {
  const auto& acks = trader.acks();
  if (acks.empty()) return;
  out.ack_stages.emplace_back("sent to recv", std::vector<std::int64_t>());
  for (std::size_t i = 1; i < ack_point_count; ++i)
    out.ack_stages.emplace_back(fmt::format("{} to {}", ack_points[i - 1], ack_points[i]),
                                std::vector<std::int64_t>());
  for (std::uint64_t i = plan.warm_up; i < std::min<std::uint64_t>(plan.count, acks.size()); ++i) {
    const auto& at = acks[i].at;
    if (std::ranges::find(at, 0) != std::end(at)) continue;
    out.ack_stages[0].second.push_back(at[0] - sent[i]);
    for (std::size_t point = 1; point < ack_point_count; ++point)
      out.ack_stages[point].second.push_back(at[point] - at[point - 1]);
  }
}

}  // namespace

Result<WireRun> run_wire(const ExchangeProcess& exchange, const WireLoad& load) {
  WirePlan plan{.port = exchange.port(),
                .subscribers = load.subscribers,
                .with_laggards = load.with_laggards};
  const auto even = [](double value) { return static_cast<std::uint64_t>(value) & ~1ull; };
  plan.warm_up = even(load.rate * load.warm_up);
  plan.count = plan.warm_up + std::max<std::uint64_t>(even(load.rate * load.seconds), 2);
  plan.interval_ns = 1e9 / load.rate;
  WireMemory memory(plan);
  WireRun out;
  out.server_bytes_before = exchange.memory_bytes();
  Child child(plan, memory);
  const auto end = Clock::now() + connect_patience;
  while (memory.shared().is_ready.load(std::memory_order_acquire) == 0) {
    if (child.has_ended() || Clock::now() > end) return std::unexpected(child.error());
    std::this_thread::sleep_for(1ms);
  }
  out.server_bytes_with = exchange.memory_bytes();
  auto trader = Trader::log_in(plan.port);
  if (!trader) return std::unexpected(trader.error());
  if (auto done = (*trader)->clear_book(); !done) return std::unexpected(done.error());
  std::optional<HandshakeStorm> storm;

  std::vector<std::int64_t> sent(plan.count);
  const std::uint64_t begin = wall_ns() + 10'000'000;
  memory.shared().begin_ns.store(begin, std::memory_order_relaxed);
  Pace pace(plan.interval_ns, begin, 100'000);
  std::int64_t cpu = 0;
  for (std::uint64_t i = 0; i < plan.count; ++i) {
    const auto bytes = encode_order(wire_order(i, (*trader)->next_seq()));
    if (i == plan.warm_up) cpu = exchange.cpu_ns();
    if (i == plan.warm_up && load.handshakes > 0) storm.emplace(plan.port, load.handshakes);
    pace.wait(i, plan.warm_up, wall_ns, sleep_most);
    sent[i] = static_cast<std::int64_t>(wall_ns());
    if (auto done = (*trader)->send(bytes); !done) return std::unexpected(done.error());
    if (auto done = (*trader)->take_reports(0ms); !done) return std::unexpected(done.error());
  }
  out.server_bytes_end = exchange.memory_bytes();
  const auto last = Clock::now() + patience;
  while (!child.has_ended()) {
    if (Clock::now() > last) return std::unexpected(child.error());
    if (auto done = (*trader)->take_reports(5ms); !done) return std::unexpected(done.error());
  }
  out.server_cpu_ns = exchange.cpu_ns() - cpu;
  // A child that has died says nothing.
  const std::uint64_t wanted = plan.readers() * (plan.count - plan.warm_up);
  if (memory.shared().fault[0] != 0 || memory.shared().sample_count.load() != wanted)
    return std::unexpected(child.error());
  if (auto done = (*trader)->take_reports(20ms); !done) return std::unexpected(done.error());
  if (storm) {
    auto passed = storm->finish();
    if (!passed) return std::unexpected(passed.error());
    out.storm_seconds = *passed;
  }
  out.orders = plan.count - plan.warm_up;
  out.deliveries = memory.shared().sample_count.load(std::memory_order_relaxed);
  out.latency.latency_ns.assign(
      memory.latencies().begin(),
      memory.latencies().begin() + static_cast<std::ptrdiff_t>(out.deliveries));
  out.latency.reached = rate_between(out.orders, memory.stamps()[plan.warm_up].received,
                                     memory.stamps()[plan.count - 1].received);
  out.latency.late_percent = pace.late_percent();
  out.latency.slip_ns = static_cast<double>(pace.slip_most());
  add_stages(out, plan, memory, pace, sent);
  add_ack_stages(out, plan, **trader, sent);
  return out;
}

}  // namespace bourse
