// The events of a burst, of all streams of one kind, each stream's linked into a list.
//   Shape:  one array for all streams; a list is two places in it. Emptied at once, never shrunk.
//   Owner:  one StreamEncoder.
//   Errors: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "feed/market/market_frames.h"  // frame_events_max

namespace bourse {

struct EventList {
  static constexpr std::uint32_t none = ~std::uint32_t{0};
  std::uint32_t first = none;
  std::uint32_t last = none;
  bool empty() const { return first == none; }
};

template <class Event>
class EventPool {
 public:
  void append(EventList& list, const Event& event) {
    const auto at = static_cast<std::uint32_t>(events_.size());
    events_.push_back(event);
    next_.push_back(EventList::none);
    if (list.empty())
      list.first = at;
    else
      next_[list.last] = at;
    list.last = at;
  }
  std::size_t size() const { return events_.size(); }
  void clear() {
    events_.clear();
    next_.clear();
  }

  struct Cut {
    std::span<const Event> events;  // hold until the next call
    bool is_partial;                // more of the last one's transaction follows
  };
  // Takes what fits into one frame off the front: up to the end of the last transaction that fits
  // whole, or, if not even the first one does, as far as there is room. REQUIRES: not empty.
  Cut cut(EventList& list) {
    std::size_t count = 0;
    std::size_t whole = 0;
    std::uint32_t at = list.first;
    while (at != EventList::none && count < frame_events_max<Event>) {
      const std::uint32_t following = next_[at];
      ++count;
      if (following == EventList::none || events_[following].seq != events_[at].seq) whole = count;
      at = following;
    }
    const bool is_partial = whole == 0;
    if (!is_partial) count = whole;
    return {.events = take(list, count), .is_partial = is_partial};
  }

 private:
  std::span<const Event> take(EventList& list, std::size_t count) {
    // Neighbours need not be gathered.
    const std::uint32_t first = list.first;
    std::uint32_t at = first;
    std::size_t run = 0;
    while (run < count && at == first + run) {
      at = next_[at];
      ++run;
    }
    std::span<const Event> events{events_.data() + first, count};
    if (run < count) {
      gathered_.clear();
      at = first;
      for (std::size_t i = 0; i < count; ++i, at = next_[at]) gathered_.push_back(events_[at]);
      events = gathered_;
    }
    list.first = at;
    if (at == EventList::none) list.last = EventList::none;
    return events;
  }

  std::vector<Event> events_;
  std::vector<std::uint32_t> next_;  // the stream's following event
  std::vector<Event> gathered_;
};

}  // namespace bourse
