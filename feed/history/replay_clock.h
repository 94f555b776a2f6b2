// The clock of a replay: market time that runs at a pace, stands, and jumps.
//   Shape:  a value without a clock of its own: whoever asks says what time it is outside.
//   Units:  outside: nanoseconds of any steady clock; inside: the market's TimeNs; pace in
//           thousandths of real time.
//   Owner:  whoever guards it.
//   Errors: none.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "matching/types.h"  // TimeNs

namespace bourse {

struct ReplayPace {
  static constexpr std::uint32_t slowest = 100;        // 0.1x
  static constexpr std::uint32_t fastest = 1'000'000;  // 1000x

  std::uint32_t thousandths = 1000;  // 0: max, as fast as it is taken

  bool is_max() const { return thousandths == 0; }
  std::string text() const;  // "10", "0.5", "max"
  // "max", or 0.1 to 1000 with at most three decimals; nullopt otherwise.
  static std::optional<ReplayPace> parse(std::string_view text);
};

class ReplayClock {
 public:
  static constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

  ReplayPace pace() const { return pace_; }
  void set_pace(ReplayPace pace) { pace_ = pace; }

  // Market time now. With the pace max it is wherever it was put last.
  TimeNs time() const { return time_; }
  // Goes on: what has passed outside since the last call has passed inside too, at the pace.
  void run(std::int64_t outside_ns);
  // What has passed outside does not count.
  void stand(std::int64_t outside_ns) { outside_ns_ = outside_ns; }
  void jump(TimeNs time) {
    time_ = time;
    rest_ = 0;
  }
  // Not later than this: somebody has not come further yet.
  void hold(TimeNs time) {
    if (time_ > time) jump(time);
  }
  // When the market will have this time, if the clock runs on; now if it has it.
  std::int64_t outside_at(TimeNs time) const;

 private:
  ReplayPace pace_;
  TimeNs time_{0};
  std::int64_t outside_ns_ = 0;
  std::uint32_t rest_ = 0;  // thousandths of a nanosecond that are not in time_ yet
};

}  // namespace bourse
