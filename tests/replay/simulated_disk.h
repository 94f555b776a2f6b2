// A disk in memory that forgets, tears and fails on demand: what a real one may do, by a seed.
//   Shape:  each file has what a reader sees and what is safe. crash() takes every unsynced sector
//           (512 bytes) as it was, as it is or as garbage, and every unsynced name as it was or is.
//   Owner:  several threads, under one lock.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "replay/disk/disk.h"  // Disk, DiskFile

namespace bourse {

enum class DiskCall : std::uint8_t {
  open,
  read,
  write,
  allocate,
  sync,
  truncate,
  rename,
  remove,
  sync_directory
};

class SimulatedDisk final : public Disk {
 public:
  static constexpr std::uint64_t sector_bytes = 512;

  struct Contents {
    std::vector<std::byte> seen;
    std::vector<std::byte> safe;
    std::set<std::uint64_t> unsynced;  // sectors
    const void* locked_by = nullptr;
    std::uint64_t allocated = 0;  // bytes that it holds of the disk: never less than seen
  };

  // Asked before each call. An errno makes it fail; `bytes` of a read or a write may be made fewer.
  using Fault = std::function<int(DiskCall, const std::filesystem::path&, std::size_t& bytes)>;
  void set_fault(Fault fault) {
    const std::lock_guard guard(lock_);
    fault_ = std::move(fault);
  }

  // So many bytes fit on it, of all files together; what does not fit finds no room (ENOSPC).
  void set_capacity(std::uint64_t bytes) {
    const std::lock_guard guard(lock_);
    capacity_ = bytes;
  }
  std::uint64_t used() const {
    const std::lock_guard guard(lock_);
    return used_without_lock();
  }

  // Power off and on. Files that are open keep working on their old contents, as a dead process
  // would.
  void crash(std::mt19937_64& random, bool with_garbage = false) {
    const std::lock_guard guard(lock_);
    // Of the changes of names since the last sync_directory() the first few have reached the disk.
    const std::size_t kept = name_changes_.empty() ? 0 : random() % (name_changes_.size() + 1);
    std::map<std::string, std::shared_ptr<Contents>> names = safe_names_;
    for (std::size_t i = 0; i < kept; ++i) name_changes_[i](names);
    std::map<std::string, std::shared_ptr<Contents>> after;
    for (const auto& [name, contents] : names) {
      after[name] = std::make_shared<Contents>(torn(*contents, random, with_garbage));
    }
    names_ = safe_names_ = after;
    name_changes_.clear();
    ++boot_count_;
  }

  // What a power cut can leave is finite: any subset of the unsynced sectors, the first few of the
  // changes of names, each file as long as it was or as it is.
  std::size_t unsynced_sectors() const {
    const std::lock_guard guard(lock_);
    std::size_t count = 0;
    for (const auto& [name, contents] : names_) count += contents->unsynced.size();
    return count;
  }
  std::size_t name_changes() const {
    const std::lock_guard guard(lock_);
    return name_changes_.size();
  }
  // One of these: bit i of `sectors` keeps the i-th unsynced sector in the order of the names.
  std::unique_ptr<SimulatedDisk> crashed(std::uint64_t sectors, std::size_t names_kept,
                                         bool sizes_kept) const {
    const std::lock_guard guard(lock_);
    Names names = safe_names_;
    for (std::size_t i = 0; i < names_kept; ++i) name_changes_[i](names);
    std::map<const Contents*, std::shared_ptr<Contents>> left;
    std::uint64_t bit = 0;
    for (const auto& [name, contents] : names_) {
      auto fresh = std::make_shared<Contents>();
      fresh->seen = contents->safe;
      if (sizes_kept) fresh->seen.resize(contents->seen.size());
      for (const std::uint64_t s : contents->unsynced) {
        if ((sectors >> bit++ & 1) == 0) continue;
        copy_sector(*contents, s, fresh->seen);
      }
      left[contents.get()] = std::move(fresh);
    }
    auto other = std::make_unique<SimulatedDisk>();
    for (const auto& [name, contents] : names) {
      std::shared_ptr<Contents> fresh = left[contents.get()];
      if (fresh == nullptr) {  // its name has been taken from it since
        fresh = std::make_shared<Contents>();
        fresh->seen = contents->safe;
      }
      fresh->safe = fresh->seen;
      fresh->allocated = fresh->seen.size();
      other->names_[name] = std::move(fresh);
    }
    other->safe_names_ = other->names_;
    other->boot_count_ = static_cast<std::uint8_t>(boot_count_ + 1);
    return other;
  }

  // The process dies, the machine lives on: nothing is lost but the locks.
  void kill() {
    const std::lock_guard guard(lock_);
    for (auto& [name, contents] : names_) contents->locked_by = nullptr;
  }

  std::vector<std::byte>& bytes_of(const std::filesystem::path& path) {
    const std::lock_guard guard(lock_);
    return names_.at(path.string())->seen;
  }
  // Tests change bytes behind the log's back: what they did is on the disk.
  void settle() {
    const std::lock_guard guard(lock_);
    for (auto& [name, contents] : names_) {
      contents->safe = contents->seen;
      contents->unsynced.clear();
    }
    safe_names_ = names_;
    name_changes_.clear();
  }

  std::unique_ptr<SimulatedDisk> copy() const {
    const std::lock_guard guard(lock_);
    auto other = std::make_unique<SimulatedDisk>();
    for (const auto& [name, contents] : names_) {
      auto fresh = std::make_shared<Contents>(*contents);
      fresh->locked_by = nullptr;
      fresh->safe = fresh->seen;
      fresh->unsynced.clear();
      fresh->allocated = fresh->seen.size();
      other->names_[name] = std::move(fresh);
    }
    other->safe_names_ = other->names_;
    other->boot_count_ = boot_count_;
    other->capacity_ = capacity_;
    return other;
  }

  DiskResult<std::unique_ptr<DiskFile>> open(const std::filesystem::path& path,
                                             OpenMode mode) override {
    const std::lock_guard guard(lock_);
    if (const int error = ask(DiskCall::open, path)) return std::unexpected(error);
    const auto found = names_.find(path.string());
    if (found != names_.end()) {
      if (mode == OpenMode::create) return std::unexpected(EEXIST);
      return std::make_unique<File>(*this, path, found->second);
    }
    if (mode == OpenMode::read || mode == OpenMode::write) return std::unexpected(ENOENT);
    auto contents = std::make_shared<Contents>();
    change_names([name = path.string(), contents](auto& names) { names[name] = contents; });
    return std::make_unique<File>(*this, path, contents);
  }

  DiskResult<std::vector<std::string>> list(const std::filesystem::path& directory) override {
    const std::lock_guard guard(lock_);
    std::vector<std::string> names;
    for (const auto& [name, contents] : names_) {
      const std::filesystem::path path(name);
      if (path.parent_path() == directory) names.push_back(path.filename().string());
    }
    return names;
  }

  DiskResult<void> make_directory(const std::filesystem::path&) override { return {}; }

  DiskResult<void> rename(const std::filesystem::path& from,
                          const std::filesystem::path& to) override {
    const std::lock_guard guard(lock_);
    if (const int error = ask(DiskCall::rename, from)) return std::unexpected(error);
    if (!names_.contains(from.string())) return std::unexpected(ENOENT);
    change_names([a = from.string(), b = to.string()](auto& names) {
      const auto found = names.find(a);
      if (found == names.end()) return;
      auto contents = found->second;
      names.erase(found);
      names[b] = std::move(contents);
    });
    return {};
  }

  DiskResult<void> remove(const std::filesystem::path& path) override {
    const std::lock_guard guard(lock_);
    if (const int error = ask(DiskCall::remove, path)) return std::unexpected(error);
    if (!names_.contains(path.string())) return std::unexpected(ENOENT);
    change_names([name = path.string()](auto& names) { names.erase(name); });
    return {};
  }

  DiskResult<void> sync_directory(const std::filesystem::path& path) override {
    const std::lock_guard guard(lock_);
    if (const int error = ask(DiskCall::sync_directory, path)) return std::unexpected(error);
    safe_names_ = names_;
    name_changes_.clear();
    return {};
  }

  Uuid boot() override {
    const std::lock_guard guard(lock_);
    Uuid uuid{};
    uuid.bytes[0] = boot_count_;
    return uuid;
  }

 private:
  class File final : public DiskFile {
   public:
    File(SimulatedDisk& disk, std::filesystem::path path, std::shared_ptr<Contents> contents)
        : disk_(disk), path_(std::move(path)), contents_(std::move(contents)) {}
    ~File() override {
      const std::lock_guard guard(disk_.lock_);
      if (contents_->locked_by == this) contents_->locked_by = nullptr;
    }

    DiskResult<void> truncate(std::uint64_t bytes) override {
      const std::lock_guard guard(disk_.lock_);
      if (const int error = disk_.ask(DiskCall::truncate, path_)) return std::unexpected(error);
      const std::uint64_t before = contents_->seen.size();
      contents_->seen.resize(bytes);
      contents_->allocated = bytes;
      mark(std::min(before, bytes), std::max(before, bytes));
      return {};
    }
    DiskResult<std::uint64_t> size() const override {
      const std::lock_guard guard(disk_.lock_);
      return contents_->seen.size();
    }
    DiskResult<void> allocate(std::uint64_t offset, std::uint64_t bytes) override {
      const std::lock_guard guard(disk_.lock_);
      if (const int error = disk_.ask(DiskCall::allocate, path_)) return std::unexpected(error);
      if (!disk_.grow(*contents_, offset + bytes)) return std::unexpected(ENOSPC);
      return {};
    }
    void start_writeback(std::uint64_t, std::uint64_t) override {}
    DiskResult<void> write_back(std::uint64_t, std::uint64_t) override { return {}; }
    DiskResult<void> try_lock() override {
      const std::lock_guard guard(disk_.lock_);
      if (contents_->locked_by != nullptr && contents_->locked_by != this) {
        return std::unexpected(EAGAIN);
      }
      contents_->locked_by = this;
      return {};
    }
    bool is_locked_by_another() const override {
      const std::lock_guard guard(disk_.lock_);
      return contents_->locked_by != nullptr && contents_->locked_by != this;
    }

   private:
    void mark(std::uint64_t from, std::uint64_t to) {
      for (std::uint64_t s = from / sector_bytes; s * sector_bytes < to; ++s) {
        contents_->unsynced.insert(s);
      }
    }
    DiskResult<std::size_t> read_once(std::span<std::byte> into,
                                      std::uint64_t offset) const override {
      const std::lock_guard guard(disk_.lock_);
      std::size_t bytes = into.size();
      if (const int error = disk_.ask(DiskCall::read, path_, bytes)) return std::unexpected(error);
      if (offset >= contents_->seen.size()) return 0;
      bytes = std::min<std::size_t>(bytes, contents_->seen.size() - offset);
      std::memcpy(into.data(), contents_->seen.data() + offset, bytes);
      return bytes;
    }
    DiskResult<std::size_t> write_once(std::span<const std::byte> from,
                                       std::uint64_t offset) override {
      const std::lock_guard guard(disk_.lock_);
      std::size_t bytes = from.size();
      if (const int error = disk_.ask(DiskCall::write, path_, bytes)) return std::unexpected(error);
      if (!disk_.grow(*contents_, offset + bytes)) return std::unexpected(ENOSPC);
      if (contents_->seen.size() < offset + bytes) contents_->seen.resize(offset + bytes);
      std::memcpy(contents_->seen.data() + offset, from.data(), bytes);
      mark(offset, offset + bytes);
      return bytes;
    }
    DiskResult<void> sync_once() override {
      const std::lock_guard guard(disk_.lock_);
      if (const int error = disk_.ask(DiskCall::sync, path_)) {
        // As Linux does: what could not be written is forgotten to be unwritten. (ESHUTDOWN is a
        // process that is dead: it never called.)
        if (error != ESHUTDOWN) contents_->unsynced.clear();
        return std::unexpected(error);
      }
      contents_->safe.resize(contents_->seen.size());
      for (const std::uint64_t s : contents_->unsynced) {
        const std::uint64_t from = s * sector_bytes;
        if (from >= contents_->seen.size()) continue;
        const std::size_t bytes =
            std::min<std::uint64_t>(sector_bytes, contents_->seen.size() - from);
        std::memcpy(contents_->safe.data() + from, contents_->seen.data() + from, bytes);
      }
      contents_->unsynced.clear();
      return {};
    }

    SimulatedDisk& disk_;
    const std::filesystem::path path_;
    const std::shared_ptr<Contents> contents_;
  };

  using Names = std::map<std::string, std::shared_ptr<Contents>>;

  int ask(DiskCall call, const std::filesystem::path& path) const {
    std::size_t bytes = 0;
    return ask(call, path, bytes);
  }
  int ask(DiskCall call, const std::filesystem::path& path, std::size_t& bytes) const {
    return fault_ ? fault_(call, path, bytes) : 0;
  }
  std::uint64_t used_without_lock() const {
    std::uint64_t bytes = 0;
    for (const auto& [name, contents] : names_) bytes += contents->allocated;
    return bytes;
  }
  bool grow(Contents& contents, std::uint64_t bytes) const {
    if (bytes <= contents.allocated) return true;
    if (capacity_ != 0 && used_without_lock() + bytes - contents.allocated > capacity_)
      return false;
    contents.allocated = bytes;
    return true;
  }
  void change_names(std::function<void(Names&)> change) {
    change(names_);
    name_changes_.push_back(std::move(change));
  }

  static std::size_t copy_sector(const Contents& from, std::uint64_t sector,
                                 std::vector<std::byte>& to) {
    const std::uint64_t at = sector * sector_bytes;
    if (at >= to.size() || at >= from.seen.size()) return 0;
    const std::size_t bytes = std::min({sector_bytes, to.size() - at, from.seen.size() - at});
    std::memcpy(to.data() + at, from.seen.data() + at, bytes);
    return bytes;
  }

  static Contents torn(const Contents& from, std::mt19937_64& random, bool with_garbage) {
    Contents out;
    out.seen = from.safe;
    // The size reaches the disk or not, like a sector.
    if (from.seen.size() != from.safe.size() && random() % 2 == 0)
      out.seen.resize(from.seen.size());
    const std::uint64_t chance =
        random() % 101;  // of each sector, per cent: some states all or none
    for (const std::uint64_t s : from.unsynced) {
      if (random() % 100 >= chance) continue;
      const std::uint64_t at = s * sector_bytes;
      const std::size_t bytes = copy_sector(from, s, out.seen);
      // Only what was being written can be garbage: the part that differs from what was safe.
      if (with_garbage && random() % 8 == 0) {
        for (std::size_t i = 0; i < bytes; ++i) {
          const std::byte before = at + i < from.safe.size() ? from.safe[at + i] : std::byte{0};
          if (from.seen[at + i] != before) out.seen[at + i] = static_cast<std::byte>(random());
        }
      }
    }
    out.safe = out.seen;
    out.allocated = out.seen.size();
    return out;
  }

  mutable std::mutex lock_;
  Names names_;
  Names safe_names_;
  std::vector<std::function<void(Names&)>> name_changes_;
  std::uint8_t boot_count_ = 1;
  Fault fault_;
  std::uint64_t capacity_ = 0;  // 0 = no end
};

}  // namespace bourse
