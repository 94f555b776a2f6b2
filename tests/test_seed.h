// The seed of a random test: printed, so that a failure can be repeated; BOURSE_SEED replaces it.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>

namespace bourse {

inline std::uint64_t test_seed() {
  const char* const given = std::getenv("BOURSE_SEED");
  const std::uint64_t seed = given != nullptr && *given != '\0' ? std::strtoull(given, nullptr, 10)
                                                                : std::random_device{}();
  std::printf("seed %llu (BOURSE_SEED repeats it)\n", static_cast<unsigned long long>(seed));
  return seed;
}

}  // namespace bourse
