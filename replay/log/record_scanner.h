// Walks the records of one file from an offset on and checks each: the one loop that recovery,
// indexes and cursors share.
//   Shape:  a buffer that is filled by pread, small at first (a seek), then 256 KiB; it grows only
//           for a record that is larger.
//   Owner:  one thread; the file must outlive it.
//   Errors: `damaged` is said of bytes, `unreadable` of a read that failed: the two are never taken
//           for each other. Whatever the bytes are, it stays inside its buffer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "replay/disk/disk.h"       // DiskFile
#include "replay/log/log_format.h"  // RecordHeader

namespace bourse {

class RecordScanner {
 public:
  enum class Found : std::uint8_t {
    record = 1,
    end = 2,         // length 0, or the file ends exactly here
    damaged = 3,     // not a sound record, or the file ends inside of it
    unreadable = 4,  // read_error()
  };

  RecordScanner(const DiskFile& file, std::uint64_t salt) : file_(&file), salt_(salt) {}

  // The next record looked at is the one at `offset`, a multiple of 8.
  void start(std::uint64_t offset);
  // Looks at the record at offset(), having moved over the one it found before, if it found one.
  Found next();
  // After a start(): moves to the transaction `wanted` by the lengths and sequences of the records
  // before it, unverified; next() then judges that one. False if they do not lead there: nothing
  // has moved.
  bool skip_to(Sequence wanted);
  // Whether next() can answer without reading the file.
  bool has_buffered() const;
  // Forgets what is buffered from the current record on: it may have been written meanwhile.
  void forget();

  std::uint64_t offset() const { return begin_ + at_; }  // of the current record
  // Of the record found, until the next call that is not const.
  const RecordHeader& header() const { return header_; }
  // The record's bytes, in the scanner's own memory. The checksum has done its duty and reads 0, as
  // in the memory tail.
  std::span<const std::byte> bytes() const { return {buffer_.get() + at_, found_bytes_}; }
  std::uint64_t offset_after() const { return offset() + found_bytes_; }
  int read_error() const { return read_error_; }

 private:
  void verify_ahead();
  bool fill(std::size_t bytes_wanted);  // from the current record on; false: read error

  const DiskFile* file_;
  std::uint64_t salt_;
  std::unique_ptr<std::byte[]> buffer_;
  std::size_t capacity_ = 0;
  std::size_t chunk_bytes_ = 0;  // how much the next fill asks for
  std::uint64_t begin_ = 0;      // file offset of buffer_[0]
  std::size_t at_ = 0;           // current record in the buffer
  std::size_t filled_ = 0;
  std::size_t found_bytes_ = 0;  // of the record last found; 0 if none
  std::size_t sound_end_ = 0;    // in the buffer: the records before it have been verified
  std::size_t verified_at_once_ = 1;
  bool at_file_end_ = false;  // the last fill met it
  RecordHeader header_{};
  int read_error_ = 0;
};

}  // namespace bourse
