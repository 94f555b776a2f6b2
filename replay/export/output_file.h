// A file that is being made: buffered, compressed if its name ends in .zst, there only when whole.
//   Shape:  written as <path>.tmp and renamed by finish(); one that is not finished is removed.
//           "-" is stdout, which has no second name. zstd frames have a checksum; park() ends one,
//           and what follows begins another, which every zstd reader reads on.
//   Owner:  one thread.
//   Errors: create() refuses a file that is there, unless it may be replaced; later errors make all
//           following calls do nothing, and error() says what and where.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "replay/result.h"  // Result

struct ZSTD_CCtx_s;

namespace bourse {

class OutputFile {
 public:
  static Result<std::unique_ptr<OutputFile>> create(const std::filesystem::path& path,
                                                    bool replace);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  // Where to append; call settle() after it.
  std::string& buffer() { return buffer_; }
  bool settle() { return buffer_.size() < buffer_bytes_max || drain(false); }

  // Closes the file for the time being: no descriptor and no compression context until more comes.
  bool park();
  // Writes over the beginning. REQUIRES: not compressed, not stdout.
  bool overwrite(std::string_view head);
  bool finish();

  const std::filesystem::path& path() const { return path_; }
  bool is_parked() const { return descriptor_ < 0; }
  std::uint64_t bytes_in() const { return bytes_in_ + buffer_.size(); }  // before compression
  const Error& error() const { return error_; }

 private:
  static constexpr std::size_t buffer_bytes_max = std::size_t{128} << 10;

  explicit OutputFile(std::filesystem::path path);

  bool open(int flags);
  bool drain(bool end_frame);
  bool put(const char* data, std::size_t bytes);
  bool fail_with(const char* what, int error);
  void close();

  struct FreeContext {
    void operator()(ZSTD_CCtx_s* context) const;
  };

  const std::filesystem::path path_;
  const std::filesystem::path working_path_;
  const bool is_stdout_;
  const bool is_compressed_;
  int descriptor_ = -1;
  bool is_made_ = false;  // there is a file at working_path_ that is ours
  std::string buffer_;
  std::string compressed_;
  std::unique_ptr<ZSTD_CCtx_s, FreeContext> context_;
  bool has_open_frame_ = false;
  std::uint64_t bytes_in_ = 0;
  Error error_;
};

}  // namespace bourse
