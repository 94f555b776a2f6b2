#include "app/threads/thread_scheduling.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <thread>

namespace bourse {
namespace {

TEST(ThreadScheduling, AThreadThatRunsBeforeOthersIsWhatItSaysAndLeavesTheOthersAlone) {
  Scheduling said = Scheduling::usual;
  int is = 0, of_its_child = 0;
  std::thread([&] {
    said = run_before_others();
    is = ::sched_getscheduler(0);
    std::thread([&] { of_its_child = ::sched_getscheduler(0); }).join();
  }).join();
  const bool is_realtime = said == Scheduling::realtime;
  EXPECT_EQ(is, is_realtime ? SCHED_FIFO | SCHED_RESET_ON_FORK : SCHED_OTHER) << to_string(said);
  EXPECT_EQ(of_its_child, SCHED_OTHER);
  EXPECT_EQ(::sched_getscheduler(0), SCHED_OTHER);
}

}  // namespace
}  // namespace bourse
