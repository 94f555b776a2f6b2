// A log as of an exchange that has been up for a moment: its first segment is laid.
//   Shape:  waits until the open segment is as long as it will be, and syncs it, which takes as
//           long as the log's own sync of its zeros still does; not for ever.
//   Owner:  any thread, while nobody writes yet.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "replay/log/log.h"  // LogOptions

namespace bourse {

inline void wait_for_zeros(const LogOptions& options) {
  using namespace std::chrono_literals;
  constexpr int looks_max = 10'000;
  const auto laid = [&]() -> std::filesystem::path {
    for (const auto& entry : std::filesystem::directory_iterator(options.directory)) {
      if (entry.path().extension() == ".open" && entry.file_size() >= options.segment_bytes) {
        return entry.path();
      }
    }
    return {};
  };
  std::filesystem::path segment = laid();
  for (int i = 0; i < looks_max && segment.empty(); ++i) {
    std::this_thread::sleep_for(1ms);
    segment = laid();
  }
  const int fd = ::open(segment.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  ::fdatasync(fd);
  ::close(fd);
  std::this_thread::sleep_for(20ms);  // the log's own call returns, too
}

}  // namespace bourse
