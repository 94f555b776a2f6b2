// One connection's part of a replay: goes to the place where its group is, and plays from there
// what the group's clock allows.
//   Shape:  a ReplayPlayer, a membership in a ReplayGroup and the tally of what was played. In each
//           round: reach(), play(), then the frames go out, then report().
//   Units:  nanoseconds of the steady clock outside, market time inside.
//   Owner:  one session, on its io thread. Must not outlive the log.
//   Errors: State::failed, and error() tells why; then it is over.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "feed/history/replay_group.h"   // ReplayGroup
#include "feed/history/replay_player.h"  // ReplayPlayer
#include "feed/history/replay_tally.h"   // ReplayTally
#include "matching/types.h"              // Sequence, TimeNs, SymbolId

namespace bourse {

class ReplayPlayback {
 public:
  enum class State : std::uint8_t {
    seeking = 1,
    arrived = 2,  // just now: there is a new hub, see forget_previous()
    there = 3,
    failed = 4,
  };
  // Whether events of this symbol count as steps.
  using Counts = std::function<bool(SymbolId)>;

  ReplayPlayback(const Log& log, const FeedOptions& options, const InstrumentTable& known,
                 std::shared_ptr<ReplayGroup> group);
  ~ReplayPlayback() { group_->leave(member_); }
  ReplayPlayback(const ReplayPlayback&) = delete;
  ReplayPlayback& operator=(const ReplayPlayback&) = delete;

  State reach();
  // A bounded piece; true: more could be played at once. REQUIRES: there, frames() all taken.
  bool play(std::int64_t now_ns, const Counts& counts);
  // The time to be told in the quiet, once what was played has been sent.
  std::optional<TimeNs> take_tick();
  // After each round. `is_blocked`: the reader is full, and the clock shall stand.
  void report(bool is_blocked);
  // When the next round has something to do, if nothing else happens.
  std::int64_t due_ns(std::int64_t now_ns) const;

  void step(ReplayUnit unit, std::uint64_t count) { group_->step(member_, unit, count); }
  ReplayGroup& group() const { return *group_; }
  Hub& hub() { return *player_.hub(); }  // REQUIRES: has been there
  void forget_previous() { player_.forget_previous(); }
  bool is_seeking() const { return !is_placed_ || group_->summary().generation != generation_; }
  bool is_ended() const { return is_placed_ && position() > group_->settings().to; }
  Sequence position() const { return player_.position(); }  // of the next transaction
  TimeNs last_time() const { return last_time_; }           // of the one before
  bool has_failed() const { return has_failed_; }
  std::string error() const { return player_.error().text(); }
  ReplayTally& tally() { return tally_; }

 private:
  bool arrive();
  bool may_play(ReplayGroup::Allowance& allowance, std::int64_t now_ns);
  void take(const ReplayGroup::Allowance& allowance, const Counts& counts);
  bool must_tick(TimeNs time) const;

  std::shared_ptr<ReplayGroup> group_;
  ReplayGroup::Member member_;
  ReplayPlayer player_;
  ReplayTally tally_;             // since the last place
  std::uint64_t generation_ = 0;  // of the place that was looked for last
  bool is_placed_ = false;        // and found
  bool has_failed_ = false;
  TimeNs last_time_{0};  // of the last transaction, here or before
  TimeNs told_time_{0};  // of that or of the last tick
  TimeNs tick_due_{0};   // 0: none
  ReplayGroup::Report report_;
};

}  // namespace bourse
