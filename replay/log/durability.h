// What has to be true of a transaction before it may leave the process.
//   Owner:  a value.
#pragma once

#include <cstdint>

namespace bourse {

enum class Durability : std::uint8_t {
  memory = 1,  // written to the page cache: survives a crash of the process
  disk = 2,    // after fdatasync: survives a crash of the machine
};

}  // namespace bourse
