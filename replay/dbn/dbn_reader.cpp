#include "replay/dbn/dbn_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace bourse {
namespace {

constexpr std::size_t buffer_bytes = std::size_t{256} << 10;

}  // namespace

DbnReader::DbnReader(std::unique_ptr<InputFile> file)
    : file_(std::move(file)), buffer_(buffer_bytes) {}

Result<std::unique_ptr<DbnReader>> DbnReader::open(const std::filesystem::path& path) {
  auto file = InputFile::open(path);
  if (!file) return std::unexpected(file.error());
  std::unique_ptr<DbnReader> reader(new DbnReader(std::move(*file)));
  if (auto read = reader->read_metadata(); !read) return std::unexpected(read.error());
  return reader;
}

bool DbnReader::hold(std::size_t bytes) {
  while (end_ - begin_ < bytes && !at_end_) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    // Grown as the bytes come: a length alone is not believed.
    if (end_ == buffer_.size()) buffer_.resize(2 * buffer_.size());
    const auto read = file_->read(std::span(buffer_).subspan(end_));
    if (!read) {
      error_ = file_->error();
      at_end_ = true;
      break;
    }
    at_end_ = end_ + *read < buffer_.size() && file_->error().what.empty();
    end_ += *read;
  }
  return end_ - begin_ >= bytes;
}

Result<void> DbnReader::read_metadata() {
  const std::string where = file_->path().string();
  hold(dbn::prefix_bytes);
  const auto length = dbn_metadata_bytes(
      std::span(buffer_).subspan(begin_, std::min(end_ - begin_, dbn::prefix_bytes)), where);
  if (!error_.what.empty()) return std::unexpected(error_);
  if (!length) return std::unexpected(length.error());
  const std::size_t bytes = dbn::prefix_bytes + *length;
  if (!hold(bytes)) {
    if (!error_.what.empty()) return std::unexpected(error_);
    return fail(ExitCode::data_damaged, fmt::format("ends inside its metadata of {} bytes", bytes),
                fmt::format("{}, byte {}", where, end_ - begin_), "fetch the file again");
  }
  auto metadata = parse_dbn_metadata(std::span(buffer_).subspan(begin_, bytes), where);
  if (!metadata) return std::unexpected(metadata.error());
  metadata_ = std::move(*metadata);
  begin_ += bytes;
  next_offset_ = bytes;
  return {};
}

DbnReader::Next DbnReader::refuse(std::string what) {
  if (error_.what.empty()) {
    error_ = {.code = ExitCode::data_damaged,
              .what = std::move(what),
              .where = fmt::format("{}, byte {}, record {}", file_->path().string(), next_offset_,
                                   records_ + 1),
              .next = {}};
  }
  return Next::failed;
}

DbnReader::Next DbnReader::next() {
  if (!error_.what.empty()) return Next::failed;
  if (!hold(1)) return error_.what.empty() ? Next::end : Next::failed;
  const std::size_t bytes = std::to_integer<std::size_t>(buffer_[begin_]) * dbn::word_bytes;
  if (bytes < sizeof(dbn::RecordHeader)) {
    return refuse(fmt::format("a record of {} bytes, shorter than its header", bytes));
  }
  if (!hold(bytes)) return refuse(fmt::format("ends inside a record of {} bytes", bytes));
  record_ = std::span(buffer_).subspan(begin_, bytes);
  std::memcpy(&header_, record_.data(), sizeof header_);
  begin_ += bytes;
  offset_ = next_offset_;
  next_offset_ += bytes;
  ++records_;
  return Next::record;
}

}  // namespace bourse
