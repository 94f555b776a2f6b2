#include "bench/twins/beast_twin.h"

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <chrono>
#include <deque>
#include <memory>
#include <thread>
#include <vector>

#include "feed/net/certificate.h"  // TlsContext
#include "matching/check.h"        // CHECK

namespace bourse {

namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
using Tcp = net::ip::tcp;
using Buffer = std::shared_ptr<const std::vector<std::byte>>;

constexpr std::chrono::seconds patience(120);

struct Twin;

class TwinSession {
 public:
  TwinSession(Twin& twin, Tcp::socket socket, net::ssl::context& tls)
      : twin_(twin), stream_(std::move(socket), tls) {}

  void start();
  void publish(const Buffer& message) {
    queue_.push_back(message);
    if (queue_.size() == 1) write();
  }

 private:
  void read();
  void write();

  Twin& twin_;
  beast::websocket::stream<net::ssl::stream<Tcp::socket>, false> stream_;
  beast::flat_buffer incoming_;
  std::deque<Buffer> queue_;
};

struct Twin {
  explicit Twin(FanoutSource& from) : source(from) {}
  FanoutSource& source;
  net::io_context context{1};
  std::vector<std::unique_ptr<TwinSession>> sessions;
  std::uint32_t open = 0;
  std::uint32_t closed = 0;
  std::uint64_t writes = 0;

  void publish() {
    source.measure(writes);
    for (std::uint64_t due = source.due(); due > 0; due = source.due()) {
      for (; due > 0; --due) {
        const auto payload = source.next_payload();
        const auto message =
            std::make_shared<const std::vector<std::byte>>(payload.begin(), payload.end());
        for (const auto& session : sessions) session->publish(message);
      }
    }
  }
};

void TwinSession::start() {
  beast::get_lowest_layer(stream_).set_option(Tcp::no_delay(true));
  stream_.next_layer().async_handshake(net::ssl::stream_base::server, [this](auto error) {
    CHECK(!error);
    stream_.binary(true);
    stream_.async_accept([this](auto refused) {
      CHECK(!refused);
      ++twin_.open;
      read();
      if (twin_.open < twin_.source.plan().subscribers) return;
      twin_.source.start();
      twin_.publish();
    });
  });
}

void TwinSession::read() {
  stream_.async_read(incoming_, [this](auto error, std::size_t) {
    if (error)
      ++twin_.closed;
    else
      read();
  });
}

void TwinSession::write() {
  stream_.async_write(net::buffer(*queue_.front()), [this](auto error, std::size_t) {
    if (error) return;
    queue_.pop_front();
    ++twin_.writes;
    twin_.source.delivered(1);
    if (!queue_.empty()) write();
    twin_.publish();
  });
}

}  // namespace

void serve_beast_twin(FanoutSource& source, const std::function<void(std::uint16_t)>& on_port) {
  const auto settings = TlsContext::server({});
  CHECK(settings.has_value());
  SSL_CTX_up_ref(settings->native());
  net::ssl::context tls(settings->native());  // takes the reference
  Twin twin(source);
  Tcp::acceptor acceptor(twin.context, Tcp::endpoint(net::ip::address_v4::loopback(), 0));
  const std::function<void()> accept = [&] {
    acceptor.async_accept([&](auto error, Tcp::socket socket) {
      if (error) return;
      twin.sessions.push_back(std::make_unique<TwinSession>(twin, std::move(socket), tls));
      twin.sessions.back()->start();
      accept();
    });
  };
  accept();
  source.listen();
  on_port(acceptor.local_endpoint().port());

  std::atomic<bool> stop{false};
  std::thread pacer;
  if (source.plan().per_second > 0) {
    pacer = std::thread([&] {
      source.pace(stop, [&twin] { net::post(twin.context, [&twin] { twin.publish(); }); });
    });
  }
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (twin.closed < source.plan().subscribers && std::chrono::steady_clock::now() < deadline)
    twin.context.run_one_until(deadline);
  source.measure(twin.writes);
  stop.store(true);
  if (pacer.joinable()) pacer.join();
}

}  // namespace bourse
