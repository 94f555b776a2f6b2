// The part of a session that speaks HTTP: requests, answers whole or in pieces, refusals.
#include <sys/socket.h>

#include <boost/beast/http/read.hpp>
#include <charconv>
#include <span>
#include <string>

#include "feed/net/reactor.h"         // steady_now_ns
#include "feed/net/session.h"         // Session
#include "feed/net/session_stream.h"  // Session::Stream
#include "matching/check.h"           // CHECK

namespace bourse {

namespace beast = boost::beast;
namespace http = beast::http;

namespace {

constexpr std::int64_t ns_per_ms = 1'000'000;
constexpr std::int64_t http_idle_ns = 75'000 * ns_per_ms;  // keep-alive, between two requests
constexpr std::string_view plain_http_body =
    "This port speaks TLS: use https:// for pages, wss:// for feeds\n";

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
  request_ = stream_->read_head();
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

void Session::hold(std::uint32_t ms) { deadline_ns_ = steady_now_ns() + ms * ns_per_ms; }

void Session::begin_stream(const HttpAnswer& head) {
  CHECK(state_ == State::request);
  state_ = State::streaming;
  keep_alive_ = false;
  wire_.control() += head_of(head, false, true);
  tell(news_due);
}

void Session::stream(std::string_view piece) {
  char length[20];
  const auto end = std::to_chars(length, length + sizeof length, piece.size(), 16).ptr;
  std::string& control = wire_.control();
  control.append(length, end).append("\r\n").append(piece).append("\r\n");
  tell(news_due);
}

void Session::end_stream() {
  wire_.control().append("0\r\n\r\n");
  leave(Ending::http_done);
}

}  // namespace bourse
