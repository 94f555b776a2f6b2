// Messages of a stream from one stream sequence on, as they are stored: an ephemeral pull consumer
// that always has a request out, so that a message arrives as soon as it is stored.
//   Shape:   at most so many messages wait in the client as one request asks for; none is
//            acknowledged to the server.
//   Owner:   one thread; the connection must outlive it.
//   Errors:  next() fails when the consumer is gone or the server silent for longer than a request
//            lives: make another one.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "replay/result.h"            // Result
#include "replay/stream/jetstream.h"  // JetStream, StreamMessage

namespace bourse {

class PullConsumer {
 public:
  static Result<PullConsumer> make(JetStream& server, const std::string& stream,
                                   std::uint64_t from);
  PullConsumer(PullConsumer&&) noexcept;
  PullConsumer& operator=(PullConsumer&&) noexcept;
  ~PullConsumer();

  // The next message; nullopt: none within so long.
  Result<std::optional<StreamMessage>> next(std::chrono::milliseconds wait);
  // When the server was last heard of.
  std::chrono::steady_clock::time_point heard() const;

 private:
  struct State;
  explicit PullConsumer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace bourse
