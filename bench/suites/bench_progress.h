// How far `bourse bench` has come: one line on stderr, at most ten times a second.
//   Shape:   done of all, by the seconds that the suites said they take, and the time left. Where
//            stdout and stderr are no terminals, a line of its own every half minute. It also knows
//            when the time of a suite is over: then what a report can do without is left out.
//   Units:   seconds.
//   Owner:   one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace bourse {

class BenchProgress {
 public:
  BenchProgress(double seconds_in_all, bool wanted);
  ~BenchProgress() { clear(); }
  BenchProgress(const BenchProgress&) = delete;
  BenchProgress& operator=(const BenchProgress&) = delete;

  // Of the suite that runs; without it there is no end.
  void set_end(std::chrono::steady_clock::time_point end) { end_ = end; }
  bool has_time() const { return std::chrono::steady_clock::now() < end_; }
  // Of `wanted` runs, shall run `index` be made? The first one always.
  bool goes_on(std::uint64_t index, std::uint64_t wanted) const {
    return index < wanted && (index == 0 || has_time());
  }
  // What runs from now on, and for how long it was planned.
  void next(std::string_view what, double seconds);
  void suite_ended(double planned_until_now);  // what was planned and not told is done too
  void clear();                                // before something else is printed

 private:
  void draw();

  const double all_;
  const bool is_wanted_;
  const bool is_shown_;
  double done_ = 0;     // planned seconds of what has ended
  double running_ = 0;  // of what runs
  std::string what_;
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point drawn_ = begin_;
  std::chrono::steady_clock::time_point end_ = std::chrono::steady_clock::time_point::max();
};

}  // namespace bourse
