// Lays zeros ahead of the journal: overwriting blocks that exist costs half of what a group costs
// that makes a file grow, because the file system then has nothing of its own to write.
//   Shape:  fills up the current segment (the first has no zeros when it begins), lays the next
//           one whole, as next.prealloc, and keeps reserve.prealloc: a whole small segment for the
//           time when the disk is full. One chunk per step(), each written to the disk, so that few
//           bytes are ever waiting when the journal syncs; one sync when all are there. A journal
//           in a burst is left alone: zeros would cost it half of the disk.
//   Owner:  step() belongs to the helper thread, all else to the journal thread; the questions are
//           for any thread.
//   Errors: a full disk is told by is_full(), until all that is wanted lies there again. Any other
//           error is kept in failure(): the disk is not to be trusted, and the journal stops.
//           Zeros go through open files of their own, because Linux tells an error of write-back
//           once to each open file: the journal's own sync must hear of it too.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "matching/types.h"    // Sequence
#include "replay/disk/disk.h"  // Disk, DiskFile

namespace bourse {

class Preallocator {
 public:
  // reserve_bytes: 0 = no reserve.
  Preallocator(Disk& disk, std::filesystem::path directory, std::uint64_t segment_bytes,
               std::uint64_t reserve_bytes);

  // Takes over the reserve of an earlier start, if it is there. Before the helper runs.
  DiskResult<void> open_reserve();

  // The segment being written: `zeros` is an open file of it for this class alone, `filled` bytes
  // of it exist already, of `bytes`.
  void set_current(std::shared_ptr<DiskFile> zeros, std::uint64_t filled, std::uint64_t bytes);

  // Before the segment is sealed: no more zeros into it.
  void release_current();

  // Says that the journal needs the bytes up to `end`. Returns how far they exist; if that is less,
  // the journal itself makes them, up to `end` + `ahead`, and the helper goes on behind those.
  // Returns at once unless a chunk is being filled just there.
  std::uint64_t claim(std::uint64_t end, std::uint64_t ahead);
  // The journal could not make them: they exist up to here only.
  void unclaim(std::uint64_t laid);

  // A journal that does not sync says how far it has written and hears how far that is on the disk,
  // because of the helper's syncs. So a start after it need not write all of it again.
  struct Reach {
    std::uint64_t offset = 0;  // of the current segment
    Sequence sequence{0};
  };
  Reach has_written(Reach written);

  // A file that is to become a segment; it still has the name it was prepared under.
  struct Prepared {
    std::shared_ptr<DiskFile> file;   // for the journal
    std::shared_ptr<DiskFile> zeros;  // for set_current()
    std::uint64_t filled = 0;
    std::uint64_t bytes = 0;  // of the segment
    std::string_view name;
  };
  // The next segment, or one made on the spot. Until set_current() no other is made.
  DiskResult<Prepared> take_next();
  // nullopt: it has been used, or less than `least` bytes of it are laid.
  std::optional<Prepared> take_reserve(std::uint64_t least);
  void put_back(Prepared next);

  enum class Step : std::uint8_t {
    idle = 1,    // nothing to do until the journal has moved on
    worked = 2,  // call again; pause a little first unless is_pressed()
    no_room = 3,
    failed = 4,
  };
  Step step();
  bool is_pressed() const { return pressed_.load(std::memory_order_relaxed); }

  // From the first time that anything found no room until all zeros that are wanted are laid and
  // the reserve is whole.
  bool is_full() const { return is_full_.load(std::memory_order_acquire); }
  void report_full();
  std::uint64_t full_count() const { return full_count_.load(std::memory_order_relaxed); }
  std::uint64_t reserve_laid() const { return reserve_laid_.load(std::memory_order_relaxed); }

  int failure() const { return failure_.load(std::memory_order_acquire); }  // errno, 0 = none
  void report_failure(int error) { failure_.store(error, std::memory_order_release); }

 private:
  struct Target {
    std::shared_ptr<DiskFile> zeros;
    std::shared_ptr<DiskFile> journal;  // opened before the first zero, so that it hears all errors
    std::uint64_t filled = 0;           // zeros (or records) up to here
    std::uint64_t bytes = 0;            // wanted
  };
  DiskResult<Target> open_target(std::string_view name, OpenMode mode, std::uint64_t bytes);
  Step make(Target& target, std::string_view name, std::uint64_t bytes);
  std::uint64_t wanted_of_next(std::uint64_t journal_end) const;
  Step fill(Target& target, std::uint64_t up_to, std::unique_lock<std::mutex>& lock);
  Step make_safe(std::unique_lock<std::mutex>& lock);
  Step fail_with(int error);
  Step all_is_laid();
  static Prepared give(Target& target, std::string_view name);

  Disk& disk_;
  const std::filesystem::path directory_;
  const std::uint64_t segment_bytes_;
  const std::uint64_t reserve_bytes_;
  const std::vector<std::byte> zeros_;

  std::mutex lock_;  // guards the targets; never held during a system call on their contents
  std::condition_variable chunk_done_;
  Target current_;
  Target next_;
  Target reserve_;
  Reach written_;                 // of the current segment, as told
  Reach synced_;                  // and what of it is on the disk
  bool filling_ = false;          // a chunk is being written without the lock
  const Target* busy_ = nullptr;  // into which
  bool is_taken_ = false;         // the journal has a prepared file whose name is still in use

  // Written with the lock held (release), read by the journal thread without it (acquire): bytes of
  // the current segment that it may overwrite freely.
  std::atomic<std::uint64_t> ready_{0};
  // Written by the journal thread, read by the helper (relaxed: only a measure of how far ahead).
  std::atomic<std::uint64_t> journal_end_{0};
  std::uint64_t journal_end_seen_ = 0;  // by the helper, a step ago
  // The journal writes large groups or has overtaken the zeros: set by it, taken back by the helper
  // (relaxed, a hint).
  std::atomic<bool> in_burst_{false};
  // The journal may arrive before the zeros, or it rests and nobody is disturbed: relaxed.
  std::atomic<bool> pressed_{false};
  std::atomic<int> failure_{0};       // written by the helper (release), read by the journal
  std::atomic<bool> is_full_{false};  // written by both (release), read by any thread
  std::atomic<std::uint64_t> full_count_{0};    // relaxed, as the next: for metrics
  std::atomic<std::uint64_t> reserve_laid_{0};  // written with the lock held
};

}  // namespace bourse
