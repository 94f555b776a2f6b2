// What a Session has of Boost: its socket, and one after the other HTTP parser and websocket.
//   Shape:  private to session.cpp; apart so that feed/session.h stays free of Boost.
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

#include "feed/direct_tls.h"  // DirectTls
#include "feed/session.h"     // Session

namespace bourse {

struct Session::Stream {
  DirectTls::Socket socket;
  DirectTls tls;
  boost::beast::flat_buffer buffer;
  std::optional<boost::beast::http::request_parser<boost::beast::http::empty_body>> parser;
  std::optional<boost::beast::websocket::stream<DirectTls, false>> websocket;

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

  void close_socket() {
    boost::beast::error_code ignored;
    socket.close(ignored);
  }
};

}  // namespace bourse
