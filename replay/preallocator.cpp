#include "replay/preallocator.h"

#include <algorithm>
#include <span>
#include <utility>

#include "replay/directory.h"  // next_segment_name

namespace bourse {
namespace {

constexpr std::uint64_t chunk_bytes = 256u << 10;
constexpr std::uint64_t ahead_bytes = std::uint64_t{32} << 20;

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
  const std::uint64_t journal_end = journal_end_.load(std::memory_order_relaxed);
  if (current_.file != nullptr) {
    const std::uint64_t up_to = std::min(current_.bytes, journal_end + ahead_bytes);
    if (current_.filled < up_to) {
      pressed_.store(current_.filled < journal_end + ahead_bytes / 2, std::memory_order_relaxed);
      return fill(current_, up_to, lock);
    }
  }
  // The next one only when this one is whole: they would otherwise compete.
  if (current_.file == nullptr || current_.filled < current_.bytes) return Step::idle;
  if (next_.file == nullptr) {
    auto file = disk_.open(directory_ / next_segment_name, OpenMode::create);
    if (!file) return fail_with(file.error());
    next_ = {std::move(*file), 0, segment_bytes_};
    return Step::worked;
  }
  if (next_.filled >= next_.bytes) return Step::idle;
  const std::uint64_t left_here = current_.bytes - std::min(current_.bytes, journal_end);
  pressed_.store(left_here < next_.bytes - next_.filled, std::memory_order_relaxed);
  return fill(next_, next_.bytes, lock);
}

}  // namespace bourse
