// Ours, and the plain file that shows what the disk alone takes.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstring>
#include <vector>

#include "bench/journal/laid_zeros.h"    // wait_for_zeros
#include "bench/journal/measured_log.h"  // MeasuredLog
#include "bench/load/sample_record.h"    // order_record
#include "replay/disk/directory.h"       // list_directory
#include "replay/log/log.h"              // Log
#include "replay/log/record_scanner.h"   // RecordScanner
#include "replay/log/segment_reader.h"   // SegmentReader

namespace bourse {
namespace {

std::vector<std::byte> make_record(std::size_t bytes) {
  return bytes == small_record_bytes ? small_record() : order_record(false);
}

class BourseLog final : public MeasuredLog {
 public:
  BourseLog(const std::filesystem::path& directory, std::size_t record_bytes)
      : directory_(directory),
        is_small_(record_bytes == small_record_bytes),
        record_(make_record(record_bytes)) {
    options_.directory = directory;
    auto opened = Log::open(options_);
    if (!opened) give_up(opened.error().text());
    log_ = std::move(*opened);
    wait_for_zeros(options_);
    writer_.emplace(log_->tail().writer());
  }

  void write_durably(std::uint64_t first, std::uint64_t count) override {
    const std::uint64_t end = first + count;
    for (std::uint64_t sequence = first; sequence < end; ++sequence) {
      set_sequence(record_, sequence);
      while (!writer_->append(record_)) step();
    }
    while (log_->released_sequence().value() + 1 < end) step();
  }
  void finish_writing() override {
    if (const auto done = log_->journal().finish(); !done) give_up(done.error().text());
    writer_.reset();
    log_.reset();
    options_.read_only = true;
    if (is_small_) return;
    auto opened = Log::open(options_);
    if (!opened) give_up(opened.error().text());
    log_ = std::move(*opened);
    auto cursor = log_->cursor(Sequence{1});
    if (!cursor) give_up(cursor.error().text());
    cursor_.emplace(std::move(*cursor));
  }
  std::uint64_t read_all() override {
    if (is_small_) return scan_all();
    if (!cursor_->seek(Sequence{1})) give_up("cannot seek to the first sequence");
    std::uint64_t count = 0;
    while (cursor_->next() == Cursor::Next::transaction) ++count;
    return count;
  }
  bool seek(std::uint64_t sequence) override {
    if (is_small_) return false;  // no transactions: a cursor would refuse them
    return cursor_->seek(Sequence{sequence}) && cursor_->next() == Cursor::Next::transaction;
  }

 private:
  void step() {
    if (log_->journal().step() == JournalWriter::Step::failed) {
      give_up(log_->journal().failure().text());
    }
  }
  std::uint64_t scan_all() const {
    const auto listing = list_directory(posix_disk(), directory_);
    if (!listing) give_up(listing.error().text());
    std::uint64_t count = 0;
    for (const SegmentName& name : listing->segments) {
      const auto segment = SegmentReader::open(posix_disk(), directory_, name);
      if (!segment) give_up(segment.error().text());
      RecordScanner scanner((*segment)->file(), (*segment)->header().salt);
      scanner.start(segment_header_bytes);
      while (scanner.next() == RecordScanner::Found::record) {
        if (scanner.header().type == RecordType::transaction) ++count;
      }
    }
    return count;
  }

  const std::filesystem::path directory_;
  const bool is_small_;
  std::vector<std::byte> record_;
  LogOptions options_;
  std::unique_ptr<Log> log_;
  std::optional<BroadcastRing::Writer> writer_;
  std::optional<Cursor> cursor_;
};

class PlainFile final : public MeasuredLog {
 public:
  PlainFile(const std::filesystem::path& directory, std::size_t record_bytes)
      : path_((directory / "plain").string()), record_bytes_(record_bytes) {
    fd_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd_ < 0) give_up("cannot make " + path_);
  }
  ~PlainFile() override { ::close(fd_); }

  void write_durably(std::uint64_t first, std::uint64_t count) override {
    buffer_.assign(record_bytes_ * count, static_cast<char>(first | 1));
    const auto bytes = static_cast<ssize_t>(buffer_.size());
    if (::pwrite(fd_, buffer_.data(), buffer_.size(),
                 static_cast<off_t>((first - 1) * record_bytes_)) != bytes ||
        ::fdatasync(fd_) != 0) {
      give_up("cannot write " + path_);
    }
  }
  std::uint64_t read_all() override {
    buffer_.resize(std::size_t{256} << 10);
    off_t at = 0;
    for (ssize_t got = 0; (got = ::pread(fd_, buffer_.data(), buffer_.size(), at)) > 0;) at += got;
    return static_cast<std::uint64_t>(at) / record_bytes_;
  }
  bool seek(std::uint64_t sequence) override {
    buffer_.resize(record_bytes_);
    return ::pread(fd_, buffer_.data(), record_bytes_,
                   static_cast<off_t>((sequence - 1) * record_bytes_)) > 0;
  }

 private:
  const std::string path_;
  const std::size_t record_bytes_;
  int fd_ = -1;
  std::vector<char> buffer_;
};

}  // namespace

std::unique_ptr<MeasuredLog> make_bourse_log(const std::filesystem::path& directory,
                                             std::size_t record_bytes) {
  return std::make_unique<BourseLog>(directory, record_bytes);
}
std::unique_ptr<MeasuredLog> make_plain_file(const std::filesystem::path& directory,
                                             std::size_t record_bytes) {
  return std::make_unique<PlainFile>(directory, record_bytes);
}

}  // namespace bourse
