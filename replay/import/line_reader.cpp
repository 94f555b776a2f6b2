#include "replay/import/line_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace bourse {
namespace {

constexpr std::size_t first_bytes = std::size_t{1} << 20;

}  // namespace

// More of the file behind what is there. False: there is no more, or it failed.
bool LineReader::fill() {
  if (at_end_) return false;
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (buffer_.size() < end_ + padding_bytes + first_bytes / 2) {
    buffer_.resize(std::max(first_bytes, 2 * buffer_.size()) + padding_bytes);
  }
  const std::size_t room = buffer_.size() - padding_bytes - end_;
  const auto read = file_->read(std::as_writable_bytes(std::span(buffer_).subspan(end_, room)));
  if (!read) {
    error_ = file_->error();
    at_end_ = true;
    return false;
  }
  end_ += *read;
  at_end_ = *read < room && file_->error().what.empty();
  return *read > 0;
}

LineReader::Next LineReader::next() {
  std::size_t searched = begin_;
  for (;;) {
    const void* const found =
        begin_ == end_ ? nullptr : std::memchr(buffer_.data() + searched, '\n', end_ - searched);
    if (found != nullptr || (at_end_ && error_.what.empty() && end_ > begin_)) {
      const std::size_t at =
          found == nullptr
              ? end_
              : static_cast<std::size_t>(static_cast<const char*>(found) - buffer_.data());
      line_ = std::string_view(buffer_).substr(begin_, at - begin_);
      is_ended_ = found != nullptr;
      offset_ = next_offset_;
      ++number_;
      const std::size_t bytes = at - begin_ + (is_ended_ ? 1 : 0);
      next_offset_ += bytes;
      begin_ += bytes;
      return Next::line;
    }
    if (at_end_) return error_.what.empty() ? Next::end : Next::failed;
    if (end_ - begin_ > line_bytes_max) {
      error_ = {.code = ExitCode::data_damaged,
                .what = fmt::format("has a line of more than {} bytes", line_bytes_max),
                .where = fmt::format("{}, byte {}", file_->path().string(), next_offset_),
                .next = {}};
      at_end_ = true;
      return Next::failed;
    }
    const std::size_t looked_at = end_ - begin_;
    fill();
    searched = begin_ + looked_at;
  }
}

}  // namespace bourse
