#include "feed/net/listener.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

namespace bourse {

namespace net = boost::asio;

namespace {

// Backlog beyond this stays in the shared log, where it is fresh and costs nothing.
constexpr int unsent_bytes_max = 32 << 10;
// A reader who reads again after a long while may have to wait until the kernel asks for his window
// once more, and it asks twice as late each time, up to two minutes (seen with Linux 6.18: eighteen
// seconds of stall, then ten of reading in which nothing came). Large enough that whom the network
// has lost is judged by dead_ms, not by the number of repetitions. A kernel before 6.15 says no.
constexpr int tcp_rto_max_ms = 44;  // TCP_RTO_MAX_MS, which the headers do not know yet
constexpr int ask_again_ms_max = 5000;
constexpr auto pause_without_descriptors = std::chrono::milliseconds(100);

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

void set(int fd, int level, int option, int value) {
  ::setsockopt(fd, level, option, &value, sizeof value);
}

std::string text_of(const sockaddr_storage& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    ::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
    return '[' + std::string(text) + "]:" + std::to_string(ntohs(v6.sin6_port));
  }
  const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
  ::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
  return std::string(text) + ':' + std::to_string(ntohs(v4.sin_port));
}

std::uint16_t port_of(int fd) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
  return ntohs(address.ss_family == AF_INET6
                   ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                   : reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

Error bind_error(int error, const std::string& host, std::uint16_t port) {
  const std::string where = host + ':' + std::to_string(port);
  switch (error) {
    case EADDRINUSE:
      return {ExitCode::cannot_create, "port " + std::to_string(port) + " is in use", where,
              "stop the process that listens there (ss -ltnp), or choose another: --port N"};
    case EACCES:
      return {ExitCode::cannot_create, "port " + std::to_string(port) + " is not allowed", where,
              "a port above 1023: --port N"};
    case EADDRNOTAVAIL:
      return {ExitCode::bad_config, "this machine has no address " + host, where,
              "127.0.0.1 for this machine only, 0.0.0.0 or :: for every network: --host ADDRESS"};
    default:
      return {ExitCode::cannot_create, std::strerror(error), where, ""};
  }
}

// A bound and listening socket, or -1 with errno.
int listen_on(const addrinfo& at, bool share_port) {
  Descriptor socket(::socket(at.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) return -1;
  set(socket.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (share_port) set(socket.get(), SOL_SOCKET, SO_REUSEPORT, 1);
  if (::bind(socket.get(), at.ai_addr, at.ai_addrlen) != 0) return -1;
  if (::listen(socket.get(), SOMAXCONN) != 0) return -1;
  return socket.release();
}

}  // namespace

struct Listener::Waiting {
  net::posix::basic_stream_descriptor<net::io_context::executor_type> descriptor;
  net::basic_waitable_timer<std::chrono::steady_clock, net::wait_traits<std::chrono::steady_clock>,
                            net::io_context::executor_type>
      pause;

  Waiting(Reactor& reactor, int fd) : descriptor(reactor.native(), fd), pause(reactor.native()) {}
};

Result<std::unique_ptr<Listener>> Listener::open(Reactor& reactor, const std::string& host,
                                                 std::uint16_t port, Sharing sharing) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int failure = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (failure != 0)
    return fail(ExitCode::bad_config, "'" + host + "' is no address: " + ::gai_strerror(failure),
                host, "127.0.0.1 for this machine only, 0.0.0.0 or :: for every network");
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, ::freeaddrinfo);
  if (sharing == Sharing::first && port != 0) {
    // A stranger that shares its port would let us in, and take half of our clients.
    const Descriptor probe(listen_on(*found, false));
    if (probe.get() < 0) return std::unexpected(bind_error(errno, host, port));
  }
  const int fd = listen_on(*found, sharing != Sharing::alone);
  if (fd < 0) return std::unexpected(bind_error(errno, host, port));
  return std::unique_ptr<Listener>(new Listener(reactor, fd, port_of(fd)));
}

Listener::Listener(Reactor& reactor, int fd, std::uint16_t port)
    : waiting_(std::make_unique<Waiting>(reactor, fd)), fd_(fd), port_(port) {
  wait();
}

Listener::~Listener() = default;

void Listener::wait() {
  ready_ = false;
  waiting_->descriptor.async_wait(net::posix::descriptor_base::wait_read, [this](auto error) {
    if (!error) ready_ = true;
  });
}

void Listener::accept(std::size_t connections_max, std::vector<Accepted>& out) {
  if (!ready_) return;
  for (std::size_t i = 0; i < connections_max; ++i) {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    const int fd = ::accept4(fd_, reinterpret_cast<sockaddr*>(&address), &length,
                             SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
      set(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, unsent_bytes_max);
      set(fd, IPPROTO_TCP, tcp_rto_max_ms, ask_again_ms_max);
      out.push_back({fd, text_of(address)});
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      wait();
      return;
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      // The connection keeps waiting in the backlog; asking at once would only spin.
      ready_ = false;
      waiting_->pause.expires_after(pause_without_descriptors);
      waiting_->pause.async_wait([this](auto error) {
        if (!error) wait();
      });
      return;
    }  // any other error belongs to a connection that is gone already
  }
}

void Listener::refuse(int fd) {
  const ::linger discard{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &discard, sizeof discard);
  ::close(fd);
}

void Listener::close() {
  ready_ = false;
  waiting_->pause.cancel();
  boost::system::error_code ignored;
  waiting_->descriptor.close(ignored);
}

}  // namespace bourse
