// Reads a DBN file, versions 1 to 3, plain or compressed, record by record.
//   Shape:  one buffer; a record is a view of it, as() a copy of one.
//   Units:  offsets are bytes of the DBN text, before compression.
//   Owner:  one thread; a record is valid until the next call.
//   Errors: open() refuses what is no DBN file; next() answers `failed` for a record whose length
//           cannot be, and for a file that ends inside one, with its offset. It takes any bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "replay/dbn/dbn_format.h"    // dbn::RecordHeader
#include "replay/dbn/dbn_metadata.h"  // DbnMetadata
#include "replay/disk/input_file.h"   // InputFile
#include "replay/result.h"            // Result

namespace bourse {

class DbnReader {
 public:
  enum class Next : std::uint8_t { record = 1, end = 2, failed = 3 };

  static Result<std::unique_ptr<DbnReader>> open(const std::filesystem::path& path);

  Next next();
  const dbn::RecordHeader& header() const { return header_; }
  std::span<const std::byte> record() const { return record_; }
  // The record as a struct; nullopt if it is shorter than that.
  template <class Record>
  std::optional<Record> as() const {
    if (record_.size() < sizeof(Record)) return std::nullopt;
    Record out;
    std::memcpy(&out, record_.data(), sizeof out);
    return out;
  }

  const DbnMetadata& metadata() const { return metadata_; }
  std::uint64_t offset() const { return offset_; }  // of the record
  std::uint64_t records() const { return records_; }
  const InputFile& file() const { return *file_; }
  const Error& error() const { return error_; }

 private:
  explicit DbnReader(std::unique_ptr<InputFile> file);
  Result<void> read_metadata();
  // So many bytes from begin_ on are there. False: the file ends before.
  bool hold(std::size_t bytes);
  Next refuse(std::string what);

  const std::unique_ptr<InputFile> file_;
  DbnMetadata metadata_;
  std::vector<std::byte> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool at_end_ = false;
  dbn::RecordHeader header_{};
  std::span<const std::byte> record_;
  std::uint64_t offset_ = 0;
  std::uint64_t next_offset_ = 0;
  std::uint64_t records_ = 0;
  Error error_;
};

}  // namespace bourse
