// What "lock-free" claims of the way from order to tick: no allocation, no system call.
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include <sys/syscall.h>

#include "tests/matching/hot_path_guard.h"     // allocation_count, system_calls_of
#include "tests/matching/sequencer_fixture.h"  // SequencedMarket

namespace bourse {
namespace {

constexpr std::uint64_t command_count = 1'000'000;
constexpr std::uint64_t batch_max = 64;
constexpr const char* sanitized =
    "needs a build without sanitizers, and a kernel that takes filters";

// A market, and commands made beforehand, so that only the product's own code is measured.
struct Workload {
  SequencedMarket market;
  Gate gate = market.sequencer.add_gate("measured", 128);
  std::vector<Command> commands;
  std::uint64_t journaled_bytes = 0;
  std::uint64_t executions = 0;

  Workload() {
    market.define(4);
    RandomFlow flow(23, 4, 16);
    const std::uint64_t first = market.sequencer.last_sequence().value() + 1;
    for (std::uint64_t i = 0; i < command_count; ++i) {
      commands.push_back(flow.next(Sequence{first + i}));
    }
  }
  // Gate, engine, log, views, and a journal that reads it all.
  void run() {
    const auto into = std::as_writable_bytes(std::span(market.journal_words));
    std::uint64_t pushed = 0;
    while (pushed < command_count) {
      for (std::uint64_t i = 0; i < batch_max && pushed < command_count; ++i) {
        CHECK(gate.try_push(commands[pushed++]));
      }
      market.sequencer.poll(TimeNs{static_cast<std::int64_t>(pushed)}, 2 * batch_max);
      market.ring.arrivals().wake();
      executions += market.views.read(SymbolId{1}).prices.bid_orders;
      const std::size_t bytes = market.journal.peek(into);
      market.journal.release(bytes);
      journaled_bytes += bytes;
    }
  }
};

TEST(HotPath, AMillionMixedCommandsAllocateNothing) {
  if (!allocation_count()) GTEST_SKIP() << sanitized;
  Workload workload;
  const std::uint64_t before = *allocation_count();
  workload.run();
  EXPECT_EQ(*allocation_count() - before, 0u);
  EXPECT_EQ(workload.market.sequencer.last_sequence().value(), command_count + 4);
  EXPECT_GT(workload.journaled_bytes, command_count * 200);
  // The mix is one: matched, refused, cancelled.
  EXPECT_GT(workload.market.sequencer.rejected_count(RejectReason::unknown_order), 0u);
  EXPECT_GT(workload.market.sequencer.rejected_count(RejectReason::would_cross), 0u);
}

TEST(HotPath, TheCounterSeesAnAllocation) {
  if (!allocation_count()) GTEST_SKIP() << sanitized;
  const std::uint64_t before = *allocation_count();
  // By name: a compiler may leave out an allocation that only a new-expression asks for.
  ::operator delete(::operator new(100));
  EXPECT_EQ(*allocation_count() - before, 1u);
}

TEST(HotPath, AMillionMixedCommandsMakeNoSystemCall) {
  Workload* workload = nullptr;
  const auto result = system_calls_of([&] { workload = new Workload; }, [&] { workload->run(); });
  if (!result) GTEST_SKIP() << sanitized;
  EXPECT_EQ(result->system_call, -1);
  EXPECT_TRUE(result->is_finished);
}

TEST(HotPath, TheTrapSeesASystemCall) {
  const auto result = system_calls_of([] {}, [] { std::this_thread::yield(); });
  if (!result) GTEST_SKIP() << sanitized;
  EXPECT_FALSE(result->is_finished);
  EXPECT_EQ(result->system_call, SYS_sched_yield);
}

}  // namespace
}  // namespace bourse
