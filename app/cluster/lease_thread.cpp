#include "app/cluster/lease_thread.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <ctime>
#include <random>
#include <utility>

namespace bourse {
namespace {

constexpr std::int64_t ns_per_ms = 1'000'000;
// One request of the lease; longer than a healthy server needs, shorter than lease.hold_ms.
constexpr std::chrono::milliseconds lease_timeout{1000};

std::string node_name(const Config& config) {
  if (!config.lease.node.empty()) return config.lease.node;
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "unnamed";
}

std::string random_life() {
  std::random_device device;
  return fmt::format("{:08x}{:08x}", device(), device());
}

LeaseOptions lease_options(const Config& config, std::string node, bool may_found) {
  const auto ns = [](std::uint64_t ms) { return static_cast<std::int64_t>(ms) * ns_per_ms; };
  LeaseOptions options;
  options.node = std::move(node);
  options.renew_ns = ns(config.lease.renew_ms);
  options.takeover_ns = ns(config.lease.takeover_ms);
  options.hold_ns = ns(config.lease.hold_ms);
  options.may_found = may_found;
  options.channels = config.engine.channels;
  return options;
}

JetStreamOptions lease_connection(const Config& config) {
  JetStreamOptions options = jetstream_options(config, "bourse lease");
  options.timeout = std::min(options.timeout, lease_timeout);
  return options;
}

KeyValueOptions bucket_options(const Config& config) {
  std::string bucket = config.stream.subject;
  std::ranges::replace(bucket, '.', '_');
  return {.bucket = bucket + "-leader", .replicas = static_cast<int>(config.stream.replicas)};
}

}  // namespace

Result<void> check_lease_config(const Config& config) {
  if (config.stream.url.empty())
    return fail(ExitCode::bad_config, "a lease needs the stream: it lives beside it", "lease",
                "set stream.url to the nats-servers");
  if (config.lease.hold_ms + config.lease.renew_ms > config.lease.takeover_ms)
    return fail(ExitCode::bad_config,
                "a leader must be unsure before a standby may take over: hold_ms + renew_ms is "
                "more than takeover_ms",
                "lease", "raise lease.takeover_ms or lower lease.hold_ms");
  return {};
}

JetStreamOptions jetstream_options(const Config& config, std::string name) {
  JetStreamOptions options;
  options.url = config.stream.url;
  options.name = std::move(name);
  return options;
}

std::int64_t boot_clock_now() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

LeaseThread::LeaseThread(const Config& config, bool may_found)
    : node_(node_name(config)),
      is_replicated_(config.journal.durability == Durability::replicated),
      every_(config.lease.renew_ms),
      store_(lease_connection(config), bucket_options(config)),
      lease_(store_, lease_options(config, node_, may_found), random_life()),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

void LeaseThread::watch(std::function<void(Error)> on_lost) {
  const std::lock_guard lock(lock_);
  on_lost_ = std::move(on_lost);
}

Error LeaseThread::lost_error() const {
  const auto leader = lease_.leader();
  const std::string what =
      lease_.state() == LeaseState::unsure
          ? "the lease could not be renewed: another node may lead"
          : fmt::format("another node leads: {}, epoch {}", leader ? leader->node : "unknown",
                        leader ? leader->epoch.value() : 0);
  return {ExitCode::not_leader, what, fmt::format("lease of node {}", node_),
          "this node has stopped at once; start it again with --standby: it keeps what the new "
          "leader does not know of in divergent/ and follows"};
}

void LeaseThread::export_metrics(Metrics& metrics) const {
  metrics.sampled(Metrics::Kind::gauge, "bourse_lease_state",
                  "1 candidate, 2 held, 3 unsure, 4 lost", {},
                  [this] { return static_cast<double>(static_cast<int>(lease_.state())); });
  metrics.sampled(Metrics::Kind::counter, "bourse_lease_renewals_total",
                  "times that this node wrote the lease", {},
                  [this] { return static_cast<double>(lease_.renewals()); });
}

void LeaseThread::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
  lease_.release();
}

void LeaseThread::run(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any sleep;
  std::string trouble;
  while (!stop.stop_requested()) {
    const LeaseState state = lease_.step(boot_clock_now());
    const auto error = lease_.last_error();
    if (error && error->what != trouble)
      spdlog::warn("lease: {}", error->text());
    else if (!error && !trouble.empty())
      spdlog::info("lease: the store answers again");
    trouble = error ? error->what : "";
    if (state == LeaseState::lost || (state == LeaseState::unsure && !is_replicated_)) {
      const std::lock_guard lock(lock_);
      if (on_lost_) {
        on_lost_(lost_error());
        return;
      }
    }
    std::unique_lock waiting(mutex);
    sleep.wait_for(waiting, stop, every_, [] { return false; });
  }
}

}  // namespace bourse
