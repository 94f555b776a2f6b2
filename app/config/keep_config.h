// What becomes of sealed segments, as the configuration says it.
//   Owner:  a pure function.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "app/config/config.h"          // Config
#include "replay/log/segment_keeper.h"  // KeepPolicy

namespace bourse {

inline KeepPolicy keep_policy(const Config::Journal& journal) {
  // An age beyond all ages is one that no segment reaches.
  const auto ns = [](std::uint64_t seconds) {
    constexpr std::uint64_t second_ns = 1'000'000'000;
    return std::min(seconds, std::numeric_limits<std::uint64_t>::max() / second_ns) * second_ns;
  };
  return {.compress = journal.compress_after_s != 0,
          .compress_after_ns = ns(journal.compress_after_s),
          .retain_ns = ns(journal.retain_s),
          .retain_bytes = journal.retain_bytes};
}

}  // namespace bourse
