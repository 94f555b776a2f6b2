#include "feed/history/replay_group.h"

#include <algorithm>

namespace bourse {
namespace {

constexpr TimeNs end_of_time{ReplayClock::never};

}  // namespace

ReplayGroup::ReplayGroup(const ReplaySettings& settings)
    : settings_(settings), target_(settings.from), paused_at_(settings.from.value() - 1) {
  clock_.set_pace(settings.pace);
}

ReplayGroup::Member ReplayGroup::join() {
  const std::lock_guard lock(mutex_);
  // Who comes later comes to where the others are.
  Sequence next = target_;
  if (!members_.empty()) {
    const auto by_next = [](const auto& m) { return m.second.next; };
    next = std::ranges::min_element(members_, {}, by_next)->second.next;
    if (next > target_) target_ = next;
  }
  members_[++last_member_] = {.next = next};
  ++changes_;
  return last_member_;
}

void ReplayGroup::leave(Member member) {
  const std::lock_guard lock(mutex_);
  members_.erase(member);
  ++changes_;
  if (stepper_ == member && phase_ == ReplayPhase::stepping) {
    phase_ = ReplayPhase::paused;
    paused_at_ = furthest();
  }
}

Sequence ReplayGroup::furthest() const {
  Sequence out{target_.value() - 1};
  for (const auto& [member, place] : members_) {
    if (place.generation == generation_) out = std::max(out, Sequence{place.next.value() - 1});
  }
  return out;
}

bool ReplayGroup::is_everybody_there() const {
  return std::ranges::all_of(members_, [this](const auto& m) {
    return m.second.generation == generation_ && !m.second.is_blocked;
  });
}

void ReplayGroup::begin(std::int64_t outside_ns) {
  const std::lock_guard lock(mutex_);
  if (phase_ != ReplayPhase::waiting) return;
  phase_ = settings_.is_paused ? ReplayPhase::paused : ReplayPhase::playing;
  clock_.stand(outside_ns);
  ++changes_;
}

void ReplayGroup::pause() {
  const std::lock_guard lock(mutex_);
  phase_ = ReplayPhase::paused;
  paused_at_ = furthest();
  ++changes_;
}

void ReplayGroup::resume(std::int64_t outside_ns) {
  const std::lock_guard lock(mutex_);
  if (phase_ != ReplayPhase::playing) clock_.stand(outside_ns);
  phase_ = ReplayPhase::playing;
  ++changes_;
}

void ReplayGroup::set_pace(ReplayPace pace, std::int64_t outside_ns) {
  const std::lock_guard lock(mutex_);
  if (phase_ == ReplayPhase::playing && is_everybody_there()) clock_.run(outside_ns);
  clock_.stand(outside_ns);
  clock_.set_pace(pace);
  ++changes_;
}

void ReplayGroup::seek(Sequence target) {
  const std::lock_guard lock(mutex_);
  target_ = target;
  ++generation_;
  ++changes_;
  has_time_ = false;
  paused_at_ = Sequence{target.value() - 1};
  if (phase_ == ReplayPhase::stepping) phase_ = ReplayPhase::paused;
  for (auto& [member, place] : members_) place.next = target;
}

void ReplayGroup::step(Member member, ReplayUnit unit, std::uint64_t count) {
  const std::lock_guard lock(mutex_);
  phase_ = ReplayPhase::stepping;
  stepper_ = member;
  unit_ = unit;
  step_left_ = count;
  ++changes_;
}

void ReplayGroup::arrive(Member member, std::uint64_t generation, TimeNs time) {
  const std::lock_guard lock(mutex_);
  const auto found = members_.find(member);
  if (found == members_.end() || generation != generation_) return;
  found->second.generation = generation;
  if (has_time_) return;
  has_time_ = true;
  clock_.jump(time);
}

ReplayGroup::Allowance ReplayGroup::allowance(Member member, std::int64_t outside_ns) {
  const std::lock_guard lock(mutex_);
  Allowance out;
  out.generation = generation_;
  Place& place = members_[member];
  if (place.is_blocked) {
    place.is_blocked = false;
    clock_.stand(outside_ns);
  }
  if (!is_everybody_there()) {
    clock_.stand(outside_ns);
    return out;
  }
  if (phase_ == ReplayPhase::playing) {
    clock_.run(outside_ns);
    out.time = clock_.pace().is_max() ? end_of_time : clock_.time();
    out.last = settings_.to;
    for (const auto& [other, at] : members_) {
      if (other != member)
        out.last = std::min(out.last, Sequence{at.next.value() + step_transactions - 1});
    }
    return out;
  }
  clock_.stand(outside_ns);
  if (phase_ == ReplayPhase::waiting) return out;
  out.time = end_of_time;
  out.last = paused_at_;
  if (phase_ == ReplayPhase::stepping) {
    out.last = furthest();
    if (stepper_ == member) {
      out.last = settings_.to;
      out.step = step_left_;
      out.unit = unit_;
    }
  }
  return out;
}

void ReplayGroup::report(Member member, const Report& report) {
  const std::lock_guard lock(mutex_);
  const auto found = members_.find(member);
  if (found == members_.end() || found->second.generation != generation_) return;
  found->second.next = report.next;
  found->second.is_blocked = report.is_blocked;
  if (clock_.time() < report.last_time) clock_.jump(report.last_time);  // max, or a step
  if (report.is_held && report.next_time) clock_.hold(report.next_time);
  if (phase_ != ReplayPhase::stepping || stepper_ != member) return;
  step_left_ -= std::min(step_left_, report.stepped);
  if (step_left_ != 0 && report.next <= settings_.to) return;
  phase_ = ReplayPhase::paused;
  paused_at_ = furthest();
  ++changes_;
}

bool ReplayGroup::pass_idle(TimeNs last, TimeNs next) {
  const std::lock_guard lock(mutex_);
  const std::int64_t idle_max = settings_.idle_max_ns;
  if (idle_max == 0 || !last || next.value() - last.value() <= idle_max) return false;
  if (phase_ != ReplayPhase::playing || clock_.time() >= next) return false;
  if (clock_.time().value() - last.value() < idle_max) return false;
  clock_.jump(next);
  return true;
}

std::int64_t ReplayGroup::outside_at(TimeNs time) {
  const std::lock_guard lock(mutex_);
  return phase_ == ReplayPhase::playing ? clock_.outside_at(time) : ReplayClock::never;
}

ReplayGroup::Summary ReplayGroup::summary() {
  const std::lock_guard lock(mutex_);
  return {.phase = phase_,
          .pace = clock_.pace(),
          .time = clock_.time(),
          .target = target_,
          .generation = generation_,
          .changes = changes_,
          .members = members_.size()};
}

}  // namespace bourse
