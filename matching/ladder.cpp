#include "matching/ladder.h"

namespace bourse {

Ladder::Landing Ladder::find_or_insert_anywhere(LadderMemory& memory, std::uint64_t key) {
  if (root_ != no_handle) return find_or_insert_below(memory, key, root_, no_handle);
  if (number_ == 0) number_ = ++memory.ladder_count;
  root_ = new_level(memory, key, no_handle);
  return {root_, true};
}

Ladder::Landing Ladder::find_or_insert_below(LadderMemory& memory, std::uint64_t key,
                                             std::uint32_t slot, Handle parent) {
  while (is_node(slot)) {
    const Handle at = slot & ~node_tag;
    const LadderNode& node = memory.nodes[at];
    if (!covers(node, key)) return {split(memory, key, slot, node.prefix, parent), true};
    memory.hot(number_, key) = at;
    const unsigned child = digit(key, node.shift);
    if ((node.children_mask >> child & 1) == 0) return {add_child(memory, at, key), true};
    parent = at;
    slot = node.children[child];
  }
  const std::uint64_t slot_key = memory.levels[slot].key;
  if (slot_key == key) return {slot, false};
  return {split(memory, key, slot, slot_key, parent), true};
}

// A node where the new key and what stands in the slot part ways, in the place of the slot.
Handle Ladder::split(LadderMemory& memory, std::uint64_t key, std::uint32_t slot,
                     std::uint64_t slot_key, Handle parent) {
  const auto top_bit = static_cast<std::uint32_t>(63 - std::countl_zero(key ^ slot_key));
  const std::uint32_t shift = top_bit / 6 * 6;
  const Handle handle = memory.nodes.take();
  LadderNode& node = memory.nodes[handle];
  node.prefix = key;
  node.parent = parent;
  node.shift = shift;
  node.ladder = number_;
  node.children_mask = std::uint64_t{1} << digit(key, shift) | std::uint64_t{1}
                                                                   << digit(slot_key, shift);
  node.children[digit(slot_key, shift)] = slot;
  set_parent(memory, slot, handle);
  const Handle level = new_level(memory, key, handle);
  node.children[digit(key, shift)] = level;
  replace_child(memory, parent, key, handle | node_tag);
  memory.hot(number_, key) = handle;
  return level;
}

void Ladder::set_parent(LadderMemory& memory, std::uint32_t slot, Handle parent) {
  if (is_node(slot)) {
    memory.nodes[slot & ~node_tag].parent = parent;
  } else {
    memory.levels[slot].parent = parent;
  }
}

void Ladder::replace_child(LadderMemory& memory, Handle parent, std::uint64_t key,
                           std::uint32_t slot) {
  if (parent == no_handle) {
    root_ = slot;
    return;
  }
  LadderNode& node = memory.nodes[parent];
  node.children[digit(key, node.shift)] = slot;
}

// The node has one child, or none: then it goes, and its parent has one less.
void Ladder::thin_out(LadderMemory& memory, Handle at) {
  while (memory.nodes[at].children_mask == 0) {
    LadderNode& node = memory.nodes[at];
    const std::uint64_t key = node.prefix;
    const Handle parent = node.parent;
    node.ladder = no_ladder;
    memory.nodes.release(at);
    if (parent == no_handle) {
      root_ = no_handle;
      return;
    }
    LadderNode& above = memory.nodes[parent];
    above.children_mask &= ~(std::uint64_t{1} << digit(key, above.shift));
    at = parent;
  }
  const std::uint64_t mask = memory.nodes[at].children_mask;
  const bool has_one = (mask & (mask - 1)) == 0;
  if (has_one && memory.nodes.live_count() > memory.levels.live_count()) collapse(memory, at);
}

// The one child that is left takes the node's place.
void Ladder::collapse(LadderMemory& memory, Handle at) {
  LadderNode& node = memory.nodes[at];
  const std::uint64_t key = node.prefix;
  const std::uint32_t child = node.children[std::countr_zero(node.children_mask)];
  const Handle parent = node.parent;
  set_parent(memory, child, parent);
  replace_child(memory, parent, key, child);
  node.ladder = no_ladder;
  memory.nodes.release(at);
}

bool Ladder::consistent(const LadderMemory& memory) const {
  if (root_ == no_handle) return best_ == no_handle && second_ == no_handle;
  if (second_ != no_handle &&
      (second_ != next_worse(memory, best_) || second_key_ != memory.levels[second_].key)) {
    return false;
  }
  return best_ == best_below(memory, root_) && best_key_ == memory.levels[best_].key &&
         consistent_below(memory, root_, no_handle);
}

bool Ladder::consistent_below(const LadderMemory& memory, std::uint32_t slot, Handle parent) const {
  if (!is_node(slot)) return memory.levels[slot].parent == parent;
  const Handle at = slot & ~node_tag;
  const LadderNode& node = memory.nodes[at];
  if (node.parent != parent || node.ladder != number_) return false;
  if (node.children_mask == 0) return false;
  for (std::uint64_t rest = node.children_mask; rest != 0; rest &= rest - 1) {
    const auto child = static_cast<unsigned>(std::countr_zero(rest));
    const std::uint32_t below = node.children[child];
    const std::uint64_t key =
        is_node(below) ? memory.nodes[below & ~node_tag].prefix : memory.levels[below].key;
    if (!covers(node, key) || digit(key, node.shift) != child) return false;
    if (is_node(below) && memory.nodes[below & ~node_tag].shift >= node.shift) return false;
    if (!consistent_below(memory, below, at)) return false;
  }
  return true;
}

}  // namespace bourse
