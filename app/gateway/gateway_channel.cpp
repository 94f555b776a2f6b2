#include "app/gateway/gateway_channel.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "app/config/keep_config.h"        // keep_policy
#include "app/gateway/log_copy_opening.h"  // open_log_copy
#include "app/threads/journal_metrics.h"   // export_journal_metrics
#include "app/threads/journal_state.h"     // reason_not_ready
#include "app/threads/wall_clock.h"        // wall_clock_now
#include "replay/snapshot/restore.h"       // restore
#include "replay/stream/stream_reader.h"   // stream_ends

namespace bourse {
namespace {

constexpr std::chrono::seconds first_stream_wait{10};

}  // namespace

Result<std::unique_ptr<GatewayChannel>> GatewayChannel::open(const Surroundings& around,
                                                             Place place) {
  std::unique_ptr<GatewayChannel> channel(new GatewayChannel(around, std::move(place)));
  if (auto done = channel->open_copy(around); !done) return std::unexpected(done.error());
  channel->join_stream(around);
  return channel;
}

Result<void> GatewayChannel::open_copy(const Surroundings& around) {
  names_ = stream_names(config_.stream.subject, place_.index);
  on_failed_ = around.on_failed;
  LogOptions options;
  options.directory = place_.directory;
  options.durability = config_.journal.durability;
  options.segment_bytes = config_.journal.segment_bytes;
  options.tail_bytes = config_.journal.tail_bytes;
  auto opened = open_log_copy(options, around.server, names_, first_stream_wait);
  if (!opened) return std::unexpected(opened.error());
  log_ = std::move(*opened);
  for (const std::string& warning : log_->recovery().warnings) spdlog::warn("{}", warning);
  auto restored = restore(*log_, {.limits = config_.engine.limits, .snapshot = {}, .stop = {}});
  if (!restored) return std::unexpected(restored.error());
  for (const std::string& warning : restored->warnings) spdlog::warn("{}", warning);
  engine_ = std::move(restored->engine);
  market_ = std::move(restored->market);
  snapshot_ = restored->snapshot;
  return {};
}

void GatewayChannel::join_stream(const Surroundings& around) {
  const std::string title = place_.count == 1 ? "" : fmt::format("channel {}: ", place_.index);
  // One of them asks for the session ids of all.
  feed_.emplace(
      GatewayFeedParts{.server = around.server,
                       .names = names_,
                       .log = *log_,
                       .numbers = place_.index == 0 ? &around.numbers : nullptr,
                       .metrics = metrics_,
                       .labels = labels(),
                       .title = title,
                       .channels = place_.count,
                       .on_failed = on_failed_,
                       .stale_after = std::chrono::milliseconds(config_.stream.stale_ms)});
  orders_.emplace(GatewayOrdersParts{.server = around.server,
                                     .names = names_,
                                     .log = *log_,
                                     .followed = [this] { return feed_->epoch(); },
                                     .metrics = metrics_,
                                     .labels = labels(),
                                     .title = title});
  if (around.is_archive) archive_.emplace(around.server, names_, *log_, metrics_, labels());
}

ChannelParts GatewayChannel::parts() {
  return {.log = *log_,
          .engine = *engine_,
          .market = market_,
          .gate = orders_->add_gate(config_.engine.gate_commands_max),
          .lost_sessions = lost_sessions_,
          .stages = stages_,
          .epoch = log_->last_epoch(),
          .remote = &orders_->link(),
          .upstream = &feed_->upstream()};
}

Sequence GatewayChannel::opening(JetStream* server) const {
  if (server == nullptr) return log_->last_sequence();
  const auto ends = stream_ends(*server, names_.stream);
  return ends && *ends ? std::max((*ends)->last.last, log_->last_sequence())
                       : log_->last_sequence();
}

MetricLabels GatewayChannel::labels() const {
  if (place_.count == 1) return {};
  return {{"log", std::to_string(place_.index)}};
}

void GatewayChannel::start_upkeep() {
  export_journal_metrics(metrics_, *log_, labels());
  keeper_.emplace(*log_, keep_policy(config_.journal), metrics_, labels());
  snapshots_.emplace(*log_, config_.snapshot, config_.engine.limits, market_, snapshot_, metrics_,
                     labels());
}

void GatewayChannel::start(std::function<void()> on_released) {
  journal_thread_ = std::thread([this, on_released = std::move(on_released)] {
    const auto wake_readers = [this, &on_released] {
      if (stages_.is_wanted()) stages_.released.mark(log_->released_sequence(), wall_clock_now());
      on_released();
      orders_->wake();
    };
    auto ended = run_journal(*log_, config_.engine.wait, journal_stop_, wake_readers);
    if (ended) on_failed_(std::move(*ended));
  });
  feed_->start();
  if (archive_)
    archive_->start();
  else
    orders_->start();
}

void GatewayChannel::stop() {
  if (archive_) archive_->stop();
  orders_->stop();
  feed_->stop();
  journal_stop_.set();
  log_->tail().arrivals().wake();
  if (journal_thread_.joinable()) journal_thread_.join();
}

void GatewayChannel::add_reasons_not_ready(std::vector<std::string>& reasons) const {
  std::vector<std::string> own;
  feed_->add_reasons_not_ready(own);
  if (archive_) archive_->add_reasons_not_ready(own);
  const std::string_view journal = reason_not_ready(log_->journal().state());
  if (!journal.empty()) own.emplace_back(journal);
  if (snapshots_ && snapshots_->has_diverged())
    own.emplace_back("executed again, the journal gives something else");
  const std::string which = place_.count == 1 ? "" : fmt::format("channel {}: ", place_.index);
  for (const std::string& reason : own) reasons.push_back(which + reason);
}

}  // namespace bourse
