// How far the journal has come: what the journal thread tells all others.
//   Shape:   sequences that only grow: released <= local <= written <= head of the tail. At level
//            replicated, released waits for the stream too; at the others it is local.
//   Owner:   written by the journal thread, but `acknowledged` by who hears from the stream; read
//            by any thread.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "matching/types.h"          // Sequence
#include "matching/wait_strategy.h"  // WaitPoint

namespace bourse {

struct JournalMarks {
  // `held`: nothing after `last` is released before it is acknowledged.
  JournalMarks(Sequence last, bool held)
      : written(last.value()),
        durable(last.value()),
        local(last.value()),
        released(last.value()),
        told(last.value()),
        is_held(held) {}

  // The journal thread: this machine has made it as safe as it can.
  void release_local(Sequence sequence) {
    local.store(sequence.value(), std::memory_order_seq_cst);
    raise_released();
  }
  // One other thread: the stream has stored it. Whether more has been released.
  bool acknowledge(Sequence sequence) {
    acknowledged.store(sequence.value(), std::memory_order_seq_cst);
    return is_held && raise_released();
  }

  // Whether other processes have to be told of more.
  bool is_untold() const {
    return is_held &&
           told.load(std::memory_order_relaxed) < released.load(std::memory_order_relaxed);
  }

  // All stored with release and loaded with acquire.
  //   written:  publishes that the bytes up to it can be read from the segment files
  //   durable:  fdatasync has returned for them
  //   local:    may leave the process as far as this machine is concerned
  //   released: may leave the process; readers wait for it at `releases`
  //   told:     the released sequence that the watermark tells other processes
  std::atomic<std::uint64_t> written;
  std::atomic<std::uint64_t> durable;
  std::atomic<std::uint64_t> local;
  std::atomic<std::uint64_t> acknowledged{0};
  std::atomic<std::uint64_t> released;
  std::atomic<std::uint64_t> told;
  const bool is_held;
  // Woken whenever local or released has moved.
  WaitPoint releases;

 private:
  // By two threads: each has stored its own mark before (seq_cst), so that whoever comes last sees
  // both.
  bool raise_released() {
    const std::uint64_t here = local.load(std::memory_order_seq_cst);
    const std::uint64_t safe =
        is_held ? std::min(here, acknowledged.load(std::memory_order_seq_cst)) : here;
    std::uint64_t known = released.load(std::memory_order_relaxed);
    bool has_moved = false;
    while (known < safe && !has_moved) {
      has_moved = released.compare_exchange_weak(known, safe, std::memory_order_release,
                                                 std::memory_order_relaxed);
    }
    releases.wake();
    return has_moved;
  }
};

}  // namespace bourse
