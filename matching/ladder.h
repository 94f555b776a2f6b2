// The ladder: the price levels of one side of one book, best first, at any distance from each
// other.
//   Shape:  a 64-ary trie of bitmaps over 64-bit keys, in which a node is made only where levels
//           part, and a cached best. A node whose levels have gone but one stays while there are no
//           more nodes than levels, because most of those that go come back; so there are never
//           more than two nodes for each level that there may be. Bids and asks are the
//           same code: a key is the price counted from the worst, so a higher key is better.
//           find, insert, erase and next_worse take at most 11 steps, and no memory beyond what
//           LadderMemory took at the start. Most take one: LadderMemory remembers the lowest nodes
//           used last, of all ladders. A node of a ladder that covers a key is on the way to it, so
//           that whoever was remembered and is one still can be trusted.
//   Units:  keys: ticks from the worst price of the instrument; handles into LadderMemory.
//   Owner:  the thread of the engine.
//   Errors: none; room for a level per order is the order pool's promise.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "matching/order_queue.h"  // OrderQueue
#include "matching/pages.h"        // Pages, take_pages
#include "matching/slab.h"         // Slab, Handle
#include "matching/types.h"        // PriceTicks, QuantityLots, Side, SymbolId

namespace bourse {

// One price and its two queues of orders, oldest first: displayed orders trade before hidden ones.
struct alignas(64) Level {
  std::uint64_t key;
  PriceTicks price;
  QuantityLots total;         // displayed open quantity
  QuantityLots hidden_total;  // hidden orders, and the reserves of icebergs
  OrderQueue displayed;
  OrderQueue hidden;
  Handle parent;  // ladder node; no_handle at the root
  std::uint32_t symbol_and_side;

  SymbolId symbol() const { return SymbolId{symbol_and_side >> 1}; }
  Side side() const { return (symbol_and_side & 1) != 0 ? Side::sell : Side::buy; }
  void belongs_to(SymbolId symbol, Side side) {
    symbol_and_side = symbol.value() << 1 | (side == Side::sell ? 1u : 0u);
  }
  bool is_empty() const { return (displayed.count | hidden.count) == 0; }
  // Who is met next. REQUIRES: not empty.
  Handle front(const QueueLines& lines) const {
    return (displayed.count != 0 ? displayed : hidden).front(lines);
  }
};
static_assert(sizeof(Level) == 64);

struct LadderNode {
  std::uint64_t children_mask;
  std::uint64_t prefix;  // any key below this node
  Handle parent;
  std::uint32_t shift;         // the node branches on bits shift .. shift + 5 of the key
  std::uint32_t ladder;        // number of the ladder it belongs to; no_ladder: of none any more
  std::uint32_t children[64];  // level, or node | node_tag
};
static_assert(sizeof(LadderNode) == 288);
inline constexpr std::uint32_t no_ladder = std::numeric_limits<std::uint32_t>::max();

// Levels and nodes of all ladders of an engine.
struct LadderMemory {
  explicit LadderMemory(std::uint32_t levels_max)
      : levels(levels_max), nodes(2 * levels_max), hot_nodes(take_pages<Handle>(hot_count)) {
    std::fill_n(hot_nodes.get(), hot_count, no_handle);
  }
  // Where the lowest node about this key of this ladder is remembered, if it was used last of those
  // that share the place. It may have gone, or others may stand below it now.
  Handle& hot(std::uint32_t ladder, std::uint64_t key) {
    return hot_nodes[((key >> 6) + ladder * std::uint64_t{0x9e3779b1}) % hot_count];
  }
  Slab<Level, &Level::parent> levels;
  Slab<LadderNode, &LadderNode::parent> nodes;
  static constexpr std::size_t hot_count = 4096;
  Pages<Handle> hot_nodes;
  std::uint32_t ladder_count = 0;  // that have had a level
};

class alignas(32) Ladder {  // found by a shift, not by a multiplication
 public:
  Handle best() const { return best_; }  // no_handle if there is no level
  // Is there a level with this key or a better one?
  bool reaches(std::uint64_t key) const { return best_ != no_handle && key <= best_key_; }
  Handle find(const LadderMemory& memory, std::uint64_t key) const;
  // The level of the key; a new one has no orders, and its price, symbol and side are the caller's
  // to fill in.
  struct Landing {
    Handle level;
    bool is_new;
  };
  Landing find_or_insert(LadderMemory& memory, std::uint64_t key);
  Handle next_worse(const LadderMemory& memory, Handle level) const;
  // REQUIRES: the level has no orders.
  void erase(LadderMemory& memory, Handle level);
  // Every link and mask, O(levels): for tests.
  bool consistent(const LadderMemory& memory) const;

 private:
  static constexpr std::uint32_t node_tag = 1u << 31;
  static bool is_node(std::uint32_t slot) { return (slot & node_tag) != 0; }
  static unsigned digit(std::uint64_t key, std::uint32_t shift) { return (key >> shift) & 63; }
  static bool covers(const LadderNode& node, std::uint64_t key) {
    return (key ^ node.prefix) >> node.shift < 64;
  }
  // A level comes or goes: is it the best, or the second?
  void rank(Handle level, std::uint64_t key);
  void unrank(const LadderMemory& memory, Handle level);
  void search_best(const LadderMemory& memory, Handle before);
  Handle new_level(LadderMemory& memory, std::uint64_t key, Handle parent);
  Handle add_child(LadderMemory& memory, Handle node, std::uint64_t key);
  Landing find_or_insert_anywhere(LadderMemory& memory, std::uint64_t key);
  Landing find_or_insert_below(LadderMemory& memory, std::uint64_t key, std::uint32_t slot,
                               Handle parent);
  Handle split(LadderMemory& memory, std::uint64_t key, std::uint32_t slot, std::uint64_t slot_key,
               Handle parent);
  void erase_below(LadderMemory& memory, Handle level);
  void thin_out(LadderMemory& memory, Handle node);
  void collapse(LadderMemory& memory, Handle node);
  static Handle best_below(const LadderMemory& memory, std::uint32_t slot);
  static void set_parent(LadderMemory& memory, std::uint32_t slot, Handle parent);
  void replace_child(LadderMemory& memory, Handle parent, std::uint64_t key, std::uint32_t slot);
  bool consistent_below(const LadderMemory& memory, std::uint32_t slot, Handle parent) const;

  std::uint32_t root_ = no_handle;  // slot: level, or node | node_tag; no_handle if empty
  Handle best_ = no_handle;
  std::uint64_t best_key_ = 0;  // of best_, if there is one
  std::uint32_t number_ = 0;    // in LadderMemory; 0: it has had no level yet
  // Next to the best, if it is known: a level that became the best and goes again leaves the one
  // before it, without a search.
  Handle second_ = no_handle;
  std::uint64_t second_key_ = 0;
};
static_assert(sizeof(Ladder) == 32);

inline Handle Ladder::find(const LadderMemory& memory, std::uint64_t key) const {
  std::uint32_t slot = root_;
  if (slot == no_handle) return no_handle;
  while (is_node(slot)) {
    const LadderNode& node = memory.nodes[slot & ~node_tag];
    if (!covers(node, key)) return no_handle;
    const unsigned child = digit(key, node.shift);
    if ((node.children_mask >> child & 1) == 0) return no_handle;
    slot = node.children[child];
  }
  return memory.levels[slot].key == key ? slot : no_handle;
}

inline Handle Ladder::best_below(const LadderMemory& memory, std::uint32_t slot) {
  while (is_node(slot)) {
    const LadderNode& node = memory.nodes[slot & ~node_tag];
    slot = node.children[63 - std::countl_zero(node.children_mask)];
  }
  return slot;
}

inline Handle Ladder::next_worse(const LadderMemory& memory, Handle level) const {
  const std::uint64_t key = memory.levels[level].key;
  for (Handle at = memory.levels[level].parent; at != no_handle; at = memory.nodes[at].parent) {
    const LadderNode& node = memory.nodes[at];
    const std::uint64_t worse =
        node.children_mask & ((std::uint64_t{1} << digit(key, node.shift)) - 1);
    if (worse != 0) return best_below(memory, node.children[63 - std::countl_zero(worse)]);
  }
  return no_handle;
}

[[gnu::always_inline]] inline void Ladder::rank(Handle level, std::uint64_t key) {
  if (best_ == no_handle || key > best_key_) {
    second_ = best_;
    second_key_ = best_key_;
    best_ = level;
    best_key_ = key;
  } else if (second_ != no_handle && key > second_key_) {
    second_ = level;
    second_key_ = key;
  }
}

[[gnu::always_inline]] inline void Ladder::unrank(const LadderMemory& memory, Handle level) {
  if (best_ == level) {
    if (second_ == no_handle) [[unlikely]]
      return search_best(memory, level);
    best_ = second_;
    best_key_ = second_key_;
    second_ = no_handle;
  } else if (second_ == level) {
    second_ = no_handle;
  }
}

[[gnu::noinline]] inline void Ladder::search_best(const LadderMemory& memory, Handle before) {
  best_ = next_worse(memory, before);
  if (best_ != no_handle) best_key_ = memory.levels[best_].key;
}

[[gnu::always_inline]] inline Handle Ladder::new_level(LadderMemory& memory, std::uint64_t key,
                                                       Handle parent) {
  const Handle handle = memory.levels.take();
  // One by one: the compiler would clear a whole level by `rep stos`, which takes longer than all
  // that is done here.
  Level& level = memory.levels[handle];
  level.key = key;
  level.total = QuantityLots{0};
  level.hidden_total = QuantityLots{0};
  level.displayed.count = 0;
  level.hidden.count = 0;
  level.parent = parent;
  rank(handle, key);
  return handle;
}

[[gnu::always_inline]] inline Handle Ladder::add_child(LadderMemory& memory, Handle at,
                                                       std::uint64_t key) {
  const Handle level = new_level(memory, key, at);
  LadderNode& node = memory.nodes[at];
  const unsigned child = digit(key, node.shift);
  node.children[child] = level;
  node.children_mask |= std::uint64_t{1} << child;
  return level;
}

[[gnu::always_inline]] inline Ladder::Landing Ladder::find_or_insert(LadderMemory& memory,
                                                                     std::uint64_t key) {
  const Handle known = memory.hot(number_, key);
  if (known == no_handle) [[unlikely]]
    return find_or_insert_anywhere(memory, key);
  const LadderNode& node = memory.nodes[known];
  if (node.ladder != number_ || !covers(node, key)) [[unlikely]] {
    return find_or_insert_anywhere(memory, key);
  }
  const unsigned child = digit(key, node.shift);
  if ((node.children_mask >> child & 1) == 0) return {add_child(memory, known, key), true};
  const std::uint32_t slot = node.children[child];
  if (is_node(slot) || memory.levels[slot].key != key) [[unlikely]] {
    return find_or_insert_below(memory, key, slot, known);
  }
  return {slot, false};
}

[[gnu::always_inline]] inline void Ladder::erase(LadderMemory& memory, Handle level) {
  DCHECK(memory.levels[level].is_empty());
  if (root_ != level) return erase_below(memory, level);
  root_ = best_ = second_ = no_handle;  // it was the only one
  memory.levels.release(level);
}

[[gnu::always_inline]] inline void Ladder::erase_below(LadderMemory& memory, Handle level) {
  unrank(memory, level);
  const std::uint64_t key = memory.levels[level].key;
  const Handle at = memory.levels[level].parent;
  memory.levels.release(level);
  LadderNode& node = memory.nodes[at];
  node.children_mask &= ~(std::uint64_t{1} << digit(key, node.shift));
  if ((node.children_mask & (node.children_mask - 1)) == 0) [[unlikely]]
    thin_out(memory, at);
}

}  // namespace bourse
