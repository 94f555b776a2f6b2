#include "feed/net/proxy_hall.h"

#include <sys/socket.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <span>
#include <string>
#include <unordered_set>
#include <utility>

#include "feed/net/proxy_header.h"  // parse_proxy_header

namespace bourse {

namespace net = boost::asio;

namespace {

using Descriptor = net::posix::basic_stream_descriptor<net::io_context::executor_type>;
using Timer = net::basic_waitable_timer<std::chrono::steady_clock,
                                        net::wait_traits<std::chrono::steady_clock>,
                                        net::io_context::executor_type>;

struct Visitor {
  Visitor(Reactor& reactor, Accepted&& one)
      : descriptor(reactor.native(), one.fd), deadline(reactor.native()), peer(one.peer) {}

  Descriptor descriptor;
  Timer deadline;
  std::string peer;  // the balancer
  std::array<std::byte, ProxyHeader::bytes_max> bytes;
  std::size_t read = 0;
  std::size_t wanted = ProxyHeader::fixed_bytes;
};

}  // namespace

struct ProxyHall::State : std::enable_shared_from_this<State> {
  State(Reactor& r, std::uint32_t ms) : reactor(r), wait_ms(ms) {}

  using Held = std::shared_ptr<Visitor>;

  void listen(const Held& visitor) {
    visitor->descriptor.async_wait(net::posix::descriptor_base::wait_read,
                                   [self = shared_from_this(), visitor](auto error) {
                                     if (!error && self->visitors.contains(visitor))
                                       self->hear(visitor);
                                   });
  }

  // Never more than is known to belong to the header: what follows is TLS.
  void hear(const Held& visitor) {
    Visitor& v = *visitor;
    while (true) {
      const ssize_t got = ::recv(v.descriptor.native_handle(), v.bytes.data() + v.read,
                                 v.wanted - v.read, MSG_DONTWAIT);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return listen(visitor);
      if (got <= 0) return refuse(visitor);
      v.read += static_cast<std::size_t>(got);
      ProxyHeader header = parse_proxy_header({v.bytes.data(), v.read});
      if (header.state == ProxyHeader::State::bad) return refuse(visitor);
      if (header.state == ProxyHeader::State::incomplete) {
        v.wanted = header.bytes;
        continue;
      }
      arrived.push_back({v.descriptor.release(),
                         header.client.empty() ? std::move(v.peer) : std::move(header.client)});
      return leave(visitor);
    }
  }

  void leave(const Held& visitor) {
    visitor->deadline.cancel();
    visitors.erase(visitor);
  }
  void refuse(const Held& visitor) {
    ++refused;
    Listener::refuse(visitor->descriptor.release());
    leave(visitor);
  }

  Reactor& reactor;
  const std::uint32_t wait_ms;
  std::unordered_set<Held> visitors;
  std::vector<Accepted> arrived;
  std::uint64_t refused = 0;
};

ProxyHall::ProxyHall(Reactor& reactor, std::uint32_t wait_ms)
    : state_(std::make_shared<State>(reactor, wait_ms)) {}
ProxyHall::~ProxyHall() { close(); }

void ProxyHall::enter(Accepted one) {
  State& s = *state_;
  if (s.visitors.size() >= waiting_max) {
    ++s.refused;
    return Listener::refuse(one.fd);
  }
  auto visitor = std::make_shared<Visitor>(s.reactor, std::move(one));
  s.visitors.insert(visitor);
  visitor->deadline.expires_after(std::chrono::milliseconds(s.wait_ms));
  visitor->deadline.async_wait([self = state_, visitor](auto error) {
    if (!error && self->visitors.contains(visitor)) self->refuse(visitor);
  });
  s.hear(visitor);
}

bool ProxyHall::has_arrivals() const { return !state_->arrived.empty(); }

void ProxyHall::take(std::vector<Accepted>& out) {
  for (Accepted& one : state_->arrived) out.push_back(std::move(one));
  state_->arrived.clear();
}

std::uint64_t ProxyHall::refused_count() const { return state_->refused; }

void ProxyHall::close() {
  State& s = *state_;
  for (const Accepted& one : std::exchange(s.arrived, {})) Listener::refuse(one.fd);
  while (!s.visitors.empty()) s.refuse(*s.visitors.begin());
}

}  // namespace bourse
