// One connection of a client, from accept to the last byte: TLS, HTTP, then a websocket.
//   Shape:  passive. What the socket brings is kept here (news, request, message) and the session
//           puts itself on the ReadyList; whoever turns the loop takes it from there and answers.
//           Messages out go through the Outbox, Beast's own frames through TlsWire::control(); the
//           egress alone sends. One message is held at a time: the next one is read after
//           read_next(), so a client cannot flood.
//   Units:  nanoseconds of the steady clock.
//   Owner:  one io thread. May be destroyed once released().
//   Errors: end in state gone with an Ending that says why.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "feed/feed_options.h"      // FeedOptions
#include "feed/net/certificate.h"   // TlsContext
#include "feed/net/ending.h"        // Ending
#include "feed/net/http_message.h"  // HttpRequest, HttpAnswer
#include "feed/net/outbox.h"        // Outbox
#include "feed/net/reactor.h"       // Reactor
#include "feed/net/tls_wire.h"      // TlsWire
#include "matching/types.h"         // SessionId, TimeNs

namespace bourse {

class Session;

// Sessions that have something to tell, each at most once.
class ReadyList {
 public:
  void add(Session& session) { sessions_.push_back(&session); }
  bool empty() const { return sessions_.empty(); }
  std::vector<Session*> take() { return std::exchange(sessions_, {}); }

 private:
  std::vector<Session*> sessions_;
};

class Session {
 public:
  enum class State : std::uint8_t {
    handshake = 1,  // TLS
    request = 2,    // HTTP: waiting for a request, or holding one
    upgrading = 3,
    open = 4,
    closing = 5,  // our close frame is sent or queued, the peer's is awaited
    leaving = 6,  // the last bytes go out, then the stream ends
    gone = 7,
    streaming = 8,  // an HTTP answer that goes on until end_stream()
  };
  // Bits of take_news().
  static constexpr unsigned news_handshake = 1;  // step_handshake() has work
  static constexpr unsigned news_request = 2;    // request() is there
  static constexpr unsigned news_opened = 4;     // the websocket is open
  static constexpr unsigned news_message = 8;    // message() is there
  static constexpr unsigned news_due = 16;       // control bytes were queued, or writable again
  static constexpr unsigned news_gone = 32;      // state gone; maybe released() now

  struct Message {
    bool is_text;
    std::span<const std::byte> bytes;  // valid until read_next()
    TimeNs received;                   // when its last bytes were read
  };

  // Takes the descriptor. `peer` is "address:port".
  Session(Reactor& reactor, ReadyList& ready, const TlsContext& context, const FeedOptions& options,
          int fd, std::string peer, SessionId id);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  const FeedLimits& limits() const { return options_.limits; }
  unsigned take_news();
  void put_back(unsigned news) { tell(news); }  // for the next turn

  void step_handshake();  // the expensive one: about 0.3 ms
  const HttpRequest& request() const { return request_; }
  void answer(const HttpAnswer& answer);
  // The answer takes its time, at most so long.
  void hold(std::uint32_t ms);
  // An answer in pieces: chunks behind each other. A backlog is the caller's to watch.
  void begin_stream(const HttpAnswer& head);
  void stream(std::string_view piece);  // REQUIRES: not empty
  void end_stream();
  std::size_t stream_backlog() const { return wire_.control().size() + wire_.pending_bytes(); }
  void upgrade(std::string_view subprotocol);  // empty: none was agreed on
  Message message() const;
  void read_next();

  // Starts the closing handshake. Ask when the outbox has been sent: what is left in it is dropped
  // at the next frame boundary.
  void close(std::uint16_t code, std::string_view reason);
  // Ends the connection at once; `reset` also throws away what the kernel still holds for it.
  void cut(Ending why, bool reset);
  // Deadlines, ping, dead peers; about ten times a second.
  void on_timer(std::int64_t now_ns);

  // For the egress: what became of the bytes it sent.
  void on_sent(TlsWire::Sent sent);
  bool close_queued() const { return close_queued_; }

  State state() const { return state_; }
  Ending ending() const { return ending_; }
  bool released() const { return state_ == State::gone && operations_ == 0 && !is_listed_; }
  SessionId id() const { return id_; }
  const std::string& peer() const { return peer_; }
  TlsWire& wire() { return wire_; }
  Outbox& outbox() { return outbox_; }

 private:
  struct Stream;  // what is Boost

  void tell(unsigned news);
  void begin_operation() { ++operations_; }
  void end_operation();
  void await_handshake(TlsWire::Step step);
  void refuse_plain_http();
  void read_request();
  void on_request();
  bool is_cut_text() const;
  void on_message_read(bool is_end, Ending why);
  void on_control_written(std::span<const std::byte> bytes);
  bool watch_progress(std::int64_t now_ns);  // false: none for no_progress_ms
  void leave(Ending why);
  void finish_leaving();
  void linger();

  // Hot: touched by every sweep.
  State state_ = State::handshake;
  Ending ending_ = Ending::none;
  bool close_queued_ = false;
  bool is_listed_ = false;
  bool waits_writable_ = false;
  bool keep_alive_ = true;
  bool has_said_goodbye_ = false;
  unsigned news_ = 0;
  unsigned operations_ = 0;  // handlers that will still be called
  TlsWire wire_;
  Outbox outbox_;
  std::string late_pong_;  // waits until control() is empty
  // Cold.
  ReadyList& ready_;
  const FeedOptions& options_;
  std::unique_ptr<Stream> stream_;
  HttpRequest request_;
  std::string peer_;
  SessionId id_;
  TimeNs received_{0};        // of the last message
  std::int64_t deadline_ns_;  // of the current state, except open
  std::int64_t last_ping_ns_ = 0;
  std::int64_t last_blocked_ns_ = 0;
  std::int64_t last_progress_ns_;  // nothing was pending, or the peer had taken more
  std::uint64_t taken_bytes_ = 0;  // at that time
};

}  // namespace bourse
