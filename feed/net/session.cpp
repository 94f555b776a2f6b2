#include "feed/net/session.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <chrono>
#include <utility>

#include "feed/net/direct_tls.h"       // DirectTls
#include "feed/net/message_deflate.h"  // deflate_agreed
#include "feed/net/session_stream.h"   // Session::Stream
#include "feed/wall_clock.h"           // wall_clock_now
#include "matching/check.h"            // CHECK

namespace bourse {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;

namespace {

constexpr std::int64_t ns_per_ms = 1'000'000;
constexpr std::int64_t closing_ns = 5'000 * ns_per_ms;  // for the peer's close frame
constexpr std::int64_t leaving_ns = 2'000 * ns_per_ms;  // for the peer's end of the stream
constexpr std::size_t buffer_keep_bytes = 4096;
// Less than a TLS record, so that what waits in control() are always whole frames.
constexpr std::size_t pongs_queued_bytes_max = 8 << 10;

constexpr unsigned char opcode_close = 0x8;
constexpr std::uint16_t close_not_utf8 = 1007;
constexpr std::byte ping_frame[] = {std::byte{0x89}, std::byte{0}};

}  // namespace

Session::Session(Reactor& reactor, ReadyList& ready, const TlsContext& context,
                 const FeedOptions& options, int fd, std::string peer, SessionId id)
    : wire_(context, fd, TlsWire::Role::server),
      ready_(ready),
      options_(options),
      stream_(std::make_unique<Stream>(reactor, fd, *this)),
      peer_(std::move(peer)),
      id_(id),
      deadline_ns_(steady_now_ns() + options.limits.handshake_ms * ns_per_ms),
      last_progress_ns_(steady_now_ns()) {
  await_handshake(TlsWire::Step::want_read);
}

Session::~Session() { CHECK(!is_listed_); }

void Session::tell(unsigned news) {
  news_ |= news;
  if (is_listed_) return;
  is_listed_ = true;
  ready_.add(*this);
}

unsigned Session::take_news() {
  is_listed_ = false;
  return std::exchange(news_, 0u);
}

void Session::end_operation() {
  CHECK(operations_ > 0);
  --operations_;
  if (state_ == State::gone) tell(news_gone);
}

void Session::await_handshake(TlsWire::Step step) {
  begin_operation();
  stream_->socket.async_wait(step == TlsWire::Step::want_write ? DirectTls::Socket::wait_write
                                                               : DirectTls::Socket::wait_read,
                             [this](const beast::error_code& error) {
                               end_operation();
                               if (!error && state_ == State::handshake) tell(news_handshake);
                             });
}

void Session::step_handshake() {
  if (state_ != State::handshake) return;
  switch (const TlsWire::Step step = wire_.handshake()) {
    case TlsWire::Step::done:
      state_ = State::request;
      wire_.heard(steady_now_ns());
      read_request();
      break;
    case TlsWire::Step::want_read:
    case TlsWire::Step::want_write:
      await_handshake(step);
      break;
    case TlsWire::Step::plain_http:
      refuse_plain_http();
      break;
    case TlsWire::Step::ended:
      cut(Ending::peer_gone, false);
      break;
    case TlsWire::Step::failed:
      leave(Ending::tls_failed);
      break;
  }
}

void Session::upgrade(std::string_view subprotocol) {
  CHECK(state_ == State::request && request_.is_upgrade);
  state_ = State::upgrading;
  auto& ws = stream_->websocket.emplace(stream_->tls);
  ws.read_message_max(options_.limits.inbound_message_bytes);
  // Beast's own clock covers the upgrade; pings and silence are judged by on_timer().
  ws.set_option(
      websocket::stream_base::timeout{std::chrono::milliseconds(options_.limits.handshake_ms),
                                      websocket::stream_base::none(), false});
  // JSON only: frames of the feed are encoded once for all, and numbers do not compress.
  websocket::permessage_deflate deflate;
  deflate.server_enable = options_.deflate && subprotocol == "bourse.json.v1";
  deflate.server_no_context_takeover = deflate.client_no_context_takeover = true;
  ws.set_option(deflate);
  ws.set_option(websocket::stream_base::decorator(
      [this, chosen = std::string(subprotocol)](websocket::response_type& response) {
        response.set(http::field::server, options_.server_name);
        if (!chosen.empty()) response.set(http::field::sec_websocket_protocol, chosen);
        outbox_.deflate_texts(deflate_agreed(response[http::field::sec_websocket_extensions]));
      }));
  begin_operation();
  ws.async_accept(stream_->parser->get(), [this](const beast::error_code& error) {
    end_operation();
    if (state_ != State::upgrading) return;
    if (error) {  // Beast has answered 400 with its reason
      leave(Ending::bad_request);
      return;
    }
    stream_->parser.reset();
    stream_->buffer.consume(stream_->buffer.size());
    stream_->buffer.shrink_to_fit();
    close_queued_ = false;
    state_ = State::open;
    tell(news_opened | news_due);
  });
}

Session::Message Session::message() const {
  const auto bytes = stream_->buffer.cdata();
  return {stream_->websocket->got_text(),
          {static_cast<const std::byte*>(bytes.data()), bytes.size()},
          received_};
}

void Session::read_next() {
  if (state_ != State::open) return;
  stream_->buffer.consume(stream_->buffer.size());
  if (stream_->buffer.capacity() > buffer_keep_bytes) stream_->buffer.shrink_to_fit();
  begin_operation();
  stream_->websocket->async_read(stream_->buffer,
                                 [this](const beast::error_code& error, std::size_t) {
                                   end_operation();
                                   if (!error) {
                                     received_ = wall_clock_now();
                                     if (state_ == State::open && is_cut_text())
                                       close(close_not_utf8, "the text ends inside a character");
                                     else if (state_ == State::open)
                                       tell(news_message);  // closing: Beast reads on by itself
                                   } else if (error == websocket::error::closed) {
                                     on_message_read(true, Ending::closed_by_peer);
                                   } else if (close_queued_) {
                                     on_message_read(true, Ending::protocol_error);
                                   } else {
                                     on_message_read(false, Ending::peer_gone);
                                   }
                                 });
}

// Beast does not see it if the last fragment is empty.
bool Session::is_cut_text() const {
  if (!stream_->websocket->got_text()) return false;
  const auto bytes = stream_->buffer.cdata();
  const auto* const text = static_cast<const unsigned char*>(bytes.data());
  for (std::size_t back = 1; back <= std::min<std::size_t>(3, bytes.size()); ++back) {
    const unsigned char byte = text[bytes.size() - back];
    if (byte >= 0xc0) return back < (byte >= 0xf0 ? 4u : byte >= 0xe0 ? 3u : 2u);
    if (byte < 0x80) return false;
  }
  return false;
}

// The last read: `is_end` = a close frame of ours is queued and shall still go out.
void Session::on_message_read(bool is_end, Ending why) {
  if (state_ == State::closing) {
    leave(Ending::closed_by_us);
  } else if (state_ == State::open) {
    if (is_end)
      leave(why);
    else
      cut(why, false);
  }
}

void Session::on_control_written(std::span<const std::byte> bytes) {
  if (state_ == State::open || state_ == State::closing) {
    const unsigned opcode = static_cast<unsigned>(bytes.front()) & 0x0fu;
    std::string& control = wire_.control();
    if (opcode == opcode_close) {
      close_queued_ = true;
    } else if (control.size() > pongs_queued_bytes_max) {
      // A peer that sends pings and does not read: RFC 6455 5.5.3 lets us answer the last one only.
      late_pong_ = control.substr(control.size() - bytes.size());
      control.resize(control.size() - bytes.size());
    }
  }
  tell(news_due);
}

void Session::close(std::uint16_t code, std::string_view reason) {
  if (state_ != State::open) return;
  state_ = State::closing;
  deadline_ns_ = steady_now_ns() + closing_ns;
  websocket::close_reason why;
  why.code = static_cast<websocket::close_code>(code);
  constexpr std::size_t reason_bytes_max = 123;
  why.reason.assign(reason.data(), std::min(reason.size(), reason_bytes_max));
  begin_operation();
  stream_->websocket->async_close(why, [this](const beast::error_code&) {
    end_operation();
    if (state_ == State::closing) leave(Ending::closed_by_us);
  });
}

void Session::leave(Ending why) {
  if (state_ == State::leaving || state_ == State::gone) return;
  state_ = State::leaving;
  ending_ = why;
  deadline_ns_ = steady_now_ns() + leaving_ns;
  tell(news_due);
  if (!wire_.open()) finish_leaving();
}

// Everything has been sent: end our half of the stream and wait for the peer to end his. Closing
// with unread bytes would reset the connection and might destroy our last words on the way.
void Session::finish_leaving() {
  if (state_ != State::leaving || has_said_goodbye_) return;
  has_said_goodbye_ = true;
  wire_.say_goodbye();
  linger();
}

void Session::linger() {
  begin_operation();
  stream_->socket.async_wait(DirectTls::Socket::wait_read, [this](const beast::error_code& error) {
    end_operation();
    if (error || state_ != State::leaving) return;
    std::array<std::byte, 4096> unread;
    const ssize_t bytes = ::recv(wire_.fd(), unread.data(), unread.size(), MSG_DONTWAIT);
    if (bytes > 0)
      linger();
    else
      cut(ending_, false);
  });
}

void Session::cut(Ending why, bool reset) {
  if (state_ == State::gone) return;
  state_ = State::gone;
  if (ending_ == Ending::none) ending_ = why;
  if (reset) {
    const ::linger discard{1, 0};
    ::setsockopt(wire_.fd(), SOL_SOCKET, SO_LINGER, &discard, sizeof discard);
  }
  stream_->close_socket();
  tell(news_gone);
}

// Progress is what the peer takes, not what our socket takes from us, which waits for room for more
// than that. Nor can it be left to TCP_USER_TIMEOUT: while the peer's window is smaller than the
// segment that comes next the kernel calls the connection dead, although it is read all the time.
bool Session::watch_progress(std::int64_t now_ns) {
  if (!wire_.pending()) {
    last_progress_ns_ = now_ns;
    return true;
  }
  last_blocked_ns_ = now_ns;
  if (const std::uint64_t taken = wire_.taken_bytes(); taken != taken_bytes_) {
    taken_bytes_ = taken;
    last_progress_ns_ = now_ns;
  }
  return now_ns - last_progress_ns_ < options_.limits.no_progress_ms * ns_per_ms;
}

void Session::on_timer(std::int64_t now_ns) {
  const FeedLimits& limits = options_.limits;
  if (!watch_progress(now_ns)) {
    cut(Ending::no_progress, true);
    return;
  }
  switch (state_) {
    case State::handshake:
    case State::request:
    case State::upgrading:
      if (now_ns >= deadline_ns_) cut(Ending::handshake_timeout, false);
      return;
    case State::closing:
      if (now_ns >= deadline_ns_) leave(Ending::closed_by_us);
      return;
    case State::leaving:
      if (now_ns >= deadline_ns_) cut(ending_, false);
      return;
    case State::gone:
    case State::streaming:  // who takes nothing has been judged above
      return;
    case State::open:
      break;
  }
  // A reader that is slow but takes bytes hears our ping late; that is no sign of death.
  if (now_ns - std::max(wire_.last_heard_ns(), last_blocked_ns_) >= limits.dead_ms * ns_per_ms) {
    cut(Ending::dead, true);
    return;
  }
  if (now_ns - std::max(wire_.last_heard_ns(), last_ping_ns_) >= limits.ping_ms * ns_per_ms) {
    last_ping_ns_ = now_ns;
    wire_.queue_control(ping_frame);
    tell(news_due);
  }
}

void Session::on_sent(TlsWire::Sent sent) {
  if (state_ == State::gone) return;
  switch (sent) {
    case TlsWire::Sent::all:
      if (outbox_.wants_sent_time()) outbox_.note_sent(wall_clock_now());
      if (!late_pong_.empty() && wire_.control().empty() && !close_queued_) {
        wire_.control().swap(late_pong_);
        tell(news_due);
      }
      if (state_ == State::leaving && wire_.control().empty()) finish_leaving();
      return;
    case TlsWire::Sent::failed:
      cut(Ending::peer_gone, false);
      return;
    case TlsWire::Sent::blocked:
      break;
  }
  if (waits_writable_) return;
  waits_writable_ = true;
  begin_operation();
  stream_->socket.async_wait(DirectTls::Socket::wait_write, [this](const beast::error_code& error) {
    end_operation();
    waits_writable_ = false;
    if (error || state_ == State::gone) return;
    tell(news_due);
  });
}

}  // namespace bourse
