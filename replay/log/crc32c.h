// CRC-32C (Castagnoli), the checksum of every record of the log.
//   Shape:  by the processor's crc32 instruction where the build has SSE 4.2, else by tables; both
//           give the same numbers. 8 bytes per 3 cycles, or about 1 byte per cycle by tables.
//   Owner:  pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace bourse {

// Extends the checksum `crc` of what came before (0 at the start) over `bytes`.
std::uint32_t crc32c(std::uint32_t crc, std::span<const std::byte> bytes);

// The fallback by itself, so that a test can compare the two on any machine.
std::uint32_t crc32c_by_table(std::uint32_t crc, std::span<const std::byte> bytes);

}  // namespace bourse
