#include "replay/stream/replicator.h"

#include <thread>
#include <utility>

#include "matching/check.h"                  // CHECK
#include "replay/log/registered_readers.h"   // register_reader
#include "replay/stream/replicator_state.h"  // Replicator::State

namespace bourse {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds retry_after{200};
constexpr std::chrono::milliseconds look_every{10};  // while there is nothing to wait on
constexpr std::chrono::seconds register_every{5};
// Nothing new for this share of the stream's max_age: a message without transactions, so that the
// place where the stream ends is not forgotten.
constexpr int beats_per_age = 4;

// A message of the stream that is damaged ends nobody: the journal is whole.
bool is_final(const Error& error) {
  return error.code != ExitCode::unreachable && error.code != ExitCode::data_damaged;
}

}  // namespace

void Replicator::State::set_trouble(std::string text) {
  const std::lock_guard lock(trouble_mutex);
  trouble = std::move(text);
}

void Replicator::State::take_stored(Sequence sequence) {
  stored.store(sequence.value(), std::memory_order_release);
  progress_at.store(now_ns(), std::memory_order_relaxed);
  on_stored(sequence);
}

// The next batch out of the log: all that is there, up to its size. False: there is nothing.
Result<bool> Replicator::State::fill() {
  batch.begin(log.journal_id());
  for (;;) {
    if (!is_held) {
      const Cursor::Next found = cursor->next();
      if (found == Cursor::Next::failed) return std::unexpected(cursor->error());
      if (found == Cursor::Next::at_head) return !batch.is_empty();
    }
    is_held = !batch.has_room_for(cursor->transaction());
    if (is_held) return true;
    batch.add(cursor->transaction());
  }
}

Result<void> Replicator::State::publish_what_waits() {
  while (!publisher->has_failed()) {
    const std::size_t waiting = publisher->in_flight();
    in_flight.store(waiting, std::memory_order_relaxed);
    if (waiting >= window()) return {};
    const auto filled = fill();
    if (!filled) return std::unexpected(filled.error());
    if (!*filled) return {};
    publisher->send(batch);
    position = batch.header().last;
    epoch = batch.header().epoch;
    sent_at = Clock::now();
    batches.fetch_add(1, std::memory_order_relaxed);
    transactions.fetch_add(batch.count(), std::memory_order_relaxed);
    bytes.fetch_add(batch.body().size(), std::memory_order_relaxed);
  }
  return {};
}

void Replicator::State::beat() {
  const auto age = options.stream.max_age;
  if (age.count() == 0 || publisher->in_flight() > 0 || position == Sequence{0}) return;
  if (Clock::now() - sent_at < std::chrono::milliseconds(age) / beats_per_age) return;
  batch.begin_empty(log.journal_id(), position, epoch);
  publisher->send(batch);
  sent_at = Clock::now();
}

// Retention keeps what the stream has not got. A disk that does not take this stops nobody: then it
// keeps more.
void Replicator::State::register_need() {
  const Sequence needs{stored.load(std::memory_order_relaxed) + 1};
  if (needs == registered || Clock::now() - registered_at < register_every) return;
  registered_at = Clock::now();
  if (register_reader(log.disk(), log.directory(), {.name = options.stream.name, .needs = needs})) {
    registered = needs;
  }
}

// Nothing is under way when it returns: answers have come, or their time is over.
void Replicator::State::drain() {
  is_publishing.store(false, std::memory_order_relaxed);
  const PublishOutcome failure = publisher->failure();
  set_trouble(failure.error.what);
  while (publisher->in_flight() > 0) std::this_thread::sleep_for(look_every);
  publisher.reset();
  in_flight.store(0, std::memory_order_relaxed);
  resyncs.fetch_add(1, std::memory_order_relaxed);
}

bool Replicator::State::may_end() const {
  if (!is_stopping.load(std::memory_order_acquire)) return false;
  if (stored.load(std::memory_order_relaxed) >= log.local_sequence().value()) return true;
  return now_ns() >= grace_until.load(std::memory_order_relaxed);
}

// Until the log has more, an answer has come, or the publisher has looked at its clock.
void Replicator::State::wait() {
  const std::uint32_t ticket = log.releases().prepare();
  const bool is_full = publisher->in_flight() >= window();
  if (publisher->has_failed() || (has_more() && !is_full)) {
    log.releases().cancel();
  } else {
    log.releases().park(ticket);
  }
}

void Replicator::State::pause() {
  const auto until = Clock::now() + retry_after;
  while (Clock::now() < until && !may_end()) std::this_thread::sleep_for(look_every);
}

std::optional<Error> Replicator::State::run() {
  while (!may_end()) {
    if (!publisher) {
      if (auto resumed = resume(); !resumed) {
        if (is_final(resumed.error())) return resumed.error();
        set_trouble(resumed.error().what);
        pause();
      }
      continue;
    }
    if (auto done = publish_what_waits(); !done) return done.error();
    beat();
    register_need();
    if (publisher->has_failed()) {
      drain();
    } else {
      wait();
    }
  }
  publisher.reset();
  is_publishing.store(false, std::memory_order_relaxed);
  return std::nullopt;
}

Replicator::Replicator(Log& log, ReplicatorOptions options, std::function<void(Sequence)> on_stored)
    : state_(std::make_unique<State>(log, std::move(options), std::move(on_stored))) {
  CHECK(state_->options.window > 0 && state_->options.window <= late_messages_max);
}
Replicator::~Replicator() = default;

std::optional<Error> Replicator::run() { return state_->run(); }

void Replicator::stop(std::chrono::milliseconds grace) {
  State& s = *state_;
  s.grace_until.store(State::now_ns() + std::chrono::nanoseconds(grace).count(),
                      std::memory_order_relaxed);
  s.is_stopping.store(true, std::memory_order_release);
  s.log.releases().wake();
}

Sequence Replicator::stored() const {
  return Sequence{state_->stored.load(std::memory_order_acquire)};
}

bool Replicator::is_stalled() const {
  const State& s = *state_;
  if (s.stored.load(std::memory_order_relaxed) >= s.log.local_sequence().value()) return false;
  const std::int64_t since = State::now_ns() - s.progress_at.load(std::memory_order_relaxed);
  return since > std::chrono::nanoseconds(s.options.timeout).count();
}

bool Replicator::is_publishing() const {
  return state_->is_publishing.load(std::memory_order_relaxed);
}

std::string Replicator::trouble() const {
  const std::lock_guard lock(state_->trouble_mutex);
  return state_->trouble;
}

ReplicatorCounters Replicator::counters() const {
  const State& s = *state_;
  const auto value = [](const State::Counter& counter) {
    return counter.load(std::memory_order_relaxed);
  };
  return {.batches = value(s.batches),
          .transactions = value(s.transactions),
          .bytes = value(s.bytes),
          .resyncs = value(s.resyncs),
          .refills = value(s.refills),
          .in_flight = value(s.in_flight)};
}

}  // namespace bourse
