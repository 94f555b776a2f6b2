// Any bytes as a frame: refused, or read without a step outside of them.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "feed/market/market_frames.h"  // read_frame

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Exactly as large as the input, so that a sanitizer sees any step beyond; new aligns to 16.
  const std::unique_ptr<std::byte[]> owned(new std::byte[size]);
  std::byte* const bytes = owned.get();
  if (size > 0) std::memcpy(bytes, data, size);
  const auto frame = bourse::read_frame({bytes, size});
  if (!frame) return 0;
  std::uint64_t sum = frame->header.last_seq;
  for (const auto& event : frame->mbo) sum += event.seq + event.flags;
  for (const auto& event : frame->trade) sum += event.seq + event.flags;
  for (const auto& event : frame->bbo) sum += event.seq + event.flags;
  for (const auto& event : frame->status) sum += event.seq + event.flags;
  for (const auto& event : frame->imbalance) sum += event.seq + event.freeze;
  for (const auto& event : frame->level) sum += event.seq + event.level;
  for (const auto& event : frame->depth10) sum += event.seq + event.levels[9].ask_ct;
  for (const auto& event : frame->bar) sum += event.seq + event.flags;
  for (const auto& event : frame->stat) sum += event.seq + event.stat_type;
  for (const auto& event : frame->check) sum += event.seq + event.ask_levels;
  if (frame->definition) {
    for (const char c : frame->definition->symbol) sum += static_cast<unsigned char>(c);
    for (const char c : frame->definition->quote) sum += static_cast<unsigned char>(c);
  }
  if (frame->system) {
    for (const auto& position : frame->system->positions) sum += position.last_seq;
    if (frame->system->gap) sum += frame->system->gap->to_seq;
    for (const char c : frame->system->text) sum += static_cast<unsigned char>(c);
  }
  volatile std::uint64_t used = sum;
  (void)used;
  // What verifies has a header that can be found without verifying.
  std::vector<std::byte> copy(bytes, bytes + size);
  if (bourse::header_of(copy).last_seq != frame->header.last_seq) std::abort();
  return 0;
}
