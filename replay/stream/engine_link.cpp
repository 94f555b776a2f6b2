#include "replay/stream/engine_link.h"

#include <algorithm>

namespace bourse {

void EngineLink::tell(Verdict verdict) {
  const std::lock_guard lock(mutex_);
  const Doubt doubt{verdict.account, verdict.client_sequence};
  std::erase(doubts_, doubt);
  if (verdict.kind == Verdict::Kind::unknown) doubts_.push_back(doubt);
  doubts_count_.store(doubts_.size(), std::memory_order_release);
  if (verdicts_.size() >= verdicts_max) verdicts_.erase(verdicts_.begin());
  verdicts_.push_back(verdict);
  told_count_.fetch_add(1, std::memory_order_release);
}

void EngineLink::settle(AccountId account, ClientSequence client) {
  const std::lock_guard lock(mutex_);
  std::erase(doubts_, Doubt{account, client});
  doubts_count_.store(doubts_.size(), std::memory_order_release);
}

std::vector<Verdict> EngineLink::take(AccountId account, SessionId session) {
  const std::lock_guard lock(mutex_);
  std::vector<Verdict> out;
  std::erase_if(verdicts_, [&](const Verdict& verdict) {
    const bool is_theirs = verdict.account == account && verdict.session == session;
    if (is_theirs) out.push_back(verdict);
    return is_theirs;
  });
  return out;
}

bool EngineLink::is_in_doubt(AccountId account, ClientSequence client) const {
  if (doubts_count_.load(std::memory_order_acquire) == 0) return false;
  const std::lock_guard lock(mutex_);
  return std::ranges::find(doubts_, Doubt{account, client}) != doubts_.end();
}

}  // namespace bourse
