// The lines of a text file that may be compressed, one after the other.
//   Shape:  one buffer that grows to the longest line; 64 bytes of padding behind each line, as
//           simdjson wants them.
//   Units:  offsets are bytes of the text, before compression.
//   Owner:  one thread; a line is valid until the next call.
//   Errors: a line longer than line_bytes_max and what InputFile refuses: next() answers `failed`.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "replay/disk/input_file.h"  // InputFile

namespace bourse {

class LineReader {
 public:
  enum class Next : std::uint8_t { line = 1, end = 2, failed = 3 };

  static constexpr std::size_t line_bytes_max = std::size_t{256} << 20;
  static constexpr std::size_t padding_bytes = 64;

  explicit LineReader(std::unique_ptr<InputFile> file) : file_(std::move(file)) {}

  Next next();
  std::string_view line() const { return line_; }
  std::uint64_t number() const { return number_; }  // of the line, from 1
  std::uint64_t offset() const { return offset_; }  // of its first byte
  bool is_ended() const { return is_ended_; }       // false: the file ended before its newline
  const InputFile& file() const { return *file_; }
  const Error& error() const { return error_; }

 private:
  bool fill();

  const std::unique_ptr<InputFile> file_;
  std::string buffer_;
  std::size_t begin_ = 0;  // of what was not given out yet
  std::size_t end_ = 0;    // of what was read
  bool at_end_ = false;
  std::string_view line_;
  std::uint64_t number_ = 0;
  std::uint64_t offset_ = 0;
  std::uint64_t next_offset_ = 0;
  bool is_ended_ = true;
  Error error_;
};

}  // namespace bourse
