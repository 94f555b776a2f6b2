// A connection to NATS with what the log needs of JetStream: streams, messages by sequence, and
// publishing that is stored only where the stream ends as the publisher believes it does.
//   Shape:   one connection, which comes back by itself; requests wait at most
//            JetStreamOptions::timeout. No call of it is on the way of an order.
//   Units:   stream sequences are those of JetStream, from 1, and have nothing to do with the
//            sequences of transactions.
//   Owner:   movable; requests from any one thread at a time. What was made from it ends before it.
//   Errors:  ExitCode::unreachable: no server, or no answer in time; bad_config: the server will
//            never take it; anything else is told with the server's own words.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "replay/result.h"  // Result, Error

// As nats.h declares them: only the sources of this room include it.
typedef struct __natsConnection natsConnection;
typedef struct __jsCtx jsCtx;
typedef struct __natsMsg natsMsg;

namespace bourse {

struct JetStreamOptions {
  std::string url = "nats://127.0.0.1:4222";  // several with commas between
  std::string name = "bourse";                // of this connection, for people
  std::chrono::milliseconds timeout{2000};    // of one request
};

struct StreamOptions {
  std::string name;                 // of the stream: letters, digits, _ and -
  std::string subject;              // that it stores
  int replicas = 1;                 // servers that keep it: 1, 3 or 5
  std::chrono::seconds max_age{0};  // messages are forgotten after; 0 = never
};

struct StreamState {
  std::uint64_t first = 0;  // stream sequences; first > last: it holds nothing
  std::uint64_t last = 0;
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
  std::string leader;  // the server that leads it; empty: it has none now, or is no cluster's
};

// One message, owned.
class StreamMessage {
 public:
  StreamMessage() = default;
  explicit StreamMessage(natsMsg* owned) : message_(owned) {}

  std::string_view header(const char* name) const;  // empty: it has none
  std::span<const std::byte> body() const;
  std::uint64_t stream_sequence() const;  // 0: it did not come out of a stream
  explicit operator bool() const { return message_ != nullptr; }
  natsMsg* get() const { return message_.get(); }

 private:
  struct Destroy {
    void operator()(natsMsg* message) const;
  };
  std::unique_ptr<natsMsg, Destroy> message_;
};

enum class PublishState : std::uint8_t {
  stored = 1,
  fenced = 2,   // not stored: the stream does not end where the publisher believes
  refused = 3,  // not stored: the server's own reason is in `error`
  unknown = 4,  // no answer: it may be stored or may yet be. Only the stream can tell
};

struct PublishOutcome {
  PublishState state = PublishState::unknown;
  std::uint64_t stream_sequence = 0;  // where it was stored
  Error error;                        // unless stored
};

// What a server answered to a message that was published with a reply subject.
PublishOutcome publish_answer(const StreamMessage& answer);

// A message with its headers, to be published: owned until then.
class OutgoingMessage {
 public:
  // `expected_last`: the stream sequence that the stream must end with, else it is not stored.
  OutgoingMessage(const std::string& subject, std::span<const std::byte> body,
                  std::uint64_t expected_last, const char* reply = nullptr);
  void set(const char* header, const std::string& value);
  natsMsg* get() const { return message_.get(); }

 private:
  StreamMessage message_;
};

class JetStream {
 public:
  static Result<JetStream> connect(const JetStreamOptions& options);
  JetStream(JetStream&&) noexcept;
  JetStream& operator=(JetStream&&) noexcept;
  ~JetStream();

  // Makes the stream if there is none. One that is there keeps its settings, except that replicas
  // and max_age become those asked for.
  Result<void> ensure_stream(const StreamOptions& options);
  // nullopt: there is no such stream.
  Result<std::optional<StreamState>> stream_state(const std::string& stream);
  // One stored message; nullopt: the stream does not hold it. `direct`: any server that keeps the
  // stream may answer, not the leader alone.
  Result<std::optional<StreamMessage>> message(const std::string& stream, std::uint64_t sequence,
                                               bool direct = false);
  // Publishes and waits for the answer.
  PublishOutcome publish(OutgoingMessage message);

  bool is_connected() const;
  std::int64_t max_payload() const;  // bytes of a message that the server takes
  const JetStreamOptions& options() const;
  natsConnection* connection() const;
  jsCtx* context() const;

 private:
  struct State;
  explicit JetStream(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// The error of a failed call of the client library: `status` is a natsStatus.
Error nats_error(int status, std::string_view operation, const std::string& url);

}  // namespace bourse
