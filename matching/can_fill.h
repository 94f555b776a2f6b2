// All or nothing: could an order that must be matched at once be matched?
//   Shape:  one walk over the orders that would be met; nothing changes.
//   Units:  lots; keys as in Ladder.
//   Owner:  the thread of the engine.
//   Errors: none.
#pragma once

#include <cstdint>

#include "matching/book.h"   // Book, BookMemory
#include "matching/types.h"  // QuantityLots

namespace bourse {

// Could `taker` match `quantity` at keys >= key_min, with at most `matches_max` matches, inside the
// dynamic band and, if it has self-trade prevention, without meeting its own account?
bool can_fill(const BookMemory& memory, const Book& book, const Order& taker, std::uint64_t key_min,
              QuantityLots quantity, std::uint32_t matches_max);

}  // namespace bourse
