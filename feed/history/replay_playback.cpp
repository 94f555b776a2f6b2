#include "feed/history/replay_playback.h"

#include <algorithm>
#include <utility>

namespace bourse {
namespace {

// What one round plays at most, so that the thread's other sessions have their turn.
constexpr std::size_t transactions_per_round = 512;
constexpr std::size_t events_per_round = 2048;
// How often somebody is asked who does not ring: the thread that looks for the place, a member.
constexpr std::int64_t ask_again_ns = 1'000'000;
constexpr std::int64_t ask_members_ns = 10'000'000;

}  // namespace

ReplayPlayback::ReplayPlayback(const Log& log, const FeedOptions& options,
                               const InstrumentTable& known, std::shared_ptr<ReplayGroup> group)
    : group_(std::move(group)), member_(group_->join()), player_(log, options, known) {}

ReplayPlayback::State ReplayPlayback::reach() {
  if (has_failed_) return State::failed;
  const ReplayGroup::Summary summary = group_->summary();
  if (summary.generation != generation_) {
    generation_ = summary.generation;
    is_placed_ = false;
    player_.go_to(summary.target);
  }
  if (is_placed_) return State::there;
  switch (player_.poll()) {
    case ReplayPlayer::State::found:
      if (arrive()) return State::arrived;
      [[fallthrough]];
    case ReplayPlayer::State::failed:
      has_failed_ = true;
      return State::failed;
    case ReplayPlayer::State::looking:
    case ReplayPlayer::State::idle:
      break;
  }
  return State::seeking;
}

bool ReplayPlayback::arrive() {
  is_placed_ = true;
  tally_.begin(player_.position());
  last_time_ = told_time_ = player_.hub()->time();
  tick_due_ = TimeNs{0};
  report_ = {.next = player_.position()};
  const ReplayPlayer::Next next = player_.next();
  if (next == ReplayPlayer::Next::failed) return false;
  if (next == ReplayPlayer::Next::transaction) told_time_ = player_.transaction().time();
  group_->arrive(member_, generation_, told_time_);
  return true;
}

bool ReplayPlayback::must_tick(TimeNs time) const {
  const std::int64_t tick_ns = group_->settings().tick_ns;
  return tick_ns != 0 && time.value() - told_time_.value() >= tick_ns;
}

// Whether the next transaction's time has come; a time without any may be cut short.
bool ReplayPlayback::may_play(ReplayGroup::Allowance& allowance, std::int64_t now_ns) {
  const TimeNs time = player_.transaction().time();
  if (time <= allowance.time) return true;
  if (!group_->pass_idle(last_time_, time)) return false;
  allowance = group_->allowance(member_, now_ns);
  return allowance.generation == generation_ && time <= allowance.time;
}

void ReplayPlayback::take(const ReplayGroup::Allowance& allowance, const Counts& counts) {
  const TransactionView& transaction = player_.transaction();
  // What was due before it comes before it.
  const TimeNs derived = player_.hub()->next_due();
  if (derived && derived < transaction.time()) player_.flush(derived);
  last_time_ = told_time_ = transaction.time();
  tally_.add(transaction);
  if (allowance.step && allowance.unit == ReplayUnit::transactions) ++report_.stepped;
  if (allowance.step && allowance.unit != ReplayUnit::transactions) {
    for (const PublicEvent& event : transaction.public_events()) {
      if (!counts(event.symbol)) continue;
      if (allowance.unit == ReplayUnit::events || is_trade(event)) ++report_.stepped;
    }
  }
  player_.take();
}

bool ReplayPlayback::play(std::int64_t now_ns, const Counts& counts) {
  ReplayGroup::Allowance allowance = group_->allowance(member_, now_ns);
  if (allowance.generation != generation_) return true;
  report_ = {};
  const std::uint64_t events_before = tally_.events();
  bool is_more_due = false;
  bool is_waiting = false;  // for the clock
  for (std::size_t taken = 0;; ++taken) {
    const ReplayPlayer::Next next = player_.next();
    has_failed_ = next == ReplayPlayer::Next::failed;
    if (next != ReplayPlayer::Next::transaction) break;
    const TimeNs time = report_.next_time = player_.transaction().time();
    const bool is_allowed = player_.position() <= allowance.last;
    if (!is_allowed || !may_play(allowance, now_ns)) {
      report_.is_held = !is_allowed && time <= allowance.time;
      is_waiting = is_allowed;
      if (is_waiting && must_tick(allowance.time)) tick_due_ = allowance.time;
      break;
    }
    if (allowance.step && report_.stepped >= *allowance.step) break;
    if (must_tick(time)) tick_due_ = time;
    is_more_due = static_cast<bool>(tick_due_) || taken == transactions_per_round ||
                  tally_.events() - events_before >= events_per_round;
    report_.is_held = is_more_due;
    if (is_more_due) break;
    take(allowance, counts);
  }
  player_.flush(is_waiting ? allowance.time : last_time_);
  report_.next = player_.position();
  report_.last_time = tally_.transactions() == 0 ? TimeNs{0} : last_time_;
  return is_more_due;
}

// One tick stands for all that a long quiet time had room for.
std::optional<TimeNs> ReplayPlayback::take_tick() {
  if (!tick_due_) return std::nullopt;
  const std::int64_t tick_ns = group_->settings().tick_ns;
  told_time_ = TimeNs{tick_due_.value() - tick_due_.value() % tick_ns};
  tick_due_ = TimeNs{0};
  return told_time_;
}

void ReplayPlayback::report(bool is_blocked) {
  report_.is_blocked = is_blocked;
  group_->report(member_, report_);
  report_.stepped = 0;
}

std::int64_t ReplayPlayback::due_ns(std::int64_t now_ns) const {
  if (has_failed_) return ReplayClock::never;
  const ReplayGroup::Summary summary = group_->summary();
  if (!is_placed_ || summary.generation != generation_) return now_ns + ask_again_ns;
  const TimeNs derived = player_.hub()->next_due();  // 0: a stream's past is being read
  if (!derived) return now_ns + ask_again_ns;
  const std::int64_t due_ns = summary.members > 1 ? now_ns + ask_members_ns : ReplayClock::never;
  if (is_ended() || !report_.next_time) return due_ns;
  if (report_.is_held && summary.phase == ReplayPhase::playing) return now_ns + ask_again_ns;
  const ReplaySettings& settings = group_->settings();
  TimeNs next = std::min(report_.next_time, derived);
  if (settings.idle_max_ns != 0 && last_time_)
    next = std::min(next, TimeNs{last_time_.value() + settings.idle_max_ns});
  if (settings.tick_ns != 0) next = std::min(next, TimeNs{told_time_.value() + settings.tick_ns});
  return std::min(due_ns, group_->outside_at(next));
}

}  // namespace bourse
