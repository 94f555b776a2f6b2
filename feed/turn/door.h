// Where connections come in: the listening socket of one io thread, the limits that hold before
// TLS, and the certificate that newcomers are shown.
//   Shape:  take() gives those that are admitted, a bounded number; left() must follow for each.
//   Owner:  one io thread; use() may be called by any thread.
//   Errors: listen() tells what is wrong with address or port. Who is refused is cut without a
//           word. Behind a balancer that is trusted (feed.proxy_trusted) a connection is admitted
//           by the address that its PROXY header names.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "feed/feed_options.h"           // FeedOptions
#include "feed/net/address_range.h"      // AddressRange
#include "feed/net/certificate.h"        // TlsContext
#include "feed/net/connection_limits.h"  // ConnectionLimits
#include "feed/net/listener.h"           // Listener, Accepted
#include "feed/net/proxy_hall.h"         // ProxyHall
#include "feed/net/reactor.h"            // Reactor
#include "feed/net/session_metrics.h"    // SessionMetrics
#include "replay/result.h"               // Result

namespace bourse {

class Door {
 public:
  static constexpr std::size_t accepts_per_turn = 16;

  // limits: nullptr = none.
  Door(Reactor& reactor, const FeedOptions& options, TlsContext context, SessionMetrics& metrics,
       ConnectionLimits* limits);

  // port 0: any free one.
  Result<void> listen(const std::string& host, std::uint16_t port, Listener::Sharing sharing);
  std::uint16_t port() const { return listener_ ? listener_->port() : std::uint16_t{0}; }
  bool is_waiting() const {  // somebody is
    return listener_ && (listener_->ready() || hall_.has_arrivals());
  }
  const std::vector<Accepted>& take();
  void left(std::string_view peer) {
    if (limits_ != nullptr) limits_->leave(peer);
  }
  void close() {
    hall_.close();
    if (listener_) listener_->close();
  }

  const TlsContext& context() const { return context_; }
  // Connections that come from now on are shown this certificate.
  void use(TlsContext context);

 private:
  bool is_admitted(const Accepted& one);
  bool is_balancer(const Accepted& one) const;

  Reactor& reactor_;
  TlsContext context_;
  SessionMetrics& metrics_;
  ConnectionLimits* limits_;
  std::unique_ptr<Listener> listener_;
  ProxyHall hall_;
  std::vector<AddressRange> balancers_;
  std::vector<Accepted> accepted_;
  std::mutex mutex_;
  std::optional<TlsContext> next_context_;  // guarded
  std::atomic<bool> has_next_context_{false};
};

}  // namespace bourse
