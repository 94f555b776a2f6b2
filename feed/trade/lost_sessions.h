// The sessions whose orders asked to be cancelled with them: which connection holds each, and which
// have lost theirs and may come back for them during the grace.
//   Shape:  a short list, searched: only sessions with such orders are in it. One for all io
//           threads, because a client that comes back may land on another one; behind a mutex that
//           is taken once per session, connection and look at the clock, never per order.
//   Units:  nanoseconds UTC, as the io threads read their clock.
//   Owner:  whoever wires the exchange; any io thread calls.
//   Errors: none.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include "matching/types.h"  // AccountId, SessionId, GroupId, TimeNs

namespace bourse {

// What is cancelled when a session ends.
struct DisconnectScope {
  enum class Kind : std::uint8_t {
    orders = 0,   // those of its orders that asked for it
    session = 1,  // all of its orders
    group = 2,    // all orders of the account in this group, whoever sent them
  };
  Kind kind = Kind::orders;
  GroupId group{0};

  // Does it hold for an order that the session sends?
  bool covers(GroupId of_order) const {
    return kind == Kind::session || (kind == Kind::group && of_order == group);
  }
};

class LostSessions {
 public:
  struct Session {
    AccountId account;
    SessionId id;          // what its orders carry
    SessionId connection;  // that holds it, or held it last
    DisconnectScope scope = {};
    TimeNs cancel_at{0};  // 0: a connection holds it
  };

  explicit LostSessions(std::uint32_t grace_ms) : grace_ms_(grace_ms) {}

  // An order of the session asked for it; `connection` is the one that holds the session.
  void note(AccountId account, SessionId id, SessionId connection, DisconnectScope scope = {});
  // Another connection of the account goes on as the session that is named, or that the named
  // connection held, also if the server has not yet seen that this one is dead. Nothing: there is
  // no such session, or not any more.
  std::optional<Session> take_over(AccountId account, SessionId named, SessionId connection);
  // The connection is over. True: the orders of the session are to be cancelled now.
  bool end(SessionId id, SessionId connection, TimeNs now, bool is_draining);
  // The sessions that nobody has come back to in time; each is given out once.
  std::vector<Session> take_due(TimeNs now);

 private:
  std::vector<Session>::iterator find(SessionId id);

  const std::uint32_t grace_ms_;
  std::mutex mutex_;
  std::vector<Session> sessions_;
};

}  // namespace bourse
