#include "replay/itch/itch_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace bourse {
namespace {

constexpr std::size_t buffer_bytes = 1 << 20;
static_assert(buffer_bytes > 2 * (2 + 0xffff), "a whole frame and more must fit");

// A first look at the bytes: what people have at hand is often the compressed download.
const char* compression_of(const std::byte* at, std::size_t bytes) {
  constexpr unsigned char gzip[] = {0x1f, 0x8b};
  constexpr unsigned char zstd[] = {0x28, 0xb5, 0x2f, 0xfd};
  if (bytes >= sizeof gzip && std::memcmp(at, gzip, sizeof gzip) == 0) return "gzip";
  if (bytes >= sizeof zstd && std::memcmp(at, zstd, sizeof zstd) == 0) return "zstd";
  return nullptr;
}

std::string type_text(std::byte type) {
  const auto c = static_cast<unsigned char>(type);
  if (c > 0x20 && c < 0x7f) return std::string("type '") + static_cast<char>(c) + "'";
  return "type byte " + std::to_string(c);
}

}  // namespace

Result<ItchReader> ItchReader::open(const std::filesystem::path& path) {
  ItchReader reader(path.string());
  reader.file_ = OwnedFile(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (reader.file_.descriptor < 0) {
    const bool missing = errno == ENOENT || errno == ENOTDIR;
    return fail(missing ? ExitCode::file_missing : ExitCode::io_error,
                std::string("cannot open: ") + std::strerror(errno), path.string(),
                "name a file of ITCH 5.0 messages, each behind its length in two bytes");
  }
  struct stat status{};
  if (::fstat(reader.file_.descriptor, &status) != 0) {
    return fail(ExitCode::io_error, std::string("cannot stat: ") + std::strerror(errno),
                path.string());
  }
  if (S_ISDIR(status.st_mode)) {
    return fail(ExitCode::file_missing, "is a directory", path.string(),
                "name the file of ITCH 5.0 messages in it");
  }
  if (S_ISREG(status.st_mode)) {
    reader.bytes_total_ = static_cast<std::uint64_t>(status.st_size);
    ::posix_fadvise(reader.file_.descriptor, 0, 0, POSIX_FADV_SEQUENTIAL);
  }
  reader.buffer_ = std::make_unique<std::byte[]>(buffer_bytes);
  reader.window_ = reader.at_ = reader.end_ = reader.buffer_.get();
  reader.refill();
  if (!reader.error_.what.empty()) return std::unexpected(reader.error_);
  if (const char* how = compression_of(reader.at_, reader.available())) {
    return fail(ExitCode::data_damaged, std::string("is compressed with ") + how, path.string(),
                "decompress it first, or feed it through a pipe: zcat FILE.gz | bourse import itch "
                "/dev/stdin ...");
  }
  return reader;
}

ItchReader ItchReader::over(std::span<const std::byte> bytes, std::string name) {
  ItchReader reader(std::move(name));
  reader.window_ = reader.at_ = bytes.data();
  reader.end_ = bytes.data() + bytes.size();
  reader.bytes_total_ = bytes.size();
  return reader;
}

ItchReader::OwnedFile::~OwnedFile() {
  if (descriptor >= 0) ::close(descriptor);
}

bool ItchReader::refill() {
  if (file_.descriptor < 0) return false;
  const std::size_t kept = available();
  window_offset_ += static_cast<std::uint64_t>(at_ - window_);
  std::memmove(buffer_.get(), at_, kept);
  window_ = at_ = buffer_.get();
  end_ = at_ + kept;
  ssize_t got = 0;
  do {
    got = ::read(file_.descriptor, buffer_.get() + kept, buffer_bytes - kept);
  } while (got < 0 && errno == EINTR);
  if (got < 0) {
    error_ = {ExitCode::io_error, std::string("cannot read: ") + std::strerror(errno),
              name_ + ", byte " + std::to_string(window_offset_ + kept), ""};
    return false;
  }
  end_ += got;
  return got > 0;
}

ItchReader::Next ItchReader::load_frame() {
  if (!error_.what.empty()) return Next::failed;
  const auto whole = [this] { return frame_bytes() != 0 && frame_bytes() <= available(); };
  const auto end_mark = [this] { return available() >= 2 && length_at(at_) == 0; };
  while (!whole() && !end_mark() && refill()) {
  }
  if (!error_.what.empty()) return Next::failed;
  if (whole()) return Next::message;
  if (available() == 0) return Next::end;
  if (end_mark()) {  // closes the session: nothing may follow
    if (available() == 2) refill();
    if (available() > 2) {
      return fail_at(at_, ExitCode::data_damaged, "bytes follow the end mark (a length of 0)",
                     "the file is no sequence of length and message from here on");
    }
    at_ = end_;
    return Next::end;
  }
  const std::string need =
      available() < 2 ? "a length of 2 bytes" : std::to_string(frame_bytes()) + " bytes";
  return fail_at(at_, ExitCode::data_damaged,
                 "the file ends inside a message: " + need + " needed, " +
                     std::to_string(available()) + " left",
                 "the file was cut off, or is no sequence of length and message");
}

ItchReader::Next ItchReader::wrong_size() {
  const std::span<const std::byte> bytes = message();
  const auto type = static_cast<unsigned char>(bytes[0]);
  return fail_at(frame_, ExitCode::data_damaged,
                 "a message of " + type_text(bytes[0]) + " has " +
                     std::to_string(itch::message_sizes[type]) + " bytes, this one has " +
                     std::to_string(bytes.size()),
                 "the file is damaged here, or is not Nasdaq TotalView-ITCH 5.0");
}

ItchReader::Next ItchReader::fail_at(const std::byte* frame, ExitCode code, std::string what,
                                     std::string next) {
  const std::uint64_t number = frame == at_ ? messages_ + 1 : messages_;
  std::string where = name_ + ", byte " +
                      std::to_string(window_offset_ + static_cast<std::uint64_t>(frame - window_)) +
                      ", message " + std::to_string(number);
  error_ = {code, std::move(what), std::move(where), std::move(next)};
  at_ = end_ = frame;  // nothing is read past a fault
  return Next::failed;
}

}  // namespace bourse
