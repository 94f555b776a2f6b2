#include "app/gateway/gateway.h"

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/config/channel_plan.h"      // channel_directories
#include "app/gateway/gateway_channel.h"  // GatewayChannel
#include "app/gateway/stream_channels.h"  // check_stream_channels
#include "app/threads/engine_threads.h"   // StopFlag
#include "app/threads/first_failure.h"    // FirstFailure
#include "app/threads/io_threads.h"       // IoThreads
#include "feed/metrics.h"                 // Metrics
#include "feed/net/session_numbers.h"     // SessionNumbers

namespace bourse {
namespace {

constexpr std::chrono::seconds channels_wait{10};  // for an exchange that is just starting

}  // namespace

struct Gateway::Parts {
  Config config;
  GatewayRole role;
  JetStreamOptions server;
  Metrics metrics;
  SessionNumbers numbers;
  std::vector<std::unique_ptr<GatewayChannel>> channels;
  std::optional<IoThreads> io;

  StopFlag is_draining;
  bool is_stopped = false;

  FirstFailure failure;

  Result<void> open_channels();
  Result<void> open_threads();
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

Result<void> Gateway::Parts::open_threads() {
  io.emplace(
      IoThreads::Surroundings{.config = config,
                              .metrics = metrics,
                              .numbers = &numbers,
                              .takes_demo_key = role.takes_demo_key,
                              .not_ready = [this] { return reasons_not_ready(); },
                              .on_failed = [this](const Error& error) { failure.set(error); }});
  return io->open([this](std::uint32_t) {
    std::vector<ChannelParts> parts;
    for (const auto& channel : channels) parts.push_back(channel->parts());
    return parts;
  });
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
  for (const auto& channel : channels) channel->start([this] { io->wake(); });
  io->start(first);
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
  if (auto done = p.open_threads(); !done) return std::unexpected(done.error());
  for (const auto& channel : p.channels) channel->start_upkeep();
  p.start_threads();
  return std::unique_ptr<Gateway>(new Gateway(std::move(parts)));
}

std::optional<Error> Gateway::wait(int signal_fd) { return parts_->failure.wait(signal_fd); }

Result<void> Gateway::reload(const Config& fresh) { return parts_->io->reload(fresh); }

void Gateway::stop() {
  Parts& p = *parts_;
  if (p.is_stopped) return;
  p.is_stopped = true;
  p.is_draining.set();
  p.io->drain_orders();
  p.io->stop();
  for (const auto& channel : p.channels) channel->stop();
}

std::uint16_t Gateway::port() const { return parts_->io->port(); }
std::vector<Sequence> Gateway::recovered() const {
  std::vector<Sequence> found;
  for (const auto& channel : parts_->channels) found.push_back(channel->log().last_sequence());
  return found;
}

}  // namespace bourse
