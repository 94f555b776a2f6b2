// The stream under Beast's websocket: a TlsWire and its socket as an Asio AsyncStream.
//   Shape:  reads decrypt straight from the socket. Writes never reach the socket from here: they
//           become control bytes of the wire and are complete at once; the egress sends them at the
//           next frame boundary, so that Beast's 101, pongs and close frames can never land inside
//           a frame of the feed. A view: copies mean the same connection.
//   Owner:  the io thread of the socket. Wire and socket outlive all operations.
//   Errors: eof when the peer has ended, connection_reset when TLS has failed.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/async_base.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/buffers_cat.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/beast/websocket/teardown.hpp>
#include <cstddef>
#include <span>
#include <utility>

#include "feed/net/reactor.h"   // steady_now_ns
#include "feed/net/tls_wire.h"  // TlsWire

namespace bourse {

class DirectTls {
 public:
  using executor_type = boost::asio::io_context::executor_type;
  using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, executor_type>;
  using error_code = boost::beast::error_code;

  // `on_write(owner, bytes)` is told of every write after it was queued; `on_cut(owner)` that Beast
  // gave up on the connection.
  struct Owner {
    void* self;
    void (*on_write)(void* self, std::span<const std::byte> bytes);
    void (*on_cut)(void* self);
  };

  DirectTls(TlsWire& wire, Socket& socket, Owner owner)
      : wire_(&wire), socket_(&socket), owner_(owner) {}

  executor_type get_executor() { return socket_->get_executor(); }

  template <class Buffers, class Handler>
  auto async_read_some(const Buffers& buffers, Handler&& handler) {
    return boost::asio::async_initiate<Handler, void(error_code, std::size_t)>(
        [this](auto&& done, const Buffers& into) {
          using Done = std::decay_t<decltype(done)>;
          ReadOperation<Done>(std::forward<decltype(done)>(done), *this, first_of(into));
        },
        handler, buffers);
  }

  template <class Buffers, class Handler>
  auto async_write_some(const Buffers& buffers, Handler&& handler) {
    return boost::asio::async_initiate<Handler, void(error_code, std::size_t)>(
        [this](auto&& done, const Buffers& from) {
          const std::size_t bytes = queue(from);
          boost::asio::post(get_executor(),
                            boost::beast::bind_front_handler(
                                std::forward<decltype(done)>(done),
                                wire_->failed() ? error_code(broken()) : error_code(), bytes));
        },
        handler, buffers);
  }

  friend void beast_close_socket(DirectTls& stream) { stream.owner_.on_cut(stream.owner_.self); }

  // The session says good-bye by itself once the egress has sent everything: nothing to do here.
  friend void teardown(boost::beast::role_type, DirectTls&, error_code& error) { error = {}; }
  template <class Handler>
  friend void async_teardown(boost::beast::role_type, DirectTls& stream, Handler&& handler) {
    boost::asio::post(stream.get_executor(), boost::beast::bind_front_handler(
                                                 std::forward<Handler>(handler), error_code()));
  }

 private:
  static boost::asio::error::basic_errors broken() { return boost::asio::error::connection_reset; }

  template <class Buffers>
  static boost::asio::mutable_buffer first_of(const Buffers& buffers) {
    for (auto it = boost::asio::buffer_sequence_begin(buffers);
         it != boost::asio::buffer_sequence_end(buffers); ++it) {
      const boost::asio::mutable_buffer buffer = *it;
      if (buffer.size() > 0) return buffer;
    }
    return {};
  }

  template <class Buffers>
  std::size_t queue(const Buffers& buffers) {
    std::size_t bytes = 0;
    for (auto it = boost::asio::buffer_sequence_begin(buffers);
         it != boost::asio::buffer_sequence_end(buffers); ++it) {
      const boost::asio::const_buffer buffer = *it;
      const std::span plain(static_cast<const std::byte*>(buffer.data()), buffer.size());
      wire_->queue_control(plain);
      bytes += buffer.size();
      if (!plain.empty()) owner_.on_write(owner_.self, plain);
    }
    return bytes;
  }

  // Reads when there is something, waits for the socket when there is not.
  template <class Handler>
  class ReadOperation : public boost::beast::async_base<Handler, executor_type> {
   public:
    template <class Given>
    ReadOperation(Given&& handler, DirectTls& stream, boost::asio::mutable_buffer into)
        : boost::beast::async_base<Handler, executor_type>(std::forward<Given>(handler),
                                                           stream.get_executor()),
          wire_(*stream.wire_),
          socket_(*stream.socket_),
          into_(into) {
      (*this)({}, false);
    }

    void operator()(error_code error, bool is_continuation = true) {
      std::size_t bytes = 0;
      if (!error && into_.size() > 0) {
        switch (wire_.read({static_cast<std::byte*>(into_.data()), into_.size()}, bytes)) {
          case TlsWire::Step::done:
            wire_.heard(steady_now_ns());
            break;
          case TlsWire::Step::want_read:
            socket_.async_wait(Socket::wait_read, std::move(*this));
            return;
          case TlsWire::Step::want_write:
            socket_.async_wait(Socket::wait_write, std::move(*this));
            return;
          case TlsWire::Step::ended:
            error = boost::asio::error::eof;
            break;
          case TlsWire::Step::failed:
          case TlsWire::Step::plain_http:
            error = broken();
            break;
        }
      }
      this->complete(is_continuation, error, bytes);
    }

   private:
    TlsWire& wire_;
    Socket& socket_;
    boost::asio::mutable_buffer into_;
  };

  TlsWire* wire_;
  Socket* socket_;
  Owner owner_;
};

}  // namespace bourse
