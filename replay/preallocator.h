// Lays zeros ahead of the journal: overwriting blocks that exist costs half of what a group costs
// that makes a file grow, because the file system then has nothing of its own to write.
//   Shape:  keeps zeros a bounded way ahead in the current segment (the first has none when it
//           begins) and lays the next one whole, as next.prealloc. One chunk per step(), each
//           synced, so that few bytes are ever waiting to be written when the journal syncs.
//   Owner:  step() belongs to the helper thread, all else to the journal thread.
//   Errors: no room is not an error here (the journal will find it and say so). Any other error is
//           kept in failure(): the disk is not to be trusted, and the journal stops.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <vector>

#include "replay/disk.h"  // Disk, DiskFile

namespace bourse {

class Preallocator {
 public:
  Preallocator(Disk& disk, std::filesystem::path directory, std::uint64_t segment_bytes);

  // The segment being written: `filled` bytes of it exist already, zeros wanted up to `bytes`.
  void set_current(std::shared_ptr<DiskFile> file, std::uint64_t filled, std::uint64_t bytes);

  // Before the segment is sealed: no more zeros into it.
  void release_current();

  // Says that the journal is about to write up to `end`. True: zeros lay there. False: they did not
  // and never will, the write makes the file grow. Returns at once unless a chunk is being filled
  // just there.
  bool claim(std::uint64_t end);

  // The prepared file for the next segment with its filled bytes, or one made on the spot. It is
  // still called next.prealloc.
  struct Prepared {
    std::shared_ptr<DiskFile> file;
    std::uint64_t filled = 0;
  };
  DiskResult<Prepared> take_next();

  enum class Step : std::uint8_t {
    idle = 1,    // nothing to do until the journal has moved on
    worked = 2,  // call again; pause a little first unless is_pressed()
    no_room = 3,
    failed = 4,
  };
  Step step();
  bool is_pressed() const { return pressed_.load(std::memory_order_relaxed); }
  int failure() const { return failure_.load(std::memory_order_acquire); }  // errno, 0 = none

 private:
  struct Target {
    std::shared_ptr<DiskFile> file;
    std::uint64_t filled = 0;  // zeros (or records) up to here
    std::uint64_t bytes = 0;   // wanted
  };
  Step fill(Target& target, std::uint64_t up_to, std::unique_lock<std::mutex>& lock);
  Step fail_with(int error);

  Disk& disk_;
  const std::filesystem::path directory_;
  const std::uint64_t segment_bytes_;
  const std::vector<std::byte> zeros_;

  std::mutex lock_;  // guards the targets; never held during a system call on their contents
  std::condition_variable chunk_done_;
  Target current_;
  Target next_;
  bool filling_ = false;          // a chunk is being written without the lock
  const Target* busy_ = nullptr;  // into which

  // Written with the lock held (release), read by the journal thread without it (acquire): bytes of
  // the current segment that it may overwrite freely.
  std::atomic<std::uint64_t> ready_{0};
  // Written by the journal thread, read by the helper (relaxed: only a measure of how far ahead).
  std::atomic<std::uint64_t> journal_end_{0};
  std::atomic<bool> pressed_{false};  // the journal may arrive before the zeros: relaxed
  std::atomic<int> failure_{0};       // written by the helper (release), read by the journal
};

}  // namespace bourse
