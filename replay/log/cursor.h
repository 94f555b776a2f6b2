// A place in the log that moves forward: every transaction exactly once, in order, whether it lies
// in a sealed segment, in the open segment or in the memory tail.
//   Shape:  one buffer of the cursor's own. next() costs O(1) amortised; seek() by sequence and by
//           time costs one binary search and at most one read of 16 KiB beyond it.
//   Owner:  one thread per cursor; any number of cursors. It must not outlive its Log.
//   Errors: next() answers `failed` and error() says what and where; a failed cursor stays where it
//           is, and seek() may take it elsewhere.
#pragma once

#include <cstdint>
#include <memory>

#include "matching/transaction.h"  // TransactionView
#include "matching/types.h"        // Sequence, TimeNs
#include "replay/result.h"         // Result, Error

namespace bourse {

// How far a cursor may see.
enum class Bound : std::uint8_t {
  released = 1,  // what may leave the process: as durable as was promised
  appended = 2,  // everything in the memory tail; for readers inside the process only
  local = 3,     // what this machine alone would release: for who carries it to others
};

class LogView;

class Cursor {
 public:
  enum class Next : std::uint8_t { transaction = 1, at_head = 2, failed = 3 };

  // Made by Log::cursor().
  Cursor(const LogView& view, Sequence from, Bound bound);
  Cursor(Cursor&&) noexcept;
  Cursor& operator=(Cursor&&) noexcept;
  ~Cursor();

  // Moves to the next transaction. Never blocks on the writer: `at_head` means ask again later.
  Next next();
  // Valid after `transaction` until the next call of a member that is not const. Its bytes() are
  // those of the memory tail (crc32c is 0), wherever they were read from.
  const TransactionView& transaction() const;
  const Error& error() const;  // REQUIRES: next() has answered `failed`

  // Makes `sequence` the next one to be delivered. One past the head is fine: next() waits there.
  // Outside of [earliest, head + 1] it fails, names what is available and leaves the cursor alone.
  Result<void> seek(Sequence sequence);
  // The first transaction that is not older than `time`; one past the head if there is none.
  Result<void> seek(TimeNs time);

  Sequence position() const;   // of the next transaction it will deliver
  bool in_memory() const;      // whether the last transaction came from the memory tail
  std::uint64_t laps() const;  // how often it fell out of the memory tail and went on in the files

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bourse
