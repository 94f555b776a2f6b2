#include "feed/turn/door.h"

#include <utility>

namespace bourse {

Door::Door(Reactor& reactor, TlsContext context, SessionMetrics& metrics, ConnectionLimits* limits)
    : reactor_(reactor), context_(std::move(context)), metrics_(metrics), limits_(limits) {}

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
  std::erase_if(accepted_, [this](const Accepted& one) { return !is_admitted(one); });
  return accepted_;
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
