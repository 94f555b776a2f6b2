#include "bench/load/handshake_storm.h"

#include <openssl/ssl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <vector>

#include "bench/load/load_connection.h"  // LoadConnection

namespace bourse {
namespace {

using Session = std::unique_ptr<SSL_SESSION, decltype(&SSL_SESSION_free)>;

// Below 0: a connection was refused, or was not resumed.
double storm(std::uint16_t port, std::uint32_t count, bool is_resumed) {
  const TlsContext context = TlsContext::client_without_verification();
  const LoadConnection first(context, port, "/v1/md", "bourse.fb.v1");
  const Session session(is_resumed ? first.session() : nullptr, SSL_SESSION_free);
  std::vector<std::unique_ptr<LoadConnection>> connections;
  const auto begin = std::chrono::steady_clock::now();
  for (std::uint32_t i = 0; i < count; ++i) {
    connections.push_back(
        std::make_unique<LoadConnection>(context, port, "/v1/md", "bourse.fb.v1",
                                         LoadConnection::Options{.session = session.get()}));
    const LoadConnection& one = *connections.back();
    if (!one.is_sound() || one.was_resumed() != is_resumed) return -1;
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

HandshakeStorm::HandshakeStorm(std::uint16_t port, std::uint32_t count, bool is_resumed) {
  int ends[2] = {-1, -1};
  const bool is_open = ::pipe(ends) == 0;
  pid_ = ::fork();
  if (pid_ == 0) {
    const double seconds = is_open ? storm(port, count, is_resumed) : -1;
    ::_exit(::write(ends[1], &seconds, sizeof seconds) == sizeof seconds ? 0 : 1);
  }
  ::close(ends[1]);
  result_ = ends[0];
}

HandshakeStorm::~HandshakeStorm() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  ::close(result_);
}

Result<double> HandshakeStorm::finish() {
  double seconds = -1;
  if (::read(result_, &seconds, sizeof seconds) != sizeof seconds || seconds < 0)
    return fail(ExitCode::unreachable, "a connection of the storm was refused or not resumed",
                "/v1/md", "are there enough descriptors (ulimit -n)?");
  return seconds;
}

}  // namespace bourse
