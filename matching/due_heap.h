// The due heap: who has something to do at a time, earliest first.
//   Shape:  a binary heap of (time, item) with the place of every item, so that an item can be
//           moved or taken out; items are numbers below items_max. O(log n). Equal times come
//           in the order of their ranks: the same on every machine.
//   Units:  nanoseconds since the Unix epoch.
//   Owner:  the thread of the engine.
//   Errors: none; memory for all items is taken in the constructor and touched when used.
#pragma once

#include <cstdint>
#include <utility>

#include "matching/check.h"  // DCHECK
#include "matching/pages.h"  // Pages, take_zeroed_pages
#include "matching/types.h"  // TimeNs

namespace bourse {

class DueHeap {
 public:
  explicit DueHeap(std::uint32_t items_max)
      : entries_(take_pages<Entry>(items_max + 1)),
        places_(take_zeroed_pages<std::uint32_t>(items_max)) {}

  bool is_empty() const { return count_ == 0; }
  // REQUIRES for both: not empty.
  TimeNs first_time() const { return entries_[1].time; }
  std::uint32_t first_item() const { return entries_[1].item; }
  std::uint32_t size() const { return count_; }

  // Puts the item in at this time, or moves it there.
  void set(std::uint32_t item, TimeNs time, std::uint64_t rank) {
    std::uint32_t at = places_[item];
    if (at == 0) at = ++count_;
    rise(at, {time, rank, item});
    sink(places_[item], {time, rank, item});
  }
  // Nothing happens if it is not in.
  void remove(std::uint32_t item) {
    const std::uint32_t at = places_[item];
    if (at == 0) return;
    places_[item] = 0;
    const Entry last = entries_[count_--];
    if (last.item == item) return;
    rise(at, last);
    sink(places_[last.item], last);
  }
  // The time of the item; 0 if it is not in.
  TimeNs time_of(std::uint32_t item) const {
    return places_[item] == 0 ? TimeNs{0} : entries_[places_[item]].time;
  }

 private:
  struct Entry {
    TimeNs time;
    std::uint64_t rank;
    std::uint32_t item;
    bool before(const Entry& other) const {
      if (time != other.time) return time < other.time;
      return rank != other.rank ? rank < other.rank : item < other.item;
    }
  };
  void put(std::uint32_t at, const Entry& entry) {
    entries_[at] = entry;
    places_[entry.item] = at;
  }
  void rise(std::uint32_t at, const Entry& entry) {
    for (; at > 1 && entry.before(entries_[at / 2]); at /= 2) put(at, entries_[at / 2]);
    put(at, entry);
  }
  void sink(std::uint32_t at, const Entry& entry) {
    for (std::uint32_t child = 2 * at; child <= count_; child = 2 * at) {
      if (child < count_ && entries_[child + 1].before(entries_[child])) ++child;
      if (!entries_[child].before(entry)) break;
      put(at, entries_[child]);
      at = child;
    }
    put(at, entry);
  }

  Pages<Entry> entries_;               // from 1
  ZeroedPages<std::uint32_t> places_;  // by item; 0 = not in
  std::uint32_t count_ = 0;
};

}  // namespace bourse
