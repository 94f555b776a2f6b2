#include "app/cluster/standby_channels.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "app/cluster/standby.h"      // Standby
#include "app/config/channel_plan.h"  // channel_directories

namespace bourse {
namespace {

constexpr std::chrono::milliseconds look_every{20};

// What became of one channel.
struct Ending {
  Result<std::optional<Inheritance>> taken = std::nullopt;
  std::atomic<bool> is_there{false};  // release: `taken` holds
};

}  // namespace

StandbyChannels::StandbyChannels(const Config& config, LeaseThread& lease,
                                 std::function<bool()> stop)
    : config_(config), lease_(lease), stop_(std::move(stop)), epochs_(config.engine.channels) {}

void StandbyChannels::may_take(std::size_t channel, bool may, Epoch last_epoch) {
  const std::lock_guard lock(mutex_);
  epochs_[channel] = may ? std::optional(last_epoch) : std::nullopt;
  Epoch highest{0};
  for (const auto& epoch : epochs_) highest = std::max(highest, epoch.value_or(Epoch{0}));
  const bool may_all =
      std::ranges::all_of(epochs_, [](const auto& epoch) { return epoch.has_value(); });
  lease_.lease().may_take(may_all, highest);
}

// A standby of other channels would follow and number what is not there.
std::optional<Error> StandbyChannels::other_channels() const {
  const auto leader = lease_.lease().leader();
  if (!leader || leader->channels == 0 || leader->channels == epochs_.size()) return std::nullopt;
  return lease_.lease().last_error();
}

Result<std::vector<Inheritance>> StandbyChannels::run() {
  const std::size_t count = epochs_.size();
  const auto directories =
      channel_directories(config_.journal.directory, static_cast<std::uint32_t>(count));
  if (!directories) return std::unexpected(directories.error());
  std::atomic<bool> is_stopping{false};
  std::vector<Ending> endings(count);
  std::vector<std::jthread> threads;
  for (std::size_t channel = 0; channel < count; ++channel)
    threads.emplace_back([&, channel] {
      Standby standby(
          config_, lease_,
          {.directory = (*directories)[channel].string(),
           .index = static_cast<std::uint32_t>(channel),
           .title = count == 1 ? "" : fmt::format("channel {}: ", channel)},
          [this, channel](bool may, Epoch epoch) { may_take(channel, may, epoch); },
          [&] { return is_stopping.load(std::memory_order_relaxed); });
      endings[channel].taken = standby.run();
      endings[channel].is_there.store(true, std::memory_order_release);
    });
  const auto is_there = [](const Ending& ending) {
    return ending.is_there.load(std::memory_order_acquire);
  };
  const auto has_failed = [&](const Ending& ending) { return is_there(ending) && !ending.taken; };
  std::optional<Error> failure;
  bool is_told = false;  // once told, it is told for good
  while (!std::ranges::all_of(endings, is_there)) {
    std::this_thread::sleep_for(look_every);
    is_told = is_told || stop_();
    if (!failure) failure = other_channels();
    const auto failed = std::ranges::find_if(endings, has_failed);
    if (!failure && failed != endings.end()) failure = failed->taken.error();
    if (failure || is_told) is_stopping = true;
  }
  threads.clear();
  const auto failed = std::ranges::find_if(endings, has_failed);
  if (!failure && failed != endings.end()) failure = failed->taken.error();
  if (failure) return std::unexpected(std::move(*failure));
  // Some may have opened their epoch already, which is one like any other.
  std::vector<Inheritance> inherited;
  if (is_told) return inherited;
  for (Ending& ending : endings) inherited.push_back(std::move(**ending.taken));
  return inherited;
}

}  // namespace bourse
