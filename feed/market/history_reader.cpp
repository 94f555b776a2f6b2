#include "feed/market/history_reader.h"

#include <algorithm>
#include <utility>

namespace bourse {
namespace {

constexpr std::size_t transactions_per_step = 8192;

}  // namespace

std::optional<TimeNs> time_of(const Log& log, Sequence sequence) {
  auto cursor = log.cursor(sequence);
  if (!cursor || cursor->next() != Cursor::Next::transaction) return std::nullopt;
  return cursor->transaction().time();
}

void HistoryReader::remove(std::uint32_t stream) {
  std::erase(waiting_, stream);
  if (std::erase(streams_, stream) > 0) reading_.remove(stream);
  if (streams_.empty()) cursor_.reset();
}

bool HistoryReader::has(std::uint32_t stream) const {
  return std::ranges::find(waiting_, stream) != waiting_.end() ||
         std::ranges::find(streams_, stream) != streams_.end();
}

void HistoryReader::begin(const Log& log, Sequence head) {
  streams_ = std::exchange(waiting_, {});
  const TimeNs time = time_of(log, head).value_or(TimeNs{0});
  TimeNs from = time;
  for (const std::uint32_t stream : streams_)
    from = std::min(from, TradeFollower::needed_from(shape_of(stream), time));
  for (const std::uint32_t stream : streams_) reading_.add(stream, from);
  auto cursor = log.cursor(log.earliest_sequence());
  if (cursor && cursor->seek(from)) cursor_.emplace(std::move(*cursor));
}

std::vector<std::uint32_t> HistoryReader::step(const Log& log, Sequence head,
                                               DerivedStreams& into) {
  if (streams_.empty()) begin(log, head);
  for (std::size_t i = 0; cursor_ && cursor_->position() <= head; ++i) {
    if (i == transactions_per_step) return {};
    if (cursor_->next() != Cursor::Next::transaction) break;
    reading_.on_transaction(cursor_->transaction());
  }
  cursor_.reset();
  for (const std::uint32_t stream : streams_) into.adopt(reading_, stream);
  return std::exchange(streams_, {});
}

}  // namespace bourse
