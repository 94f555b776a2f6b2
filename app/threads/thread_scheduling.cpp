#include "app/threads/thread_scheduling.h"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace bourse {
namespace {

constexpr int lowest_realtime = 1;  // whatever else is of this kind goes first
constexpr std::uint64_t slice_ns = 100'000;

// The kernel's sched_attr in its first form; its header and that of the C library exclude each
// other.
struct ScheduleAttributes {
  std::uint32_t size = sizeof(ScheduleAttributes);
  std::uint32_t policy = SCHED_OTHER;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime_ns = 0;  // of SCHED_OTHER: the slice; older kernels do not look at it
  std::uint64_t deadline_ns = 0;
  std::uint64_t period_ns = 0;
};
static_assert(sizeof(ScheduleAttributes) == 48);

}  // namespace

Scheduling run_before_others() {
  sched_param priority{};
  priority.sched_priority = lowest_realtime;
  if (::sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &priority) == 0) {
    return Scheduling::realtime;
  }
  ScheduleAttributes attributes;
  attributes.runtime_ns = slice_ns;
  if (::syscall(SYS_sched_setattr, 0, &attributes, 0) == 0) return Scheduling::short_slice;
  return Scheduling::usual;
}

const char* to_string(Scheduling scheduling) {
  switch (scheduling) {
    case Scheduling::usual:
      return "usual";
    case Scheduling::short_slice:
      return "short slice";
    case Scheduling::realtime:
      return "realtime";
  }
  return "unknown";
}

}  // namespace bourse
