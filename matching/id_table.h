// The id table: from the id of an open order to its handle.
//   Shape:  buckets of one cache line: 12 entries of 4 bytes (the handle, and 8 more bits of the
//           id's hash), a tag of 8 bits for each, and a count of the entries that did not fit and
//           stand in a bucket behind. All 12 tags are compared at once; an entry is erased by
//           clearing its tag. The table follows the number of open orders: when it is two thirds
//           full it doubles, and the entries move over a few buckets at a time, so that no single
//           command pays for it. It never shrinks.
//   Owner:  the thread of the engine.
//   Errors: none; the order pool bounds the number of entries. All memory is taken in the
//           constructor and touched when used.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "matching/check.h"  // CHECK, DCHECK
#include "matching/pages.h"  // ZeroedPages
#include "matching/slab.h"   // Handle, no_handle
#include "matching/types.h"  // OrderId

namespace bourse {

class IdTable {
 public:
  static constexpr std::uint32_t entries_most = (1u << 24) - 1;

  explicit IdTable(std::uint32_t entries_max);

  // id_of(handle) tells the id of an order in the table.
  template <class IdOf>
  [[gnu::always_inline]] Handle find(OrderId id, const IdOf& id_of) const {
    const std::uint64_t hash = hash_of(id);
    const Handle found = find_in(now_, hash, id, id_of);
    if (found != no_handle || !is_moving()) [[likely]]
      return found;
    return find_before(hash, id, id_of);
  }

  // False: the id is in the table, which has not changed.
  template <class IdOf>
  [[gnu::always_inline]] bool insert_new(OrderId id, Handle handle, const IdOf& id_of) {
    const std::uint64_t hash = hash_of(id);
    const std::uint8_t tag = tag_of(hash);
    Bucket& bucket = now_.buckets[now_.home(hash)];
    const std::uint32_t free = matches(bucket, 0);
    const bool is_simple = (matches(bucket, tag) | bucket.overflow) == 0 && free != 0 &&
                           entry_count_ < grow_at_ && !is_moving();
    if (!is_simple) [[unlikely]]
      return insert_crowded(id, handle, id_of);
    ++entry_count_;
    put(bucket, std::countr_zero(free), hash, handle);
    return true;
  }

  // REQUIRES: the id is not in the table.
  template <class IdOf>
  void insert(OrderId id, Handle handle, const IdOf& id_of) {
    if (is_moving()) [[unlikely]]
      move_some(id_of);
    if (entry_count_ >= grow_at_) [[unlikely]]
      grow(id_of);
    ++entry_count_;
    insert_in(now_, hash_of(id), handle);
  }

  // REQUIRES: the entry is in the table.
  [[gnu::always_inline]] void erase(OrderId id, Handle handle) {
    --entry_count_;
    const std::uint64_t hash = hash_of(id);
    if (erase_in(now_, hash, handle)) [[likely]]
      return;
    erase_before(hash, handle);
  }

  void prefetch(OrderId id) const { __builtin_prefetch(&now_.buckets[now_.home(hash_of(id))]); }
  std::uint32_t entry_count() const { return entry_count_; }
  std::uint32_t bucket_count() const { return now_.mask + 1; }
  bool is_moving() const { return moved_ != no_handle; }

 private:
  [[gnu::noinline]] void erase_before(std::uint64_t hash, Handle handle) const {
    CHECK(is_moving() && erase_in(before_, hash, handle));
  }
  template <class IdOf>
  [[gnu::noinline]] Handle find_before(std::uint64_t hash, OrderId id, const IdOf& id_of) const {
    return find_in(before_, hash, id, id_of);
  }
  template <class IdOf>
  [[gnu::noinline]] bool insert_crowded(OrderId id, Handle handle, const IdOf& id_of) {
    if (find(id, id_of) != no_handle) return false;
    insert(id, handle, id_of);
    return true;
  }

  static constexpr std::uint32_t bucket_entries = 12;
  static constexpr std::uint32_t buckets_least = 1024;
  static constexpr std::uint32_t handle_mask = (1u << 24) - 1;

  struct alignas(64) Bucket {
    std::uint8_t tags[bucket_entries];  // 0 = free
    std::uint32_t overflow;  // entries whose home is here or before and that stand behind
    std::uint32_t entries[bucket_entries];  // handle, and the rest of the hash above it
  };
  static_assert(sizeof(Bucket) == 64 && offsetof(Bucket, entries) == 16);
  struct Table {
    Bucket* buckets;
    std::uint32_t mask;
    std::uint32_t home(std::uint64_t hash) const { return static_cast<std::uint32_t>(hash) & mask; }
  };

  static std::uint64_t hash_of(OrderId id) {
    const std::uint64_t x = id.value() * 0x9e3779b97f4a7c15u;
    return x ^ x >> 32;  // the low bits choose the bucket, the highest 16 make tag and entry
  }
  // Never 0, so that no entry looks free.
  static std::uint8_t tag_of(std::uint64_t hash) {
    const auto tag = static_cast<std::uint8_t>(hash >> 56);
    return static_cast<std::uint8_t>(tag + (tag == 0));
  }
  static std::uint32_t entry_of(std::uint64_t hash, Handle handle) {
    return (static_cast<std::uint32_t>(hash >> 24) & ~handle_mask) | handle;
  }
  static void put(Bucket& bucket, int place, std::uint64_t hash, Handle handle) {
    bucket.tags[place] = tag_of(hash);
    bucket.entries[place] = entry_of(hash, handle);
  }
  // Bit i: entries[i] has this tag.
  static std::uint32_t matches(const Bucket& bucket, std::uint8_t tag) {
#ifdef __SSE2__
    const __m128i tags = _mm_load_si128(reinterpret_cast<const __m128i*>(&bucket));
    const __m128i equal = _mm_cmpeq_epi8(tags, _mm_set1_epi8(static_cast<char>(tag)));
    return static_cast<std::uint32_t>(_mm_movemask_epi8(equal)) & ((1u << bucket_entries) - 1);
#else
    std::uint32_t bits = 0;
    for (std::uint32_t i = 0; i < bucket_entries; ++i) {
      bits |= static_cast<std::uint32_t>(bucket.tags[i] == tag) << i;
    }
    return bits;
#endif
  }

  template <class IdOf>
  [[gnu::always_inline]] static Handle find_in(const Table& table, std::uint64_t hash, OrderId id,
                                               const IdOf& id_of) {
    const std::uint8_t tag = tag_of(hash);
    const std::uint32_t rest = entry_of(hash, 0);
    for (std::uint32_t at = table.home(hash);; at = (at + 1) & table.mask) {
      const Bucket& bucket = table.buckets[at];
      for (std::uint32_t bits = matches(bucket, tag); bits != 0; bits &= bits - 1) {
        const Handle handle = bucket.entries[std::countr_zero(bits)] ^ rest;
        if (handle <= handle_mask && id_of(handle) == id) [[likely]]
          return handle;
      }
      if (bucket.overflow == 0) [[likely]]
        return no_handle;
    }
  }
  static void insert_in(const Table& table, std::uint64_t hash, Handle handle) {
    for (std::uint32_t at = table.home(hash);; at = (at + 1) & table.mask) {
      Bucket& bucket = table.buckets[at];
      if (const std::uint32_t free = matches(bucket, 0); free != 0) [[likely]] {
        return put(bucket, std::countr_zero(free), hash, handle);
      }
      ++bucket.overflow;
    }
  }
  [[gnu::always_inline]] static bool erase_in(const Table& table, std::uint64_t hash,
                                              Handle handle) {
    const std::uint8_t tag = tag_of(hash);
    const std::uint32_t entry = entry_of(hash, handle);
    for (std::uint32_t at = table.home(hash);; at = (at + 1) & table.mask) {
      Bucket& bucket = table.buckets[at];
      for (std::uint32_t bits = matches(bucket, tag); bits != 0; bits &= bits - 1) {
        const int place = std::countr_zero(bits);
        if (bucket.entries[place] != entry) continue;
        bucket.tags[place] = 0;
        for (std::uint32_t passed = table.home(hash); passed != at;
             passed = (passed + 1) & table.mask) {
          --table.buckets[passed].overflow;
        }
        return true;
      }
      if (bucket.overflow == 0) return false;
    }
  }

  template <class IdOf>
  [[gnu::noinline, gnu::cold]] void grow(const IdOf& id_of) {
    while (is_moving()) move_some(id_of);
    before_ = now_;
    now_ = {before_.buckets + before_.mask + 1, 2 * before_.mask + 1};
    grow_at_ = entries_at_growth(now_.mask + 1);
    moved_ = 0;
  }
  // Two buckets of the old table: it is empty long before the new one is full.
  template <class IdOf>
  [[gnu::noinline]] void move_some(const IdOf& id_of) {
    for (std::uint32_t end = moved_ + 2; moved_ < end; ++moved_) {
      const Bucket& bucket = before_.buckets[moved_];
      for (std::uint32_t i = 0; i < bucket_entries; ++i) {
        if (bucket.tags[i] == 0) continue;
        const Handle handle = bucket.entries[i] & handle_mask;
        const std::uint64_t hash = hash_of(id_of(handle));
        CHECK(erase_in(before_, hash, handle));
        insert_in(now_, hash, handle);
      }
    }
    if (moved_ > before_.mask) moved_ = no_handle;
  }
  std::uint32_t entries_at_growth(std::uint32_t bucket_count) const {
    return bucket_count == buckets_most_ ? entries_most + 1 : bucket_count * 8;
  }

  ZeroedPages<Bucket> memory_;  // tables of 1, 2, 4, ... times buckets_least, one behind the other
  std::uint32_t buckets_most_;
  std::uint32_t grow_at_;
  Table now_;
  Table before_{};
  std::uint32_t moved_ = no_handle;  // buckets of before_ that are empty; no_handle: all
  std::uint32_t entry_count_ = 0;
};

}  // namespace bourse
