// The files of this machine: thin calls, one each.
#include <sys/stat.h>

#include <array>
#include <cstdio>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "replay/disk/disk.h"  // Disk, DiskFile

namespace bourse {
namespace {

DiskResult<void> answer(int result) {
  if (result != 0) return std::unexpected(errno);
  return {};
}

class PosixFile final : public DiskFile {
 public:
  explicit PosixFile(int fd) : fd_(fd) {}
  ~PosixFile() override { ::close(fd_); }

  DiskResult<void> truncate(std::uint64_t bytes) override {
    return answer(::ftruncate(fd_, static_cast<off_t>(bytes)));
  }

  DiskResult<std::uint64_t> size() const override {
    struct stat status{};
    if (::fstat(fd_, &status) != 0) return std::unexpected(errno);
    return static_cast<std::uint64_t>(status.st_size);
  }

  DiskResult<void> allocate(std::uint64_t offset, std::uint64_t bytes) override {
    int result = 0;
    do {
      result = ::fallocate(fd_, FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
                           static_cast<off_t>(bytes));
    } while (result != 0 && errno == EINTR);
    if (result != 0 && errno != EOPNOTSUPP) return std::unexpected(errno);
    return {};
  }

  void start_writeback(std::uint64_t offset, std::uint64_t bytes) override {
    // Only a hint: an error will be told by the next sync().
    static_cast<void>(::sync_file_range(fd_, static_cast<off64_t>(offset),
                                        static_cast<off64_t>(bytes), SYNC_FILE_RANGE_WRITE));
  }

  DiskResult<void> write_back(std::uint64_t offset, std::uint64_t bytes) override {
    constexpr unsigned all =
        SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
    return answer(
        ::sync_file_range(fd_, static_cast<off64_t>(offset), static_cast<off64_t>(bytes), all));
  }

  // Locks of an open file description: they hold against other processes and against a second
  // open() in this one, and end with the last descriptor, however the process ends.
  DiskResult<void> try_lock() override {
    struct flock lock = whole_file();
    return answer(::fcntl(fd_, F_OFD_SETLK, &lock));
  }

  bool is_locked_by_another() const override {
    struct flock lock = whole_file();
    return ::fcntl(fd_, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
  }

 private:
  static struct flock whole_file() {
    struct flock lock{};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    return lock;
  }

  DiskResult<std::size_t> read_once(std::span<std::byte> into,
                                    std::uint64_t offset) const override {
    const ssize_t got = ::pread(fd_, into.data(), into.size(), static_cast<off_t>(offset));
    if (got < 0) return std::unexpected(errno);
    return static_cast<std::size_t>(got);
  }

  DiskResult<std::size_t> write_once(std::span<const std::byte> from,
                                     std::uint64_t offset) override {
    const ssize_t put = ::pwrite(fd_, from.data(), from.size(), static_cast<off_t>(offset));
    if (put < 0) return std::unexpected(errno);
    return static_cast<std::size_t>(put);
  }

  DiskResult<void> sync_once() override { return answer(::fdatasync(fd_)); }

  const int fd_;
};

class PosixDisk final : public Disk {
 public:
  DiskResult<std::unique_ptr<DiskFile>> open(const std::filesystem::path& path,
                                             OpenMode mode) override {
    int flags = O_CLOEXEC;
    switch (mode) {
      case OpenMode::read:
        flags |= O_RDONLY;
        break;
      case OpenMode::write:
        flags |= O_RDWR;
        break;
      case OpenMode::create:
        flags |= O_RDWR | O_CREAT | O_EXCL;
        break;
      case OpenMode::open_or_create:
        flags |= O_RDWR | O_CREAT;
        break;
    }
    int fd = -1;
    do {
      fd = ::open(path.c_str(), flags, 0640);
    } while (fd < 0 && errno == EINTR);
    if (fd < 0) return std::unexpected(errno);
    return std::make_unique<PosixFile>(fd);
  }

  DiskResult<std::vector<std::string>> list(const std::filesystem::path& directory) override {
    DIR* const stream = ::opendir(directory.c_str());
    if (stream == nullptr) return std::unexpected(errno);
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = ::readdir(stream)) {  // NOLINT(concurrency-mt-unsafe)
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
      errno = 0;
    }
    const int error = errno;
    ::closedir(stream);
    if (error != 0) return std::unexpected(error);
    return names;
  }

  DiskResult<void> make_directory(const std::filesystem::path& path) override {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) return std::unexpected(error.value());
    return {};
  }

  DiskResult<void> rename(const std::filesystem::path& from,
                          const std::filesystem::path& to) override {
    return answer(::rename(from.c_str(), to.c_str()));
  }

  DiskResult<void> remove(const std::filesystem::path& path) override {
    return answer(::unlink(path.c_str()));
  }

  DiskResult<void> sync_directory(const std::filesystem::path& path) override {
    const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return std::unexpected(errno);
    const auto result = answer(::fsync(fd));
    ::close(fd);
    return result;
  }

  Uuid boot() override {
    Uuid id{};
    std::FILE* const file = std::fopen("/proc/sys/kernel/random/boot_id", "re");
    if (file == nullptr) return id;
    std::array<char, 64> text{};
    const std::size_t length = std::fread(text.data(), 1, text.size() - 1, file);
    std::fclose(file);
    std::size_t digits = 0;
    for (std::size_t i = 0; i < length && digits < 32; ++i) {
      const char c = text[i];
      int value = 0;
      if (c >= '0' && c <= '9') {
        value = c - '0';
      } else if (c >= 'a' && c <= 'f') {
        value = c - 'a' + 10;
      } else {
        continue;
      }
      auto& byte = id.bytes[digits / 2];
      byte = static_cast<std::uint8_t>((byte << 4) | value);
      ++digits;
    }
    return id;
  }
};

}  // namespace

Disk& posix_disk() {
  static PosixDisk disk;
  return disk;
}

}  // namespace bourse
