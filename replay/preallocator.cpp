#include "replay/preallocator.h"

#include <algorithm>
#include <span>
#include <utility>

#include "replay/directory.h"  // next_segment_name

namespace bourse {
namespace {

constexpr std::uint64_t chunk_bytes = 256u << 10;
constexpr std::uint64_t ahead_bytes = std::uint64_t{32} << 20;
constexpr std::uint64_t next_from_share = 8;  // of the current segment written

}  // namespace

Preallocator::Preallocator(Disk& disk, std::filesystem::path directory, std::uint64_t segment_bytes)
    : disk_(disk),
      directory_(std::move(directory)),
      segment_bytes_(segment_bytes),
      zeros_(chunk_bytes) {}

void Preallocator::set_current(std::shared_ptr<DiskFile> file, std::uint64_t filled,
                               std::uint64_t bytes) {
  std::unique_lock lock(lock_);
  chunk_done_.wait(lock, [this] { return !filling_; });
  current_ = {std::move(file), filled, bytes};
  journal_end_.store(0, std::memory_order_relaxed);
  ready_.store(filled, std::memory_order_release);
}

void Preallocator::release_current() {
  std::unique_lock lock(lock_);
  chunk_done_.wait(lock, [this] { return !filling_ || busy_ != &current_; });
  current_ = {};
  ready_.store(0, std::memory_order_release);
}

bool Preallocator::claim(std::uint64_t end) {
  journal_end_.store(end, std::memory_order_relaxed);
  if (end <= ready_.load(std::memory_order_acquire)) return true;
  std::unique_lock lock(lock_);
  chunk_done_.wait(lock, [this] { return !filling_ || busy_ != &current_; });
  if (end <= current_.filled) return true;
  // From now on the helper goes on behind `end`: it can never lay zeros over records.
  current_.filled = end;
  ready_.store(end, std::memory_order_release);
  return false;
}

DiskResult<Preallocator::Prepared> Preallocator::take_next() {
  std::unique_lock lock(lock_);
  chunk_done_.wait(lock, [this] { return !filling_; });
  if (next_.file != nullptr) {
    Prepared prepared{std::move(next_.file), next_.filled};
    next_ = {};
    return prepared;
  }
  auto file = disk_.open(directory_ / next_segment_name, OpenMode::create);
  if (!file) return std::unexpected(file.error());
  return Prepared{std::move(*file), 0};
}

Preallocator::Step Preallocator::fail_with(int error) {
  if (is_disk_full(error)) return Step::no_room;
  failure_.store(error, std::memory_order_release);
  return Step::failed;
}

Preallocator::Step Preallocator::fill(Target& target, std::uint64_t up_to,
                                      std::unique_lock<std::mutex>& lock) {
  const std::uint64_t from = target.filled;
  const std::uint64_t bytes = std::min(chunk_bytes - from % chunk_bytes, up_to - from);
  const std::shared_ptr<DiskFile> file = target.file;
  filling_ = true;
  busy_ = &target;
  lock.unlock();
  auto done = file->write(std::span(zeros_).first(bytes), from);
  if (done) done = file->sync();
  lock.lock();
  filling_ = false;
  busy_ = nullptr;
  if (done) {
    target.filled = from + bytes;
    if (&target == &current_) ready_.store(target.filled, std::memory_order_release);
  }
  chunk_done_.notify_all();
  return done ? Step::worked : fail_with(done.error());
}

Preallocator::Step Preallocator::step() {
  std::unique_lock lock(lock_);
  if (current_.file == nullptr) return Step::idle;
  const std::uint64_t journal_end = journal_end_.load(std::memory_order_relaxed);
  const std::uint64_t wanted_here = std::min(current_.bytes, journal_end + ahead_bytes);
  const bool is_close = current_.filled < std::min(current_.bytes, journal_end + ahead_bytes / 2);
  const std::uint64_t left_here = current_.bytes - std::min(current_.bytes, journal_end);
  pressed_.store(is_close || left_here < next_.bytes - next_.filled, std::memory_order_relaxed);
  if (is_close) return fill(current_, wanted_here, lock);
  // A segment that is whole before it is used costs the journal least, so the next one comes before
  // the rest of this one; but not for a log that hardly grows.
  if (journal_end >= current_.bytes / next_from_share) {
    if (next_.file == nullptr) {
      auto file = disk_.open(directory_ / next_segment_name, OpenMode::create);
      if (!file) return fail_with(file.error());
      next_ = {std::move(*file), 0, segment_bytes_};
      return Step::worked;
    }
    if (next_.filled < next_.bytes) return fill(next_, next_.bytes, lock);
  }
  if (current_.filled < wanted_here) return fill(current_, wanted_here, lock);
  return Step::idle;
}

}  // namespace bourse
