#include "replay/disk/input_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace bourse {
namespace {

constexpr std::size_t piece_bytes = std::size_t{256} << 10;

bool begins_with(std::span<const std::byte> bytes, std::initializer_list<unsigned char> magic) {
  return bytes.size() >= magic.size() &&
         std::equal(magic.begin(), magic.end(),
                    reinterpret_cast<const unsigned char*>(bytes.data()));
}

}  // namespace

struct InputFile::Gzip {
  Gzip() {
    constexpr int gzip_window = 15 + 16;
    ::inflateInit2(&stream, gzip_window);
  }
  ~Gzip() { ::inflateEnd(&stream); }
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;

  z_stream stream{};
};

struct InputFile::Zstd {
  Zstd() : stream(ZSTD_createDStream()) {}
  ~Zstd() { ZSTD_freeDStream(stream); }
  Zstd(const Zstd&) = delete;
  Zstd& operator=(const Zstd&) = delete;

  ZSTD_DStream* stream;
};

InputFile::InputFile(std::filesystem::path path) : path_(std::move(path)), piece_(piece_bytes) {}

InputFile::~InputFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<std::unique_ptr<InputFile>> InputFile::open(const std::filesystem::path& path) {
  std::unique_ptr<InputFile> file(new InputFile(path));
  file->descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat status{};
  if (file->descriptor_ < 0 || ::fstat(file->descriptor_, &status) != 0) {
    const bool missing = errno == ENOENT || errno == ENOTDIR;
    return fail(missing ? ExitCode::file_missing : ExitCode::io_error,
                std::string("cannot open: ") + std::strerror(errno), path.string());
  }
  if (S_ISDIR(status.st_mode)) {
    return fail(ExitCode::file_missing, "is a directory", path.string(), "name the file in it");
  }
  if (S_ISREG(status.st_mode)) file->bytes_total_ = static_cast<std::uint64_t>(status.st_size);
  const auto first = file->take_piece();
  if (!first) return std::unexpected(file->error_);
  file->rest_ = *first;
  if (begins_with(*first, {0x1f, 0x8b})) file->gzip_ = std::make_unique<Gzip>();
  if (begins_with(*first, {0x28, 0xb5, 0x2f, 0xfd})) file->zstd_ = std::make_unique<Zstd>();
  return file;
}

std::optional<std::span<std::byte>> InputFile::take_piece() {
  std::size_t done = 0;
  while (done < piece_.size()) {
    const ssize_t read = ::read(descriptor_, piece_.data() + done, piece_.size() - done);
    if (read < 0 && errno == EINTR) continue;
    if (read < 0) {
      error_ = {.code = ExitCode::io_error,
                .what = std::string("cannot read: ") + std::strerror(errno),
                .where = path_.string(),
                .next = {}};
      return std::nullopt;
    }
    if (read == 0) break;
    done += static_cast<std::size_t>(read);
  }
  bytes_done_ += done;
  return std::span(piece_).first(done);
}

std::optional<std::size_t> InputFile::stop(std::size_t read, const char* what) {
  error_ = {
      .code = ExitCode::data_damaged,
      .what = what,
      .where = fmt::format("{}, byte {} of the file", path_.string(), bytes_done_ - rest_.size()),
      .next = "fetch the file again"};
  return read > 0 ? std::optional(read) : std::nullopt;
}

std::optional<std::size_t> InputFile::read(std::span<std::byte> into) {
  if (!error_.what.empty()) return std::nullopt;
  if (gzip_ != nullptr) return read_gzip(into);
  if (zstd_ != nullptr) return read_zstd(into);
  return read_plain(into);
}

std::optional<std::size_t> InputFile::read_plain(std::span<std::byte> into) {
  std::size_t done = 0;
  while (done < into.size()) {
    if (rest_.empty()) {
      const auto piece = take_piece();
      if (!piece) return std::nullopt;
      if (piece->empty()) break;
      rest_ = *piece;
    }
    const std::size_t bytes = std::min(rest_.size(), into.size() - done);
    std::memcpy(into.data() + done, rest_.data(), bytes);
    rest_ = rest_.subspan(bytes);
    done += bytes;
  }
  return done;
}

std::optional<std::size_t> InputFile::read_gzip(std::span<std::byte> into) {
  z_stream& stream = gzip_->stream;
  stream.next_out = reinterpret_cast<Bytef*>(into.data());
  stream.avail_out = static_cast<uInt>(into.size());
  while (stream.avail_out > 0) {
    if (rest_.empty()) {
      const auto piece = take_piece();
      if (!piece) return std::nullopt;
      const std::size_t read = into.size() - stream.avail_out;
      if (piece->empty()) {
        return is_inside_ ? stop(read, "is a gzip file that is cut short") : std::optional(read);
      }
      rest_ = *piece;
    }
    stream.next_in = reinterpret_cast<Bytef*>(rest_.data());
    stream.avail_in = static_cast<uInt>(rest_.size());
    is_inside_ = true;
    const int answer = ::inflate(&stream, Z_NO_FLUSH);
    rest_ = rest_.last(stream.avail_in);
    if (answer == Z_STREAM_END) {
      is_inside_ = false;
      ::inflateReset(&stream);
    } else if (answer != Z_OK && answer != Z_BUF_ERROR) {
      return stop(into.size() - stream.avail_out, "is a gzip file that is damaged");
    }
  }
  return into.size();
}

std::optional<std::size_t> InputFile::read_zstd(std::span<std::byte> into) {
  ZSTD_outBuffer out{into.data(), into.size(), 0};
  while (out.pos < out.size) {
    if (rest_.empty()) {
      const auto piece = take_piece();
      if (!piece) return std::nullopt;
      if (piece->empty()) {
        return is_inside_ ? stop(out.pos, "is a zstd file that is cut short")
                          : std::optional(out.pos);
      }
      rest_ = *piece;
    }
    ZSTD_inBuffer in{rest_.data(), rest_.size(), 0};
    const std::size_t answer = ZSTD_decompressStream(zstd_->stream, &out, &in);
    rest_ = rest_.subspan(in.pos);
    if (ZSTD_isError(answer) != 0) return stop(out.pos, "is a zstd file that is damaged");
    is_inside_ = answer != 0;
  }
  return out.pos;
}

}  // namespace bourse
