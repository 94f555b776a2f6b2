// Any bytes instead of a lease: an answer, no crash; what is read can be written and read again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "replay/stream/lease.h"  // parse_lease, lease_text

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto value =
      bourse::parse_lease(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!value) return 0;
  const auto again = bourse::parse_lease(bourse::lease_text(*value));
  // Characters that a lease does not carry are left out; what is left stays.
  if (again && bourse::lease_text(*again) != bourse::lease_text(*value)) std::abort();
  return 0;
}
