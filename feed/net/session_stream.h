// What a Session has of Boost: its socket, and one after the other HTTP parser and websocket.
//   Shape:  private to session.cpp; apart so that feed/net/session.h stays free of Boost.
//   Owner:  its session; the session outlives every operation begun here.
#pragma once

#include <sys/socket.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "feed/net/direct_tls.h"    // DirectTls
#include "feed/net/http_message.h"  // HttpRequest
#include "feed/net/session.h"       // Session

namespace bourse {

struct Session::Stream {
  DirectTls::Socket socket;
  DirectTls tls;
  boost::beast::flat_buffer buffer;
  std::optional<boost::beast::http::request_parser<boost::beast::http::empty_body>> parser;
  std::optional<boost::beast::websocket::stream<DirectTls, true>> websocket;

  Stream(Reactor& reactor, int fd, Session& session)
      : socket(reactor.native()), tls(session.wire_, socket, owner_of(session)) {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
    const auto family =
        address.ss_family == AF_INET6 ? boost::asio::ip::tcp::v6() : boost::asio::ip::tcp::v4();
    boost::beast::error_code ignored;
    socket.assign(family, fd, ignored);
    socket.native_non_blocking(true, ignored);
  }

  static DirectTls::Owner owner_of(Session& session) {
    return {&session,
            [](void* self, std::span<const std::byte> bytes) {
              static_cast<Session*>(self)->on_control_written(bytes);
            },
            [](void* self) { static_cast<Session*>(self)->cut(Ending::peer_gone, false); }};
  }

  // The head that the parser has read.
  HttpRequest read_head() const {
    namespace http = boost::beast::http;
    const auto& head = parser->get();
    const std::string_view target(head.target().data(), head.target().size());
    const std::size_t mark = target.find('?');
    HttpRequest request;
    request.method = std::string(head.method_string());
    request.path = std::string(target.substr(0, mark));
    if (mark != std::string_view::npos) request.query = std::string(target.substr(mark + 1));
    request.host = std::string(head[http::field::host]);
    request.origin = std::string(head[http::field::origin]);
    request.accept = std::string(head[http::field::accept]);
    request.accept_encoding = std::string(head[http::field::accept_encoding]);
    request.if_none_match = std::string(head[http::field::if_none_match]);
    request.last_event_id = std::string(head["Last-Event-ID"]);
    request.is_upgrade = boost::beast::websocket::is_upgrade(head);
    request.keep_alive = head.keep_alive();
    request.is_http11 = head.version() >= 11;
    const auto [first, last] = head.equal_range(http::field::sec_websocket_protocol);
    for (auto field = first; field != last; ++field)
      for (const auto& token : http::token_list(field->value()))
        request.subprotocols.emplace_back(token);
    return request;
  }

  void close_socket() {
    boost::beast::error_code ignored;
    socket.close(ignored);
  }
};

}  // namespace bourse
