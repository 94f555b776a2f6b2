// How far the journal has come: what the journal thread tells all others.
//   Shape:  three sequences that only grow: released <= durable or written <= head of the tail.
//   Owner:  written by the journal thread alone, read by any thread.
#pragma once

#include <atomic>
#include <cstdint>

#include "matching/types.h"          // Sequence
#include "matching/wait_strategy.h"  // WaitPoint

namespace bourse {

struct JournalMarks {
  explicit JournalMarks(Sequence last)
      : written(last.value()), durable(last.value()), released(last.value()) {}

  // All stored by the journal thread (release) and loaded by any thread (acquire).
  //   written:  publishes that the bytes up to it can be read from the segment files
  //   durable:  fdatasync has returned for them
  //   released: may leave the process; readers wait for it at `releases`
  std::atomic<std::uint64_t> written;
  std::atomic<std::uint64_t> durable;
  std::atomic<std::uint64_t> released;
  WaitPoint releases;
};

}  // namespace bourse
