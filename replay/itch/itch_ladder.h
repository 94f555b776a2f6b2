// The prices of one side of an ITCH book, each with its level.
//   Shape:  the best eight in one cache line, best first; the others in a sorted array elsewhere,
//           best last. Most changes are near the best price and read this line only.
//   Units:  a key stands for a price: higher is better on both sides; 0 = none.
//   Owner:  one thread.
//   Errors: none.
#pragma once

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "matching/types.h"  // Side

namespace bourse {

inline std::uint32_t itch_key(bool is_sell, std::uint32_t price) {
  return price ^ (0u - std::uint32_t{is_sell});
}

struct ItchRung {
  std::uint32_t key;
  std::uint32_t level;
};
// What is not among the best eight; ascending keys.
using ItchFarRungs = std::vector<ItchRung>;

class alignas(64) ItchLadder {
 public:
  static constexpr std::size_t near_max = 8;

  std::uint32_t best_key() const { return keys_[0]; }
  std::uint32_t best_level() const { return levels_[0]; }
  bool empty() const { return levels_[0] == 0; }
  std::size_t size(const ItchFarRungs& far) const { return near_size() + far.size(); }
  // The level at `at`, counted from the best.
  std::uint32_t level(std::size_t at, const ItchFarRungs& far) const {
    return at < near_max ? levels_[at] : far[far.size() - 1 - (at - near_max)].level;
  }

  // The level of a key; 0 = none, or not among the best eight. All eight are compared, without a
  // branch, because which one it is is a toss-up.
  // REQUIRES: key is not 0.
  std::uint32_t near(std::uint32_t key) const {
#if defined(__AVX2__)
    const __m256i keys = _mm256_load_si256(reinterpret_cast<const __m256i*>(keys_.data()));
    const __m256i same = _mm256_cmpeq_epi32(keys, _mm256_set1_epi32(static_cast<int>(key)));
    const auto found = static_cast<std::uint32_t>(_mm256_movemask_ps(_mm256_castsi256_ps(same)));
    return found == 0 ? 0 : levels_[static_cast<std::size_t>(std::countr_zero(found))];
#else
    std::uint32_t level = 0;
    for (std::size_t i = 0; i < near_max; ++i) level |= keys_[i] == key ? levels_[i] : 0;
    return level;
#endif
  }
  // Whether a key that is not near may be far.
  bool is_beyond(std::uint32_t key) const { return key < keys_.back(); }
  static std::uint32_t find_far(std::uint32_t key, const ItchFarRungs& far) {
    const auto at = lower_bound(far, key);
    return at != far.end() && at->key == key ? at->level : 0;
  }
  // REQUIRES: the key is not there.
  void insert(ItchRung rung, ItchFarRungs& far);
  // REQUIRES: the key is there.
  void erase(std::uint32_t key, ItchFarRungs& far);

 private:
  // How many of the best eight are at least this good.
  std::size_t count_as_good(std::uint32_t key) const {
    std::uint32_t count = 0;
    for (std::size_t i = 0; i < near_max; ++i) count += keys_[i] >= key;
    return count;
  }
  std::size_t near_size() const {
    std::size_t size = 0;
    while (size < near_max && levels_[size] != 0) ++size;
    return size;
  }
  static ItchFarRungs::const_iterator lower_bound(const ItchFarRungs& far, std::uint32_t key) {
    return std::lower_bound(far.begin(), far.end(), key,
                            [](const ItchRung& rung, std::uint32_t k) { return rung.key < k; });
  }

  std::array<std::uint32_t, near_max> keys_{};
  std::array<std::uint32_t, near_max> levels_{};
};
static_assert(sizeof(ItchLadder) == 64);

inline void ItchLadder::insert(ItchRung rung, ItchFarRungs& far) {
  const std::size_t at = count_as_good(rung.key);
  if (at == near_max) {
    far.insert(lower_bound(far, rung.key), rung);
    return;
  }
  if (levels_.back() != 0) far.push_back({keys_.back(), levels_.back()});
  for (std::size_t i = near_max - 1; i > at; --i) {
    keys_[i] = keys_[i - 1];
    levels_[i] = levels_[i - 1];
  }
  keys_[at] = rung.key;
  levels_[at] = rung.level;
}

inline void ItchLadder::erase(std::uint32_t key, ItchFarRungs& far) {
  if (is_beyond(key)) {
    far.erase(lower_bound(far, key));
    return;
  }
  for (std::size_t i = count_as_good(key) - 1; i + 1 < near_max; ++i) {
    keys_[i] = keys_[i + 1];
    levels_[i] = levels_[i + 1];
  }
  keys_.back() = levels_.back() = 0;
  if (far.empty()) return;
  keys_.back() = far.back().key;
  levels_.back() = far.back().level;
  far.pop_back();
}

}  // namespace bourse
