#include "replay/log/log_view.h"

#include <fmt/format.h>

#include "replay/log/watermark.h"  // newest_slot

namespace bourse {

Sequence LogView::head(Bound bound) const {
  if (tail_ != nullptr) {
    if (bound == Bound::appended) return tail_->head();
    if (bound == Bound::local) return Sequence{marks_->local.load(std::memory_order_acquire)};
    return Sequence{marks_->released.load(std::memory_order_acquire)};
  }
  std::uint64_t end = end_.load(std::memory_order_relaxed);
  if (watermark_ != nullptr) {
    const auto slot = newest_slot(*watermark_);
    // Two readers may look at once: neither may take the end back.
    while (slot && slot->released_sequence.value() > end &&
           !end_.compare_exchange_weak(end, slot->released_sequence.value(),
                                       std::memory_order_relaxed)) {
    }
    end = end_.load(std::memory_order_relaxed);
  }
  return Sequence{end};
}

bool LogView::in_files(Sequence sequence) const {
  if (marks_ == nullptr) return true;
  return sequence.value() <= marks_->written.load(std::memory_order_acquire);
}

Error LogView::outside(Sequence asked, Sequence head) const {
  const Sequence first = earliest();
  const bool is_empty = head < first;
  return Error{.code = ExitCode::usage,
               .what = fmt::format("sequence {} is not in the log", asked.value()),
               .where = {},
               .next = is_empty ? std::string("the log is empty: its first sequence will be ") +
                                      std::to_string(first.value())
                                : fmt::format("sequences {} to {} are there; {} is the next one",
                                              first.value(), head.value(), head.value() + 1)};
}

}  // namespace bourse
