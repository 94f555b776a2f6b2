#include "matching/id_table.h"

#include <algorithm>

namespace bourse {

IdTable::IdTable(std::uint32_t entries_max) {
  CHECK(entries_max > 0 && entries_max <= entries_most);
  buckets_most_ = buckets_least;
  while (buckets_most_ * 10 < entries_max) buckets_most_ *= 2;
  memory_ = take_zeroed_pages<Bucket>(2 * buckets_most_);
  now_ = {memory_.get(), buckets_least - 1, 64 - std::bit_width(buckets_least - 1)};
  grow_at_ = simple_below_ = entries_at_growth(buckets_least);
}

}  // namespace bourse
