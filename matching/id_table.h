// The id table: from the id of an open order to its handle.
//   Shape:  buckets of one cache line: 12 entries of 4 bytes (the handle, and 8 more bits of the
//           id's hash), a tag of 7 bits for each, and a count of the entries that did not fit and
//           stand in a bucket behind. All 12 tags are compared at once; an entry is erased by
//           clearing its tag. The table follows the number of open orders: when it is two thirds
//           full it doubles, and the entries move over a few buckets at a time, so that no single
//           command pays for it: bucket b becomes the buckets 2b and 2b + 1, by the next bit of
//           the hash, which stands in the entry. It never shrinks.
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
    Bucket& bucket = now_.home(hash);
    const std::uint32_t rest = entry_of(hash, 0);
    for (std::uint32_t bits = matches(bucket, tag_of(hash)); bits != 0; bits &= bits - 1) {
      const int place = std::countr_zero(bits);
      const Handle handle = bucket.entries[place] ^ rest;
      if (handle <= handle_mask && id_of(handle) == id) [[likely]] {
        found_ = {&bucket, place, handle};
        return handle;
      }
    }
    if (bucket.overflow == 0 && !is_moving()) [[likely]]
      return no_handle;
    return find_further(hash, id, id_of);
  }

  // False: the id is in the table, which has not changed.
  template <class IdOf>
  [[gnu::always_inline]] bool insert_new(OrderId id, Handle handle, const IdOf& id_of) {
    const std::uint64_t hash = hash_of(id);
    Bucket& bucket = now_.home(hash);
    const std::uint32_t used = used_places(bucket);
    const bool is_simple = (matches(bucket, tag_of(hash)) | bucket.overflow) == 0 &&
                           used != all_places && entry_count_ < simple_below_;
    if (!is_simple) [[unlikely]]
      return insert_crowded(id, handle, id_of);
    ++entry_count_;
    put(bucket, std::countr_one(used), tag_of(hash), entry_of(hash, handle));
    return true;
  }

  // REQUIRES: the id is not in the table.
  template <class IdOf>
  void insert(OrderId id, Handle handle, const IdOf& id_of) {
    found_.handle = no_handle;
    if (is_moving()) [[unlikely]]
      move_some(id_of);
    if (entry_count_ >= grow_at_) [[unlikely]]
      grow(id_of);
    ++entry_count_;
    const std::uint64_t hash = hash_of(id);
    insert_in(now_, now_.home_index(hash), tag_of(hash), entry_of(hash, handle));
  }

  // REQUIRES: the entry is in the table.
  [[gnu::always_inline]] void erase(OrderId id, Handle handle) {
    --entry_count_;
    if (found_.handle != handle) return erase_anywhere(hash_of(id), handle);
    found_.handle = no_handle;
    set_tag(*found_.bucket, found_.place, 0);
  }

  void touch() { touch_pages(memory_.get(), 2 * buckets_most_); }
  void prefetch(OrderId id) const { __builtin_prefetch(&now_.home(hash_of(id)), 1); }
  std::uint32_t entry_count() const { return entry_count_; }
  std::uint32_t bucket_count() const { return now_.mask + 1; }
  bool is_moving() const { return moved_ != no_handle; }

 private:
  static constexpr std::uint32_t bucket_entries = 12;
  static constexpr std::uint32_t all_places = (1u << bucket_entries) - 1;
  static constexpr std::uint32_t buckets_least = 1024;
  static constexpr std::uint32_t handle_mask = (1u << 24) - 1;
  // The 8 bits of the hash in an entry: those that choose the bucket when the table has grown.
  static constexpr unsigned first_rest_bit = 64 - 10 - 8;
  static constexpr unsigned rest_shift = first_rest_bit - 24;
  static_assert(buckets_least == 1u << 10);

  struct alignas(64) Bucket {
    std::uint8_t tags[bucket_entries];  // 0 = free; else the highest bit is set
    std::uint32_t overflow;  // entries whose home is here or before and that stand behind
    std::uint32_t entries[bucket_entries];  // handle, and the rest of the hash above it
  };
  static_assert(sizeof(Bucket) == 64 && offsetof(Bucket, entries) == 16);
  struct Table {
    Bucket* buckets;
    std::uint32_t mask;
    std::uint32_t shift;
    std::uint32_t home_index(std::uint64_t hash) const {
      return static_cast<std::uint32_t>(hash >> shift);
    }
    Bucket& home(std::uint64_t hash) const { return buckets[hash >> shift]; }
  };
  // Nearly always an order is looked for before it is erased, so its entry is known then.
  struct Found {
    Bucket* bucket;  // the home of the entry
    int place;
    Handle handle;  // no_handle: none
  };

  // The high bits choose the bucket, the 8 bits behind its first 10 stand in the entry, the lowest
  // 7 make the tag. Four ids in a row share a bucket, because orders that come one after another
  // are often asked for one after another.
  static std::uint64_t hash_of(OrderId id) {
    const std::uint64_t x = (id.value() >> 2) * 0x9e3779b97f4a7c15u;
    return x ^ x >> 32 ^ (id.value() & 0xffff);
  }
  static std::uint8_t tag_of(std::uint64_t hash) { return static_cast<std::uint8_t>(hash | 0x80); }
  static std::uint32_t entry_of(std::uint64_t hash, Handle handle) {
    return (static_cast<std::uint32_t>(hash >> rest_shift) & ~handle_mask) | handle;
  }
  static void put(Bucket& bucket, int place, std::uint8_t tag, std::uint32_t entry) {
    set_tag(bucket, place, tag);
    bucket.entries[place] = entry;
  }
#ifdef __SSE2__
  // Bit i: entries[i] has this tag.
  static std::uint32_t matches(const Bucket& bucket, std::uint8_t tag) {
    const __m128i tags = _mm_load_si128(reinterpret_cast<const __m128i*>(&bucket));
    const __m128i equal = _mm_cmpeq_epi8(tags, _mm_set1_epi8(static_cast<char>(tag)));
    return static_cast<std::uint32_t>(_mm_movemask_epi8(equal)) & all_places;
  }
  static std::uint32_t used_places(const Bucket& bucket) {
    const __m128i tags = _mm_load_si128(reinterpret_cast<const __m128i*>(&bucket));
    return static_cast<std::uint32_t>(_mm_movemask_epi8(tags)) & all_places;
  }
  // All tags are written at once, because they are read at once and very soon: a processor reads a
  // word from its store buffer only if one store wrote all of it, and else waits until the cache
  // has it.
  static void set_tag(Bucket& bucket, int place, std::uint8_t tag) {
    auto* const tags = reinterpret_cast<__m128i*>(&bucket);
    const __m128i numbers = _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m128i here = _mm_cmpeq_epi8(numbers, _mm_set1_epi8(static_cast<char>(place)));
    const __m128i added = _mm_and_si128(here, _mm_set1_epi8(static_cast<char>(tag)));
    const __m128i others = _mm_andnot_si128(here, _mm_load_si128(tags));
    _mm_store_si128(tags, _mm_or_si128(others, added));
  }
#else
  static std::uint32_t matches(const Bucket& bucket, std::uint8_t tag) {
    std::uint32_t bits = 0;
    for (std::uint32_t i = 0; i < bucket_entries; ++i) {
      bits |= static_cast<std::uint32_t>(bucket.tags[i] == tag) << i;
    }
    return bits;
  }
  static std::uint32_t used_places(const Bucket& bucket) {
    return all_places & ~matches(bucket, 0);
  }
  static void set_tag(Bucket& bucket, int place, std::uint8_t tag) { bucket.tags[place] = tag; }
#endif

  // Not in the home bucket of the table in use.
  template <class IdOf>
  [[gnu::noinline]] Handle find_further(std::uint64_t hash, OrderId id, const IdOf& id_of) const {
    const Handle found = find_in(now_, hash, id, id_of);
    return found != no_handle || !is_moving() ? found : find_in(before_, hash, id, id_of);
  }
  template <class IdOf>
  [[gnu::noinline]] bool insert_crowded(OrderId id, Handle handle, const IdOf& id_of) {
    if (find(id, id_of) != no_handle) return false;
    insert(id, handle, id_of);
    return true;
  }
  [[gnu::noinline]] void erase_anywhere(std::uint64_t hash, Handle handle) {
    if (erase_in(now_, hash, handle)) return;
    CHECK(is_moving() && erase_in(before_, hash, handle));
  }

  template <class IdOf>
  static Handle find_in(const Table& table, std::uint64_t hash, OrderId id, const IdOf& id_of) {
    const std::uint8_t tag = tag_of(hash);
    const std::uint32_t rest = entry_of(hash, 0);
    for (std::uint32_t at = table.home_index(hash);; at = (at + 1) & table.mask) {
      const Bucket& bucket = table.buckets[at];
      for (std::uint32_t bits = matches(bucket, tag); bits != 0; bits &= bits - 1) {
        const Handle handle = bucket.entries[std::countr_zero(bits)] ^ rest;
        if (handle <= handle_mask && id_of(handle) == id) return handle;
      }
      if (bucket.overflow == 0) return no_handle;
    }
  }
  static void insert_in(const Table& table, std::uint32_t home, std::uint8_t tag,
                        std::uint32_t entry) {
    for (std::uint32_t at = home;; at = (at + 1) & table.mask) {
      Bucket& bucket = table.buckets[at];
      if (const std::uint32_t used = used_places(bucket); used != all_places) [[likely]] {
        return put(bucket, std::countr_one(used), tag, entry);
      }
      ++bucket.overflow;
    }
  }
  static bool erase_in(const Table& table, std::uint64_t hash, Handle handle) {
    const std::uint8_t tag = tag_of(hash);
    const std::uint32_t entry = entry_of(hash, handle);
    const std::uint32_t home = table.home_index(hash);
    for (std::uint32_t at = home;; at = (at + 1) & table.mask) {
      Bucket& bucket = table.buckets[at];
      for (std::uint32_t bits = matches(bucket, tag); bits != 0; bits &= bits - 1) {
        const int place = std::countr_zero(bits);
        if (bucket.entries[place] != entry) continue;
        set_tag(bucket, place, 0);
        for (std::uint32_t passed = home; passed != at; passed = (passed + 1) & table.mask) {
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
    now_ = {before_.buckets + before_.mask + 1, 2 * before_.mask + 1, before_.shift - 1};
    grow_at_ = entries_at_growth(now_.mask + 1);
    simple_below_ = 0;
    moved_ = 0;
  }
  // Two buckets of the old table: it is empty long before the new one is full.
  template <class IdOf>
  [[gnu::noinline]] void move_some(const IdOf& id_of) {
    for (std::uint32_t end = moved_ + 2; moved_ < end; ++moved_) {
      Bucket& bucket = before_.buckets[moved_];
      // The next bit of the hash stands in the entries themselves, so nobody is asked for an id,
      // which would be anywhere in memory: unless an entry may be at home in another bucket.
      const bool at_home = before_.buckets[(moved_ - 1) & before_.mask].overflow == 0;
      const std::uint32_t next_bit = before_.shift - 1 - first_rest_bit;
      for (std::uint32_t bits = used_places(bucket); bits != 0; bits &= bits - 1) {
        const int place = std::countr_zero(bits);
        const std::uint32_t entry = bucket.entries[place];
        if (at_home && next_bit < 8) [[likely]] {
          const std::uint32_t home = 2 * moved_ + (entry >> (24 + next_bit) & 1);
          insert_in(now_, home, bucket.tags[place], entry);
          set_tag(bucket, place, 0);
          continue;
        }
        const Handle handle = entry & handle_mask;
        const std::uint64_t hash = hash_of(id_of(handle));
        CHECK(erase_in(before_, hash, handle));
        insert_in(now_, now_.home_index(hash), tag_of(hash), entry);
      }
    }
    if (moved_ <= before_.mask) return;
    moved_ = no_handle;
    simple_below_ = grow_at_;
  }
  std::uint32_t entries_at_growth(std::uint32_t bucket_count) const {
    return bucket_count == buckets_most_ ? entries_most + 1 : bucket_count * 8;
  }

  ZeroedPages<Bucket> memory_;  // tables of 1, 2, 4, ... times buckets_least, one behind the other
  std::uint32_t buckets_most_;
  std::uint32_t grow_at_;
  std::uint32_t simple_below_;  // with fewer entries an insert has nothing else to do
  Table now_;
  Table before_{};
  std::uint32_t moved_ = no_handle;  // buckets of before_ that are empty; no_handle: all
  std::uint32_t entry_count_ = 0;
  mutable Found found_{nullptr, 0, no_handle};  // by the last find() that found one at home
};

}  // namespace bourse
