// A synchronous client of the feed: connects over wss, sends and reads whole messages.
//   Shape:  next() waits up to a timeout; a message that is half read when time is up is not lost.
//           Pings are answered while next() runs.
//   Units:  milliseconds.
//   Owner:  one thread. For tools, tests and benches; a server has Session.
//   Errors: connect() says which step failed and what to try; after a failed call the connection is
//           of no more use. close_code() tells what the server gave as its reason.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "replay/result.h"  // Result

namespace bourse {

struct FeedAddress {
  std::string host = "127.0.0.1";
  std::uint16_t port = 9443;
  std::string path = "/v1/md";

  // "wss://host:port/path"; scheme, port and path may be left out.
  static Result<FeedAddress> parse(std::string_view text);
};

struct FeedClientOptions {
  FeedAddress address;
  std::string subprotocol;                  // empty: none is offered
  std::string origin;                       // for tests of the server
  bool verify = true;                       // of the certificate: chain and host name
  std::string ca_file;                      // PEM to trust; empty: those of the machine
  std::chrono::milliseconds timeout{5000};  // of connect and of each send
  std::size_t message_bytes_max = 1 << 20;
};

class FeedClient {
 public:
  struct Message {
    bool is_text;
    std::span<const std::byte> bytes;  // valid until the next call of next()

    std::string_view text() const {
      return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }
  };

  static Result<std::unique_ptr<FeedClient>> connect(const FeedClientOptions& options);
  ~FeedClient();
  FeedClient(const FeedClient&) = delete;
  FeedClient& operator=(const FeedClient&) = delete;

  Result<void> send_text(std::string_view text);
  Result<void> send_binary(std::span<const std::byte> bytes);
  // The next message, or nothing if none came in time.
  Result<std::optional<Message>> next(std::chrono::milliseconds timeout);
  // The closing handshake, at most for the timeout of the options.
  void close(std::uint16_t code = 1000, std::string_view reason = {});

  const std::string& subprotocol() const;  // agreed on
  std::uint16_t close_code() const;        // as the server sent it; 0 = it did not
  std::string close_reason() const;

 private:
  struct State;
  explicit FeedClient(std::unique_ptr<State> state);
  Result<void> send(std::span<const std::byte> bytes, bool is_text);

  std::unique_ptr<State> state_;
};

}  // namespace bourse
