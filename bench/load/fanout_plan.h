// What one fan-out run does, and what server and client have found: shared by the two servers that
// are compared, by their client and by the table.
//   Shape:  plain values; they travel between processes through a pipe.
//   Units:  nanoseconds; CLOCK_MONOTONIC, which all processes of a machine share.
//   Owner:  values.
#pragma once

#include <time.h>

#include <cstddef>
#include <cstdint>

namespace bourse {

struct FanoutPlan {
  std::uint32_t subscribers = 1;
  std::uint32_t batch = 32;         // messages published together
  std::uint64_t messages = 0;       // to each subscriber, all batches together
  std::uint64_t warm_up = 0;        // of these, not measured
  std::uint64_t per_second = 0;     // open loop at this rate; 0 = as fast as taken
  std::size_t payload_bytes = 100;  // [number 8 | intended time 8 | filler]
};

struct ServerFigures {
  std::int64_t cpu_ns = 0;  // of the server's thread, kernel included
  std::uint64_t deliveries = 0;
  std::uint64_t writes = 0;      // TLS records or async writes
  std::int64_t late_ns_max = 0;  // open loop: the worst delay of the generator itself
  std::int64_t open_ns = 0;      // CPU of the server's thread until all subscribers were there
};

struct ClientFigures {
  bool is_complete = false;  // every subscriber got every message, once and in order
  std::uint64_t received = 0;
  std::int64_t p50_ns = 0;
  std::int64_t p99_ns = 0;
  std::int64_t p999_ns = 0;
  std::int64_t max_ns = 0;
};

inline std::int64_t clock_ns(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace bourse
