#include "replay/log/record_search.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <vector>

#include "replay/log/log_format.h"      // record_bytes_max
#include "replay/log/record.h"          // record_header
#include "replay/log/record_scanner.h"  // RecordScanner

namespace bourse {
namespace {

constexpr std::size_t window_bytes = std::size_t{256} << 10;
constexpr std::uint64_t block_bytes = 4096;  // what a device that fails gives up at once

bool is_plausible(const RecordHeader& header, std::uint64_t room) {
  return header.length >= sizeof(RecordHeader) && header.length % 8 == 0 &&
         header.length <= record_bytes_max && header.length <= room &&
         header.type >= RecordType::transaction && header.type <= RecordType::pad &&
         header.version == 1 && header.flags == 0;
}

}  // namespace

RecordSearch find_sound_record(const DiskFile& file, std::uint64_t salt, std::uint64_t from,
                               std::uint64_t to) {
  RecordSearch search{.found = to};
  std::vector<std::byte> window(window_bytes + sizeof(RecordHeader));
  RecordScanner scanner(file, salt);
  for (std::uint64_t at = from; at < to;) {
    const std::size_t wanted = std::min<std::uint64_t>(window.size(), to - at);
    const auto got = file.read(std::span(window).first(wanted), at);
    if (!got) {
      // The whole window, or only a block of it? Blocks are asked for one by one from here on.
      if (wanted > block_bytes)
        window.resize(block_bytes);
      else
        at = (at / block_bytes + 1) * block_bytes;
      search.read_error = got.error();
      continue;
    }
    if (*got == 0) break;
    const bool last = at + *got >= to || *got < wanted;
    const std::size_t fresh = last ? *got : *got - sizeof(RecordHeader);
    for (std::size_t i = 0; i < fresh; i += 8) {
      const std::size_t word_bytes = std::min<std::size_t>(8, fresh - i);
      std::uint64_t word = 0;
      std::memcpy(&word, window.data() + i, word_bytes);
      if (word == 0) continue;
      if (i + sizeof(RecordHeader) <= *got &&
          is_plausible(record_header(window.data() + i), to - (at + i))) {
        scanner.start(at + i);
        if (scanner.next() == RecordScanner::Found::record) {
          search.found = at + i;
          return search;
        }
      }
      search.data_end = at + i + word_bytes;
    }
    if (last) break;
    at += fresh;
  }
  return search;
}

}  // namespace bourse
