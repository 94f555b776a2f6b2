#include "app/cluster/standby.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <thread>
#include <utility>

#include "app/config/keep_config.h"        // keep_policy
#include "app/threads/keeper_thread.h"     // KeeperThread
#include "app/threads/snapshot_thread.h"   // SnapshotThread
#include "app/threads/wall_clock.h"        // wall_clock_now
#include "replay/disk/directory.h"         // list_directory
#include "replay/snapshot/reexecution.h"   // Reexecution
#include "replay/snapshot/restore.h"       // restore
#include "replay/stream/junction.h"        // find_junction
#include "replay/stream/log_follower.h"    // LogFollower
#include "replay/stream/stream_name.h"     // stream_name, stream_subject
#include "replay/upkeep/divergent_tail.h"  // set_divergent_tail_aside

namespace bourse {
namespace {

using namespace std::chrono_literals;

constexpr auto step_wait = 20ms;    // for a transaction, and until the lease is asked again
constexpr auto look_every = 200ms;  // at a stream that has nothing for us
constexpr std::size_t accounts_told = 10;

bool has_segments(const std::filesystem::path& directory) {
  std::error_code error;
  if (!std::filesystem::exists(directory, error)) return false;
  const auto listing = list_directory(posix_disk(), directory);
  return listing && !listing->segments.empty();
}

// Writes and releases what has been appended.
Result<void> write_all(JournalWriter& journal) {
  for (;;) {
    switch (journal.step()) {
      case JournalWriter::Step::wrote:
        break;
      case JournalWriter::Step::idle:
        return {};
      case JournalWriter::Step::stalled:
        std::this_thread::sleep_for(10ms);
        break;
      case JournalWriter::Step::failed:
        return std::unexpected(journal.failure());
    }
  }
}

}  // namespace

Standby::Standby(const Config& config, LeaseThread& lease, StandbyPlace place, MayTake may_take,
                 std::function<bool()> stop)
    : config_(config),
      lease_(lease),
      place_(std::move(place)),
      may_take_(std::move(may_take)),
      // Told once, it is told for good.
      stop_([ask = std::move(stop), is_told = false]() mutable {
        return is_told = is_told || ask();
      }),
      names_{.stream = stream_name(config.stream.subject, place_.index),
             .subject = stream_subject(config.stream.subject, "tx", place_.index)} {}

LogOptions Standby::log_options() const {
  LogOptions options;
  options.directory = place_.directory;
  // What comes out of the stream is stored there already.
  options.durability = std::min(config_.journal.durability, Durability::disk);
  options.segment_bytes = config_.journal.segment_bytes;
  options.tail_bytes = config_.journal.tail_bytes;
  options.reserve_bytes = config_.journal.reserve_bytes;
  return options;
}

bool Standby::leads() const {
  const LeaseState state = lease_.lease().state();
  return state == LeaseState::held || state == LeaseState::unsure;
}

// Of what the lease knows of and what this node has: no message of an earlier epoch is the stream's
// end, if there is one of this.
Epoch Standby::floor(Epoch own) const {
  const auto leader = lease_.lease().leader();
  return leader && !leads() ? std::max(own, leader->epoch) : own;
}

void Standby::say(const std::string& what) {
  if (what == said_) return;
  said_ = what;
  spdlog::info("standby: {}{}", place_.title, what);
}

void Standby::pause() const { std::this_thread::sleep_for(look_every); }

Result<std::optional<Inheritance>> Standby::run() {
  while (!stop_()) {
    auto taken = look();
    if (!taken) {
      if (taken.error().code != ExitCode::unreachable) return std::unexpected(taken.error());
      say(taken.error().text());
      server_.reset();
      pause();
      continue;
    }
    if (*taken) return taken;
    if (lease_.lease().state() == LeaseState::lost) return std::unexpected(lease_.lost_error());
  }
  return std::nullopt;
}

// What is here, what is there, and where they part.
Result<Standby::Taken> Standby::look() {
  if (!server_) {
    auto connected = JetStream::connect(jetstream_options(config_, "bourse standby"));
    if (!connected) return std::unexpected(std::move(connected.error()));
    server_.emplace(std::move(*connected));
    auto ensured =
        server_->ensure_stream({.name = names_.stream,
                                .subject = names_.subject,
                                .replicas = static_cast<int>(config_.stream.replicas),
                                .max_age = std::chrono::seconds(config_.stream.max_age_s)});
    if (!ensured) return std::unexpected(std::move(ensured.error()));
  }
  std::unique_ptr<Log> log;
  if (has_segments(place_.directory)) {
    LogOptions reading = log_options();
    reading.read_only = true;
    auto opened = Log::open(reading);
    if (!opened) return std::unexpected(std::move(opened.error()));
    log = std::move(*opened);
  }
  const auto ends = led_ends(*server_, names_.stream, floor(log ? log->last_epoch() : Epoch{0}));
  if (!ends) return std::unexpected(ends.error());
  if (!*ends || (log && log->last_sequence() > (*ends)->last.last)) {
    if (log && *ends) {
      const auto junction = find_junction(*log, **ends, *server_, names_.stream);
      if (!junction) return std::unexpected(junction.error());
      if (junction->diverges) {
        log.reset();
        if (auto done = set_aside(*junction->diverges); !done)
          return std::unexpected(std::move(done.error()));
        return std::nullopt;
      }
    }
    return wait_beside(std::move(log), *ends);
  }
  if (log) {
    const auto junction = find_junction(*log, **ends, *server_, names_.stream);
    if (!junction) return std::unexpected(junction.error());
    log.reset();
    if (junction->diverges) {
      if (auto done = set_aside(*junction->diverges); !done)
        return std::unexpected(std::move(done.error()));
      return std::nullopt;
    }
  }
  return follow(**ends);
}

// The stream has nothing for this node: it is empty, or the log has more. If this node comes to
// lead, it fills the stream; if another one does, the stream grows and tells whose history it is.
Result<Standby::Taken> Standby::wait_beside(std::unique_ptr<Log> log,
                                            const std::optional<LedEnds>& ends) {
  const Sequence last = log ? log->last_sequence() : Sequence{0};
  const Epoch epoch = log ? log->last_epoch() : Epoch{0};
  if (last.value() == 0)
    say("the stream is empty, and so is the journal: waiting for a leader");
  else
    say(fmt::format("the journal ends at sequence {}, the stream at {}: waiting for a leader",
                    last.value(), ends ? ends->last.last.value() : 0));
  const std::uint64_t stream_last = ends ? ends->state.last : 0;
  may_take_(true, std::max(epoch, ends ? ends->last.epoch : Epoch{0}));
  while (!leads()) {
    if (stop_()) return std::nullopt;
    pause();
    const auto now = stream_ends(*server_, names_.stream);
    if (!now) return std::unexpected(now.error());
    if (*now && (*now)->state.last != stream_last) return std::nullopt;
  }
  if (!log) {
    auto made = Log::open(log_options());
    if (!made) return std::unexpected(std::move(made.error()));
    log = std::move(*made);
  }
  auto restored = restore(*log, {.limits = config_.engine.limits, .snapshot = {}, .stop = {}});
  if (!restored) return std::unexpected(std::move(restored.error()));
  const EpochOpening::End end{
      .last = log->last_sequence(), .last_time = log->last_time(), .epoch = log->last_epoch()};
  return take_over(*log, end, std::move(restored->engine), std::move(restored->market));
}

Result<Standby::Taken> Standby::follow(const LedEnds& ends) {
  LogOptions options = log_options();
  options.copy_of = ends.last.journal;
  auto log = Log::open(options);
  if (!log) return std::unexpected(std::move(log.error()));
  for (const std::string& warning : (*log)->recovery().warnings) spdlog::warn("{}", warning);
  const Sequence from = next((*log)->last_sequence());
  if (from < ends.first.first)
    return fail(ExitCode::file_missing,
                fmt::format("the stream begins at sequence {}, this journal ends at {}",
                            ends.first.first.value(), (*log)->last_sequence().value()),
                place_.directory,
                "copy the journal of the leader or of an archive here, then start again");
  auto restored = restore(**log, {.limits = config_.engine.limits, .snapshot = {}, .stop = {}});
  if (!restored) return std::unexpected(std::move(restored.error()));
  for (const std::string& warning : restored->warnings) spdlog::warn("{}", warning);

  auto reader = StreamReader::open({.server = jetstream_options(config_, "bourse standby"),
                                    .stream = names_.stream,
                                    .journal = ends.last.journal,
                                    .from = from});
  if (!reader) return std::unexpected(std::move(reader.error()));
  LogFollower follower(**log, std::move(*reader));
  auto cursor = (*log)->cursor(from, Bound::appended);
  if (!cursor) return std::unexpected(std::move(cursor.error()));
  Metrics unread;  // nobody asks a standby
  KeeperThread keeper(**log, keep_policy(config_.journal), unread);
  SnapshotThread snapshots(**log, config_.snapshot, config_.engine.limits, restored->market,
                           restored->snapshot, unread);
  Reexecution reexecution(*restored->engine);
  EpochOpening::End end{.last = (*log)->last_sequence(),
                        .last_time = (*log)->last_time(),
                        .epoch = (*log)->last_epoch()};
  say(fmt::format("following the stream from sequence {}", from.value()));

  bool is_drained = false;
  while (!stop_()) {
    const auto came = follower.step(step_wait);
    if (!came) return std::unexpected(came.error());
    if (auto written = write_all((*log)->journal()); !written)
      return std::unexpected(std::move(written.error()));
    for (;;) {
      const Cursor::Next found = cursor->next();
      if (found == Cursor::Next::failed) return std::unexpected(cursor->error());
      if (found == Cursor::Next::at_head) break;
      const TransactionView& transaction = cursor->transaction();
      if (const auto divergence = reexecution.apply(transaction))
        return std::unexpected(halt(*divergence));
      if (restored->market.apply(transaction) != DepthError::none)
        return fail(ExitCode::data_damaged, "the public events do not fit the book",
                    fmt::format("sequence {}", transaction.sequence().value()));
      end = {.last = transaction.sequence(),
             .last_time = transaction.time(),
             .epoch = transaction.epoch()};
      ++followed_;
    }
    may_take_(true, follower.epoch());
    if (!leads()) {
      if (lease_.lease().state() == LeaseState::lost) return std::nullopt;
      continue;
    }
    if (*came > 0) continue;
    // Nothing came, but perhaps only because the servers are choosing a leader of their own.
    const auto now = led_ends(*server_, names_.stream, follower.epoch());
    if (!now) {
      say(now.error().text());
      server_.reset();
      auto connected = JetStream::connect(jetstream_options(config_, "bourse standby"));
      if (connected) server_.emplace(std::move(*connected));
      if (!server_) return std::unexpected(std::move(connected.error()));
      continue;
    }
    is_drained = !*now || (*now)->last.last <= follower.last();
    if (is_drained) break;
  }
  if (!is_drained) {
    static_cast<void>((*log)->journal().finish());
    return std::nullopt;
  }
  if (auto finished = (*log)->journal().finish(); !finished)
    return std::unexpected(std::move(finished.error()));
  return take_over(**log, end, std::move(restored->engine), std::move(restored->market));
}

// REQUIRES: the log is finished; it is closed when the answer is there.
Result<Standby::Taken> Standby::take_over(const Log& log, EpochOpening::End end,
                                          std::unique_ptr<Engine> engine, MarketState market) {
  const Epoch epoch = lease_.lease().epoch();
  spdlog::warn("standby: {}takes over in epoch {}, after sequence {}", place_.title, epoch.value(),
               end.last.value());
  EpochOpening opening(*server_, names_, log, end, *engine, config_.engine.limits, epoch);
  while (!stop_()) {
    if (lease_.lease().state() == LeaseState::lost) return std::unexpected(lease_.lost_error());
    const auto state = opening.step(wall_clock_now());
    if (!state) {
      if (state.error().code != ExitCode::unreachable) return std::unexpected(state.error());
      say(state.error().text());
      std::this_thread::sleep_for(step_wait);
      continue;
    }
    // One more batch of the old leader got in: it is history, and this epoch begins after it.
    if (*state != OpeningState::opened) return std::nullopt;
    Inheritance out;
    out.engine = std::move(engine);
    out.market = std::move(market);
    out.bytes = opening.record().size();
    out.words.resize(out.bytes / sizeof(std::uint64_t));
    std::memcpy(out.words.data(), opening.record().data(), out.bytes);
    out.followed = followed_;
    out.epoch = epoch;
    out.may_resync = [&lease = lease_.lease()] { return lease.confirm(boot_clock_now()); };
    return out;
  }
  return std::nullopt;
}

Result<void> Standby::set_aside(Sequence first) {
  const auto tail = set_divergent_tail_aside(log_options(), first);
  if (!tail) return std::unexpected(tail.error());
  std::string accounts;
  std::size_t told = 0;
  for (const auto& [account, reports] : tail->reports) {
    if (told++ == accounts_told) {
      accounts += fmt::format(" and {} more accounts", tail->reports.size() - accounts_told);
      break;
    }
    accounts += fmt::format(" account {}: {} reports;", account, reports);
  }
  spdlog::error(
      "standby: {}sequences {} to {} of this journal are not what happened: another node led. They "
      "are kept in {}, orders.csv there names every report by account and client id.{}",
      place_.title, tail->first.value(), tail->last.value(), tail->folder.string(), accounts);
  return {};
}

Error Standby::halt(const Divergence& divergence) {
  may_take_(false, Epoch{0});
  const auto path = std::filesystem::path(place_.directory) /
                    fmt::format("divergence-{:020}.txt", divergence.sequence.value());
  if (std::FILE* file = std::fopen(path.c_str(), "w")) {
    fmt::print(file, "{}\n{}", divergence.text, divergence.both);
    std::fclose(file);
  }
  return {ExitCode::answer_is_no, divergence.text, path.string(),
          "this node does not lead: compare the two programs and machines; the file has both "
          "transactions whole"};
}

}  // namespace bourse
