#include "replay/export/output_file.h"

#include <fcntl.h>
#include <unistd.h>
#include <zstd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace bourse {
namespace {

constexpr int compression_level = 3;

}  // namespace

void OutputFile::FreeContext::operator()(ZSTD_CCtx_s* context) const { ZSTD_freeCCtx(context); }

OutputFile::OutputFile(std::filesystem::path path)
    : path_(std::move(path)),
      working_path_(path_.string() + ".tmp"),
      is_stdout_(path_ == "-"),
      is_compressed_(path_.extension() == ".zst") {}

Result<std::unique_ptr<OutputFile>> OutputFile::create(const std::filesystem::path& path,
                                                       bool replace) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    return fail(ExitCode::cannot_create, "is a directory", path.string(),
                "name a file in it: -o " + (path / "FILE").string());
  }
  if (path != "-" && !replace && std::filesystem::exists(path, ignored)) {
    return fail(ExitCode::cannot_create, "is there already", path.string(),
                "name another file, or add --force to replace it");
  }
  std::unique_ptr<OutputFile> file(new OutputFile(path));
  if (!file->open(O_TRUNC)) return std::unexpected(file->error_);
  return file;
}

OutputFile::~OutputFile() {
  close();
  if (is_made_) ::unlink(working_path_.c_str());
}

bool OutputFile::fail_with(const char* what, int error) {
  error_ = {
      .code = error == ENOENT || error == EACCES ? ExitCode::cannot_create : ExitCode::io_error,
      .what = std::string(what) + ": " + std::strerror(error),
      .where = path_.string(),
      .next = {}};
  buffer_.clear();
  return false;
}

bool OutputFile::open(int flags) {
  if (is_stdout_) {
    descriptor_ = STDOUT_FILENO;
    return true;
  }
  descriptor_ = ::open(working_path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | flags,
                       S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH);
  if (descriptor_ < 0) return fail_with("cannot create", errno);
  is_made_ = true;
  return true;
}

void OutputFile::close() {
  if (descriptor_ >= 0 && !is_stdout_) ::close(descriptor_);
  descriptor_ = -1;
}

bool OutputFile::put(const char* data, std::size_t bytes) {
  while (bytes > 0) {
    const ssize_t written = ::write(descriptor_, data, bytes);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail_with("cannot write", errno);
    data += written;
    bytes -= static_cast<std::size_t>(written);
  }
  return true;
}

bool OutputFile::drain(bool end_frame) {
  if (!error_.what.empty()) {
    buffer_.clear();
    return false;
  }
  const bool has_work = !buffer_.empty() || (end_frame && has_open_frame_);
  if (!has_work) return true;
  if (descriptor_ < 0 && !open(O_APPEND)) return false;
  bytes_in_ += buffer_.size();
  if (!is_compressed_) {
    const bool written = put(buffer_.data(), buffer_.size());
    buffer_.clear();
    return written;
  }
  if (context_ == nullptr) {
    context_.reset(ZSTD_createCCtx());
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, compression_level);
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1);
    compressed_.resize(ZSTD_CStreamOutSize());
  }
  has_open_frame_ = true;
  ZSTD_inBuffer in{buffer_.data(), buffer_.size(), 0};
  for (;;) {
    ZSTD_outBuffer out{compressed_.data(), compressed_.size(), 0};
    const std::size_t rest =
        ZSTD_compressStream2(context_.get(), &out, &in, end_frame ? ZSTD_e_end : ZSTD_e_continue);
    if (ZSTD_isError(rest) != 0) return fail_with(ZSTD_getErrorName(rest), EIO);
    if (!put(compressed_.data(), out.pos)) return false;
    if (end_frame ? rest == 0 : in.pos == in.size) break;
  }
  if (end_frame) has_open_frame_ = false;
  buffer_.clear();
  return true;
}

bool OutputFile::park() {
  if (!drain(true)) return false;
  context_.reset();
  compressed_ = {};
  buffer_ = {};
  close();
  return true;
}

bool OutputFile::overwrite(std::string_view head) {
  if (!drain(false)) return false;
  if (descriptor_ < 0 && !open(0)) return false;
  while (!head.empty()) {
    // A descriptor that appends would write at the end, whatever the offset.
    const int flags = ::fcntl(descriptor_, F_GETFL);
    if ((flags & O_APPEND) != 0) ::fcntl(descriptor_, F_SETFL, flags & ~O_APPEND);
    const ssize_t written = ::pwrite(descriptor_, head.data(), head.size(), 0);
    if (written < 0 && errno == EINTR) continue;
    if (written != static_cast<ssize_t>(head.size())) {
      return fail_with("cannot write", written < 0 ? errno : EIO);
    }
    break;
  }
  return true;
}

bool OutputFile::finish() {
  if (!drain(true)) return false;
  context_.reset();
  close();
  if (is_stdout_) return true;
  if (::rename(working_path_.c_str(), path_.c_str()) != 0) return fail_with("cannot name", errno);
  is_made_ = false;
  return true;
}

}  // namespace bourse
