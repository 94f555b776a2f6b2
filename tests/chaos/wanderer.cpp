#include "tests/chaos/wanderer.h"

#include <array>
#include <utility>

namespace bourse {
namespace {

constexpr std::int64_t ms = 1'000'000;
constexpr std::int64_t handshake_patience = 3000 * ms;
constexpr std::int64_t silence_max = 4000 * ms;  // heartbeats and pongs come every second
constexpr std::int64_t quiet_pause = 1000 * ms;
constexpr std::int64_t avoid_for = 700 * ms;
constexpr std::uint64_t retry_ms_min = 50;
constexpr std::uint64_t retry_ms_spread = 350;
constexpr std::uint32_t handshakes_max = 48;

}  // namespace

const Endpoint* Endpoints::pick(std::mt19937_64& random, std::int64_t now) const {
  const Endpoint* picked = nullptr;
  std::uint64_t seen = 0;
  for (const Endpoint& one : all_)
    if (one.not_before <= now && random() % ++seen == 0) picked = &one;
  return picked;
}

void Endpoints::note_failure(const Endpoint& endpoint, std::int64_t now) {
  for (Endpoint& one : all_)
    if (one.port == endpoint.port && one.address == endpoint.address)
      one.not_before = now + avoid_for;
}

Wanderer::Wanderer(Crowd& crowd, std::string path, std::string subprotocol)
    : crowd_(crowd), path_(std::move(path)), subprotocol_(std::move(subprotocol)) {}

void Wanderer::take(std::int64_t now) {
  now_ = now;
  if (!connection_) return;
  connection_->take([this](WsOpcode opcode, std::span<const std::byte> payload) {
    heard_ns_ = now_;
    if (!std::exchange(has_opened_, true)) {
      --crowd_.handshakes;
      on_open();
    }
    if (opcode == WsOpcode::text)
      on_text({reinterpret_cast<const char*>(payload.data()), payload.size()});
    if (opcode == WsOpcode::binary) on_binary(payload);
  });
  if (!connection_->is_sound()) {
    ++counts_.losses;
    lose(true);
  } else if (std::exchange(wants_to_leave_, false)) {
    lose(false);
  }
}

void Wanderer::tend(std::int64_t now) {
  now_ = now;
  if (!connection_) {
    if (now >= connect_at_ns_ && crowd_.handshakes < handshakes_max) connect();
    return;
  }
  // What has come while nobody looked is no silence.
  if (now - heard_ns_ > (has_opened_ ? silence_max : handshake_patience)) {
    take(now);
    if (!connection_ || heard_ns_ == now) return;
    ++counts_.silences;
    return lose(true);
  }
  if (crowd_.wander_every_ns > 0 && has_opened_ && now > wander_at_ns_) {
    ++counts_.wanders;
    return lose(false);
  }
  if (has_opened_ && now - quiet_ns_ > quiet_pause) {
    quiet_ns_ = now;
    on_quiet();
  }
}

void Wanderer::connect() {
  const Endpoint* const picked = crowd_.endpoints.pick(crowd_.random, now_);
  connect_at_ns_ =
      now_ + static_cast<std::int64_t>(retry_ms_min + crowd_.random() % retry_ms_spread) * ms;
  if (picked == nullptr) return;
  endpoint_ = *picked;
  connection_ = std::make_unique<LoadConnection>(
      crowd_.context, endpoint_.port, path_, subprotocol_,
      LoadConnection::Options{.address = endpoint_.address, .waits = false});
  ++counts_.connects;
  ++crowd_.handshakes;
  has_opened_ = wants_to_leave_ = false;
  heard_ns_ = quiet_ns_ = now_;
  if (crowd_.wander_every_ns > 0)
    wander_at_ns_ =
        now_ + static_cast<std::int64_t>(crowd_.random() %
                                         (2 * static_cast<std::uint64_t>(crowd_.wander_every_ns)));
  if (!connection_->is_sound()) return lose(true);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = this;
  ::epoll_ctl(crowd_.epoll, EPOLL_CTL_ADD, connection_->fd(), &event);
}

void Wanderer::lose(bool is_failure) {
  if (is_failure) crowd_.endpoints.note_failure(endpoint_, now_);
  if (!has_opened_) --crowd_.handshakes;
  connection_.reset();
  wants_to_leave_ = false;
  on_lost();
}

void take_all(const Crowd& crowd, int wait_ms) {
  std::array<epoll_event, 256> events;
  const int ready =
      ::epoll_wait(crowd.epoll, events.data(), static_cast<int>(events.size()), wait_ms);
  const std::int64_t now = steady_ns();
  for (int i = 0; i < ready; ++i)
    static_cast<Wanderer*>(events[static_cast<std::size_t>(i)].data.ptr)->take(now);
}

}  // namespace bourse
