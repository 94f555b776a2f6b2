// CHECK(condition): a broken invariant of our own stops the process loudly, in every build.
//   Prints condition, file and line and the last sequence that the process noted, then aborts.
//   DCHECK is for O(n) audits and disappears with NDEBUG.
//   Owner:  any thread; note_sequence() is called by the engine thread only.
#pragma once

#include <cstdint>

namespace bourse {

[[noreturn]] void check_failed(const char* condition, const char* file, int line);
void note_sequence(std::uint64_t sequence);  // shown by a later failure

}  // namespace bourse

#define CHECK(condition)                                      \
  do {                                                        \
    if (!(condition)) [[unlikely]]                            \
      ::bourse::check_failed(#condition, __FILE__, __LINE__); \
  } while (false)

#ifdef NDEBUG
#define DCHECK(condition) static_cast<void>(0)
#else
#define DCHECK(condition) CHECK(condition)
#endif
