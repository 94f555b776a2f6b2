#include "replay/log/preallocator.h"

#include <algorithm>
#include <span>
#include <utility>

#include "replay/disk/directory.h"  // next_segment_name, reserve_name

namespace bourse {
namespace {

constexpr std::uint64_t chunk_bytes = 256u << 10;
// A journal that is closer to the end of the zeros than this may arrive there before they do.
constexpr std::uint64_t close_bytes = std::uint64_t{16} << 20;
// A group so large is one of a burst, in which the disk belongs to the journal.
constexpr std::uint64_t burst_group_bytes = std::uint64_t{512} << 10;
// The next segment is laid while the journal goes through the middle of the current one, evenly.
constexpr std::uint64_t next_from_share = 8;  // from an eighth of it
constexpr std::uint64_t next_to_share = 4;    // to a quarter before its end
// Of a journal that does not sync so much may have to be written again by a start.
constexpr std::uint64_t unsafe_bytes = std::uint64_t{32} << 20;
constexpr std::uint64_t unsafe_share = 8;  // and never more than this of the segment

}  // namespace

Preallocator::Preallocator(Disk& disk, std::filesystem::path directory, std::uint64_t segment_bytes,
                           std::uint64_t reserve_bytes)
    : disk_(disk),
      directory_(std::move(directory)),
      segment_bytes_(segment_bytes),
      reserve_bytes_(reserve_bytes),
      zeros_(chunk_bytes) {}

DiskResult<Preallocator::Target> Preallocator::open_target(std::string_view name, OpenMode mode,
                                                           std::uint64_t bytes) {
  const auto path = directory_ / name;
  auto zeros = disk_.open(path, mode);
  if (!zeros) return std::unexpected(zeros.error());
  auto journal = disk_.open(path, OpenMode::write);
  if (!journal) return std::unexpected(journal.error());
  return Target{std::move(*zeros), std::move(*journal), 0, bytes};
}

// What is in it does not matter: its bytes exist, and no record of another life passes for one of
// the segment that it becomes, because that has a salt of its own.
DiskResult<void> Preallocator::open_reserve() {
  if (reserve_bytes_ == 0) return {};
  auto target = open_target(reserve_name, OpenMode::write, reserve_bytes_);
  if (!target) {
    if (target.error() == ENOENT) return {};
    return std::unexpected(target.error());
  }
  const auto size = target->zeros->size();
  if (!size) return std::unexpected(size.error());
  if (*size > reserve_bytes_) {
    if (auto cut = target->zeros->truncate(reserve_bytes_); !cut) return cut;
  }
  target->filled = std::min(*size, reserve_bytes_);
  const std::lock_guard lock(lock_);
  reserve_ = std::move(*target);
  reserve_laid_.store(reserve_.filled, std::memory_order_relaxed);
  return {};
}

void Preallocator::set_current(std::shared_ptr<DiskFile> zeros, std::uint64_t filled,
                               std::uint64_t bytes) {
  std::unique_lock lock(lock_);
  chunk_done_.wait(lock, [this] { return !filling_; });
  current_ = {std::move(zeros), nullptr, filled, bytes};
  written_ = synced_ = {};
  is_taken_ = false;
  journal_end_.store(0, std::memory_order_relaxed);
  ready_.store(filled, std::memory_order_release);
}

void Preallocator::release_current() {
  std::unique_lock lock(lock_);
  chunk_done_.wait(lock, [this] { return !filling_ || busy_ != &current_; });
  current_ = {};
  ready_.store(0, std::memory_order_release);
}

std::uint64_t Preallocator::claim(std::uint64_t end, std::uint64_t ahead) {
  if (end - journal_end_.load(std::memory_order_relaxed) >= burst_group_bytes) {
    in_burst_.store(true, std::memory_order_relaxed);
  }
  journal_end_.store(end, std::memory_order_relaxed);
  if (end <= ready_.load(std::memory_order_acquire)) return end;
  std::unique_lock lock(lock_);
  chunk_done_.wait(lock, [this] { return !filling_ || busy_ != &current_; });
  const std::uint64_t laid = current_.filled;
  if (end <= laid) return end;
  in_burst_.store(true, std::memory_order_relaxed);
  // From now on the helper goes on behind them: it can never lay zeros over records.
  current_.filled = end + ahead;
  ready_.store(end + ahead, std::memory_order_release);
  return laid;
}

void Preallocator::unclaim(std::uint64_t laid) {
  std::unique_lock lock(lock_);
  chunk_done_.wait(lock, [this] { return !filling_ || busy_ != &current_; });
  current_.filled = laid;
  ready_.store(laid, std::memory_order_release);
}

Preallocator::Reach Preallocator::has_written(Reach written) {
  const std::lock_guard lock(lock_);
  written_ = written;
  return synced_;
}

Preallocator::Prepared Preallocator::give(Target& target, std::string_view name) {
  Prepared prepared{std::move(target.journal), std::move(target.zeros), target.filled, target.bytes,
                    name};
  target = {};
  return prepared;
}

DiskResult<Preallocator::Prepared> Preallocator::take_next() {
  std::unique_lock lock(lock_);
  chunk_done_.wait(lock, [this] { return !filling_; });
  if (next_.zeros == nullptr) {
    auto made = open_target(next_segment_name, OpenMode::open_or_create, segment_bytes_);
    if (!made) return std::unexpected(made.error());
    next_ = std::move(*made);
  }
  is_taken_ = true;
  return give(next_, next_segment_name);
}

std::optional<Preallocator::Prepared> Preallocator::take_reserve(std::uint64_t least) {
  std::unique_lock lock(lock_);
  chunk_done_.wait(lock, [this] { return !filling_; });
  if (reserve_.zeros == nullptr || reserve_.filled < least) return std::nullopt;
  is_taken_ = true;
  reserve_laid_.store(0, std::memory_order_relaxed);
  return give(reserve_, reserve_name);
}

void Preallocator::put_back(Prepared next) {
  const std::lock_guard lock(lock_);
  next_ = {std::move(next.zeros), std::move(next.file), next.filled, next.bytes};
}

void Preallocator::report_full() {
  if (is_full_.exchange(true, std::memory_order_acq_rel)) return;
  full_count_.fetch_add(1, std::memory_order_relaxed);
}

Preallocator::Step Preallocator::fail_with(int error) {
  if (is_disk_full(error)) {
    report_full();
    return Step::no_room;
  }
  report_failure(error);
  return Step::failed;
}

Preallocator::Step Preallocator::make(Target& target, std::string_view name, std::uint64_t bytes) {
  auto made = open_target(name, OpenMode::open_or_create, bytes);
  if (!made) return fail_with(made.error());
  target = std::move(*made);
  return Step::worked;
}

Preallocator::Step Preallocator::fill(Target& target, std::uint64_t up_to,
                                      std::unique_lock<std::mutex>& lock) {
  const std::uint64_t from = target.filled;
  const std::uint64_t bytes = std::min(chunk_bytes - from % chunk_bytes, up_to - from);
  const std::shared_ptr<DiskFile> file = target.zeros;
  const Reach written = written_;
  filling_ = true;
  busy_ = &target;
  lock.unlock();
  auto done = file->write(std::span(zeros_).first(bytes), from);
  // Synced once, when it is whole: nothing depends on zeros, and each flush of the device is one
  // that the journal's own has to wait for.
  const bool is_whole = from + bytes == target.bytes;
  if (done) done = is_whole ? file->sync() : file->write_back(from, bytes);
  lock.lock();
  filling_ = false;
  busy_ = nullptr;
  if (done) {
    target.filled = from + bytes;
    if (&target == &current_) {
      ready_.store(target.filled, std::memory_order_release);
      if (is_whole) synced_ = written;
    }
    if (&target == &reserve_) reserve_laid_.store(target.filled, std::memory_order_relaxed);
  }
  chunk_done_.notify_all();
  return done ? Step::worked : fail_with(done.error());
}

// The journal does not wait for it, as it would for zeros.
Preallocator::Step Preallocator::make_safe(std::unique_lock<std::mutex>& lock) {
  const std::shared_ptr<DiskFile> file = current_.zeros;
  const Reach written = written_;
  filling_ = true;
  lock.unlock();
  const auto done = file->sync();
  lock.lock();
  filling_ = false;
  if (done && current_.zeros == file) synced_ = written;
  chunk_done_.notify_all();
  return done ? Step::worked : fail_with(done.error());
}

Preallocator::Step Preallocator::all_is_laid() {
  if (is_full()) is_full_.store(false, std::memory_order_release);
  return Step::idle;
}

std::uint64_t Preallocator::wanted_of_next(std::uint64_t journal_end) const {
  const std::uint64_t from = current_.bytes / next_from_share;
  if (journal_end < from) return 0;
  const std::uint64_t way = current_.bytes - from - current_.bytes / next_to_share;
  const std::uint64_t gone = journal_end - from;
  if (gone >= way) return next_.bytes;
  // In chunks, so that the products are small.
  return std::min(next_.bytes, (next_.bytes / chunk_bytes * gone / way + 1) * chunk_bytes);
}

Preallocator::Step Preallocator::step() {
  std::unique_lock lock(lock_);
  if (current_.zeros == nullptr || is_taken_) return Step::idle;
  if (in_burst_.exchange(false, std::memory_order_relaxed) && !is_full()) return Step::idle;
  const std::uint64_t journal_end = journal_end_.load(std::memory_order_relaxed);
  const bool is_close = current_.filled < std::min(current_.bytes, journal_end + close_bytes);
  const std::uint64_t left_here = current_.bytes - std::min(current_.bytes, journal_end);
  const bool is_resting = journal_end == journal_end_seen_;
  journal_end_seen_ = journal_end;
  pressed_.store(is_close || is_resting || left_here < next_.bytes - next_.filled,
                 std::memory_order_relaxed);
  if (is_close) return fill(current_, current_.bytes, lock);
  if (written_.offset > synced_.offset + std::min(unsafe_bytes, current_.bytes / unsafe_share)) {
    return make_safe(lock);
  }
  if (reserve_bytes_ > 0) {
    if (reserve_.zeros == nullptr) {
      return make(reserve_, reserve_name, reserve_bytes_);
    }
    if (reserve_.filled < reserve_.bytes) return fill(reserve_, reserve_.bytes, lock);
  }
  // A segment that is whole before it is used costs the journal least: the first one as soon as
  // possible, the next one in time; but not for a log that hardly grows.
  const bool is_next_due = journal_end >= current_.bytes / next_from_share;
  if (!is_next_due && current_.filled < current_.bytes) {
    return fill(current_, current_.bytes, lock);
  }
  if (is_next_due) {
    if (next_.zeros == nullptr) {
      return make(next_, next_segment_name, segment_bytes_);
    }
    if (const std::uint64_t wanted = wanted_of_next(journal_end); next_.filled < wanted) {
      return fill(next_, wanted, lock);
    }
  }
  if (current_.filled < current_.bytes) return fill(current_, current_.bytes, lock);
  return all_is_laid();
}

}  // namespace bourse
