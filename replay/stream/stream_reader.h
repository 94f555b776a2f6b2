// A place in a stream that moves forward: every transaction of the log exactly once, in order, from
// any sequence that the stream still holds.
//   Shape:   a pull consumer, begun again by itself at the next sequence whenever it is lost, its
//            server dies, or the stream is emptied and filled again; batches arrive with one hop.
//   Units:   sequences are those of the log unless they are called stream sequences.
//   Owner:   one thread; its own connection, so that it may be moved with it.
//   Errors:  next() answers `failed` for what asking again cannot mend: the sequence is not in the
//            stream any more (file_missing: older ones are with an archiver), a message that is
//            damaged wherever it is read (data_damaged), a foreign log (bad_config). It then stays
//            where it is. Without a server it answers `at_head`; trouble() says so.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "matching/transaction.h"        // TransactionView
#include "matching/types.h"              // Sequence
#include "replay/result.h"               // Result, Error
#include "replay/stream/jetstream.h"     // JetStream
#include "replay/stream/stream_batch.h"  // BatchHeader, StreamBatch

namespace bourse {

struct StreamReaderOptions {
  JetStreamOptions server;
  std::string stream;           // its name
  std::optional<Uuid> journal;  // only of this log; without one, of the log that is found
  Sequence from{1};             // the first that is wanted
};

// The first and last batch that a stream holds.
struct StreamEnds {
  BatchHeader first;
  BatchHeader last;
  StreamState state;
};

// nullopt: there is no such stream, or it holds nothing.
Result<std::optional<StreamEnds>> stream_ends(JetStream& server, const std::string& stream);

class StreamReader {
 public:
  enum class Next : std::uint8_t { transaction = 1, at_head = 2, failed = 3 };

  // Connects; the place is found by the first next().
  static Result<StreamReader> open(StreamReaderOptions options);
  StreamReader(StreamReader&&) noexcept;
  StreamReader& operator=(StreamReader&&) noexcept;
  ~StreamReader();

  // Moves to the next transaction; waits for one at most so long.
  Next next(std::chrono::milliseconds wait);
  // Valid after `transaction` until the next call of next().
  const TransactionView& transaction() const;
  const Error& error() const;  // REQUIRES: next() has answered `failed`

  Sequence position() const;              // of the next transaction it will deliver
  std::uint64_t stream_sequence() const;  // of the message that the last transaction came in
  // Empty while it hears from the stream; else why not. It goes on trying.
  const std::string& trouble() const;
  // When the stream was last heard of: a message, or the answer that there is none.
  std::chrono::steady_clock::time_point heard() const;
  // The last sequence of the log that it has heard of: at least position() - 1.
  Sequence last_heard() const;
  const std::optional<Uuid>& journal() const;  // once known
  std::uint64_t restarts() const;              // consumers begun after the first
  std::uint64_t rereads() const;               // damaged messages that were read again

  std::uint64_t late() const;  // messages passed over: of an engine that does not lead any more

  // The connection, for other requests of the same thread.
  JetStream& server();
  // The ends of the stream now.
  Result<std::optional<StreamEnds>> ends();

 private:
  struct State;
  explicit StreamReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace bourse
