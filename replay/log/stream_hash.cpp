#include "replay/log/stream_hash.h"

#include <xxhash.h>

#include "matching/check.h"  // CHECK

namespace bourse {

StreamHash::StreamHash() : state_(XXH3_createState()) {
  CHECK(state_ != nullptr);
  CHECK(XXH3_128bits_reset(state_.get()) == XXH_OK);
}

void StreamHash::add(std::span<const std::byte> bytes) {
  CHECK(XXH3_128bits_update(state_.get(), bytes.data(), bytes.size()) == XXH_OK);
}

Hash128 StreamHash::digest() const {
  const XXH128_hash_t hash = XXH3_128bits_digest(state_.get());
  return {.low = hash.low64, .high = hash.high64};
}

StreamHash StreamHash::copy() const {
  StreamHash other;
  XXH3_copyState(other.state_.get(), state_.get());
  return other;
}

void StreamHash::Free::operator()(XXH3_state_s* state) const { XXH3_freeState(state); }

}  // namespace bourse
