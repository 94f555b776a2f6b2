#include "feed/history/replay_player.h"

#include <chrono>
#include <utility>

#include "matching/check.h"  // CHECK

namespace bourse {

ReplayPlayer::ReplayPlayer(const Log& log, const FeedOptions& options, const InstrumentTable& known)
    : log_(log), options_(options), known_(known) {
  options_.limits.frame_log_bytes = options.limits.replay_frame_log_bytes;
}

ReplayPlayer::~ReplayPlayer() {
  gives_up_.store(true, std::memory_order_relaxed);
  if (looking_.valid()) looking_.wait();
}

void ReplayPlayer::go_to(Sequence sequence) {
  if (looking_.valid()) {
    gives_up_.store(true, std::memory_order_relaxed);
    looking_.wait();
    gives_up_.store(false, std::memory_order_relaxed);
  }
  looking_ = std::async(std::launch::async, [this, sequence] {
    MarketAt known;  // copied here: it may be large, and nobody changes it meanwhile
    if (hub_ != nullptr && hub_->sequence() < sequence) {
      known = {.market = hub_->state(), .time = hub_->time(), .epoch = hub_->epoch()};
    }
    return market_before(log_, sequence, std::move(known),
                         [this] { return gives_up_.load(std::memory_order_relaxed); });
  });
}

ReplayPlayer::State ReplayPlayer::poll() {
  if (!looking_.valid()) return State::idle;
  if (looking_.wait_for(std::chrono::seconds(0)) != std::future_status::ready)
    return State::looking;
  Result<MarketAt> at = looking_.get();
  const Result<void> settled = at ? settle(std::move(*at)) : std::unexpected(at.error());
  if (settled) return State::found;
  error_ = settled.error();
  return State::failed;
}

Result<void> ReplayPlayer::settle(MarketAt at) {
  position_ = bourse::next(at.market.sequence());
  has_next_ = false;
  auto cursor = log_.cursor(position_);
  if (!cursor) return std::unexpected(std::move(cursor.error()));
  cursor_.emplace(std::move(*cursor));
  // What is defined later can be subscribed to now: its book is empty.
  for (const SymbolId id : known_.matching("*")) {
    if (at.market.instrument(id) == nullptr) at.market.define(id, known_.instrument(id)->body);
  }
  previous_ = std::move(hub_);
  hub_ = std::make_unique<Hub>(std::move(at.market), at.epoch, options_);
  hub_->serve_history(at.time);
  return {};
}

ReplayPlayer::Next ReplayPlayer::next() {
  if (has_next_) return Next::transaction;
  switch (cursor_->next()) {
    case Cursor::Next::at_head:
      return Next::at_head;
    case Cursor::Next::failed:
      error_ = cursor_->error();
      return Next::failed;
    case Cursor::Next::transaction:
      break;
  }
  has_next_ = true;
  return Next::transaction;
}

void ReplayPlayer::take() {
  CHECK(has_next_);
  hub_->on_transaction(cursor_->transaction());
  has_next_ = false;
  position_ = bourse::next(position_);
}

}  // namespace bourse
