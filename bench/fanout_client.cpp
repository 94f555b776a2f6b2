#include "bench/fanout_client.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "feed/tls_wire.h"  // TlsWire

namespace bourse {

namespace {

constexpr int patience_ms = 20'000;
constexpr std::byte ping_opcode{0x89};
constexpr std::string_view upgrade_request =
    "GET /flood HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

class Subscriber {
 public:
  Subscriber(const TlsContext& context, std::uint16_t port)
      : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    is_sound_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::fcntl(fd_, F_SETFL, O_NONBLOCK);
    wire_ = std::make_unique<TlsWire>(context, fd_, TlsWire::Role::client);
    is_sound_ = is_sound_ && shake_hands() && upgrade();
  }
  ~Subscriber() {
    wire_.reset();
    ::close(fd_);
  }
  int fd() const { return fd_; }
  bool is_sound() const { return is_sound_; }
  std::uint64_t received() const { return received_; }

  // Takes what has come; latencies go into `samples` from number `warm_up` on.
  void take(const FanoutPlan& plan, std::vector<std::int64_t>* samples) {
    for (;;) {
      std::size_t bytes = 0;
      const auto step = wire_->read(std::span(buffer_).subspan(held_), bytes);
      if (step != TlsWire::Step::done) {
        is_sound_ = is_sound_ && step == TlsWire::Step::want_read;
        return;
      }
      held_ += bytes;
      parse(plan, samples);
      if (!is_sound_) return;
    }
  }

 private:
  bool wait(short events) const {
    pollfd one{fd_, events, 0};
    return ::poll(&one, 1, patience_ms) == 1;
  }
  bool shake_hands() {
    for (;;) {
      const auto step = wire_->handshake();
      if (step == TlsWire::Step::done) return true;
      if (step != TlsWire::Step::want_read || !wait(POLLIN)) return false;
    }
  }
  bool upgrade() {
    CipherText cipher;
    if (!wire_->encrypt(std::as_bytes(std::span(upgrade_request)), cipher)) return false;
    if (wire_->send(cipher.bytes(), 1) != TlsWire::Sent::all) return false;
    for (;;) {
      const std::string_view got(reinterpret_cast<const char*>(buffer_.data()), held_);
      if (const auto end = got.find("\r\n\r\n"); end != std::string_view::npos) {
        held_ -= end + 4;
        std::memmove(buffer_.data(), buffer_.data() + end + 4, held_);
        return got.starts_with("HTTP/1.1 101");
      }
      std::size_t bytes = 0;
      const auto step = wire_->read(std::span(buffer_).subspan(held_), bytes);
      if (step == TlsWire::Step::done)
        held_ += bytes;
      else if (step != TlsWire::Step::want_read || !wait(POLLIN))
        return false;
    }
  }
  void answer_ping() {
    static constexpr std::array<std::byte, 6> pong = {std::byte{0x8a}, std::byte{0x80}};
    CipherText cipher;
    is_sound_ = is_sound_ && wire_->encrypt(pong, cipher) &&
                wire_->send(cipher.bytes(), 1) == TlsWire::Sent::all;
  }
  void parse(const FanoutPlan& plan, std::vector<std::int64_t>* samples) {
    const std::byte* at = buffer_.data();
    const std::byte* const end = at + held_;
    const std::int64_t now = samples != nullptr ? clock_ns(CLOCK_MONOTONIC) : 0;
    for (;;) {
      if (end - at < 2) break;
      std::size_t length = std::to_integer<std::size_t>(at[1]), header = 2;
      if (length == 126) {
        if (end - at < 4) break;
        length = std::to_integer<std::size_t>(at[2]) << 8 | std::to_integer<std::size_t>(at[3]);
        header = 4;
      }
      if (static_cast<std::size_t>(end - at) < header + length) break;
      if (at[0] == ping_opcode) {
        answer_ping();
        at += header + length;
        continue;
      }
      std::uint64_t number = 0;
      std::memcpy(&number, at + header, sizeof number);
      is_sound_ = is_sound_ && at[0] == std::byte{0x82} && length == plan.payload_bytes &&
                  number == received_;
      if (samples != nullptr && number >= plan.warm_up) {
        std::int64_t intended = 0;
        std::memcpy(&intended, at + header + sizeof number, sizeof intended);
        samples->push_back(now - intended);
      }
      ++received_;
      at += header + length;
    }
    held_ = static_cast<std::size_t>(end - at);
    std::memmove(buffer_.data(), at, held_);
  }

  int fd_;
  bool is_sound_ = false;
  std::unique_ptr<TlsWire> wire_;
  std::uint64_t received_ = 0;
  std::size_t held_ = 0;
  std::array<std::byte, 20'480> buffer_;  // a record, and a message that was cut
};

}  // namespace

ClientFigures run_fanout_client(const FanoutPlan& plan, std::uint16_t port, bool spins) {
  const TlsContext context = TlsContext::client_without_verification();
  std::vector<std::unique_ptr<Subscriber>> subscribers;
  const int epoll = ::epoll_create1(0);
  for (std::uint32_t i = 0; i < plan.subscribers; ++i) {
    subscribers.push_back(std::make_unique<Subscriber>(context, port));
    if (!subscribers.back()->is_sound()) return {};
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u32 = i;
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, subscribers.back()->fd(), &event);
  }
  std::vector<std::int64_t> samples;
  if (plan.per_second > 0) samples.reserve(plan.subscribers * plan.messages);
  auto* const wanted = plan.per_second > 0 ? &samples : nullptr;
  // The first messages may have come with the answer to the upgrade.
  for (auto& subscriber : subscribers) subscriber->take(plan, wanted);
  ClientFigures figures;
  std::array<epoll_event, 256> events;
  std::size_t complete = 0;
  for (auto& subscriber : subscribers) complete += subscriber->received() == plan.messages;
  bool is_sound = true;
  while (complete < plan.subscribers && is_sound) {
    const int ready = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()),
                                   spins ? 0 : patience_ms);
    if (ready <= 0 && !spins) break;
    for (int i = 0; i < ready; ++i) {
      Subscriber& subscriber = *subscribers[events[static_cast<std::size_t>(i)].data.u32];
      const bool was_complete = subscriber.received() == plan.messages;
      subscriber.take(plan, wanted);
      complete += !was_complete && subscriber.received() == plan.messages;
      is_sound = is_sound && (subscriber.is_sound() || subscriber.received() == plan.messages);
    }
  }
  for (auto& subscriber : subscribers) figures.received += subscriber->received();
  figures.is_complete = is_sound && complete == plan.subscribers;
  ::close(epoll);
  if (samples.empty()) return figures;
  std::sort(samples.begin(), samples.end());
  const auto at = [&samples](double share) {
    return samples[static_cast<std::size_t>(share * static_cast<double>(samples.size() - 1))];
  };
  figures.p50_ns = at(0.5);
  figures.p99_ns = at(0.99);
  figures.p999_ns = at(0.999);
  figures.max_ns = samples.back();
  return figures;
}

}  // namespace bourse
