#include "feed/session.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/beast/http/read.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <chrono>
#include <utility>

#include "feed/direct_tls.h"      // DirectTls
#include "feed/session_stream.h"  // Session::Stream
#include "matching/check.h"       // CHECK

namespace bourse {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;

namespace {

constexpr std::int64_t ns_per_ms = 1'000'000;
constexpr std::int64_t http_idle_ns = 75'000 * ns_per_ms;  // keep-alive, between two requests
constexpr std::int64_t closing_ns = 5'000 * ns_per_ms;     // for the peer's close frame
constexpr std::int64_t leaving_ns = 2'000 * ns_per_ms;     // for the peer's end of the stream
constexpr std::size_t buffer_keep_bytes = 4096;
// Less than a TLS record, so that what waits in control() are always whole frames.
constexpr std::size_t pongs_queued_bytes_max = 8 << 10;
constexpr std::string_view plain_http_body =
    "This port speaks TLS: use https:// for pages, wss:// for feeds\n";

constexpr unsigned char opcode_close = 0x8;
constexpr std::byte ping_frame[] = {std::byte{0x89}, std::byte{0}};

HttpAnswer no_body_expected() {
  return http_error(413, "no_body_expected", 1005, "requests to this port carry no body", "");
}

HttpAnswer answer_to_bad_request(const beast::error_code& error) {
  if (error == http::error::body_limit) return no_body_expected();
  if (error == http::error::header_limit)
    return http_error(431, "header_too_large", 1005, "the header is over the limit", "");
  return http_error(400, "bad_request", 1001, "this is not HTTP/1.1",
                    "GET / tells what is served here");
}

}  // namespace

Session::Session(Reactor& reactor, ReadyList& ready, const TlsContext& context,
                 const FeedOptions& options, int fd, std::string peer, SessionId id)
    : wire_(context, fd, TlsWire::Role::server),
      ready_(ready),
      options_(options),
      stream_(std::make_unique<Stream>(reactor, fd, *this)),
      peer_(std::move(peer)),
      id_(id),
      deadline_ns_(steady_now_ns() + options.limits.handshake_ms * ns_per_ms) {
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
      opened_ns_ = steady_now_ns();
      wire_.heard(opened_ns_);
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

void Session::refuse_plain_http() {
  const HttpAnswer answer{400, "text/plain", std::string(plain_http_body), ""};
  const std::string bytes = head_of(answer, false) + answer.body;
  ::send(wire_.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  leave(Ending::plain_http);
}

void Session::read_request() {
  auto& parser = stream_->parser.emplace();
  parser.header_limit(static_cast<std::uint32_t>(options_.limits.http_header_bytes));
  parser.body_limit(0);
  begin_operation();
  http::async_read_header(stream_->tls, stream_->buffer, parser,
                          [this](const beast::error_code& error, std::size_t) {
                            end_operation();
                            if (state_ != State::request) return;
                            if (!error) {
                              on_request();
                            } else if (wire_.failed() || error == http::error::end_of_stream) {
                              cut(Ending::peer_gone, false);
                            } else {
                              keep_alive_ = false;
                              answer(answer_to_bad_request(error));
                              ending_ = Ending::bad_request;
                            }
                          });
}

void Session::on_request() {
  const auto& head = stream_->parser->get();
  const std::string_view target(head.target().data(), head.target().size());
  const std::size_t mark = target.find('?');
  request_ = {};
  request_.method = std::string(head.method_string());
  request_.path = std::string(target.substr(0, mark));
  if (mark != std::string_view::npos) request_.query = std::string(target.substr(mark + 1));
  request_.host = std::string(head[http::field::host]);
  request_.origin = std::string(head[http::field::origin]);
  request_.accept = std::string(head[http::field::accept]);
  request_.accept_encoding = std::string(head[http::field::accept_encoding]);
  request_.if_none_match = std::string(head[http::field::if_none_match]);
  request_.is_upgrade = websocket::is_upgrade(head);
  request_.keep_alive = head.keep_alive();
  const auto [first, last] = head.equal_range(http::field::sec_websocket_protocol);
  for (auto field = first; field != last; ++field)
    for (const auto& token : http::token_list(field->value()))
      request_.subprotocols.emplace_back(token);
  const bool has_body = stream_->parser->chunked() ||
                        stream_->parser->content_length().value_or(0) > 0 ||
                        (request_.is_upgrade && stream_->buffer.size() > 0);
  keep_alive_ = request_.keep_alive && !has_body && !request_.is_upgrade;
  has_body ? answer(no_body_expected()) : tell(news_request);
}

void Session::answer(const HttpAnswer& answer) {
  if (state_ != State::request) return;
  const std::string head = head_of(answer, keep_alive_);
  wire_.queue_control(std::as_bytes(std::span(head)));
  if (request_.method != "HEAD") wire_.queue_control(std::as_bytes(std::span(answer.body)));
  tell(news_due);
  if (!keep_alive_) {
    leave(Ending::http_done);
    return;
  }
  deadline_ns_ = steady_now_ns() + http_idle_ns;
  read_request();
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
  ws.set_option(websocket::stream_base::decorator(
      [server = options_.server_name,
       chosen = std::string(subprotocol)](websocket::response_type& response) {
        response.set(http::field::server, server);
        if (!chosen.empty()) response.set(http::field::sec_websocket_protocol, chosen);
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
          {static_cast<const std::byte*>(bytes.data()), bytes.size()}};
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
                                     if (state_ == State::open)
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

void Session::on_timer(std::int64_t now_ns) {
  const FeedLimits& limits = options_.limits;
  if (wire_.pending()) {
    last_blocked_ns_ = now_ns;
    if (now_ns - std::max(wire_.last_sent_ns(), opened_ns_) >= limits.no_progress_ms * ns_per_ms) {
      cut(Ending::no_progress, true);
      return;
    }
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
