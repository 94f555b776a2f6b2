#include "bench/twins/raw_flush.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>

namespace bourse {
namespace {

bool write_at(int fd, const std::vector<char>& bytes, std::size_t offset) {
  return ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset)) ==
         static_cast<ssize_t>(bytes.size());
}

}  // namespace

Result<std::vector<std::int64_t>> measure_raw_flush(const std::filesystem::path& directory,
                                                    const RawFlush& flush) {
  const std::string path = (directory / "raw_flush").string();
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  bool is_sound = fd >= 0;
  if (is_sound && flush.is_prepared)
    is_sound = write_at(fd, std::vector<char>(flush.bytes * flush.count), 0) && ::fsync(fd) == 0;
  const std::vector<char> ones(flush.bytes, 1);
  std::vector<std::int64_t> samples;
  samples.reserve(flush.count);
  for (std::size_t i = 0; is_sound && i < flush.count; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    is_sound = write_at(fd, ones, i * flush.bytes) && ::fdatasync(fd) == 0;
    samples.push_back(std::chrono::nanoseconds(std::chrono::steady_clock::now() - begin).count());
  }
  const int error = errno;
  if (fd >= 0) ::close(fd);
  ::unlink(path.c_str());
  if (!is_sound)
    return fail(ExitCode::io_error, std::strerror(error), path,
                "name a folder on a disk that can be written with --directory");
  return samples;
}

}  // namespace bourse
