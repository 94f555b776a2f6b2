// Any bytes as lines of a recorded websocket, for each venue's reader: what is read is in range,
// and the reader goes on behind a line it refused.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "replay/import/capture_reader.h"  // make_kraken_reader, ...
#include "replay/import/line_reader.h"     // LineReader::padding_bytes

namespace {

void check(const bourse::CapturedLine& line) {
  if (line.count > line.messages.size()) std::abort();
  for (std::size_t i = 0; i < line.count; ++i) {
    for (const auto& level : line.messages[i].levels) {
      if (level.side != bourse::Side::buy && level.side != bourse::Side::sell) std::abort();
      if (level.size > std::uint64_t{1} << 63) std::abort();
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string text(reinterpret_cast<const char*>(data), size);
  text.append(bourse::LineReader::padding_bytes, '\0');
  const std::unique_ptr<bourse::CaptureReader> readers[] = {
      bourse::make_kraken_reader(), bourse::make_binance_reader(), bourse::make_coinbase_reader()};
  for (const auto& reader : readers) {
    bourse::CapturedLine line;
    std::size_t begin = 0;
    while (begin < size) {
      const std::size_t end = std::min(text.find('\n', begin), size);
      const bool is_read = reader->read(std::string_view(text).substr(begin, end - begin), line);
      if (is_read) check(line);
      if (!is_read && reader->error().empty()) std::abort();
      begin = end + 1;
    }
  }
  return 0;
}
