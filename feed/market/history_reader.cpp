#include "feed/market/history_reader.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace bourse {
namespace {

constexpr int lowest_priority = 19;

}  // namespace

std::optional<TimeNs> time_of(const Log& log, Sequence sequence) {
  auto cursor = log.cursor(sequence);
  if (!cursor || cursor->next() != Cursor::Next::transaction) return std::nullopt;
  return cursor->transaction().time();
}

HistoryReader::~HistoryReader() = default;

void HistoryReader::remove(std::uint32_t stream) {
  std::erase(waiting_, stream);
  if (std::erase(streams_, stream) == 0) return;
  if (is_apart_) {
    removed_.push_back(stream);
    if (streams_.empty()) thread_.request_stop();
    return;
  }
  reading_.remove(stream);
  if (streams_.empty()) cursor_.reset();
}

bool HistoryReader::has(std::uint32_t stream) const {
  return std::ranges::find(waiting_, stream) != waiting_.end() ||
         std::ranges::find(streams_, stream) != streams_.end();
}

void HistoryReader::begin(const Log& log, Sequence head) {
  streams_ = std::exchange(waiting_, {});
  known_ = instruments_;
  const TimeNs time = time_of(log, head).value_or(TimeNs{0});
  TimeNs from = time;
  for (const std::uint32_t stream : streams_)
    from = std::min(from, TradeFollower::needed_from(shape_of(stream), time));
  for (const std::uint32_t stream : streams_) reading_.add(stream, from);
  auto cursor = log.cursor(log.earliest_sequence());
  if (cursor && cursor->seek(from)) cursor_.emplace(std::move(*cursor));
}

void HistoryReader::read_apart(Sequence goal) {
  is_apart_ = true;
  has_read_.store(false, std::memory_order_relaxed);
  thread_ = std::jthread([this, goal](const std::stop_token& stop) {
    static_cast<void>(::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), lowest_priority));
    while (cursor_->position() <= goal && !stop.stop_requested()) {
      if (cursor_->next() != Cursor::Next::transaction) break;
      reading_.on_transaction(cursor_->transaction());
    }
    has_read_.store(true, std::memory_order_release);
  });
}

bool HistoryReader::take_back() {
  if (!is_apart_) return true;
  if (!has_read_.load(std::memory_order_acquire)) return false;
  thread_.join();
  is_apart_ = false;
  for (const std::uint32_t stream : std::exchange(removed_, {})) reading_.remove(stream);
  if (streams_.empty()) cursor_.reset();
  return true;
}

std::vector<std::uint32_t> HistoryReader::step(const Log& log, Sequence head,
                                               DerivedStreams& into) {
  if (!take_back()) return {};
  if (streams_.empty()) begin(log, head);
  for (std::size_t i = 0; cursor_ && cursor_->position() <= head; ++i) {
    if (i == transactions_per_step) {
      read_apart(head);
      return {};
    }
    if (cursor_->next() != Cursor::Next::transaction) break;
    reading_.on_transaction(cursor_->transaction());
  }
  cursor_.reset();
  for (const std::uint32_t stream : streams_) into.adopt(reading_, stream);
  return std::exchange(streams_, {});
}

}  // namespace bourse
