#include "feed/turn/door.h"

#include <algorithm>
#include <utility>

namespace bourse {

Door::Door(Reactor& reactor, const FeedOptions& options, TlsContext context,
           SessionMetrics& metrics, ConnectionLimits* limits)
    : reactor_(reactor),
      context_(std::move(context)),
      metrics_(metrics),
      limits_(limits),
      hall_(reactor, options.limits.handshake_ms) {
  for (const std::string& text : options.proxy_trusted)
    if (const auto range = AddressRange::parse(text)) balancers_.push_back(*range);
}

Result<void> Door::listen(const std::string& host, std::uint16_t port, Listener::Sharing sharing) {
  auto opened = Listener::open(reactor_, host, port, sharing);
  if (!opened) return std::unexpected(opened.error());
  listener_ = std::move(*opened);
  return {};
}

const std::vector<Accepted>& Door::take() {
  accepted_.clear();
  if (!is_waiting()) return accepted_;
  if (has_next_context_.exchange(false, std::memory_order_acquire)) {
    const std::lock_guard lock(mutex_);
    if (next_context_) context_ = std::move(*std::exchange(next_context_, std::nullopt));
  }
  listener_->accept(accepts_per_turn, accepted_);
  metrics_.accepted.add(accepted_.size());
  if (!balancers_.empty()) {
    std::erase_if(accepted_, [this](Accepted& one) {
      const bool waits = is_balancer(one);
      if (waits) hall_.enter(std::move(one));
      return waits;
    });
    hall_.take(accepted_);
    metrics_.refused_proxy.add(hall_.refused_count() - metrics_.refused_proxy.value());
  }
  std::erase_if(accepted_, [this](const Accepted& one) { return !is_admitted(one); });
  return accepted_;
}

bool Door::is_balancer(const Accepted& one) const {
  return std::ranges::any_of(balancers_,
                             [&](const AddressRange& range) { return range.holds(one.peer); });
}

bool Door::is_admitted(const Accepted& one) {
  if (limits_ == nullptr) return true;
  const auto answer = limits_->admit(one.peer, reactor_.now_ns());
  if (answer == ConnectionLimits::Answer::admitted) return true;
  const bool is_rate = answer == ConnectionLimits::Answer::too_fast;
  (is_rate ? metrics_.refused_rate : metrics_.refused_count).add();
  Listener::refuse(one.fd);
  return false;
}

void Door::use(TlsContext context) {
  {
    const std::lock_guard lock(mutex_);
    next_context_ = std::move(context);
  }
  has_next_context_.store(true, std::memory_order_release);
}

}  // namespace bourse
