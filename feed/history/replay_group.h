// What the connections of one replay have in common: range, clock, and how far each has come. The
// connections that name the same session key are kept in step by it.
//   Shape:  a member asks how far it may go (allowance), goes, and says where it stands (report).
//           Nobody gets more than `step_transactions` ahead of the slowest, and the clock waits for
//           a member whose reader is full or that is still looking for its place.
//   Units:  sequences, market time; `outside_ns` is the steady clock.
//   Owner:  shared by its members, which may live on different io threads: every call locks.
//   Errors: none: what a member asks for has been checked by it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>

#include "feed/history/replay_clock.h"  // ReplayClock, ReplayPace
#include "matching/types.h"             // Sequence, TimeNs

namespace bourse {

enum class ReplayPhase : std::uint8_t {
  waiting = 1,  // for the first subscription
  playing = 2,
  paused = 3,
  stepping = 4,
};

enum class ReplayUnit : std::uint8_t { transactions = 1, events = 2, trades = 3 };

struct ReplaySettings {
  Sequence from{1};
  Sequence to{0};  // the last one
  ReplayPace pace;
  std::int64_t idle_max_ns = 0;  // longer times without a transaction are cut to it; 0 = not
  std::int64_t tick_ns = 1'000'000'000;
  bool is_paused = false;  // until somebody resumes it
};

class ReplayGroup {
 public:
  using Member = std::uint64_t;
  static constexpr std::uint64_t step_transactions = 1024;

  struct Allowance {
    Sequence last{0};  // may be delivered, if it is not younger than
    TimeNs time{0};
    std::uint64_t generation = 0;       // of the place where the replay was put last
    std::optional<std::uint64_t> step;  // the member's own: so many units are to be delivered
    ReplayUnit unit = ReplayUnit::transactions;
  };
  struct Summary {
    ReplayPhase phase;
    ReplayPace pace;
    TimeNs time;
    Sequence target;  // where it was put last
    std::uint64_t generation;
    std::uint64_t changes;  // grows with each change by a member
    std::size_t members;
  };

  explicit ReplayGroup(const ReplaySettings& settings);

  const ReplaySettings& settings() const { return settings_; }
  Member join();
  void leave(Member member);

  // A subscription has succeeded: without a pause asked for, the clock starts.
  void begin(std::int64_t outside_ns);
  void pause();
  void resume(std::int64_t outside_ns);
  void set_pace(ReplayPace pace, std::int64_t outside_ns);
  // All members go to `target` and wait for each other there. REQUIRES: within the range.
  void seek(Sequence target);
  // Then pauses. REQUIRES: count > 0.
  void step(Member member, ReplayUnit unit, std::uint64_t count);

  // Where `member` found its place: at `next`, whose transaction has this time.
  void arrive(Member member, std::uint64_t generation, TimeNs time);
  Allowance allowance(Member member, std::int64_t outside_ns);
  struct Report {
    Sequence next{0};           // the transaction that it will deliver next
    TimeNs next_time{0};        // its time; 0 = there is none
    TimeNs last_time{0};        // of the transaction before; 0 = none was delivered
    bool is_held = false;       // it may be delivered, and the member could not yet
    bool is_blocked = false;    // its reader is full: the clock stands until the next allowance()
    std::uint64_t stepped = 0;  // units delivered of the member's step
  };
  void report(Member member, const Report& report);
  // The next transaction comes at `next`, the last one was at `last`. Cuts what is too long; true
  // if the clock has jumped.
  bool pass_idle(TimeNs last, TimeNs next);
  // When a member should ask again, if nothing else happens.
  std::int64_t outside_at(TimeNs time);

  Summary summary();

 private:
  struct Place {
    Sequence next{0};
    std::uint64_t generation = 0;  // 0: has not arrived yet
    bool is_blocked = false;
  };

  bool is_everybody_there() const;
  Sequence furthest() const;

  const ReplaySettings settings_;
  std::mutex mutex_;
  ReplayClock clock_;
  ReplayPhase phase_ = ReplayPhase::waiting;
  std::map<Member, Place> members_;
  Member last_member_ = 0;
  Sequence target_;
  std::uint64_t generation_ = 1;
  std::uint64_t changes_ = 0;
  Sequence paused_at_{0};  // the last transaction that anybody has delivered
  Member stepper_ = 0;
  ReplayUnit unit_ = ReplayUnit::transactions;
  std::uint64_t step_left_ = 0;
  bool has_time_ = false;  // somebody has arrived since the last seek
};

}  // namespace bourse
