#include "feed/trade/lost_sessions.h"

#include <algorithm>

namespace bourse {

std::vector<LostSessions::Session>::iterator LostSessions::find(SessionId id) {
  return std::find_if(sessions_.begin(), sessions_.end(),
                      [id](const Session& session) { return session.id == id; });
}

void LostSessions::note(AccountId account, SessionId id, SessionId connection,
                        DisconnectScope scope) {
  const std::lock_guard lock(mutex_);
  if (find(id) == sessions_.end())
    sessions_.push_back({.account = account, .id = id, .connection = connection, .scope = scope});
}

std::optional<LostSessions::Session> LostSessions::take_over(AccountId account, SessionId named,
                                                             SessionId connection) {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(sessions_.begin(), sessions_.end(), [&](const Session& session) {
    return session.account == account && (session.id == named || session.connection == named);
  });
  if (found == sessions_.end()) return std::nullopt;
  found->connection = connection;
  found->cancel_at = TimeNs{0};
  return *found;
}

bool LostSessions::end(SessionId id, SessionId connection, TimeNs now, bool is_draining) {
  constexpr std::int64_t ns_per_ms = 1'000'000;
  const std::lock_guard lock(mutex_);
  const auto found = find(id);
  if (found == sessions_.end() || found->connection != connection) return false;
  if (grace_ms_ == 0 || is_draining) {
    sessions_.erase(found);
    return true;
  }
  found->cancel_at = TimeNs{now.value() + std::int64_t{grace_ms_} * ns_per_ms};
  return false;
}

std::vector<LostSessions::Session> LostSessions::take_due(TimeNs now) {
  const std::lock_guard lock(mutex_);
  std::vector<Session> due;
  std::erase_if(sessions_, [&](const Session& session) {
    const bool is_due = session.cancel_at && session.cancel_at <= now;
    if (is_due) due.push_back(session);
    return is_due;
  });
  return due;
}

}  // namespace bourse
