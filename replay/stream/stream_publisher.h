// Batches on their way to a stream: sent one after another, each only to be stored directly behind
// the one before, and what the stream has answered to them.
//   Shape:   a window of batches without an answer, and a thread that hears the answers. Stored is
//            what has been answered without a gap: a batch may be stored behind what somebody else
//            has put in the place of the one before it.
//   Owner:   send() belongs to one thread; the callbacks come from the publisher's own. Made anew
//            after a failure, once it is drained.
//   Errors:  the first thing that goes wrong (refused, fenced, no answer in time) is kept; nothing
//            may be sent after it, because its place in the stream is not known any more.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "matching/types.h"              // Sequence
#include "replay/result.h"               // Result
#include "replay/stream/jetstream.h"     // JetStream
#include "replay/stream/stream_batch.h"  // StreamBatch

namespace bourse {

struct PublisherOptions {
  std::string subject;
  std::uint64_t last = 0;                      // stream sequence that the stream ends with
  std::chrono::milliseconds answer_max{2000};  // for an answer
};

class StreamPublisher {
 public:
  struct Hooks {
    std::function<void(Sequence)> on_stored;  // it and all before it
    std::function<void()> on_change;  // after each answer, and some times a second without any
  };

  static Result<std::unique_ptr<StreamPublisher>> make(JetStream& server, PublisherOptions options,
                                                       Hooks hooks);
  ~StreamPublisher();
  StreamPublisher(const StreamPublisher&) = delete;
  StreamPublisher& operator=(const StreamPublisher&) = delete;

  // REQUIRES: not has_failed()
  void send(const StreamBatch& batch);
  std::size_t in_flight() const;  // batches without an answer; 0: drained
  // More than one may be in flight now. The first batch goes alone: it proves where the stream
  // ends. What an earlier publisher of this connection still had on its way comes in before it, and
  // only it is refused then. Of several, that one would be stored whose place fits by chance.
  bool may_pipeline() const;
  bool has_failed() const;
  PublishOutcome failure() const;  // REQUIRES: has_failed()
  std::uint64_t last() const;      // stream sequence that the next batch is to be stored behind

 private:
  struct State;
  explicit StreamPublisher(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace bourse
