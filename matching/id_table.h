// The id table: from the id of an open order to its handle.
//   Shape:  buckets of one cache line: 15 entries of 4 bytes (as many bits of handle as entries_max
//           needs, the rest a tag from the id's hash) and a count of the entries that did not fit
//           and stand in a bucket behind. All 15 are compared at once; an entry is erased by
//           clearing it. The table follows the number of open orders: when it is two thirds full
//           it doubles, and the entries move over a few buckets at a time, so that no single
//           command pays for it. It never shrinks.
//   Owner:  the thread of the engine.
//   Errors: none; the order pool bounds the number of entries. All memory is taken in the
//           constructor and touched when used.
#pragma once

#include <bit>
#include <cstdint>

#ifdef __AVX2__
#include <immintrin.h>
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
  Handle find(OrderId id, const IdOf& id_of) const {
    const std::uint64_t hash = hash_of(id);
    const Handle found = find_in(now_, hash, id, id_of);
    if (found != no_handle || !is_moving()) [[likely]]
      return found;
    return find_in(before_, hash, id, id_of);
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
  void erase(OrderId id, Handle handle) {
    --entry_count_;
    const std::uint64_t hash = hash_of(id);
    if (erase_in(now_, hash, handle)) [[likely]]
      return;
    CHECK(is_moving() && erase_in(before_, hash, handle));
  }

  void prefetch(OrderId id) const { __builtin_prefetch(&now_.buckets[now_.home(hash_of(id))]); }
  std::uint32_t entry_count() const { return entry_count_; }
  std::uint32_t bucket_count() const { return now_.mask + 1; }
  bool is_moving() const { return moved_ != no_handle; }

 private:
  static constexpr std::uint32_t bucket_entries = 15;
  static constexpr std::uint32_t buckets_least = 1024;

  struct alignas(64) Bucket {
    std::uint32_t overflow;  // entries whose home is here or before and that stand behind
    std::uint32_t entries[bucket_entries];  // 0 = free
  };
  static_assert(sizeof(Bucket) == 64);
  struct Table {
    Bucket* buckets;
    std::uint32_t mask;
    std::uint32_t home(std::uint64_t hash) const { return static_cast<std::uint32_t>(hash) & mask; }
  };

  static std::uint64_t hash_of(OrderId id) {
    const std::uint64_t x = id.value() * 0x9e3779b97f4a7c15u;
    return x ^ x >> 32;  // the low bits choose the bucket, bits 32 to 63 make the tag
  }
  // Never 0, so that no entry is.
  std::uint32_t tag_of(std::uint64_t hash) const {
    const std::uint32_t tag = static_cast<std::uint32_t>(hash >> 32) & tag_mask_;
    return tag != 0 ? tag : tag_mask_;
  }
  // Bit i: entries[i] has this tag.
  static std::uint32_t matches(const Bucket& bucket, std::uint32_t tag, std::uint32_t tag_mask) {
#ifdef __AVX2__
    const auto* const words = reinterpret_cast<const __m256i*>(&bucket);
    const __m256i mask = _mm256_set1_epi32(static_cast<int>(tag_mask));
    const __m256i wanted = _mm256_set1_epi32(static_cast<int>(tag));
    const auto equal = [&](const __m256i* at) {
      const __m256i tags = _mm256_and_si256(_mm256_load_si256(at), mask);
      return static_cast<std::uint32_t>(
          _mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpeq_epi32(tags, wanted))));
    };
    return (equal(words) | equal(words + 1) << 8) >> 1;
#else
    std::uint32_t bits = 0;
    for (std::uint32_t i = 0; i < bucket_entries; ++i) {
      bits |= static_cast<std::uint32_t>((bucket.entries[i] & tag_mask) == tag) << i;
    }
    return bits;
#endif
  }
  static std::uint32_t free_entries(const Bucket& bucket) { return matches(bucket, 0, ~0u); }

  template <class IdOf>
  Handle find_in(const Table& table, std::uint64_t hash, OrderId id, const IdOf& id_of) const {
    const std::uint32_t tag = tag_of(hash);
    for (std::uint32_t at = table.home(hash);; at = (at + 1) & table.mask) {
      const Bucket& bucket = table.buckets[at];
      for (std::uint32_t bits = matches(bucket, tag, tag_mask_); bits != 0; bits &= bits - 1) {
        const Handle handle = bucket.entries[std::countr_zero(bits)] & ~tag_mask_;
        if (id_of(handle) == id) return handle;
      }
      if (bucket.overflow == 0) return no_handle;
    }
  }
  void insert_in(const Table& table, std::uint64_t hash, Handle handle) const {
    for (std::uint32_t at = table.home(hash);; at = (at + 1) & table.mask) {
      Bucket& bucket = table.buckets[at];
      if (const std::uint32_t free = free_entries(bucket); free != 0) [[likely]] {
        bucket.entries[std::countr_zero(free)] = tag_of(hash) | handle;
        return;
      }
      ++bucket.overflow;
    }
  }
  bool erase_in(const Table& table, std::uint64_t hash, Handle handle) const {
    const std::uint32_t entry = tag_of(hash) | handle;
    for (std::uint32_t at = table.home(hash);; at = (at + 1) & table.mask) {
      Bucket& bucket = table.buckets[at];
      for (std::uint32_t bits = matches(bucket, entry & tag_mask_, tag_mask_); bits != 0;
           bits &= bits - 1) {
        std::uint32_t& found = bucket.entries[std::countr_zero(bits)];
        if (found != entry) continue;
        found = 0;
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
  void grow(const IdOf& id_of) {
    while (is_moving()) move_some(id_of);
    before_ = now_;
    now_ = {before_.buckets + before_.mask + 1, 2 * before_.mask + 1};
    grow_at_ = entries_at_growth(now_.mask + 1);
    moved_ = 0;
  }
  // Two buckets of the old table: it is empty long before the new one is full.
  template <class IdOf>
  void move_some(const IdOf& id_of) {
    for (std::uint32_t end = moved_ + 2; moved_ < end; ++moved_) {
      for (const std::uint32_t entry : before_.buckets[moved_].entries) {
        if (entry == 0) continue;
        const Handle handle = entry & ~tag_mask_;
        const std::uint64_t hash = hash_of(id_of(handle));
        CHECK(erase_in(before_, hash, handle));
        insert_in(now_, hash, handle);
      }
    }
    if (moved_ > before_.mask) moved_ = no_handle;
  }
  std::uint32_t entries_at_growth(std::uint32_t bucket_count) const {
    return bucket_count == buckets_most_ ? entries_most + 1 : bucket_count * 10;
  }

  ZeroedPages<Bucket> memory_;  // tables of 1, 2, 4, ... times buckets_least, one behind the other
  std::uint32_t tag_mask_;
  std::uint32_t buckets_most_;
  std::uint32_t grow_at_;
  Table now_;
  Table before_{};
  std::uint32_t moved_ = no_handle;  // buckets of before_ that are empty; no_handle: all
  std::uint32_t entry_count_ = 0;
};

}  // namespace bourse
