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
#include <string>
#include <string_view>
#include <vector>

#include "feed/order_command.h"  // OrderText, WireOrder, Sender, Refusal
#include "matching/command.h"    // Command
#include "matching/sequencer.h"  // Gate

namespace bourse {

class OrderEntry {
 public:
  using Outcome = std::expected<void, Refusal>;

  OrderEntry(Gate gate, const InstrumentTable& instruments);

  Outcome submit(const OrderText& order, const Sender& sender);
  Outcome submit(const WireOrder& order, const Sender& sender);

  // A session is over whose orders asked to be cancelled with it. A full gate loses nothing: what
  // found no room is sent by the next try_again(), which the thread calls often.
  void end_session(AccountId account, SessionId session);
  void try_again();

  // From now on every request is refused with `draining`.
  void drain() { draining_ = true; }
  std::uint64_t sent_count() const { return sent_count_; }
  std::uint64_t busy_count() const { return busy_count_; }

 private:
  Outcome push(const Command& command);

  Gate gate_;
  const InstrumentTable& instruments_;
  std::vector<Command> waiting_;  // for room in the gate
  bool draining_ = false;
  std::uint64_t sent_count_ = 0;
  std::uint64_t busy_count_ = 0;
};

}  // namespace bourse
