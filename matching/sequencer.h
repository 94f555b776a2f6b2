// The sequencer: fixes the order of the world. Takes commands from the gates, stamps sequence and
// time, lets the engine execute them and appends the transactions to the log's memory tail.
//   Shape:  a passive object; poll() takes at most `budget` commands, one per gate in turn. Takes
//   all
//           its memory before the first poll().
//   Units:  `now` is nanoseconds since the epoch, the only way in for time; an earlier clock is
//   held
//           at the last time, so time in the log never goes back.
//   Owner:  the engine thread; counters and statuses may be read by any thread. A Gate belongs to
//   one
//           io thread or one in-process participant and must not outlive the sequencer.
//   Errors: a full log tail stops poll() before a command is executed: it waits in its gate, and
//           Gate::try_push() says `full` when the gate has no room either. Nothing is ever dropped.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "matching/broadcast_ring.h"  // BroadcastRing::Writer
#include "matching/command.h"         // Command
#include "matching/engine.h"          // Engine
#include "matching/event.h"           // EventBuffer
#include "matching/market_view.h"     // MarketViews::Writer
#include "matching/spsc_ring.h"       // SpscRing
#include "matching/types.h"           // Sequence, TimeNs, Epoch, RejectReason
#include "matching/wait_strategy.h"   // WaitPoint

namespace bourse {

// What all gates to one engine take now.
enum class GateState : std::uint8_t {
  open = 0,
  cancels_only = 1,  // the log has no room for what adds risk; cancels and halts always pass
  closed = 2,        // the engine is in another process that cannot be reached: nothing passes
};

// The way in for one thread's commands. Move-only.
class Gate {
 public:
  // A gate and what its commands are taken from. `taker` is woken with each; `state` is asked
  // relaxed, it orders nothing. Both outlive the gate.
  static std::pair<Gate, SpscRing<Command>::Reader> make(std::size_t capacity, WaitPoint& taker,
                                                         const std::atomic<GateState>& state) {
    auto [writer, reader] = SpscRing<Command>::make(capacity);
    return {Gate(std::move(writer), taker, state), std::move(reader)};
  }

  // False: full (answer RejectReason::busy) or closed to this command; nothing was
  // sequenced. Wakes a parked engine thread.
  bool try_push(const Command& command) {
    if (is_closed_to(command.type) || !writer_.try_push(command)) return false;
    engine_->wake();
    return true;
  }
  GateState state() const { return state_->load(std::memory_order_relaxed); }
  bool is_closed_to(CommandType type) const {
    switch (state()) {
      case GateState::open:
        return false;
      case GateState::cancels_only:
        return type == CommandType::new_order || type == CommandType::amend;
      case GateState::closed:
        break;
    }
    return true;
  }
  std::size_t capacity() const { return writer_.capacity(); }
  std::size_t size_approx() const { return writer_.size_approx(); }

 private:
  Gate(SpscRing<Command>::Writer writer, WaitPoint& engine, const std::atomic<GateState>& state)
      : writer_(std::move(writer)), engine_(&engine), state_(&state) {}

  SpscRing<Command>::Writer writer_;
  WaitPoint* engine_;
  const std::atomic<GateState>* state_;
};

class Sequencer {
 public:
  // Where the history stands that is continued: after recovery, or all zero.
  struct Start {
    Sequence last{0};
    TimeNs last_time{0};
    Epoch epoch{1};
  };
  struct GateStatus {
    std::string_view name;
    std::size_t capacity;
    std::size_t waiting;
    std::uint64_t taken;
  };

  // Publishes the present top of every book of the engine.
  // REQUIRES: the ring's last sequence is start.last; views have room for all the engine's symbols.
  Sequencer(Engine& engine, BroadcastRing::Writer log, MarketViews::Writer views,
            const Start& start);
  Sequencer(const Sequencer&) = delete;
  Sequencer& operator=(const Sequencer&) = delete;

  // Before the engine thread starts. The name is for metrics and messages.
  Gate add_gate(std::string name, std::size_t capacity);

  // Executes waiting commands, at most `budget`; returns how many. Before each, clock commands do
  // what has become due (Engine::due), so that no order meets one that should have expired. No
  // allocation, no system call.
  // Does not wake the readers of the log: the caller does, log.arrivals().wake(), when poll() > 0.
  std::size_t poll(TimeNs now, std::size_t budget);

  // A command of the exchange itself (epoch, instruments), on the engine thread or before it
  // starts. False: the log has no room now. What the engine decided is in last_events().
  bool submit(const Command& command, TimeNs now);
  const EventBuffer& last_events() const { return events_; }

  // Closes the gates to new orders and amends, or opens them again; what is in them is executed.
  // Any thread.
  void take_orders(bool taken) {
    gate_state_.store(taken ? GateState::open : GateState::cancels_only, std::memory_order_relaxed);
  }
  bool takes_orders() const {
    return gate_state_.load(std::memory_order_relaxed) == GateState::open;
  }

  // Whether poll() would find something to do: what to ask between prepare() and park().
  bool has_work(TimeNs now);
  // When the engine has something to do even if nobody sends a command; any thread. Whoever parks
  // the engine thread wakes it then.
  TimeNs due() const { return TimeNs{due_.load(std::memory_order_relaxed)}; }
  // Whether poll() last stopped because the log's tail was full.
  bool is_blocked() const { return is_blocked_.load(std::memory_order_relaxed); }
  // Where the engine thread sleeps until a gate has something.
  WaitPoint& commands_waiting() { return commands_waiting_; }

  // Any thread.
  Sequence last_sequence() const {
    return Sequence{last_sequence_.load(std::memory_order_acquire)};
  }
  std::uint64_t command_count() const { return command_count_.load(std::memory_order_relaxed); }
  std::uint64_t rejected_count(RejectReason reason) const;
  std::uint64_t blocked_count() const { return blocked_count_.load(std::memory_order_relaxed); }
  std::size_t gate_count() const { return gates_.size(); }
  GateStatus gate_status(std::size_t index) const;

 private:
  using Counter = std::atomic<std::uint64_t>;
  struct NamedGate {
    std::string name;
    SpscRing<Command>::Reader reader;
  };
  struct LastTrade {
    PriceTicks price;
    QuantityLots quantity;
  };

  bool make_room();
  std::size_t execute_due(TimeNs now, std::size_t budget);
  void execute(const Command& command, TimeNs now);
  void publish_tops();
  void publish_top(SymbolId symbol);
  void count_rejects();
  static std::size_t reject_slot(RejectReason reason);
  // One writer, so a load and a store are enough and cost less than a locked addition.
  static void count(Counter& counter) {
    counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  Engine& engine_;
  BroadcastRing::Writer log_;
  MarketViews::Writer views_;
  Epoch epoch_;
  Sequence last_;
  TimeNs last_time_;
  EventBuffer events_;
  std::unique_ptr<std::uint64_t[]> scratch_;  // one encoded transaction, 8-aligned
  std::unique_ptr<LastTrade[]> last_trades_;  // by symbol id
  std::vector<NamedGate> gates_;              // complete before the first poll()
  std::size_t turn_ = 0;                      // gate that is asked first by the next poll()
  WaitPoint commands_waiting_;
  std::atomic<GateState> gate_state_{GateState::open};  // asked by the gates

  // All written by the engine thread only, read by any thread; relaxed, they publish nothing but
  // themselves, except last_sequence_ (release, after the transaction is in the log's tail).
  static constexpr std::size_t reject_slots = 64;
  alignas(128) Counter last_sequence_{0};
  Counter command_count_{0};
  Counter blocked_count_{0};
  std::array<Counter, reject_slots> rejected_counts_{};  // by code - 5000; the last: any other
  std::atomic<bool> is_blocked_{false};
  std::atomic<std::int64_t> due_{never.value()};
};

}  // namespace bourse
