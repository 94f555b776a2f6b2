#include "app/threads/io_threads.h"

#include <utility>

#include "app/config/key_config.h"  // keys_of, with_secrets_of

namespace bourse {

IoThreads::IoThreads(Surroundings around)
    : around_(std::move(around)),
      connections_(around_.config.feed),
      replays_(around_.config.feed.limits.replays_per_server_count) {}

Result<TlsContext> IoThreads::load_secrets(const Config& from) {
  auto context =
      TlsContext::server(from.feed, around_.config.journal.directory + "/self-signed.pem");
  if (!context) return context;
  auto known = keys_of(from, around_.takes_demo_key);
  if (!known) return std::unexpected(known.error());
  keys_.replace(std::move(*known));
  return context;
}

Result<void> IoThreads::open(const PartsOf& parts_of) {
  const Config& config = around_.config;
  const auto context = load_secrets(config);
  if (!context) return std::unexpected(context.error());
  for (std::uint32_t index = 0; index < config.io_threads; ++index) {
    auto shard = IoShard::make({.channels = parts_of(index),
                                .accounts_max = config.engine.limits.accounts_max,
                                .numbers = around_.numbers,
                                .replays = replays_,
                                .keys = keys_,
                                .connections = connections_,
                                .options = config.feed,
                                .context = *context,
                                .metrics = around_.metrics,
                                .not_ready = around_.not_ready,
                                .on_failed = around_.on_failed,
                                .index = index,
                                .count = config.io_threads});
    if (!shard) return std::unexpected(shard.error());
    const std::uint16_t port = index == 0 ? config.feed.port : this->port();
    if (auto listening = (*shard)->listen(port); !listening) return listening;
    shards_.push_back(std::move(*shard));
  }
  export_replay_metrics(around_.metrics, replays_);
  return {};
}

void IoThreads::start(std::span<const Sequence> openings) {
  for (const auto& shard : shards_) shard->serve_after(openings);
  for (const auto& shard : shards_) threads_.emplace_back([&shard] { shard->run(); });
}

void IoThreads::wake() {
  for (const auto& shard : shards_) shard->wake();
}

Result<void> IoThreads::reload(const Config& fresh) {
  const auto context = load_secrets(with_secrets_of(around_.config, fresh));
  if (!context) return std::unexpected(context.error());
  for (const auto& shard : shards_) shard->use(*context);
  return {};
}

void IoThreads::drain_orders() {
  for (const auto& shard : shards_) shard->drain_orders();
}

void IoThreads::stop() {
  if (threads_.empty()) return;  // not started, or stopped before
  for (const auto& shard : shards_) shard->stop();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

}  // namespace bourse
