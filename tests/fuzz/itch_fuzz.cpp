// Any bytes at the ITCH reader and decoder: no read outside them, and every message that decodes is
// the same bytes when it is written back; whatever the messages say, the books take or refuse them.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "replay/itch/itch_batch.h"     // ItchBatch
#include "replay/itch/itch_feed.h"      // ItchFeed
#include "replay/itch/itch_messages.h"  // dispatch, append_framed
#include "replay/itch/itch_reader.h"    // ItchReader

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using bourse::ItchReader;
  auto reader = ItchReader::over(std::as_bytes(std::span(data, size)), "fuzz");
  std::uint64_t decoded = 0;
  std::vector<std::byte> again;
  while (reader.next() == ItchReader::Next::message) {
    const auto bytes = reader.message();
    again.clear();
    const auto answer = bourse::itch::dispatch(
        bytes, [&](const auto& message) { bourse::itch::append_framed(message, again); });
    if (answer != bourse::itch::Decode::ok) std::abort();
    if (!std::ranges::equal(std::span(again).subspan(2), bytes)) std::abort();
    ++decoded;
  }
  if (decoded + reader.unknown_messages() > reader.messages()) std::abort();
  if (reader.bytes_done() > size) std::abort();

  auto once_more = ItchReader::over(std::as_bytes(std::span(data, size)), "fuzz");
  bourse::ItchFeed feed;
  bourse::EventBuffer events;
  bourse::ItchBatch batch;
  while (batch.fill(once_more)) {
    feed.books().expect(batch.messages());
    for (const auto message : batch.messages()) {
      if (feed.apply(message, events) == bourse::ItchOutcome::not_listed) {
        feed.list_missing(events);
        feed.apply(message, events);
      }
    }
  }
  if (once_more.messages() != reader.messages()) std::abort();
  if (feed.counts().live_orders > decoded) std::abort();
  return 0;
}
