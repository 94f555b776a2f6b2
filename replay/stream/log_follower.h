// The tail of a log that copies another one: takes transactions from a stream as they are and
// appends them, so that the log is the same one, byte for byte.
//   Shape:  passive: step() waits for what the stream brings and appends it; the journal thread
//           writes it to disk and releases it as ever.
//   Owner:  one thread, which is the log's writer.
//   Errors: a sequence that is not the next one, a time or an epoch that goes back, and whatever
//           the reader cannot mend. Nothing of such a transaction is appended.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "matching/broadcast_ring.h"      // BroadcastRing::Writer
#include "matching/transaction.h"         // TransactionView
#include "matching/types.h"               // Sequence, TimeNs, Epoch
#include "replay/log/log.h"               // Log
#include "replay/result.h"                // Result
#include "replay/stream/stream_reader.h"  // StreamReader

namespace bourse {

// What is appended to a copy, wherever it comes from.
class LogCopy {
 public:
  explicit LogCopy(Log& log);

  // Waits while the journal is a whole tail behind, at most until `give_up`, which is asked often;
  // then false, and nothing was appended. Does not wake the journal: see wake().
  template <class GiveUp>
  Result<bool> append(const TransactionView& transaction, GiveUp give_up) {
    if (auto fits = check(transaction); !fits) return std::unexpected(fits.error());
    while (!has_room(transaction.bytes().size()))
      if (give_up()) return false;
    put(transaction);
    return true;
  }
  void wake() { log_.tail().arrivals().wake(); }  // once per batch

  // Whether this is the newest transaction that the log has: the two have the same history. Only
  // before anything was appended.
  Result<void> compare(const TransactionView& transaction) const;

  Sequence last() const { return writer_.last(); }  // appended
  // Any thread. Of the newest transaction appended.
  Epoch epoch() const { return Epoch{epoch_.load(std::memory_order_acquire)}; }
  TimeNs time() const { return TimeNs{time_.load(std::memory_order_relaxed)}; }

 private:
  Result<void> check(const TransactionView& transaction) const;
  bool has_room(std::size_t bytes);  // sleeps a little if not
  void put(const TransactionView& transaction);

  Log& log_;
  BroadcastRing::Writer writer_;
  std::atomic<std::uint32_t> epoch_;
  std::atomic<std::int64_t> time_;
};

class LogFollower {
 public:
  // The reader stands after the log's last sequence, or at it: then the two must be the same.
  LogFollower(Log& log, StreamReader reader);

  // Appends what comes, and waits at most so long for the first; how many came. Never more at once
  // than keeps the caller waiting for a few milliseconds.
  Result<std::size_t> step(std::chrono::milliseconds wait);

  Sequence last() const { return copy_.last(); }
  Epoch epoch() const { return copy_.epoch(); }  // any thread
  StreamReader& reader() { return reader_; }
  LogCopy& copy() { return copy_; }
  // The last error was the reader's: what it lacks may be had elsewhere.
  bool has_reader_failed() const { return has_reader_failed_; }
  // Continues with another reader, which stands after last().
  void use(StreamReader reader) {
    reader_ = std::move(reader);
    has_reader_failed_ = is_pending_ = false;
  }

 private:
  static constexpr std::size_t transactions_per_step_max = 4096;

  LogCopy copy_;
  StreamReader reader_;
  bool has_reader_failed_ = false;
  bool is_pending_ = false;  // the reader's transaction found no room
};

}  // namespace bourse
