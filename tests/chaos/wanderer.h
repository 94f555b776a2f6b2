// A client that never gives up: a connection to one of several endpoints, made again at another one
// when it is lost or silent, and now and then for no reason at all.
//   Shape:  the crowd's epoll says when take() has something; tend() is called some times a second
//           and does what is due: connects, leaves who is silent, wanders.
//   Units:  nanoseconds of the steady clock.
//   Owner:  one thread has the whole crowd, its endpoints among it.
//   Errors: none: a loss is what this is made for.
#pragma once

#include <sys/epoll.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/load/load_connection.h"  // LoadConnection

namespace bourse {

inline std::int64_t steady_ns() {
  return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
}

struct Endpoint {
  std::uint32_t address;  // IPv4, in host order
  std::uint16_t port;
  std::int64_t not_before = 0;
};

// Where one may go, and where one has just failed.
class Endpoints {
 public:
  explicit Endpoints(std::span<const Endpoint> all) : all_(all.begin(), all.end()) {}

  // nullptr: nobody is there.
  const Endpoint* pick(std::mt19937_64& random, std::int64_t now) const;
  void note_failure(const Endpoint& endpoint, std::int64_t now);

 private:
  std::vector<Endpoint> all_;
};

struct Crowd {
  explicit Crowd(std::span<const Endpoint> all, std::uint64_t seed)
      : endpoints(all), random(seed), epoll(::epoll_create1(EPOLL_CLOEXEC)) {}

  const TlsContext context = TlsContext::client_without_verification();
  Endpoints endpoints;
  std::mt19937_64 random;
  const int epoll;
  std::uint32_t handshakes = 0;      // under way
  std::int64_t wander_every_ns = 0;  // on average; 0: never
};

class Wanderer {
 public:
  struct Counts {
    std::uint64_t connects = 0;
    std::uint64_t losses = 0;    // cut by the other side
    std::uint64_t silences = 0;  // left because nothing was heard
    std::uint64_t wanders = 0;
  };

  Wanderer(Crowd& crowd, std::string path, std::string subprotocol);
  virtual ~Wanderer() = default;
  Wanderer(const Wanderer&) = delete;
  Wanderer& operator=(const Wanderer&) = delete;

  void take(std::int64_t now);
  void tend(std::int64_t now);
  const Counts& counts() const { return counts_; }

 protected:
  virtual void on_open() = 0;
  virtual void on_text(std::string_view text) = 0;
  virtual void on_binary(std::span<const std::byte> payload) = 0;
  virtual void on_lost() = 0;
  virtual void on_quiet() {}  // once a second; ask for a sign of life

  bool is_open() const { return connection_ && connection_->is_open(); }
  LoadConnection& connection() { return *connection_; }
  std::mt19937_64& random() { return crowd_.random; }
  void leave() { wants_to_leave_ = true; }  // and come back somewhere
  std::int64_t now() const { return now_; }

 private:
  void connect();
  void lose(bool is_failure);

  Crowd& crowd_;
  const std::string path_;
  const std::string subprotocol_;
  std::unique_ptr<LoadConnection> connection_;
  Endpoint endpoint_{};
  bool has_opened_ = false;
  bool wants_to_leave_ = false;
  std::int64_t now_ = 0;
  std::int64_t heard_ns_ = 0;
  std::int64_t quiet_ns_ = 0;
  std::int64_t connect_at_ns_ = 0;
  std::int64_t wander_at_ns_ = 0;
  Counts counts_;
};

// One round: what has come is taken, waiting for it so long at most.
void take_all(const Crowd& crowd, int wait_ms);

}  // namespace bourse
