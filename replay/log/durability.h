// What has to be true of a transaction before it may leave the process.
//   Owner:  a value.
#pragma once

#include <cstdint>

namespace bourse {

enum class Durability : std::uint8_t {
  memory = 1,      // written to the page cache: survives a crash of the process
  disk = 2,        // after fdatasync: survives a crash of the machine
  replicated = 3,  // and stored in the stream: survives the loss of the machine
};

// Whether a group is synced before it is released.
constexpr bool is_synced(Durability level) { return level != Durability::memory; }

}  // namespace bourse
