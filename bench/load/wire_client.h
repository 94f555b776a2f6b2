// The subscribers of a wire run: N connections to /v1/md on one thread of a process of their own.
// Each verifies the chain of its stream, and notes when the tick of each order of the bench came.
//   Shape:  a plan and memory that both processes share; wire_subscribers() is the child's work.
//   Units:  nanoseconds of the wall clock.
//   Owner:  the parent makes the memory; WireShared says who writes what.
//   Errors: WireShared::fault, a text; then the figures are of no use.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>

#include "feed/trade/order_frames.h"  // WireOrder

namespace bourse {

struct WirePlan {
  std::uint16_t port = 0;
  std::uint32_t subscribers = 1;
  std::uint64_t warm_up = 0;  // orders; even
  std::uint64_t count = 0;    // orders with those; even
  double interval_ns = 0;
  bool with_laggards = false;  // the last two: one reads ten times a second, one nothing at all
                               // until the others have everything

  std::uint32_t readers() const { return subscribers - (with_laggards ? 2 : 0); }
};

// Of one order at the first subscriber.
struct WireStamps {
  std::int64_t sequenced;  // ts_event of its tick
  std::int64_t encoded;    // ts_pub of the frame
  std::int64_t received;
};

struct WireShared {
  std::atomic<std::uint32_t> is_ready{0};      // child: all are subscribed
  std::atomic<std::uint64_t> begin_ns{0};      // parent: when order 0 is due; then sending begins
  std::atomic<std::uint64_t> sample_count{0};  // child
  char fault[256] = {};                        // child
};

// Shared by parent and child, made before the fork.
class WireMemory {
 public:
  explicit WireMemory(const WirePlan& plan);
  ~WireMemory();
  WireMemory(const WireMemory&) = delete;
  WireMemory& operator=(const WireMemory&) = delete;

  WireShared& shared() { return *shared_; }
  std::span<WireStamps> stamps() { return stamps_; }          // by order; child
  std::span<std::int64_t> latencies() { return latencies_; }  // of all but laggards; child

 private:
  void* base_;
  std::size_t bytes_;
  WireShared* shared_;
  std::span<WireStamps> stamps_;
  std::span<std::int64_t> latencies_;
};

// Order `index` of a run: the even ones rest, the odd ones take them whole, so that each makes
// exactly one public event; its size names it.
WireOrder wire_order(std::uint64_t index, std::uint64_t client_seq);

// Runs until each subscriber has got all of them.
void wire_subscribers(const WirePlan& plan, WireMemory& memory);

}  // namespace bourse
