#include "feed/log_share.h"

namespace bourse {

std::uint32_t log_by_name(std::string_view symbol, std::uint32_t logs) {
  // FNV-1a of 64 bits, its halves folded: names differ in their last letters.
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : symbol) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return static_cast<std::uint32_t>((hash ^ hash >> 32) & 0xffffffff) % logs;
}

}  // namespace bourse
