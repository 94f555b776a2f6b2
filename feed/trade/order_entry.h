// The edge of the exchange: what a trader asks becomes a Command in the gate, or is refused here.
//   Shape:  refused at the edge is only what cannot be put into a Command exactly (unknown
//           instrument, off tick, off lot, unknown words) and what the gate has no room for;
//           everything else is decided by the engine and lies in the log.
//   Units:  in: decimal text or wire integers; out: ticks and lots.
//   Owner:  one io thread, which alone pushes into this Gate.
//   Errors: a Refusal with a stable code: nothing was sequenced, the client sequence is not used.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "feed/trade/lost_sessions.h"   // LostSessions
#include "feed/trade/order_command.h"   // OrderText, WireOrder, Sender, Refusal
#include "matching/command.h"           // Command
#include "matching/sequencer.h"         // Gate
#include "replay/stream/engine_link.h"  // EngineLink

namespace bourse {

class OrderEntry {
 public:
  using Outcome = std::expected<void, Refusal>;

  // `remote`: the engine is in another process; nullptr: in this one.
  OrderEntry(Gate gate, const InstrumentTable& instruments, LostSessions& lost,
             EngineLink* remote = nullptr);

  // What `order` says, exactly, or why it cannot be said.
  template <class Order>
  std::expected<Command, Refusal> command_of(const Order& order, const Sender& sender) const {
    return bourse::command_of(order, sender, instruments_);
  }
  Outcome submit(const Command& command);

  // A session with which something is to be cancelled, and the connection that holds it.
  struct Holder {
    AccountId account;
    SessionId session;
    SessionId connection;
    DisconnectScope scope = {};
  };
  void note_session(const Holder& holder);
  // The connection goes on as a session that has lost its own, and is told which it was. Nothing:
  // there is none to go on with.
  std::optional<LostSessions::Session> resume_session(AccountId account, SessionId named,
                                                      SessionId connection);
  // The connection is over; its orders are cancelled now, or when nobody has come back in time. A
  // full gate loses nothing: what found no room is sent by the next look_after(), which the thread
  // calls often.
  void end_session(const Holder& holder, TimeNs now);
  void look_after(TimeNs now);
  // What became of commands to a remote engine; nullptr: it is here, and nothing is ever in doubt.
  EngineLink* remote() const { return remote_; }

  // From now on every request is refused with `draining`.
  void drain() { draining_ = true; }
  std::uint64_t sent_count() const { return sent_count_; }
  std::uint64_t busy_count() const { return busy_count_; }
  std::uint64_t closed_count() const { return closed_count_; }      // refused with journal_full
  std::uint64_t resumed_count() const { return resumed_count_; }    // sessions
  std::uint64_t canceled_count() const { return canceled_count_; }  // sessions, with their orders

 private:
  static Command end_of(AccountId account, SessionId session, DisconnectScope scope);
  void cancel_session(AccountId account, SessionId session, DisconnectScope scope);

  Gate gate_;
  const InstrumentTable& instruments_;
  LostSessions& lost_;
  EngineLink* remote_;
  std::vector<Command> waiting_;  // for room in the gate
  bool draining_ = false;
  std::uint64_t sent_count_ = 0;
  std::uint64_t busy_count_ = 0;
  std::uint64_t closed_count_ = 0;
  std::uint64_t resumed_count_ = 0;
  std::uint64_t canceled_count_ = 0;
  TimeNs next_look_{0};  // at the lost sessions
};

}  // namespace bourse
