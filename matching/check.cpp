#include "matching/check.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace bourse {
namespace {
// Written by the engine thread, read by whichever thread fails; a diagnosis, so relaxed is enough.
std::atomic<std::uint64_t> last_sequence{0};
}  // namespace

void note_sequence(std::uint64_t sequence) {
  last_sequence.store(sequence, std::memory_order_relaxed);
}

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "bourse: CHECK failed: %s at %s:%d, last sequence %llu\n", condition, file,
               line,
               static_cast<unsigned long long>(last_sequence.load(std::memory_order_relaxed)));
  std::fflush(stderr);
  std::abort();
}

}  // namespace bourse
