// The replays that run in this process: how many there are, and which connections belong together.
//   Shape:  a count and a map of session keys to what their connections share.
//   Owner:  whoever wires the server; the io threads share it, every call locks. Groups live as
//           long as their members.
//   Errors: too many: nullopt.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "feed/history/replay_group.h"  // ReplayGroup
#include "feed/metrics.h"               // Metrics

namespace bourse {

class ReplayGroups {
 public:
  // One connection's place among them, from take() to its end.
  class Ticket {
   public:
    Ticket() = default;
    explicit Ticket(ReplayGroups* groups) : groups_(groups) {}
    Ticket(Ticket&& other) noexcept : groups_(std::exchange(other.groups_, nullptr)) {}
    Ticket& operator=(Ticket&& other) noexcept {
      std::swap(groups_, other.groups_);
      return *this;
    }
    ~Ticket() {
      if (groups_ != nullptr) groups_->count_.fetch_sub(1, std::memory_order_relaxed);
    }
    explicit operator bool() const { return groups_ != nullptr; }

   private:
    ReplayGroups* groups_ = nullptr;
  };

  explicit ReplayGroups(std::uint32_t count_max) : count_max_(count_max) {}

  // Empty if there are too many already.
  Ticket take() {
    if (count_.fetch_add(1, std::memory_order_relaxed) < count_max_) return Ticket(this);
    count_.fetch_sub(1, std::memory_order_relaxed);
    refused_.fetch_add(1, std::memory_order_relaxed);
    return {};
  }
  // That of the key, if somebody has it already; otherwise a new one.
  std::shared_ptr<ReplayGroup> group(const std::string& key, const ReplaySettings& settings) {
    if (key.empty()) return std::make_shared<ReplayGroup>(settings);
    const std::lock_guard lock(mutex_);
    std::erase_if(groups_, [](const auto& one) { return one.second.expired(); });
    std::weak_ptr<ReplayGroup>& known = groups_[key];
    std::shared_ptr<ReplayGroup> group = known.lock();
    if (group == nullptr) known = group = std::make_shared<ReplayGroup>(settings);
    return group;
  }

  std::uint32_t count() const { return count_.load(std::memory_order_relaxed); }
  std::uint64_t refused_count() const { return refused_.load(std::memory_order_relaxed); }

 private:
  const std::uint32_t count_max_;
  // Only numbers: nothing else is ordered by them.
  std::atomic<std::uint32_t> count_{0};
  std::atomic<std::uint64_t> refused_{0};
  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<ReplayGroup>> groups_;
};

inline void export_replay_metrics(Metrics& metrics, const ReplayGroups& groups) {
  metrics.sampled(Metrics::Kind::gauge, "bourse_replays", "connections on /v1/replay now", {},
                  [&groups] { return static_cast<double>(groups.count()); });
  metrics.sampled(Metrics::Kind::counter, "bourse_replays_refused_total",
                  "replays refused because there were too many", {},
                  [&groups] { return static_cast<double>(groups.refused_count()); });
}

}  // namespace bourse
