#include "bench/suites/bench_progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "app/terminal/terminal.h"  // is_terminal

namespace bourse {
namespace {

using namespace std::chrono_literals;
constexpr auto draw_every = 100ms;
constexpr auto tell_every = 30s;  // where there is no terminal
constexpr int bar_width = 24;

}  // namespace

BenchProgress::BenchProgress(double seconds_in_all, bool wanted)
    : all_(seconds_in_all),
      is_wanted_(wanted),
      is_shown_(wanted && is_terminal(STDOUT_FILENO) && is_terminal(STDERR_FILENO)) {}

void BenchProgress::next(std::string_view what, double seconds) {
  done_ = std::min(done_ + running_, all_);
  running_ = seconds;
  what_ = what;
  if (is_wanted_ &&
      std::chrono::steady_clock::now() - drawn_ >= (is_shown_ ? draw_every : tell_every))
    draw();
}

void BenchProgress::suite_ended(double planned_until_now) {
  done_ = std::min(planned_until_now, all_);
  running_ = 0;
}

void BenchProgress::clear() {
  if (is_shown_) std::fputs("\r\x1b[K", stderr);
}

void BenchProgress::draw() {
  drawn_ = std::chrono::steady_clock::now();
  const double share = all_ > 0 ? done_ / all_ : 0;
  const double passed = std::chrono::duration<double>(drawn_ - begin_).count();
  // The plan, corrected by how the machine has kept it so far.
  const double left = done_ > 0 ? (all_ - done_) * passed / done_ : all_;
  if (!is_shown_) {
    fmt::print(stderr, "{:3.0f} % after {:.0f} s: {}\n", 100 * share, passed, what_);
    return;
  }
  const int filled = static_cast<int>(share * bar_width);
  const std::string line = fmt::format("\r\x1b[K[{:#<{}}{:.<{}}] {:3.0f} %, {:.0f} s left, {}", "",
                                       filled, "", bar_width - filled, 100 * share, left, what_);
  std::fputs(line.c_str(), stderr);
}

}  // namespace bourse
