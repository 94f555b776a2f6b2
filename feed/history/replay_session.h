// One connection on /v1/replay: the market of the past, served as /v1/md serves the present, at the
// pace of a clock that the client commands. docs/PROTOCOL.md, "Replay", is the contract.
//   Shape:  a MarketSession on the hub of a ReplayPlayer, and a member of a ReplayGroup, which owns
//           the clock. What is asked of the replay is answered here, everything else there. The
//           clock stands while the reader's outbox is full: nobody is left behind.
//   Units:  nanoseconds of the steady clock outside, market time inside.
//   Owner:  one io thread. Must not outlive what it was made with.
//   Errors: a query or request that is wrong is answered with {"op":"error"}; a wrong query, a
//           place that cannot be reached and a log that cannot be read also end the connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "feed/feed_options.h"            // FeedOptions
#include "feed/history/replay_groups.h"   // ReplayGroups
#include "feed/history/replay_request.h"  // ReplayOpening
#include "feed/instrument_table.h"        // InstrumentTable
#include "feed/net/outbox.h"              // Outbox
#include "feed/net/reactor.h"             // steady_now_ns
#include "feed/net/session_info.h"        // SessionInfo
#include "matching/types.h"               // TimeNs
#include "replay/log/log.h"               // Log

namespace bourse {

struct ReplayParts {
  const Log& log;
  const FeedOptions& options;
  const InstrumentTable& known;  // instruments that can be subscribed to before they are defined
  ReplayGroups& groups;
  std::int64_t (*steady)() = steady_now_ns;
  ReplayOpening defaults = {};
};

class ReplaySession {
 public:
  // `query`: of the URL, behind the '?'.
  ReplaySession(const ReplayParts& parts, SessionInfo info, std::string_view query);
  ~ReplaySession();
  ReplaySession(ReplaySession&&) noexcept;
  ReplaySession& operator=(ReplaySession&&) = delete;

  void on_open(Outbox& out);
  void on_text(std::string_view text, Outbox& out);
  void on_binary(std::span<const std::byte> bytes, Outbox& out);
  bool pump(Outbox& out, TimeNs now);
  void on_timer(TimeNs now, Outbox& out);
  std::int64_t due_ns() const;  // when pump() has something to do, steady clock

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bourse
