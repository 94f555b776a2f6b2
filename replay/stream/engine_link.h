// An engine in another process, as the io threads of a gateway see it: whether it can be reached,
// what became of orders whose outcome was in doubt, what is to be cancelled if the gateway dies.
//   Shape:  small tables behind a mutex that is taken when something is wrong or a session begins,
//           never per order.
//   Owner:  whoever wires the gateway; the forwarder's thread and the io threads call.
//   Errors: none.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "matching/command.h"        // Command
#include "matching/sequencer.h"      // GateState
#include "matching/types.h"          // AccountId, SessionId, ClientSequence
#include "matching/wait_strategy.h"  // WaitPoint

namespace bourse {

// What a session is told about a command of its own.
struct Verdict {
  enum class Kind : std::uint8_t {
    unknown = 1,        // it may have been sequenced, or may yet be
    not_sequenced = 2,  // it never was and never will be
  };
  Kind kind;
  AccountId account;
  SessionId session;
  ClientSequence client_sequence;
  ClientOrderId client_order_id;
};

class EngineLink {
 public:
  // Verdicts of sessions that are gone are dropped, the oldest first.
  static constexpr std::size_t verdicts_max = 65536;

  std::atomic<GateState>& state() { return state_; }
  WaitPoint& arrivals() { return arrivals_; }  // the forwarder sleeps there

  // The forwarder's.
  void tell(Verdict verdict);
  void settle(AccountId account, ClientSequence client);  // it is no longer unknown
  std::vector<Command> take_wills() {
    const std::lock_guard lock(mutex_);
    return std::exchange(wills_, {});
  }

  // The io threads'. `told_count` moves when there is something to take.
  std::uint64_t told_count() const { return told_count_.load(std::memory_order_acquire); }
  std::vector<Verdict> take(AccountId account, SessionId session);
  bool is_in_doubt(AccountId account, ClientSequence client) const;
  // To be done by the engine if it hears nothing of this gateway any more.
  void leave_will(const Command& command) {
    const std::lock_guard lock(mutex_);
    wills_.push_back(command);
  }

 private:
  struct Doubt {
    AccountId account;
    ClientSequence client;
    friend bool operator==(const Doubt&, const Doubt&) = default;
  };

  std::atomic<GateState> state_{GateState::closed};  // relaxed: it orders nothing
  WaitPoint arrivals_;
  std::atomic<std::uint64_t> told_count_{0};  // release: publishes nothing but itself
  std::atomic<std::size_t> doubts_count_{0};  // so that mostly no lock is taken
  mutable std::mutex mutex_;
  std::vector<Verdict> verdicts_;
  std::vector<Doubt> doubts_;
  std::vector<Command> wills_;
};

}  // namespace bourse
