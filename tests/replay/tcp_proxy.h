// A TCP proxy on loopback that a test can cut: what a partition between two processes looks like to
// them. Bytes stand still while it is cut, nothing is closed; or answers alone are swallowed.
//   Owner:   the test's thread; one thread of its own moves the bytes.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <list>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace bourse {

class TcpProxy {
 public:
  explicit TcpProxy(std::uint16_t to) : to_(to) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    // NOLINTBEGIN(cppcoreguidelines-pro-type-reinterpret-cast): as the socket calls want it
    static_cast<void>(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size));
    static_cast<void>(::listen(listener_, 64));
    static_cast<void>(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size));
    // NOLINTEND(cppcoreguidelines-pro-type-reinterpret-cast)
    port_ = ntohs(address.sin_port);
    mover_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }
  ~TcpProxy() {
    mover_.request_stop();
    mover_.join();
    for (const Pair& pair : pairs_) close_both(pair);
    ::close(listener_);
  }
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;

  std::string url() const { return "nats://127.0.0.1:" + std::to_string(port_); }
  void cut() { is_cut_ = true; }
  void heal() { is_cut_ = false; }
  // The answers from now on are lost, though what is sent arrives; heal_answers() breaks the
  // connections that have lost some, as a network would.
  void swallow_answers() { is_deaf_ = true; }
  void heal_answers() {
    is_deaf_ = false;
    breaks_ = true;
  }

 private:
  struct Pair {
    int client;
    int server;
  };

  static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }
  static void close_both(const Pair& pair) {
    ::close(pair.client);
    ::close(pair.server);
  }
  // False: the connection has ended.
  static bool move(int from, int to, bool swallow) {
    std::array<char, 65536> bytes{};
    const ssize_t got = ::recv(from, bytes.data(), bytes.size(), 0);
    if (got <= 0) return false;
    if (swallow) return true;
    for (ssize_t sent = 0; sent < got;) {
      const ssize_t more =
          ::send(to, bytes.data() + sent, static_cast<std::size_t>(got - sent), MSG_NOSIGNAL);
      if (more <= 0) return false;
      sent += more;
    }
    return true;
  }

  void accept_one() {
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) return;
    const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(to_);
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): as connect() wants it
    if (::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      close_both({client, server});
      return;
    }
    pairs_.push_back({client, server});
  }

  void run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      if (breaks_.exchange(false)) {
        for (const Pair& pair : pairs_) close_both(pair);
        pairs_.clear();
      }
      std::vector<pollfd> waits;
      if (!is_cut_) {
        waits.push_back({listener_, POLLIN, 0});
        for (const Pair& pair : pairs_) {
          waits.push_back({pair.client, POLLIN, 0});
          waits.push_back({pair.server, POLLIN, 0});
        }
      }
      if (::poll(waits.data(), waits.size(), 5) <= 0) continue;
      std::size_t at = 1;
      for (auto pair = pairs_.begin(); pair != pairs_.end(); at += 2) {
        bool lives = true;
        if (waits[at].revents != 0) lives = move(pair->client, pair->server, false);
        if (lives && waits[at + 1].revents != 0) {
          lives = move(pair->server, pair->client, is_deaf_);
        }
        if (lives) {
          ++pair;
        } else {
          close_both(*pair);
          pair = pairs_.erase(pair);
        }
      }
      if (waits[0].revents != 0) accept_one();
    }
  }

  std::uint16_t to_;
  std::uint16_t port_ = 0;
  int listener_ = -1;
  std::list<Pair> pairs_;
  std::atomic<bool> is_cut_{false};
  std::atomic<bool> is_deaf_{false};
  std::atomic<bool> breaks_{false};
  std::jthread mover_;  // last
};

}  // namespace bourse
