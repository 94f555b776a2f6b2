// A log as of an exchange that has been up for a moment: its first segment is laid.
//   Shape:  waits until the open segment is as long as it will be, and synced; not for ever.
//   Owner:  any thread, while nobody writes yet.
#pragma once

#include <chrono>
#include <filesystem>
#include <thread>

#include "replay/log/log.h"  // LogOptions

namespace bourse {

inline void wait_for_zeros(const LogOptions& options) {
  using namespace std::chrono_literals;
  constexpr int looks_max = 10'000;
  const auto is_laid = [&] {
    for (const auto& entry : std::filesystem::directory_iterator(options.directory)) {
      if (entry.path().extension() == ".open" && entry.file_size() >= options.segment_bytes) {
        return true;
      }
    }
    return false;
  };
  for (int i = 0; i < looks_max && !is_laid(); ++i) std::this_thread::sleep_for(1ms);
  std::this_thread::sleep_for(20ms);  // its one sync
}

}  // namespace bourse
