#include "feed/net/feed_client.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <charconv>
#include <utility>

namespace bourse {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using beast::error_code;
using Tcp = net::ip::tcp;

Result<FeedAddress> FeedAddress::parse(std::string_view text) {
  FeedAddress address;
  const std::string whole(text);
  constexpr std::string_view scheme = "wss://";
  if (text.starts_with(scheme))
    text.remove_prefix(scheme.size());
  else if (text.find("://") != std::string_view::npos)
    return fail(ExitCode::usage, "only wss:// is spoken", whole, "wss://127.0.0.1:9443/v1/md");
  if (const auto slash = text.find('/'); slash != std::string_view::npos) {
    if (slash + 1 < text.size()) address.path = std::string(text.substr(slash));
    text = text.substr(0, slash);
  }
  const auto colon = text.rfind(':');
  const auto bracket = text.rfind(']');
  if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
    const std::string_view digits = text.substr(colon + 1);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), address.port);
    if (error != std::errc{} || end != digits.data() + digits.size() || address.port == 0)
      return fail(ExitCode::usage, "'" + std::string(digits) + "' is no port", whole,
                  "wss://127.0.0.1:9443/v1/md");
    text = text.substr(0, colon);
  }
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  if (!text.empty()) address.host = std::string(text);
  return address;
}

struct FeedClient::State {
  FeedClientOptions options;
  net::io_context context{1};
  net::ssl::context tls{net::ssl::context::tls_client};
  websocket::stream<net::ssl::stream<Tcp::socket>, false> stream;
  beast::flat_buffer buffer;
  std::string subprotocol;
  bool reading = false;  // an async_read is under way
  bool arrived = false;  // its message is in the buffer
  error_code read_error;
  bool handed_out = false;

  explicit State(const FeedClientOptions& given) : options(given), stream(context, tls) {}

  std::string where() const {
    const FeedAddress& at = options.address;
    return "wss://" + at.host + ':' + std::to_string(at.port) + at.path;
  }

  // Runs `begin(handler)` until its handler was called or time is up.
  template <class Begin>
  error_code within(std::chrono::milliseconds timeout, Begin begin) {
    struct Outcome {
      bool done = false;
      error_code error;
    };
    // Shared: an operation that is given up still calls its handler later.
    auto outcome = std::make_shared<Outcome>();
    begin([outcome](const error_code& error, auto&&...) {
      outcome->done = true;
      outcome->error = error;
    });
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    context.restart();
    while (!outcome->done && std::chrono::steady_clock::now() < deadline)
      if (context.run_one_until(deadline) == 0) context.restart();
    return outcome->done ? outcome->error : error_code(net::error::timed_out);
  }

  void begin_read() {
    reading = true;
    stream.async_read(buffer, [this](const error_code& error, std::size_t) {
      reading = false;
      arrived = !error;
      read_error = error;
    });
  }
};

FeedClient::FeedClient(std::unique_ptr<State> state) : state_(std::move(state)) {}

FeedClient::~FeedClient() {
  error_code ignored;
  beast::get_lowest_layer(state_->stream).close(ignored);
  state_->context.restart();
  state_->context.poll();
}

Result<std::unique_ptr<FeedClient>> FeedClient::connect(const FeedClientOptions& options) {
  auto state = std::make_unique<State>(options);
  State& s = *state;
  const FeedAddress& at = options.address;
  const auto refused = [&s](const error_code& error, const char* step, const char* next) {
    return fail(ExitCode::unreachable, std::string(step) + ": " + error.message(), s.where(), next);
  };
  error_code error;
  if (options.verify) {
    s.tls.set_verify_mode(net::ssl::verify_peer);
    if (options.ca_file.empty())
      s.tls.set_default_verify_paths(error);
    else
      s.tls.load_verify_file(options.ca_file, error);
    if (error)
      return fail(ExitCode::file_missing, "no usable certificate: " + error.message(),
                  options.ca_file, "a PEM file with the certificate to trust");
    s.stream.next_layer().set_verify_callback(net::ssl::host_name_verification(at.host));
  }
  Tcp::resolver resolver(s.context);
  const auto endpoints = resolver.resolve(at.host, std::to_string(at.port), error);
  if (error) return refused(error, "no address of this host", "check the spelling of the host");
  error = s.within(options.timeout, [&](auto done) {
    net::async_connect(beast::get_lowest_layer(s.stream), endpoints, std::move(done));
  });
  if (error)
    return refused(error, "no connection", "is the exchange running there? `bourse serve`");
  beast::get_lowest_layer(s.stream).set_option(Tcp::no_delay(true), error);
  SSL_set_tlsext_host_name(s.stream.next_layer().native_handle(), at.host.c_str());
  error = s.within(options.timeout, [&](auto done) {
    s.stream.next_layer().async_handshake(net::ssl::stream_base::client, std::move(done));
  });
  if (error)
    return refused(error, "TLS failed",
                   options.verify
                       ? "trust the server's certificate (--ca FILE), or go without (--insecure)"
                       : "does that port speak TLS?");
  s.stream.read_message_max(options.message_bytes_max);
  s.stream.set_option(
      websocket::stream_base::decorator([&options](websocket::request_type& request) {
        if (!options.subprotocol.empty())
          request.set(beast::http::field::sec_websocket_protocol, options.subprotocol);
        if (!options.origin.empty()) request.set(beast::http::field::origin, options.origin);
      }));
  websocket::response_type response;
  error = s.within(options.timeout, [&](auto done) {
    s.stream.async_handshake(response, at.host + ':' + std::to_string(at.port), at.path,
                             std::move(done));
  });
  if (error == websocket::error::upgrade_declined)
    return fail(ExitCode::unreachable,
                "refused: " + std::to_string(response.result_int()) + ' ' + response.body(),
                s.where(), "");
  if (error) return refused(error, "no websocket", "the path of market data is /v1/md");
  s.subprotocol = std::string(response[beast::http::field::sec_websocket_protocol]);
  return std::unique_ptr<FeedClient>(new FeedClient(std::move(state)));
}

Result<void> FeedClient::send(std::span<const std::byte> bytes, bool is_text) {
  State& s = *state_;
  s.stream.text(is_text);
  const error_code error = s.within(s.options.timeout, [&](auto done) {
    s.stream.async_write(net::buffer(bytes.data(), bytes.size()), std::move(done));
  });
  if (error) return fail(ExitCode::io_error, "send: " + error.message(), s.where());
  return {};
}

Result<void> FeedClient::send_text(std::string_view text) {
  return send(std::as_bytes(std::span(text)), true);
}

Result<void> FeedClient::send_binary(std::span<const std::byte> bytes) {
  return send(bytes, false);
}

Result<std::optional<FeedClient::Message>> FeedClient::next(std::chrono::milliseconds timeout) {
  State& s = *state_;
  if (std::exchange(s.handed_out, false)) {
    s.buffer.consume(s.buffer.size());
    s.arrived = false;
  }
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  if (!s.arrived && !s.reading && !s.read_error) s.begin_read();
  s.context.restart();
  while (s.reading) {
    if (s.context.poll_one() > 0) continue;  // what is there is taken even when time is up
    if (std::chrono::steady_clock::now() >= deadline) break;
    s.context.restart();
    s.context.run_one_until(deadline);
  }
  if (s.arrived) {
    s.handed_out = true;
    const auto bytes = s.buffer.cdata();
    return Message{s.stream.got_text(),
                   {static_cast<const std::byte*>(bytes.data()), bytes.size()}};
  }
  if (!s.read_error) return std::nullopt;
  std::string what = "connection ended: " + s.read_error.message();
  if (close_code() != 0)
    what = "closed by the server: " + std::to_string(close_code()) + ' ' + close_reason();
  return fail(ExitCode::unreachable, std::move(what), s.where());
}

void FeedClient::close(std::uint16_t code, std::string_view reason) {
  State& s = *state_;
  websocket::close_reason why;
  why.code = static_cast<websocket::close_code>(code);
  why.reason.assign(reason.data(), reason.size() < 123 ? reason.size() : 123);
  s.within(s.options.timeout, [&](auto done) { s.stream.async_close(why, std::move(done)); });
}

const std::string& FeedClient::subprotocol() const { return state_->subprotocol; }
std::uint16_t FeedClient::close_code() const { return state_->stream.reason().code; }
std::string FeedClient::close_reason() const {
  return std::string(state_->stream.reason().reason.c_str());
}

}  // namespace bourse
