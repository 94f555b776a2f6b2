#include "app/exchange/exchange.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <thread>
#include <vector>

#include "app/config/channel_plan.h"      // channel_directories, place_symbols
#include "app/exchange/demo_market.h"     // DemoMarket
#include "app/exchange/engine_channel.h"  // EngineChannel
#include "app/exchange/participants.h"    // run_demo_market, run_itch_flow
#include "app/exchange/remote_orders.h"   // RemoteOrders
#include "app/threads/engine_threads.h"   // StopFlag
#include "app/threads/first_failure.h"    // FirstFailure
#include "app/threads/io_threads.h"       // IoThreads
#include "feed/metrics.h"                 // Metrics
#include "feed/trade/lost_sessions.h"     // LostSessions
#include "matching/check.h"               // CHECK
#include "matching/sequencer.h"           // Sequencer
#include "replay/log/log.h"               // Log

namespace bourse {
namespace {

constexpr AccountId flow_maker{1001};
constexpr AccountId flow_taker{1002};
constexpr SessionId flow_session{0xffffffff};  // no connection has it

}  // namespace

struct Exchange::Parts {
  Config config;
  ExchangeFlow flow;
  Metrics metrics;
  std::vector<std::unique_ptr<EngineChannel>> channels;
  std::vector<std::unique_ptr<LostSessions>> lost_sessions;  // of each channel
  std::vector<std::unique_ptr<RemoteOrders>> remote_orders;  // of gateways, one per channel
  std::optional<IoThreads> io;
  std::vector<std::unique_ptr<DemoMarket>> demos;  // one participant thread each
  std::optional<ItchFlow> itch;                    // participant thread

  StopFlag participant_stop;
  StopFlag is_ready;
  StopFlag is_draining;
  // std::function wants copies; each is made once and called once, by its participant thread.
  std::vector<std::move_only_function<std::optional<Error>()>> participants;
  std::vector<std::thread> participant_threads;
  bool is_stopped = false;

  FirstFailure failure;

  EngineChannel& channel() { return *channels.front(); }
  Result<void> recover(std::vector<Inheritance> inheritance);
  Result<void> open_threads();
  void open_remote_orders();
  Result<void> open_channels();
  Result<void> open_flow();
  Result<void> open_demo(EngineChannel& channel, std::uint64_t commands_per_second);
  Result<void> open_participants();
  void start_threads();
  std::vector<std::string> reasons_not_ready() const;
};

Result<void> Exchange::Parts::recover(std::vector<Inheritance> inheritance) {
  const std::uint32_t count = config.engine.channels;
  CHECK(inheritance.empty() || inheritance.size() == count);
  const auto directories = channel_directories(config.journal.directory, count);
  if (!directories) return std::unexpected(directories.error());
  for (std::uint32_t index = 0; index < count; ++index) {
    EngineChannel::Place place{(*directories)[index].string(), index, count};
    auto recovered = inheritance.empty() ? EngineChannel::recover(config, std::move(place))
                                         : EngineChannel::inherit(config, std::move(place),
                                                                  std::move(inheritance[index]));
    if (!recovered) return std::unexpected(recovered.error());
    channels.push_back(std::move(*recovered));
    const std::uint32_t grace_ms = config.feed.limits.disconnect_grace_ms;
    lost_sessions.push_back(std::make_unique<LostSessions>(grace_ms));
  }
  config.feed.epoch = Epoch{channel().recovery().epoch};
  return {};
}

Result<void> Exchange::Parts::open_channels() {
  std::vector<const Engine*> engines;
  for (const auto& channel : channels) engines.push_back(&channel->engine());
  const auto placed = place_symbols(config.symbols, engines);
  if (!placed) return std::unexpected(placed.error());
  for (const auto& channel : channels)
    if (auto done = channel->open((*placed)[channel->index()]); !done) return done;
  return {};
}

// Before the engine executes anything: the shards start from what was recovered.
Result<void> Exchange::Parts::open_threads() {
  io.emplace(
      IoThreads::Surroundings{.config = config,
                              .metrics = metrics,
                              .takes_demo_key = flow.demo,
                              .not_ready = [this] { return reasons_not_ready(); },
                              .on_failed = [this](const Error& error) { failure.set(error); }});
  return io->open([this](std::uint32_t index) {
    std::vector<ChannelParts> parts;
    for (const auto& channel : channels)
      parts.push_back({.log = channel->log(),
                       .engine = channel->engine(),
                       .market = channel->market(),
                       .gate = channel->add_gate(fmt::format("io-{}", index)),
                       .lost_sessions = *lost_sessions[channel->index()],
                       .stages = channel->stages(),
                       .epoch = Epoch{channel->recovery().epoch}});
    return parts;
  });
}

// Where gateways bring what their clients ask. Before the engine threads start.
void Exchange::Parts::open_remote_orders() {
  if (config.stream.url.empty()) return;
  for (std::uint32_t i = 0; i < channels.size(); ++i)
    remote_orders.push_back(std::make_unique<RemoteOrders>(
        RemoteOrdersParts{.server = {.url = config.stream.url, .name = "bourse orders"},
                          .names = stream_names(config.stream.subject, i),
                          .gate = channels[i]->add_gate("gateways"),
                          .sequencer = channels[i]->sequencer(),
                          .log = channels[i]->log(),
                          .epoch = Epoch{channels[i]->recovery().epoch},
                          .metrics = metrics,
                          .labels = channels[i]->labels(),
                          .channels = static_cast<std::uint16_t>(channels.size())}));
}

Result<void> Exchange::Parts::open_participants() {
  if (!flow.itch_file.empty()) return open_flow();
  std::size_t symbols = 0;
  for (const auto& channel : channels) symbols += channel->recovery().symbols.size();
  for (const auto& channel : channels) {
    const std::size_t share = channel->recovery().symbols.size();
    if (!flow.demo || share == 0) continue;
    const std::uint64_t rate = config.demo.commands_per_second * share / symbols;
    if (auto done = open_demo(*channel, rate); !done) return done;
  }
  return {};
}

Result<void> Exchange::Parts::open_flow() {
  if (channels.size() > 1)
    return fail(ExitCode::bad_config, "the order flow of a file needs one channel", flow.itch_file,
                "start with engine.channels = 1 and another journal.directory");
  const Engine& engine = channel().engine();
  auto cursor =
      channel().log().cursor(next(channel().sequencer().last_sequence()), Bound::appended);
  if (!cursor) return std::unexpected(cursor.error());
  Gate gate = channel().add_gate("participant");
  ItchFlowOptions options;
  options.file = flow.itch_file;
  options.maker = flow_maker;
  options.taker = flow_taker;
  options.session = flow_session;
  options.speed = flow.speed;
  for (std::uint32_t id = 1; id <= engine.symbol_count(); ++id)
    if (const InstrumentBody* body = engine.instrument(SymbolId{id}))
      options.defined.emplace_back(body->symbol_view(), SymbolId{id});
  auto opened = ItchFlow::open(std::move(options));
  if (!opened) return std::unexpected(opened.error());
  itch.emplace(std::move(*opened));
  participants.emplace_back(
      [this, gate = std::move(gate), log_cursor = std::move(*cursor)]() mutable {
        return run_itch_flow(*itch, std::move(gate), std::move(log_cursor), channel().log().tail(),
                             config.engine.wait, participant_stop);
      });
  return {};
}

Result<void> Exchange::Parts::open_demo(EngineChannel& on, std::uint64_t commands_per_second) {
  auto cursor = on.log().cursor(next(on.sequencer().last_sequence()), Bound::appended);
  if (!cursor) return std::unexpected(cursor.error());
  DemoOptions options;
  options.seed = config.demo.seed + on.index();
  options.commands_per_second = commands_per_second;
  demos.push_back(std::make_unique<DemoMarket>(options, on.engine(), on.add_gate("participant"),
                                               std::move(*cursor)));
  participants.emplace_back(
      [this, &market = *demos.back()] { return run_demo_market(market, participant_stop); });
  return {};
}

void Exchange::Parts::start_threads() {
  // Who comes at once shall find the instruments that the first start defines.
  std::vector<Sequence> openings;
  for (const auto& channel : channels) openings.push_back(channel->sequencer().last_sequence());
  for (const auto& channel : channels)
    channel->start_threads({.on_released = [this] { io->wake(); },
                            .on_failed = [this](Error error) { failure.set(std::move(error)); }});
  io->start(openings);
  for (auto& participant : participants)
    participant_threads.emplace_back([this, &participant] {
      auto ended = participant();
      if (ended) failure.set(std::move(*ended));
      if (itch) {
        fmt::print("\n{}\n", itch->report().text());
        std::fflush(stdout);
      }
    });
  is_ready.set();
}

std::vector<std::string> Exchange::Parts::reasons_not_ready() const {
  std::vector<std::string> reasons;
  if (!is_ready()) reasons.emplace_back("starting");
  if (is_draining()) reasons.emplace_back("shutting down");
  for (const auto& channel : channels) channel->add_reasons_not_ready(reasons);
  return reasons;
}

Exchange::Exchange(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Exchange::~Exchange() { stop(); }

Result<std::unique_ptr<Exchange>> Exchange::start(const Config& config, const ExchangeFlow& flow,
                                                  std::vector<Inheritance> inheritance) {
  auto parts = std::make_unique<Parts>();
  parts->config = config;
  parts->flow = flow;
  Parts& p = *parts;
  if (auto done = p.recover(std::move(inheritance)); !done) return std::unexpected(done.error());
  if (auto done = p.open_threads(); !done) return std::unexpected(done.error());
  if (auto done = p.open_channels(); !done) return std::unexpected(done.error());
  if (auto done = p.open_participants(); !done) return std::unexpected(done.error());
  p.open_remote_orders();
  for (const auto& channel : p.channels) channel->start_upkeep(p.metrics);
  p.start_threads();
  return std::unique_ptr<Exchange>(new Exchange(std::move(parts)));
}

std::optional<Error> Exchange::wait(int signal_fd) { return parts_->failure.wait(signal_fd); }

void Exchange::fail_with(Error error) { parts_->failure.set(std::move(error)); }

Metrics& Exchange::metrics() { return parts_->metrics; }

Result<void> Exchange::reload(const Config& fresh) { return parts_->io->reload(fresh); }

void Exchange::stop() {
  Parts& p = *parts_;
  if (p.is_stopped) return;
  p.is_stopped = true;
  p.is_draining.set();
  // From the mouth to the feet: no new orders, then what was taken is executed, written, told.
  p.io->drain_orders();
  p.remote_orders.clear();
  p.participant_stop.set();
  for (const auto& channel : p.channels) channel->log().tail().arrivals().wake();
  for (std::thread& thread : p.participant_threads) thread.join();
  for (const auto& channel : p.channels) channel->stop_engine();
  for (const auto& channel : p.channels) channel->stop_journal();
  p.io->stop();
}

std::uint16_t Exchange::port() const { return parts_->io->port(); }

RecoverySummary Exchange::recovery() const {
  RecoverySummary sum = parts_->channel().recovery();
  for (const auto& channel : parts_->channels) {
    if (channel->index() == 0) continue;
    const RecoverySummary& one = channel->recovery();
    sum.transactions += one.transactions;
    sum.snapshot += one.snapshot;
    sum.open_orders += one.open_orders;
    sum.torn_bytes += one.torn_bytes;
    sum.epoch = std::max(sum.epoch, one.epoch);
    sum.elapsed_ms += one.elapsed_ms;
    sum.symbols.insert(sum.symbols.end(), one.symbols.begin(), one.symbols.end());
  }
  return sum;
}

}  // namespace bourse
