// How far `bourse bench` has come: one line on stderr, at most ten times a second.
//   Shape:   done of all, by the seconds that the suites said they take, and the time left. Shown
//            only where stdout and stderr are terminals, so that it never comes between data.
//   Units:   seconds.
//   Owner:   one thread.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace bourse {

class BenchProgress {
 public:
  BenchProgress(double seconds_in_all, bool wanted);
  ~BenchProgress() { clear(); }
  BenchProgress(const BenchProgress&) = delete;
  BenchProgress& operator=(const BenchProgress&) = delete;

  // What runs from now on, and for how long it was planned.
  void next(std::string_view what, double seconds);
  void suite_ended(double planned_until_now);  // what was planned and not told is done too
  void clear();                                // before something else is printed

 private:
  void draw();

  const double all_;
  const bool is_shown_;
  double done_ = 0;     // planned seconds of what has ended
  double running_ = 0;  // of what runs
  std::string what_;
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point drawn_{};
};

}  // namespace bourse
