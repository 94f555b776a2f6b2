// A frame where read_frame() wants it: at a multiple of 8, as every client has to put it.
//   Owner:  one thread; the returned bytes hold until the next call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace bourse {

class AlignedCopy {
 public:
  std::span<const std::byte> of(std::span<const std::byte> bytes) {
    const std::size_t words = (bytes.size() + sizeof(std::uint64_t) - 1) / sizeof(std::uint64_t);
    if (words_.size() < words) words_.resize(words);
    if (!bytes.empty()) std::memcpy(words_.data(), bytes.data(), bytes.size());
    return std::as_bytes(std::span(words_)).first(bytes.size());
  }

 private:
  std::vector<std::uint64_t> words_;
};

}  // namespace bourse
