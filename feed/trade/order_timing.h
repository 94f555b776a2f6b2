// Stage times of one session's commands: in /metrics for all, and told after each acknowledgement,
// {"op":"timing",...}, to a session that asks.
//   Shape:  what was sent waits for its transaction, what was told waits until the socket has it;
//           so the last stage can be told too and no acknowledgement waits for its measurement.
//           Who does not ask is followed with one command at a time, the next one that has a client
//           sequence after the last one has left.
//   Units:  nanoseconds UTC.
//   Owner:  a session, on its io thread.
//   Errors: none; a stage that was not measured is left out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "feed/net/outbox.h"          // Outbox
#include "feed/net/stage_clock.h"     // StageClock
#include "feed/trade/exec_stream.h"   // ExecStream::Own
#include "feed/trade/order_stages.h"  // OrderStages
#include "matching/types.h"           // ClientSequence, TimeNs

namespace bourse {

class OrderTiming {
 public:
  static constexpr std::size_t waiting_max = 65536;  // the oldest are given up

  enum class Follows : bool { one_at_a_time, all_and_tells };

  // `log`: what is told names it.
  OrderTiming(StageClock& stages, OrderStages& measured, Follows follows,
              std::optional<std::uint32_t> log = {});
  ~OrderTiming() { stages_.leave(); }
  OrderTiming(const OrderTiming&) = delete;
  OrderTiming& operator=(const OrderTiming&) = delete;

  bool wants(ClientSequence client_sequence) const {
    return tells_ || (sent_.empty() && told_.empty() && client_sequence);
  }
  // A command has passed the gate. REQUIRES: wants() it.
  void on_sent(ClientSequence client_sequence, TimeNs received, TimeNs gate);
  bool tells() const { return tells_; }
  bool is_following() const { return !sent_.empty(); }
  // Its transaction stands in the outbox.
  void on_told(const ExecStream::Own& own, TimeNs encoded, Outbox& out);
  // Takes the time of what has left, and tells it who asks. True: who asks waits for more.
  bool pump(Outbox& out);

 private:
  struct Sent {
    ClientSequence client_sequence;
    TimeNs received;
    TimeNs gate;
  };
  struct Told {
    Sent sent;
    ExecStream::Own own;
    TimeNs encoded;
  };

  void tell(const ExecStream::Own& own, const OrderStages::Times& times, Outbox& out) const;

  StageClock& stages_;
  OrderStages& measured_;
  const bool tells_;
  const std::optional<std::uint32_t> log_;
  std::deque<Sent> sent_;
  std::deque<Told> told_;
};

}  // namespace bourse
