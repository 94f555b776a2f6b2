#include "replay/itch/itch_levels.h"

namespace bourse {

std::uint32_t ItchLevels::take_array(std::uint8_t size_class) {
  CHECK(size_class < size_classes);
  std::uint32_t array = free_arrays_[size_class];
  if (array != 0) {
    free_arrays_[size_class] = slots_[std::size_t{array} * queue_min];
    return array;
  }
  array = arrays_end_;
  arrays_end_ += 1u << size_class;
  CHECK(arrays_end_ > array && std::size_t{arrays_end_} * queue_min <= slots_.size());
  return array;
}

void ItchLevels::make_room(ItchLevel& level, ItchOrderTable& orders) {
  const std::uint32_t before = level.queue;
  const std::uint8_t class_before = level.size_class;
  if (level.orders > places(class_before) / 2) {
    ++level.size_class;
    level.queue = take_array(level.size_class);
  }
  std::uint32_t to = 0;
  for (std::uint32_t from = level.head; from < level.tail; ++from) {
    const std::uint32_t slot = slots_[std::size_t{before} * queue_min + from];
    // A hole too is written down, and written over next: whether there is one is a toss-up.
    orders[slot].place = to;
    at(level, to) = slot;
    to += slot != 0;
  }
  CHECK(to == level.orders);
  level.head = 0;
  level.tail = to;
  if (level.size_class != class_before) give_array(before, class_before);
}

}  // namespace bourse
