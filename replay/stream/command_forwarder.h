// A gateway's side of orders that go to an engine in another process: takes commands from gates,
// sends them in numbered messages, and knows of each whether the engine has it, until the log that
// the gateway follows shows it.
//   Shape:  passive: step() does what is due and answers are put in by hear(). A term is one
//           conversation with the engine: while it lasts lost messages are sent again, and the
//           engine takes each number once. When nothing is heard the term is over, the gates close,
//           and what was under way is in doubt until the next term has begun and the log has been
//           read up to there: then each command is in it, or never will be.
//   Units:  nanoseconds of the steady clock.
//   Owner:  one thread; hear() may be called by another one.
//   Errors: a connection that takes nothing ends the term; nothing is thrown away silently.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "matching/command.h"               // Command
#include "matching/sequencer.h"             // Gate
#include "matching/spsc_ring.h"             // SpscRing
#include "replay/log/log.h"                 // Log
#include "replay/stream/command_message.h"  // LinkMessage
#include "replay/stream/engine_link.h"      // EngineLink

namespace bourse {

struct ForwarderOptions {
  std::uint64_t gateway = 1;                 // a random number of this start
  std::size_t window_commands = 4096;        // sent and not yet in the log that is followed
  std::int64_t timeout_ns = 2'000'000'000;   // nothing heard for so long: the term is over
  std::int64_t keep_alive_ns = 250'000'000;  // between two messages
  std::int64_t between_hellos_ns = 300'000'000;
  std::int64_t pause_ns = 1'000'000;  // before something is sent again
};

class CommandForwarder {
 public:
  using Send = std::function<bool(std::span<const std::byte>)>;  // false: not connected

  // `followed`: the newest epoch of the log's copy. All outlive it.
  CommandForwarder(EngineLink& link, const Log& log, std::function<Epoch()> followed, Send send,
                   ForwarderOptions options);

  // Before step(). The io threads push, step() takes.
  Gate add_gate(std::size_t capacity);

  void hear(std::span<const std::byte> bytes);  // any thread
  // True: it did something, call again at once. Else wait at the link, until wake_ns() at most.
  bool step(std::int64_t now_ns);
  bool has_work();
  std::int64_t wake_ns() const;
  void say_bye();

  // Any thread.
  struct Counters {
    std::atomic<std::uint64_t> commands{0};
    std::atomic<std::uint64_t> sent_again{0};
    std::atomic<std::uint64_t> terms{0};
    std::atomic<std::uint64_t> unknown{0};        // commands whose outcome was in doubt
    std::atomic<std::uint64_t> not_sequenced{0};  // commands that never will be
    std::atomic<std::uint64_t> under_way{0};      // now
    std::atomic<std::uint64_t> round_trip_ns{0};  // of the last receipt
  };
  const Counters& counters() const { return counters_; }

 private:
  enum class State : std::uint8_t { greeting = 1, settling = 2, open = 3 };
  struct Item {
    std::uint64_t number;
    std::int64_t sent_ns;
    Sequence followed;  // the log had so much when it was sent first
    Command command;
    bool is_told_unknown = false;
  };
  struct Proof {  // commands up to `number` are in the log by `sequence`
    std::uint64_t number;
    Sequence sequence;
  };

  void take_heard(std::int64_t now_ns);
  void on_message(const LinkMessage& message, std::int64_t now_ns);
  void end_term(std::int64_t now_ns);
  void greet(std::int64_t now_ns);
  bool settle(std::int64_t now_ns);
  void mark_what_the_log_has(std::vector<bool>& is_done);
  void refuse_what_waits();
  void refuse(const Command& command);
  bool forward(std::int64_t now_ns);
  bool fetch(std::int64_t now_ns);
  void send_wills();
  void forget_what_is_proven();
  bool send(LinkKind kind, std::uint64_t number, std::span<const Command> commands);

  EngineLink& link_;
  const Log& log_;
  std::function<Epoch()> followed_;
  Send send_;
  ForwarderOptions options_;
  std::vector<SpscRing<Command>::Reader> gates_;
  std::size_t turn_ = 0;
  State state_ = State::greeting;
  std::uint32_t term_ = 1;
  Epoch epoch_{0};  // of the engine that has said welcome
  Sequence settled_at_{0};
  std::uint64_t next_number_ = 1;   // of the next command taken from a gate
  std::uint64_t next_to_send_ = 1;  // next_number_, or less: again
  std::uint64_t received_ = 0;      // the engine has all up to this number
  std::deque<Item> under_way_;      // by number, without a gap
  std::deque<Proof> proofs_;
  std::deque<Command> again_;               // ends of sessions that did not get through
  std::map<std::uint32_t, Command> wills_;  // by session
  std::int64_t heard_ns_ = 0;
  std::int64_t sent_ns_ = 0;
  std::int64_t not_before_ns_ = 0;
  std::vector<Command> batch_;
  std::mutex mutex_;
  std::vector<ReceivedLink> heard_;  // guarded
  std::atomic<bool> has_heard_{false};
  Counters counters_;
};

}  // namespace bourse
