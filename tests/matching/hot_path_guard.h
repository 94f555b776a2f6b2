// Proofs for the hot path: that a piece of code allocates nothing and makes no system call.
//   Shape:  allocation_count() counts every operator new of this executable. system_calls_of() runs
//           the code in a forked child under a seccomp filter that traps each system call.
//   Owner:  allocation_count() counts for all threads together.
//   Errors: allocation_count() and system_calls_of() return nullopt in sanitized builds, whose
//           runtimes replace operator new and make calls of their own; system_calls_of() also where
//           the kernel refuses a filter.
#pragma once

#include <cstdint>
#include <optional>

namespace bourse {

std::optional<std::uint64_t> allocation_count();

struct ChildResult {
  long system_call;  // number of the first system call made in the measured part; -1 = none
  bool is_finished;  // the code came to its end
};

// In a child process: prepare() freely, then measured() with every system call trapped. The child
// never returns; what it computes is lost.
template <class Prepare, class Measured>
std::optional<ChildResult> system_calls_of(Prepare prepare, Measured measured);

// The parts of system_calls_of() that need no template.
namespace trap {
bool is_possible();
int start_child();                 // 0 in the child, its process id in the parent
void trap_system_calls();          // in the child; aborts it if the kernel refuses
[[noreturn]] void finish_child();  // in the child; the one way out that the filter lets through
std::optional<ChildResult> wait_for_child(int child);
}  // namespace trap

template <class Prepare, class Measured>
std::optional<ChildResult> system_calls_of(Prepare prepare, Measured measured) {
  if (!trap::is_possible()) return std::nullopt;
  const int child = trap::start_child();
  if (child == 0) {
    prepare();
    trap::trap_system_calls();
    measured();
    trap::finish_child();
  }
  return trap::wait_for_child(child);
}

}  // namespace bourse
