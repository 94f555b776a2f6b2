#include "app/gateway.h"

#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "app/channel_plan.h"            // channel_directories
#include "app/engine_threads.h"          // StopFlag
#include "app/first_failure.h"           // FirstFailure
#include "app/gateway_channel.h"         // GatewayChannel
#include "app/key_config.h"              // keys_of
#include "app/stream_channels.h"         // check_stream_channels
#include "feed/history/replay_groups.h"  // ReplayGroups, export_replay_metrics
#include "feed/metrics.h"                // Metrics
#include "feed/net/certificate.h"        // TlsContext
#include "feed/net/connection_limits.h"  // ConnectionLimits
#include "feed/net/session_numbers.h"    // SessionNumbers
#include "feed/turn/io_shard.h"          // IoShard

namespace bourse {
namespace {

constexpr std::chrono::seconds channels_wait{10};  // for an exchange that is just starting

}  // namespace

struct Gateway::Parts {
  Config config;
  GatewayRole role;
  JetStreamOptions server;
  Metrics metrics;
  Keys keys;
  SessionNumbers numbers;
  std::unique_ptr<ReplayGroups> replays;
  std::unique_ptr<ConnectionLimits> connections;
  std::vector<std::unique_ptr<GatewayChannel>> channels;
  std::vector<std::unique_ptr<IoShard>> shards;  // one io thread each

  StopFlag is_draining;
  std::vector<std::thread> io_threads;
  bool is_stopped = false;

  FirstFailure failure;

  Result<void> open_channels();
  Result<TlsContext> load_secrets(const Config& from);  // the keys are in force then
  Result<void> open_shards();
  std::vector<Sequence> openings() const;
  void start_threads();
  std::vector<std::string> reasons_not_ready() const;
};

Result<void> Gateway::Parts::open_channels() {
  const std::uint32_t count = config.engine.channels;
  if (auto fits = check_stream_channels(config, server, channels_wait); !fits) return fits;
  const auto directories = channel_directories(config.journal.directory, count);
  if (!directories) return std::unexpected(directories.error());
  const GatewayChannel::Surroundings around{
      .config = config,
      .server = server,
      .is_archive = role.is_archive,
      .numbers = numbers,
      .metrics = metrics,
      .on_failed = [this](Error error) { failure.set(std::move(error)); }};
  for (std::uint32_t index = 0; index < count; ++index) {
    auto opened = GatewayChannel::open(around, {(*directories)[index].string(), index, count});
    if (!opened) return std::unexpected(opened.error());
    channels.push_back(std::move(*opened));
  }
  config.feed.epoch = channels.front()->log().last_epoch();
  return {};
}

Result<TlsContext> Gateway::Parts::load_secrets(const Config& from) {
  auto context = TlsContext::server(from.feed, config.journal.directory + "/self-signed.pem");
  if (!context) return context;
  auto known = keys_of(from, role.takes_demo_key);
  if (!known) return std::unexpected(known.error());
  keys.replace(std::move(*known));
  return context;
}

Result<void> Gateway::Parts::open_shards() {
  const auto context = load_secrets(config);
  if (!context) return std::unexpected(context.error());
  connections = std::make_unique<ConnectionLimits>(config.feed);
  replays = std::make_unique<ReplayGroups>(config.feed.limits.replays_per_server_count);
  for (std::uint32_t index = 0; index < config.io_threads; ++index) {
    std::vector<ChannelParts> parts;
    for (const auto& channel : channels) parts.push_back(channel->parts());
    auto shard = IoShard::make({.channels = std::move(parts),
                                .accounts_max = config.engine.limits.accounts_max,
                                .numbers = &numbers,
                                .replays = *replays,
                                .keys = keys,
                                .connections = *connections,
                                .options = config.feed,
                                .context = *context,
                                .metrics = metrics,
                                .not_ready = [this] { return reasons_not_ready(); },
                                .on_failed = [this](const Error& error) { failure.set(error); },
                                .index = index,
                                .count = config.io_threads});
    if (!shard) return std::unexpected(shard.error());
    const std::uint16_t port = index == 0 ? config.feed.port : shards.front()->port();
    if (auto listening = (*shard)->listen(port); !listening) return listening;
    shards.push_back(std::move(*shard));
  }
  return {};
}

std::vector<Sequence> Gateway::Parts::openings() const {
  auto connected = JetStream::connect(server);
  std::vector<Sequence> found;
  for (const auto& channel : channels)
    found.push_back(channel->opening(connected ? &*connected : nullptr));
  return found;
}

void Gateway::Parts::start_threads() {
  const std::vector<Sequence> first = openings();
  for (const auto& shard : shards) shard->serve_after(first);
  for (const auto& channel : channels)
    channel->start([this] {
      for (const auto& shard : shards) shard->wake();
    });
  for (const auto& shard : shards) io_threads.emplace_back([&shard] { shard->run(); });
}

std::vector<std::string> Gateway::Parts::reasons_not_ready() const {
  std::vector<std::string> reasons;
  if (is_draining()) reasons.emplace_back("shutting down");
  for (const auto& channel : channels) channel->add_reasons_not_ready(reasons);
  return reasons;
}

Gateway::Gateway(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Gateway::~Gateway() { stop(); }

Result<std::unique_ptr<Gateway>> Gateway::start(const Config& config, const GatewayRole& role) {
  auto parts = std::make_unique<Parts>();
  Parts& p = *parts;
  p.config = config;
  p.role = role;
  p.server.url = config.stream.url;
  p.server.name = role.is_archive ? "bourse archive" : "bourse gateway";
  if (auto done = p.open_channels(); !done) return std::unexpected(done.error());
  if (auto done = p.open_shards(); !done) return std::unexpected(done.error());
  export_replay_metrics(p.metrics, *p.replays);
  for (const auto& channel : p.channels) channel->start_upkeep();
  p.start_threads();
  return std::unique_ptr<Gateway>(new Gateway(std::move(parts)));
}

std::optional<Error> Gateway::wait(int signal_fd) { return parts_->failure.wait(signal_fd); }

Result<void> Gateway::reload(const Config& fresh) {
  const auto context = parts_->load_secrets(with_secrets_of(parts_->config, fresh));
  if (!context) return std::unexpected(context.error());
  for (const auto& shard : parts_->shards) shard->use(*context);
  return {};
}

void Gateway::stop() {
  Parts& p = *parts_;
  if (p.is_stopped || p.io_threads.empty()) return;
  p.is_stopped = true;
  p.is_draining.set();
  for (const auto& shard : p.shards) shard->drain_orders();
  for (const auto& shard : p.shards) shard->stop();
  for (std::thread& thread : p.io_threads) thread.join();
  for (const auto& channel : p.channels) channel->stop();
}

std::uint16_t Gateway::port() const { return parts_->shards.front()->port(); }
std::vector<Sequence> Gateway::recovered() const {
  std::vector<Sequence> found;
  for (const auto& channel : parts_->channels) found.push_back(channel->log().last_sequence());
  return found;
}

}  // namespace bourse
