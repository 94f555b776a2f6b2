#include "replay/disk/disk.h"

#include <cstring>

namespace bourse {

DiskResult<std::size_t> DiskFile::read(std::span<std::byte> into, std::uint64_t offset) const {
  std::size_t done = 0;
  while (done < into.size()) {
    const auto got = read_once(into.subspan(done), offset + done);
    if (!got) {
      if (got.error() == EINTR) continue;
      return std::unexpected(got.error());
    }
    if (*got == 0) break;  // end of the file
    done += *got;
  }
  return done;
}

DiskResult<void> DiskFile::write(std::span<const std::byte> from, std::uint64_t offset) {
  std::size_t done = 0;
  while (done < from.size()) {
    const auto put = write_once(from.subspan(done), offset + done);
    if (!put) {
      if (put.error() == EINTR) continue;
      return std::unexpected(put.error());
    }
    if (*put == 0) return std::unexpected(EIO);  // a disk that takes nothing and says nothing
    done += *put;
  }
  return {};
}

DiskResult<void> DiskFile::sync() {
  auto synced = sync_once();
  if (!synced && is_disk_full(synced.error())) return std::unexpected(EIO);
  return synced;
}

bool is_disk_full(int error) { return error == ENOSPC || error == EDQUOT; }

Error disk_error(int error, std::string_view operation, const std::filesystem::path& path) {
  Error out{.code = ExitCode::io_error,
            .what = std::string(operation) + " failed: " + std::strerror(error),
            .where = path.string(),
            .next = {}};
  switch (error) {
    case ENOENT:
      out.code = ExitCode::file_missing;
      break;
    case EACCES:
    case EPERM:
    case EROFS:
      out.code = ExitCode::cannot_create;
      out.next = "give this user the right to read and write there, or name another directory";
      break;
    case ENOTDIR:
    case EISDIR:
      out.code = ExitCode::bad_config;
      out.next = "name a directory for the log";
      break;
    case ENOSPC:
    case EDQUOT:
      out.next = "make room on that disk; nothing that was acknowledged is lost";
      break;
    case EBADMSG:  // a checksum below the file: of a compressed segment, or of the file system
      out.code = ExitCode::data_damaged;
      out.what = std::string(operation) + " failed: the data are damaged (checksum)";
      out.next = "put back this file from a copy or from another machine";
      break;
    case EIO:
      out.next = "the device reports an error: look into the kernel's log before starting again";
      break;
    default:
      break;
  }
  return out;
}

}  // namespace bourse
