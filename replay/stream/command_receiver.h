// The engine's side of orders that gateways forward: takes their messages, pushes what is new into
// one gate, each command once, and answers.
//   Shape:  passive: bytes in, answers out; whoever owns the connection calls take() for each
//           message and look_after() often. Per gateway: the term, the next number, the sessions
//           whose orders end with it.
//   Units:  nanoseconds of the steady clock.
//   Owner:  one thread, which alone pushes into the gate.
//   Errors: bytes that are no message are counted and dropped: the gateway asks again. A gateway
//           that is silent for too long is given up: what its sessions wanted cancelled is
//           cancelled.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "matching/command.h"               // Command
#include "matching/sequencer.h"             // Gate
#include "matching/types.h"                 // Sequence, Epoch, SessionId
#include "replay/stream/command_message.h"  // LinkMessage

namespace bourse {

struct ReceiverOptions {
  std::int64_t silence_ns = 3'000'000'000;  // then a gateway is gone
  std::size_t gateways_max = 256;
};

class CommandReceiver {
 public:
  // What the sequencer has executed last; asked after the gate.
  using LastSequence = std::function<Sequence()>;
  struct Answer {
    std::string to;
    std::vector<std::byte> bytes;
  };

  CommandReceiver(Gate gate, Epoch epoch, LastSequence last_sequence, ReceiverOptions options = {});

  // `reply_to`: where the sender listens.
  void take(std::span<const std::byte> bytes, std::string_view reply_to, std::int64_t now_ns);
  // Receipts of what has been executed since, welcomes that were waiting for it, wills.
  void look_after(std::int64_t now_ns);
  // Whether look_after() will have something to say as soon as the engine has executed it.
  bool is_waiting() const { return !under_way_.empty() || !waiting_.empty(); }
  // What is to be sent; each is given out once.
  std::vector<Answer> take_answers();

  // Any thread.
  struct Counters {
    std::atomic<std::uint64_t> commands{0};
    std::atomic<std::uint64_t> repeated{0};  // dropped: they had come before
    std::atomic<std::uint64_t> busy{0};      // messages that found no room in the gate
    std::atomic<std::uint64_t> damaged{0};   // no message, or its checksum fails
    std::atomic<std::uint64_t> gateways{0};  // now
    std::atomic<std::uint64_t> given_up{0};  // gateways that fell silent
  };
  const Counters& counters() const { return counters_; }

 private:
  struct Gateway {
    std::uint32_t term = 0;
    std::uint64_t next = 1;
    std::uint64_t executed = 0;
    Sequence executed_at{0};
    std::int64_t heard_ns = 0;
    std::string reply_to;
    bool owes_welcome = false;
    std::uint64_t welcome_at = 0;  // when so much of what was pushed is executed
    bool owes_receipt = false;
    std::map<std::uint32_t, Command> wills =
        {};  // by session: what is done when the gateway is gone
  };
  struct Batch {  // pushed, not known to be executed
    std::uint64_t gateway;
    std::uint32_t term;
    std::uint64_t number_end;
    std::uint64_t pushed_end;
  };

  void take_commands(Gateway& from, const ReceivedLink& received);
  void note_will(Gateway& from, const Command& command);
  void give_up(std::uint64_t id);
  void see_executed();
  void answer(Gateway& to, LinkKind kind, LinkStatus status, std::uint64_t id);

  Gate gate_;
  Epoch epoch_;
  LastSequence last_sequence_;
  ReceiverOptions options_;
  std::map<std::uint64_t, Gateway> gateways_;
  std::deque<Batch> under_way_;
  std::deque<Command> waiting_;  // of gateways that are gone, for room in the gate
  std::uint64_t pushed_ = 0;
  std::uint64_t executed_ = 0;
  std::vector<Answer> answers_;
  Counters counters_;
};

}  // namespace bourse
