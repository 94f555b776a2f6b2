// A file of bytes that may be compressed: read from its beginning on, as if it were not.
//   Shape:  plain, gzip (several members) or zstd (several frames), told by its first bytes.
//   Units:  offsets count decompressed bytes; bytes_done() and bytes_total() those of the file.
//   Owner:  one thread.
//   Errors: open() refuses what is no readable file; read() answers nullopt when the bytes are
//           damaged or cut short, and error() says where. What was read before is good.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "replay/result.h"  // Result

namespace bourse {

class InputFile {
 public:
  static Result<std::unique_ptr<InputFile>> open(const std::filesystem::path& path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  // Fills `into` as far as there is something; less than all of it is the end.
  std::optional<std::size_t> read(std::span<std::byte> into);

  const std::filesystem::path& path() const { return path_; }
  std::uint64_t bytes_done() const { return bytes_done_; }
  std::uint64_t bytes_total() const { return bytes_total_; }  // 0: not known
  const Error& error() const { return error_; }

 private:
  struct Gzip;
  struct Zstd;

  explicit InputFile(std::filesystem::path path);

  // The next piece of the file itself; empty at its end, nullopt if it cannot be read.
  std::optional<std::span<std::byte>> take_piece();
  std::optional<std::size_t> read_plain(std::span<std::byte> into);
  std::optional<std::size_t> read_gzip(std::span<std::byte> into);
  std::optional<std::size_t> read_zstd(std::span<std::byte> into);
  // What was read so far comes first; the reason stays for the next call.
  std::optional<std::size_t> stop(std::size_t read, const char* what);

  const std::filesystem::path path_;
  int descriptor_ = -1;
  std::uint64_t bytes_done_ = 0;
  std::uint64_t bytes_total_ = 0;
  std::vector<std::byte> piece_;
  std::span<std::byte> rest_;  // of the piece, not looked at yet
  bool is_inside_ = false;     // a compressed frame
  std::unique_ptr<Gzip> gzip_;
  std::unique_ptr<Zstd> zstd_;
  Error error_;
};

}  // namespace bourse
