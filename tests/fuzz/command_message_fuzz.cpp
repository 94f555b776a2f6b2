// Any bytes as a message between a gateway and the engine, and as an archive's: refused, or such
// that the same bytes come out again.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <vector>

#include "replay/log/crc32c.h"              // crc32c
#include "replay/stream/archive_range.h"    // parse_archive_request, ...
#include "replay/stream/command_message.h"  // parse_link

namespace {

void must_survive(std::span<const std::byte> bytes) {
  if (const auto link = bourse::parse_link(bytes)) {
    if (link->commands.size() > bourse::link_commands_max) std::abort();
    const auto again = bourse::encode_link(link->message, link->commands);
    if (!bourse::parse_link(again)) std::abort();
  }
  if (const auto from = bourse::parse_archive_request(bytes))
    if (!std::ranges::equal(bourse::encode_archive_request(*from), bytes)) std::abort();
  bourse::StreamBatch batch;
  if (bourse::parse_archive_answer(bytes, batch))
    for (std::size_t i = 0; i < batch.count(); ++i)
      if (batch.transaction(i).bytes().empty()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  must_survive({reinterpret_cast<const std::byte*>(data), size});
  // The same with a checksum that is right: what stands behind it is looked at too.
  std::vector<std::byte> mended(size);
  if (size > 0) std::memcpy(mended.data(), data, size);
  if (size >= 8) {
    const std::uint32_t crc = bourse::crc32c(0, std::span<const std::byte>(mended).subspan(8));
    std::memcpy(mended.data() + 4, &crc, sizeof crc);
  }
  must_survive(mended);
  return 0;
}
