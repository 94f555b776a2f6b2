#include "app/threads/replicator_thread.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <utility>

#include "replay/stream/stream_name.h"  // stream_name, stream_subject

namespace bourse {
namespace {

constexpr std::chrono::milliseconds look_every{20};

}  // namespace

ReplicatorOptions replicator_options(const Config& config, std::uint32_t channel) {
  ReplicatorOptions options;
  options.server = {.url = config.stream.url,
                    .name = fmt::format("bourse channel {}", channel),
                    .timeout = std::chrono::milliseconds{2000}};
  options.stream = {.name = stream_name(config.stream.subject, channel),
                    .subject = stream_subject(config.stream.subject, "tx", channel),
                    .replicas = static_cast<int>(config.stream.replicas),
                    .max_age = std::chrono::seconds{config.stream.max_age_s}};
  options.window = config.stream.window;
  options.timeout = std::chrono::milliseconds{config.stream.timeout_ms};
  return options;
}

ReplicatorThread::ReplicatorThread(Log& log, const Config& config, std::uint32_t channel,
                                   Hooks hooks)
    : log_(log),
      is_held_(config.journal.durability == Durability::replicated),
      timeout_(config.stream.timeout_ms),
      hooks_(std::move(hooks)),
      replicator_(
          log,
          [&] {
            auto options = replicator_options(config, channel);
            options.may_resync = hooks_.may_resync;
            return options;
          }(),
          [this](Sequence stored) {
            if (log_.acknowledge(stored)) hooks_.on_released();
          }) {
  thread_ = std::thread([this] { run(); });
}

ReplicatorThread::~ReplicatorThread() { stop(std::chrono::milliseconds{0}); }

void ReplicatorThread::run() {
  auto ended = replicator_.run();
  if (!ended) return;
  spdlog::error("the log is not published any more: {}", ended->text());
  {
    const std::lock_guard lock(ended_mutex_);
    ended_ = ended;
  }
  hooks_.on_failed(std::move(*ended));
}

std::optional<Error> ReplicatorThread::ended() const {
  const std::lock_guard lock(ended_mutex_);
  return ended_;
}

void ReplicatorThread::stop(std::chrono::milliseconds grace) {
  if (!thread_.joinable()) return;
  const bool is_waited_for = is_held_ || replicator_.is_publishing();
  replicator_.stop(is_waited_for ? grace : std::chrono::milliseconds{0});
  thread_.join();
}

Result<void> ReplicatorThread::wait_for_start() {
  if (!is_held_) return {};
  const Sequence wanted = log_.last_sequence();
  Sequence seen = replicator_.stored();
  auto moved_at = std::chrono::steady_clock::now();
  while (replicator_.stored() < wanted || !replicator_.is_publishing()) {
    if (auto end = ended()) return std::unexpected(std::move(*end));
    std::this_thread::sleep_for(look_every);
    const auto now = std::chrono::steady_clock::now();
    if (replicator_.stored() != seen) {
      seen = replicator_.stored();
      moved_at = now;
    }
    if (now - moved_at > timeout_) {
      const std::string trouble = replicator_.trouble();
      return fail(ExitCode::unreachable,
                  fmt::format("the stream has not taken what the journal has: {}",
                              trouble.empty() ? "no answer" : trouble),
                  {}, "start its nats-servers, or serve with journal.durability = \"disk\"");
    }
  }
  return {};
}

std::string ReplicatorThread::reason_not_ready() const {
  if (!is_stalled()) return {};
  const std::string trouble = replicator_.trouble();
  return "the stream takes nothing, so nothing is acknowledged: " +
         (trouble.empty() ? "no answer" : trouble);
}

void ReplicatorThread::export_metrics(Metrics& metrics, std::uint32_t channel) const {
  using Kind = Metrics::Kind;
  const MetricLabels labels = {{"channel", std::to_string(channel)}};
  const auto sampled = [&](Kind kind, const char* name, const char* help, auto value) {
    metrics.sampled(kind, name, help, labels, [value] { return static_cast<double>(value()); });
  };
  const auto counted = [&](const char* name, const char* help,
                           std::uint64_t ReplicatorCounters::* which) {
    sampled(Kind::counter, name, help, [this, which] { return replicator_.counters().*which; });
  };
  sampled(Kind::gauge, "bourse_stream_stored_sequence", "last sequence that the stream has",
          [this] { return replicator_.stored().value(); });
  sampled(Kind::gauge, "bourse_stream_lag_transactions",
          "transactions of the journal that the stream has not stored", [this] {
            const std::uint64_t stored = replicator_.stored().value();
            const std::uint64_t local = log_.local_sequence().value();
            return local > stored ? local - stored : 0;
          });
  sampled(Kind::gauge, "bourse_stream_publishing", "1: it knows where the stream ends, 0: it looks",
          [this] { return replicator_.is_publishing() ? 1 : 0; });
  sampled(Kind::gauge, "bourse_stream_stalled",
          "1: something has waited for the stream for longer than stream.timeout_ms",
          [this] { return replicator_.is_stalled() ? 1 : 0; });
  sampled(Kind::gauge, "bourse_stream_window_batches", "batches without an answer",
          [this] { return replicator_.counters().in_flight; });
  counted("bourse_stream_batches_total", "batches published", &ReplicatorCounters::batches);
  counted("bourse_stream_transactions_total", "transactions published",
          &ReplicatorCounters::transactions);
  counted("bourse_stream_bytes_total", "bytes published", &ReplicatorCounters::bytes);
  counted("bourse_stream_resyncs_total", "times that the stream's end was read after an error",
          &ReplicatorCounters::resyncs);
  counted("bourse_stream_refills_total", "times that the stream had lost what it had stored",
          &ReplicatorCounters::refills);
}

}  // namespace bourse
