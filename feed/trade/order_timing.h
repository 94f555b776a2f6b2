// Stage times of one session's commands, told after each acknowledgement: {"op":"timing",...}.
//   Shape:  what was sent waits for its transaction, what was told waits until the socket has it;
//           so the last stage can be told too and no acknowledgement waits for its measurement.
//   Units:  nanoseconds UTC.
//   Owner:  a session, on its io thread.
//   Errors: none; a stage that was not measured is left out.
#pragma once

#include <cstddef>
#include <deque>

#include "feed/net/outbox.h"         // Outbox
#include "feed/net/stage_clock.h"    // StageClock
#include "feed/trade/exec_stream.h"  // ExecStream::Own
#include "matching/types.h"          // ClientSequence, TimeNs

namespace bourse {

class OrderTiming {
 public:
  static constexpr std::size_t waiting_max = 65536;  // the oldest are given up

  explicit OrderTiming(StageClock& stages) : stages_(stages) { stages_.join(); }
  ~OrderTiming() { stages_.leave(); }
  OrderTiming(const OrderTiming&) = delete;
  OrderTiming& operator=(const OrderTiming&) = delete;

  // A command has passed the gate.
  void on_sent(ClientSequence client_sequence, TimeNs received, TimeNs gate);
  // Its transaction stands in the outbox.
  void on_told(const ExecStream::Own& own, TimeNs encoded);
  // Tells what has left. True: something has not left yet.
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

  StageClock& stages_;
  std::deque<Sent> sent_;
  std::deque<Told> told_;
};

}  // namespace bourse
