#include "app/terminal/progress_line.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "app/terminal/terminal.h"  // is_terminal

namespace bourse {
namespace {

using namespace std::chrono_literals;

constexpr auto draw_every = 100ms;

}  // namespace

std::string bytes_text(std::uint64_t bytes) {
  constexpr std::array units{"B", "kB", "MB", "GB", "TB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1000 && unit + 1 < units.size(); ++unit) value /= 1000;
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, units[unit]);
}

ProgressLine::ProgressLine(std::string label, std::uint64_t total_bytes, bool wanted)
    : label_(std::move(label)),
      total_(total_bytes),
      shown_(wanted && is_terminal(STDOUT_FILENO) && is_terminal(STDERR_FILENO)) {}

ProgressLine::~ProgressLine() {
  if (shown_) std::fputs("\r\x1b[K", stderr);
}

void ProgressLine::add(std::uint64_t bytes) {
  done_ += bytes;
  if (!shown_) return;
  const auto now = std::chrono::steady_clock::now();
  if (now - drawn_ >= draw_every) draw(now);
}

void ProgressLine::draw(std::chrono::steady_clock::time_point now) {
  drawn_ = now;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const double rate = static_cast<double>(done_) / seconds;
  std::string line = fmt::format("\r\x1b[K{}: {}", label_, bytes_text(done_));
  if (total_ > 0) {
    const std::uint64_t left = total_ > done_ ? total_ - done_ : 0;
    line += fmt::format(
        " of {}, {:.0f} %", bytes_text(total_),
        std::min(100.0, 100.0 * static_cast<double>(done_) / static_cast<double>(total_)));
    if (rate > 0) line += fmt::format(", {:.0f} s left", static_cast<double>(left) / rate);
  }
  line += fmt::format(", {}/s", bytes_text(static_cast<std::uint64_t>(rate)));
  std::fputs(line.c_str(), stderr);
}

}  // namespace bourse
