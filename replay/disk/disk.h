// The disk as the log needs it: files by offset, names in one directory, one lock. Behind an
// interface, so that tests can put a disk that tears, lies and fails in its place.
//   Shape:  the virtual functions do one system call each; the loops that make short transfers and
//           interruptions whole are here, once.
//   Owner:  a DiskFile may be used by several threads as far as the offsets do not overlap.
//   Errors: std::unexpected(errno). disk_error() makes the sentence for the operator.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "replay/disk/uuid.h"  // Uuid
#include "replay/result.h"     // Error

namespace bourse {

template <class T>
using DiskResult = std::expected<T, int>;  // the error is an errno

enum class OpenMode : std::uint8_t {
  read = 1,
  write = 2,   // read and write what exists
  create = 3,  // must not exist
  open_or_create = 4,
};

class DiskFile {
 public:
  DiskFile() = default;
  DiskFile(const DiskFile&) = delete;
  DiskFile& operator=(const DiskFile&) = delete;
  virtual ~DiskFile() = default;

  // Fills `into` from `offset` on; fewer bytes only where the file ends.
  DiskResult<std::size_t> read(std::span<std::byte> into, std::uint64_t offset) const;
  // Writes all of it. After an error an unknown part has been written.
  DiskResult<void> write(std::span<const std::byte> from, std::uint64_t offset);

  // fdatasync: contents and size. An error is final and never "disk full": the kernel may have
  // dropped what it could not write, and would say yes the next time. Do not call it again.
  DiskResult<void> sync();

  virtual DiskResult<void> truncate(std::uint64_t bytes) = 0;
  virtual DiskResult<std::uint64_t> size() const = 0;
  // Makes room for this range without changing contents or size: what is written there later does
  // not find the disk full. Where the file system cannot promise that, nothing is done.
  virtual DiskResult<void> allocate(std::uint64_t offset, std::uint64_t bytes) = 0;
  // A hint to begin writing this range to the disk without waiting.
  virtual void start_writeback(std::uint64_t offset, std::uint64_t bytes) = 0;
  // Writes this range to the disk and waits, but does not make it durable: for pacing only.
  virtual DiskResult<void> write_back(std::uint64_t offset, std::uint64_t bytes) = 0;
  // Exclusive, for the lifetime of this open file; EAGAIN if another open file has it.
  virtual DiskResult<void> try_lock() = 0;
  virtual bool is_locked_by_another() const = 0;

 private:
  virtual DiskResult<std::size_t> read_once(std::span<std::byte> into,
                                            std::uint64_t offset) const = 0;
  virtual DiskResult<std::size_t> write_once(std::span<const std::byte> from,
                                             std::uint64_t offset) = 0;
  virtual DiskResult<void> sync_once() = 0;
};

class Disk {
 public:
  Disk() = default;
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;
  virtual ~Disk() = default;

  virtual DiskResult<std::unique_ptr<DiskFile>> open(const std::filesystem::path& path,
                                                     OpenMode mode) = 0;
  virtual DiskResult<std::vector<std::string>> list(const std::filesystem::path& directory) = 0;
  virtual DiskResult<void> make_directory(const std::filesystem::path& path) = 0;  // and parents
  virtual DiskResult<void> rename(const std::filesystem::path& from,
                                  const std::filesystem::path& to) = 0;
  virtual DiskResult<void> remove(const std::filesystem::path& path) = 0;
  virtual DiskResult<void> sync_directory(const std::filesystem::path& path) = 0;
  virtual Uuid boot() = 0;  // differs after each start of the machine
};

Disk& posix_disk();  // the files of this machine

bool is_disk_full(int error);  // ENOSPC, EDQUOT

// "<operation> failed: <strerror>" for the operator, with what to do about the usual ones.
Error disk_error(int error, std::string_view operation, const std::filesystem::path& path);

}  // namespace bourse
