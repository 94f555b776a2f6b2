#include "app/gateway/gateway_feed.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <charconv>
#include <utility>

#include "app/threads/wall_clock.h"         // wall_clock_now
#include "replay/stream/archive_range.h"    // ArchiveClient
#include "replay/stream/command_message.h"  // parse_link
#include "replay/stream/key_value.h"        // KeyValue
#include "replay/stream/mailbox.h"          // Mailbox

namespace bourse {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto step_wait = 100ms;
constexpr auto pause = 300ms;
constexpr auto archive_wait = 2000ms;
constexpr auto archive_patience = 15s;
constexpr auto watch_wait = 100ms;
// More than these behind the engine: not ready.
constexpr std::uint64_t behind_max = 50'000;
constexpr const char* next_block_key = "next_block";

std::int64_t steady_ns() { return Clock::now().time_since_epoch() / 1ns; }

}  // namespace

GatewayFeed::GatewayFeed(GatewayFeedParts parts)
    : parts_(std::move(parts)), epoch_(parts_.log.last_epoch().value()) {
  upstream_.followed_sequence = parts_.log.last_sequence().value();
  export_metrics(parts_.metrics);
}

GatewayFeed::~GatewayFeed() { stop(); }

void GatewayFeed::start() {
  watcher_ = std::jthread([this](const std::stop_token& stop) { watch(stop); });
  follower_ = std::jthread([this](const std::stop_token& stop) { follow(stop); });
}

void GatewayFeed::stop() {
  for (std::jthread* thread : {&follower_, &watcher_}) {
    thread->request_stop();
    if (thread->joinable()) thread->join();
  }
}

Result<StreamReader> GatewayFeed::open_reader(Sequence from) {
  return StreamReader::open({.server = parts_.server,
                             .stream = parts_.names.stream,
                             .journal = parts_.log.journal_id(),
                             .from = from});
}

// Until it is told to stop, or something cannot be mended.
void GatewayFeed::follow(const std::stop_token& stop) {
  // From the newest transaction on that the copy has itself: it must be the same there.
  const Sequence last = parts_.log.last_sequence();
  auto reader = open_reader(std::max(last, Sequence{1}));
  while (!reader) {
    std::this_thread::sleep_for(pause);
    if (stop.stop_requested()) return;
    reader = open_reader(std::max(last, Sequence{1}));
  }
  LogFollower follower(parts_.log, std::move(*reader));
  while (!stop.stop_requested()) {
    Result<void> done = follow_stream(follower, stop);
    const bool may_be_archived = !done && follower.has_reader_failed() &&
                                 (done.error().code == ExitCode::file_missing ||
                                  done.error().code == ExitCode::data_damaged);
    if (may_be_archived) done = take_from_archive(follower, done.error(), stop);
    if (!done) return parts_.on_failed(std::move(done.error()));
  }
}

Result<void> GatewayFeed::follow_stream(LogFollower& follower, const std::stop_token& stop) {
  std::string trouble;
  while (!stop.stop_requested()) {
    const auto taken = follower.step(step_wait);
    if (!taken) return std::unexpected(taken.error());
    note(follower, *taken);
    if (std::exchange(trouble, follower.reader().trouble()) == follower.reader().trouble())
      continue;
    if (follower.reader().trouble().empty())
      spdlog::info("{}the stream is heard again, from sequence {}", parts_.title,
                   follower.last().value() + 1);
    else
      spdlog::warn("{}the stream is not heard: {}", parts_.title, follower.reader().trouble());
  }
  return {};
}

// The stream begins later than what is wanted, or has it damaged. All that the archive has is
// taken, so that the stream does not forget again what comes next; one batch where it is damaged.
Result<void> GatewayFeed::take_from_archive(LogFollower& follower, Error why,
                                            const std::stop_token& stop) {
  const bool is_damaged = why.code == ExitCode::data_damaged;
  // Also when the stream cannot be asked: the reader waits for it.
  const auto is_in_stream = [&] {
    const auto ends = follower.reader().ends();
    return !ends || (!is_damaged && *ends && (*ends)->first.first <= next(follower.last()));
  };
  bool goes_on = !is_in_stream();
  if (goes_on) spdlog::warn("{}{}: an archive is asked", parts_.title, why.what);
  auto server = JetStream::connect(parts_.server);  // its own: the reader's ends with the reader
  std::optional<ArchiveClient> archive;
  if (server)
    if (auto opened = ArchiveClient::open(*server, parts_.names.archive))
      archive.emplace(std::move(*opened));
  const auto until = Clock::now() + archive_patience;
  while (goes_on && !stop.stop_requested()) {
    Result<const StreamBatch*> batch =
        fail(ExitCode::unreachable, "no archive can be asked", parts_.server.url);
    if (archive) batch = archive->ask(next(follower.last()), archive_wait);
    if (!batch) {
      if (is_in_stream()) break;
      why.next = batch.error().what + "; " + batch.error().next;
      if (Clock::now() > until) return std::unexpected(std::move(why));
      std::this_thread::sleep_for(pause);  // it may be a little behind
      continue;
    }
    for (std::size_t i = 0; i < (*batch)->count(); ++i) {
      const auto appended =
          follower.copy().append((*batch)->transaction(i), [&] { return stop.stop_requested(); });
      if (!appended) return std::unexpected(appended.error());
    }
    follower.copy().wake();
    archived_.fetch_add((*batch)->count(), std::memory_order_relaxed);
    note(follower, (*batch)->count());
    goes_on = !is_damaged;  // perhaps to be told once more that it is damaged
  }
  auto reader = open_reader(next(follower.last()));
  while (!reader && !stop.stop_requested()) {
    std::this_thread::sleep_for(pause);
    reader = open_reader(next(follower.last()));
  }
  if (reader) follower.use(std::move(*reader));
  return {};
}

void GatewayFeed::note(LogFollower& follower, std::size_t taken) {
  const std::int64_t now_ns = steady_ns();
  epoch_.store(follower.epoch().value(), std::memory_order_release);
  rereads_.store(follower.reader().rereads(), std::memory_order_relaxed);
  restarts_.store(follower.reader().restarts(), std::memory_order_relaxed);
  upstream_.followed_sequence.store(follower.last().value(), std::memory_order_relaxed);
  const std::uint64_t known = follower.reader().last_heard().value();
  if (known > upstream_.engine_sequence.load(std::memory_order_relaxed))
    upstream_.engine_sequence.store(known, std::memory_order_relaxed);
  if (taken == 0) return;
  heard_ns_.store(now_ns, std::memory_order_relaxed);
  upstream_.lag_ns.store(
      std::max<std::int64_t>(wall_clock_now().value() - follower.copy().time().value(), 0),
      std::memory_order_relaxed);
}

void GatewayFeed::watch(const std::stop_token& stop) {
  std::optional<JetStream> server;
  std::optional<Mailbox> heartbeats;
  while (!stop.stop_requested()) {
    if (!heartbeats) {
      if (auto connected = JetStream::connect(parts_.server)) {
        server.emplace(std::move(*connected));
        if (auto opened = Mailbox::open(*server, parts_.names.heartbeat))
          heartbeats.emplace(std::move(*opened));
      }
      if (!heartbeats) std::this_thread::sleep_for(pause);
    } else if (const auto message = heartbeats->next(watch_wait)) {
      const auto heard = parse_link(message->bytes());
      if (heard && heard->message.kind == LinkKind::heartbeat) hear(heard->message);
    }
    judge();
    if (heartbeats && parts_.numbers != nullptr && parts_.numbers->wants_block())
      grant_numbers(*server);
  }
}

void GatewayFeed::hear(const LinkMessage& heartbeat) {
  if (heartbeat.journal != parts_.log.journal_id() || heartbeat.epoch < epoch()) return;
  // Its symbols are spread otherwise than this gateway believes.
  if (heartbeat.channels != 0 && heartbeat.channels != parts_.channels &&
      !std::exchange(has_found_others_, true))
    parts_.on_failed({ExitCode::bad_config,
                      fmt::format("the exchange has {} channels, and engine.channels is {} here",
                                  heartbeat.channels, parts_.channels),
                      parts_.names.heartbeat,
                      fmt::format("set engine.channels = {}, with another journal.directory",
                                  heartbeat.channels)});
  heard_ns_.store(steady_ns(), std::memory_order_relaxed);
  upstream_.engine_sequence.store(heartbeat.sequence.value(), std::memory_order_relaxed);
}

// Stale is what may be old without anybody having said so: nothing is heard of the engine, or what
// it has told of does not come.
void GatewayFeed::judge() {
  const std::int64_t now_ns = steady_ns();
  const std::int64_t heard = heard_ns_.load(std::memory_order_relaxed);
  const std::int64_t limit_ns = parts_.stale_after / 1ns;
  upstream_.silent_ns.store(heard == 0 ? limit_ns : now_ns - heard, std::memory_order_relaxed);
  const std::uint64_t here = upstream_.followed_sequence.load(std::memory_order_relaxed);
  std::int64_t since = behind_since_.load(std::memory_order_relaxed);
  if (upstream_.behind() == 0)
    since = 0;
  else if (since == 0)
    since = now_ns;
  behind_since_.store(since, std::memory_order_relaxed);
  const bool is_silent = heard == 0 || now_ns - heard > limit_ns;
  const bool is_stuck = since != 0 && now_ns - since > limit_ns &&
                        upstream_.lag_ns.load(std::memory_order_relaxed) > limit_ns;
  const bool is_stale = is_silent || is_stuck;
  if (upstream_.is_stale.exchange(is_stale, std::memory_order_relaxed) == is_stale) return;
  if (is_stale)
    spdlog::warn("{}stale: {}", parts_.title,
                 is_silent ? "nothing is heard of the engine" : "far behind");
  else
    spdlog::info("{}current: the engine is heard, sequence {}", parts_.title, here);
}

// Whoever counts the key on has the block before.
void GatewayFeed::grant_numbers(JetStream& server) {
  auto bucket = KeyValue::open(server, {.bucket = parts_.names.blocks});
  if (!bucket) return;
  const auto entry = bucket->get(next_block_key);
  if (!entry) return;
  std::uint32_t block = SessionNumbers::first_block;
  if (*entry) {
    const std::string& text = (*entry)->value;
    std::from_chars(text.data(), text.data() + text.size(), block);
  }
  const bool is_last = block >= SessionNumbers::last_block;
  const std::string after = std::to_string(is_last ? SessionNumbers::first_block : block + 1);
  const auto written = *entry ? bucket->update(next_block_key, after, (*entry)->revision)
                              : bucket->create(next_block_key, after);
  if (written && *written) parts_.numbers->grant(block);  // else somebody was faster: again
}

void GatewayFeed::add_reasons_not_ready(std::vector<std::string>& reasons) const {
  if (upstream_.is_stale.load(std::memory_order_relaxed))
    reasons.push_back(fmt::format("stale: nothing new of the engine for {} ms",
                                  upstream_.silent_ns.load(std::memory_order_relaxed) / 1'000'000));
  if (const std::uint64_t behind = upstream_.behind(); behind > behind_max)
    reasons.push_back(fmt::format("{} transactions behind the engine", behind));
  if (parts_.numbers != nullptr && !parts_.numbers->has_some())
    reasons.emplace_back("no session ids were granted yet");
}

void GatewayFeed::export_metrics(Metrics& metrics) {
  using Kind = Metrics::Kind;
  const auto gauge = [&](std::string_view name, std::string_view help, auto value) {
    metrics.sampled(Kind::gauge, name, help, parts_.labels, std::move(value));
  };
  gauge("bourse_gateway_stale", "1 while nothing is heard of the engine",
        [this] { return upstream_.is_stale.load() ? 1.0 : 0.0; });
  gauge("bourse_gateway_behind", "Transactions that the engine has released and that are not here",
        [this] { return static_cast<double>(upstream_.behind()); });
  gauge("bourse_gateway_silent_seconds", "Since the engine was heard last",
        [this] { return static_cast<double>(upstream_.silent_ns.load()) / 1e9; });
  gauge("bourse_gateway_lag_seconds", "Age of the newest transaction when it arrived",
        [this] { return static_cast<double>(upstream_.lag_ns.load()) / 1e9; });
  const auto counter = [&](std::string_view name, std::string_view help,
                           const std::atomic<std::uint64_t>& value) {
    metrics.sampled(Kind::counter, name, help, parts_.labels,
                    [&value] { return static_cast<double>(value.load()); });
  };
  counter("bourse_gateway_archived_total", "Transactions taken from an archive", archived_);
  counter("bourse_gateway_rereads_total", "Damaged messages that were read again", rereads_);
  counter("bourse_gateway_restarts_total", "Consumers of the stream begun again", restarts_);
}

}  // namespace bourse
