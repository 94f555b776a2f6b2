// How far a long command has come: one line on stderr, at most ten times a second.
//   Shape:   done of total, rate, time left. Shown only where stdout and stderr are terminals, so
//            that it never comes between data.
//   Owner:   one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace bourse {

class ProgressLine {
 public:
  // `total_bytes`: 0 = not known.
  ProgressLine(std::string label, std::uint64_t total_bytes, bool wanted);
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void add(std::uint64_t bytes);

 private:
  void draw(std::chrono::steady_clock::time_point now);

  const std::string label_;
  const std::uint64_t total_;
  const bool shown_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point drawn_ = start_;
  std::uint64_t done_ = 0;
};

// "12.3 GB", "512 B"
std::string bytes_text(std::uint64_t bytes);

}  // namespace bourse
