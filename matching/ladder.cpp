#include "matching/ladder.h"

namespace bourse {

Handle Ladder::new_level(LadderMemory& memory, std::uint64_t key, Handle parent) {
  const Handle handle = memory.levels.take();
  memory.levels[handle] = Level{.key = key,
                                .price = no_price,
                                .total = QuantityLots{0},
                                .hidden_total = QuantityLots{0},
                                .first = no_handle,
                                .last = no_handle,
                                .hidden_first = no_handle,
                                .hidden_last = no_handle,
                                .order_count = 0,
                                .hidden_count = 0,
                                .parent = parent,
                                .symbol_and_side = 0};
  if (best_ == no_handle || key > memory.levels[best_].key) best_ = handle;
  return handle;
}

Handle Ladder::find_or_insert(LadderMemory& memory, std::uint64_t key) {
  if (root_ == no_handle) {
    const Handle level = new_level(memory, key, no_handle);
    root_ = level;
    return level;
  }
  std::uint32_t slot = root_;
  Handle parent = no_handle;
  if (hot_ != no_handle && covers(memory.nodes[hot_], key)) slot = hot_ | node_tag;
  while (is_node(slot)) {
    const Handle at = slot & ~node_tag;
    LadderNode& node = memory.nodes[at];
    if (!covers(node, key)) return split(memory, key, slot, node.prefix, parent);
    if (node.shift == 0) hot_ = at;
    const unsigned child = digit(key, node.shift);
    const std::uint64_t bit = std::uint64_t{1} << child;
    if ((node.children_mask & bit) == 0) {
      const Handle level = new_level(memory, key, at);
      node.children[child] = level;
      node.children_mask |= bit;
      return level;
    }
    parent = at;
    slot = node.children[child];
  }
  const std::uint64_t slot_key = memory.levels[slot].key;
  return slot_key == key ? slot : split(memory, key, slot, slot_key, parent);
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
  node.children_mask = std::uint64_t{1} << digit(key, shift) | std::uint64_t{1}
                                                                   << digit(slot_key, shift);
  node.children[digit(slot_key, shift)] = slot;
  set_parent(memory, slot, handle);
  const Handle level = new_level(memory, key, handle);
  node.children[digit(key, shift)] = level;
  replace_child(memory, parent, key, handle | node_tag);
  if (shift == 0) hot_ = handle;
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

void Ladder::erase(LadderMemory& memory, Handle level) {
  DCHECK(memory.levels[level].is_empty());
  if (best_ == level) best_ = next_worse(memory, level);
  const std::uint64_t key = memory.levels[level].key;
  const Handle at = memory.levels[level].parent;
  memory.levels.release(level);
  if (at == no_handle) {
    root_ = no_handle;
    return;
  }
  LadderNode& node = memory.nodes[at];
  node.children_mask &= ~(std::uint64_t{1} << digit(key, node.shift));
  DCHECK(node.children_mask != 0);
  if ((node.children_mask & (node.children_mask - 1)) != 0) return;
  // One child is left: it takes the node's place.
  const std::uint32_t child = node.children[std::countr_zero(node.children_mask)];
  const Handle parent = node.parent;
  set_parent(memory, child, parent);
  replace_child(memory, parent, key, child);
  if (hot_ == at) hot_ = no_handle;
  memory.nodes.release(at);
}

bool Ladder::consistent(const LadderMemory& memory) const {
  if (root_ == no_handle) return best_ == no_handle && hot_ == no_handle;
  return best_ == best_below(memory, root_) && consistent_below(memory, root_, no_handle);
}

bool Ladder::consistent_below(const LadderMemory& memory, std::uint32_t slot, Handle parent) const {
  if (!is_node(slot)) return memory.levels[slot].parent == parent;
  const Handle at = slot & ~node_tag;
  const LadderNode& node = memory.nodes[at];
  if (node.parent != parent || std::popcount(node.children_mask) < 2) return false;
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
