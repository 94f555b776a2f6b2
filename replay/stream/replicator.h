// Carries the log of this engine to its stream: everything that this machine has made safe, in
// order, each transaction once. The stream is a copy that can be made again at any time.
//   Shape:   a cursor on the log and a window of batches on their way. After any error it stops,
//            waits for what is under way, reads where the stream ends, and goes on from there out
//            of the log: what was lost is published again, what was stored is not.
//   Owner:   run() belongs to one thread; the log outlives it; what is const may be asked by any.
//   Errors:  run() returns what trying again cannot mend: another log's stream or a setting that
//            the server never takes (bad_config), another engine that has published (not_leader),
//            a log that cannot be read. Everything else is told by trouble() and tried again.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "matching/types.h"           // Sequence
#include "replay/log/log.h"           // Log
#include "replay/result.h"            // Error, Result
#include "replay/stream/jetstream.h"  // JetStreamOptions, StreamOptions

namespace bourse {

struct ReplicatorOptions {
  JetStreamOptions server;
  StreamOptions stream;
  std::size_t window = 256;                    // batches without an answer
  std::chrono::milliseconds answer_max{2000};  // for an answer, before the stream is read
  std::chrono::milliseconds timeout{10'000};   // without progress: is_stalled()
  // Whether this engine still leads: asked before it reads where the stream ends. An error: not
  // known now, it is asked again.
  std::function<Result<bool>()> may_resync = [] { return true; };
};

// Since the start; each may be read by any thread.
struct ReplicatorCounters {
  std::uint64_t batches = 0;  // published
  std::uint64_t transactions = 0;
  std::uint64_t bytes = 0;
  std::uint64_t resyncs = 0;  // times that the stream's end was read after an error
  std::uint64_t refills = 0;  // times that the stream ended before what it had stored
  std::uint64_t in_flight = 0;
};

class Replicator {
 public:
  // `on_stored` is called by a thread of the replicator's own, or by run()'s: everything up to that
  // sequence is in the stream.
  Replicator(Log& log, ReplicatorOptions options, std::function<void(Sequence)> on_stored);
  ~Replicator();
  Replicator(const Replicator&) = delete;
  Replicator& operator=(const Replicator&) = delete;

  // Until stop(), and then until the stream has everything or `grace` has passed.
  std::optional<Error> run();
  void stop(std::chrono::milliseconds grace);  // any thread

  Sequence stored() const;  // everything up to it is in the stream
  // Something has waited for the stream for longer than the time-out.
  bool is_stalled() const;
  bool is_publishing() const;   // knows where the stream ends
  std::string trouble() const;  // why not; empty: nothing is wrong
  ReplicatorCounters counters() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bourse
