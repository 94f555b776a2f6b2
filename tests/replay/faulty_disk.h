// The disk of this machine with faults in between: errors, short transfers, interruptions and
// delays, as a test asks for them.
//   Owner:  several threads; the fault function is asked under a lock.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "replay/disk/disk.h"             // Disk, DiskFile
#include "tests/replay/simulated_disk.h"  // DiskCall, SimulatedDisk::Fault

namespace bourse {

class FaultyDisk final : public Disk {
 public:
  using Fault = SimulatedDisk::Fault;
  explicit FaultyDisk(Disk& under) : under_(under) {}

  void set_fault(Fault fault) {
    const std::lock_guard guard(lock_);
    fault_ = std::move(fault);
  }

  DiskResult<std::unique_ptr<DiskFile>> open(const std::filesystem::path& path,
                                             OpenMode mode) override {
    if (const int error = ask(DiskCall::open, path)) return std::unexpected(error);
    auto file = under_.open(path, mode);
    if (!file) return file;
    return std::make_unique<File>(*this, path, std::move(*file));
  }
  DiskResult<std::vector<std::string>> list(const std::filesystem::path& directory) override {
    return under_.list(directory);
  }
  DiskResult<void> make_directory(const std::filesystem::path& path) override {
    return under_.make_directory(path);
  }
  DiskResult<void> rename(const std::filesystem::path& from,
                          const std::filesystem::path& to) override {
    if (const int error = ask(DiskCall::rename, from)) return std::unexpected(error);
    return under_.rename(from, to);
  }
  DiskResult<void> remove(const std::filesystem::path& path) override {
    if (const int error = ask(DiskCall::remove, path)) return std::unexpected(error);
    return under_.remove(path);
  }
  DiskResult<void> sync_directory(const std::filesystem::path& path) override {
    if (const int error = ask(DiskCall::sync_directory, path)) return std::unexpected(error);
    return under_.sync_directory(path);
  }
  Uuid boot() override { return under_.boot(); }

 private:
  class File final : public DiskFile {
   public:
    File(FaultyDisk& disk, std::filesystem::path path, std::unique_ptr<DiskFile> under)
        : disk_(disk), path_(std::move(path)), under_(std::move(under)) {}

    DiskResult<void> truncate(std::uint64_t bytes) override {
      if (const int error = disk_.ask(DiskCall::truncate, path_)) return std::unexpected(error);
      return under_->truncate(bytes);
    }
    DiskResult<std::uint64_t> size() const override { return under_->size(); }
    DiskResult<void> allocate(std::uint64_t offset, std::uint64_t bytes) override {
      if (const int error = disk_.ask(DiskCall::allocate, path_)) return std::unexpected(error);
      return under_->allocate(offset, bytes);
    }
    void start_writeback(std::uint64_t offset, std::uint64_t bytes) override {
      under_->start_writeback(offset, bytes);
    }
    DiskResult<void> write_back(std::uint64_t offset, std::uint64_t bytes) override {
      return under_->write_back(offset, bytes);
    }
    DiskResult<void> try_lock() override { return under_->try_lock(); }
    bool is_locked_by_another() const override { return under_->is_locked_by_another(); }

   private:
    DiskResult<std::size_t> read_once(std::span<std::byte> into,
                                      std::uint64_t offset) const override {
      std::size_t bytes = into.size();
      if (const int error = disk_.ask(DiskCall::read, path_, bytes)) return std::unexpected(error);
      return under_->read(into.first(bytes), offset);
    }
    DiskResult<std::size_t> write_once(std::span<const std::byte> from,
                                       std::uint64_t offset) override {
      std::size_t bytes = from.size();
      if (const int error = disk_.ask(DiskCall::write, path_, bytes)) return std::unexpected(error);
      if (auto done = under_->write(from.first(bytes), offset); !done) {
        return std::unexpected(done.error());
      }
      return bytes;
    }
    DiskResult<void> sync_once() override {
      if (const int error = disk_.ask(DiskCall::sync, path_)) return std::unexpected(error);
      return under_->sync();
    }

    FaultyDisk& disk_;
    const std::filesystem::path path_;
    const std::unique_ptr<DiskFile> under_;
  };

  int ask(DiskCall call, const std::filesystem::path& path) {
    std::size_t bytes = 0;
    return ask(call, path, bytes);
  }
  int ask(DiskCall call, const std::filesystem::path& path, std::size_t& bytes) {
    const std::lock_guard guard(lock_);
    return fault_ ? fault_(call, path, bytes) : 0;
  }

  Disk& under_;
  std::mutex lock_;
  Fault fault_;
};

}  // namespace bourse
