#include "replay/stream/log_follower.h"

#include <cstring>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "matching/check.h"  // CHECK

namespace bourse {
namespace {

constexpr std::chrono::microseconds no_room_pause{100};

}  // namespace

LogCopy::LogCopy(Log& log)
    : log_(log),
      writer_(log.tail().writer()),
      epoch_(log.last_epoch().value()),
      time_(log.last_time().value()) {}

Result<void> LogCopy::check(const TransactionView& transaction) const {
  const auto refuse = [&](std::string what) {
    return fail(ExitCode::data_damaged, std::move(what),
                fmt::format("sequence {}", transaction.sequence().value()),
                "what is followed is not the log that this is a copy of");
  };
  if (transaction.sequence() != next(last()))
    return refuse(fmt::format("it follows sequence {}", last().value()));
  if (transaction.time() < time()) return refuse("its time goes back");
  if (transaction.epoch() < epoch()) return refuse("its epoch goes back");
  return {};
}

Result<void> LogCopy::compare(const TransactionView& transaction) const {
  auto cursor = log_.cursor(last());
  if (!cursor) return std::unexpected(cursor.error());
  if (cursor->next() == Cursor::Next::failed) return std::unexpected(cursor->error());
  const auto ours = cursor->transaction().bytes();
  const auto theirs = transaction.bytes();
  if (ours.size() == theirs.size() && std::memcmp(ours.data(), theirs.data(), ours.size()) == 0)
    return {};
  return fail(
      ExitCode::data_damaged,
      fmt::format("what is followed has another transaction {} than this copy", last().value()),
      log_.directory().string(),
      "the copy has followed a log that was given up: begin again in an empty directory");
}

bool LogCopy::has_room(std::size_t bytes) {
  if (writer_.has_room(bytes)) return true;
  wake();
  std::this_thread::sleep_for(no_room_pause);
  return writer_.has_room(bytes);
}

void LogCopy::put(const TransactionView& transaction) {
  const bool appended = writer_.append(transaction.bytes());
  CHECK(appended);
  time_.store(transaction.time().value(), std::memory_order_relaxed);
  epoch_.store(transaction.epoch().value(), std::memory_order_release);
}

LogFollower::LogFollower(Log& log, StreamReader reader) : copy_(log), reader_(std::move(reader)) {}

Result<std::size_t> LogFollower::step(std::chrono::milliseconds wait) {
  std::size_t taken = 0;
  while (taken < transactions_per_step_max) {
    if (!is_pending_) {
      const auto patience = taken == 0 ? wait : std::chrono::milliseconds{0};
      const StreamReader::Next next = reader_.next(patience);
      if (next == StreamReader::Next::at_head) break;
      if (next == StreamReader::Next::failed) {
        copy_.wake();
        has_reader_failed_ = true;
        return std::unexpected(reader_.error());
      }
    }
    if (reader_.transaction().sequence() == last()) {
      if (auto same = copy_.compare(reader_.transaction()); !same)
        return std::unexpected(same.error());
      continue;
    }
    const auto until = std::chrono::steady_clock::now() + wait;
    const auto appended = copy_.append(reader_.transaction(),
                                       [&] { return std::chrono::steady_clock::now() >= until; });
    if (!appended) return std::unexpected(appended.error());
    is_pending_ = !*appended;
    if (is_pending_) break;
    ++taken;
  }
  if (taken > 0) copy_.wake();
  return taken;
}

}  // namespace bourse
