#include "bench/twins/tls_ping_pong.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <memory>

#include "feed/net/certificate.h"  // TlsContext

namespace bourse {
namespace {

constexpr int payload_bytes = 100;
using Ssl = std::unique_ptr<SSL, decltype(&SSL_free)>;

void send_at_once(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

bool read_whole(SSL* ssl, std::array<char, payload_bytes>& bytes) {
  for (int got = 0; got < payload_bytes;) {
    const int read = SSL_read(ssl, bytes.data() + got, payload_bytes - got);
    if (read <= 0) return false;
    got += read;
  }
  return true;
}

// Gives back what it gets until the peer leaves.
int echo(int listener) {
  const auto context = TlsContext::server({});
  const int fd = ::accept(listener, nullptr, nullptr);
  if (!context || fd < 0) return 1;
  send_at_once(fd);
  const Ssl ssl(SSL_new(context->native()), SSL_free);
  SSL_set_fd(ssl.get(), fd);
  if (SSL_accept(ssl.get()) != 1) return 1;
  std::array<char, payload_bytes> bytes{};
  while (read_whole(ssl.get(), bytes) &&
         SSL_write(ssl.get(), bytes.data(), payload_bytes) == payload_bytes) {
  }
  return 0;
}

void ask(const sockaddr_in& to, std::size_t count, PingPong& out) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) {
    send_at_once(fd);
    const TlsContext context = TlsContext::client_without_verification();
    const Ssl ssl(SSL_new(context.native()), SSL_free);
    SSL_set_fd(ssl.get(), fd);
    bool is_sound = SSL_connect(ssl.get()) == 1;
    if (is_sound)
      out.cipher = std::string(SSL_get_version(ssl.get())) + " " + SSL_get_cipher_name(ssl.get());
    std::array<char, payload_bytes> bytes{};
    const std::size_t warm_up = count / 5;
    for (std::size_t i = 0; is_sound && i < count + warm_up; ++i) {
      const auto begin = std::chrono::steady_clock::now();
      is_sound = SSL_write(ssl.get(), bytes.data(), payload_bytes) == payload_bytes &&
                 read_whole(ssl.get(), bytes);
      const std::chrono::nanoseconds passed = std::chrono::steady_clock::now() - begin;
      if (is_sound && i >= warm_up) out.one_way_ns.push_back(passed.count() / 2);
    }
  }
  ::close(fd);
}

}  // namespace

PingPong tls_ping_pong(std::size_t count) {
  PingPong out;
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof to;
  if (::bind(listener, reinterpret_cast<const sockaddr*>(&to), length) != 0 ||
      ::listen(listener, 1) != 0 ||
      ::getsockname(listener, reinterpret_cast<sockaddr*>(&to), &length) != 0) {
    ::close(listener);
    return out;
  }
  const pid_t peer = ::fork();
  if (peer == 0) ::_exit(echo(listener));
  ::close(listener);
  ask(to, count, out);
  ::waitpid(peer, nullptr, 0);
  return out;
}

}  // namespace bourse
