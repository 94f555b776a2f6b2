// The lease: which node leads an exchange, all of its channels. A key with a revision that whoever
// leads writes anew all the time; who finds it unchanged for long enough takes it, with an epoch of
// its own.
//   Shape:  a state machine over a store that compares and sets by revision. step() does what is
//           due: a candidate looks, a holder renews.
//   Units:  `now` is nanoseconds of a clock that never jumps (CLOCK_BOOTTIME: it goes on while the
//           machine sleeps), not the wall clock.
//   Owner:  step() belongs to one thread; confirm(), release() and the getters to any thread.
//   Errors: a store that does not answer is a state, not an error: a candidate begins to count
//           again, a holder becomes unsure. `lost` is for good. A value that cannot be read is
//           never taken over: step() says so in last_error().
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "matching/types.h"  // Epoch, TimeNs
#include "replay/result.h"   // Result, Error

namespace bourse {

// What the key holds, as JSON.
struct LeaseValue {
  Epoch epoch{0};
  std::string node;       // of the configuration; for people
  std::string life;       // random, of this process: a node that was started again is another one
  std::string url;        // where it takes clients; empty: not yet
  bool released = false;  // given back: nobody needs to wait
  std::uint32_t channels = 0;  // of the exchange that it leads; 0: not told
  bool operator==(const LeaseValue&) const = default;
};
std::string lease_text(const LeaseValue& value);
Result<LeaseValue> parse_lease(std::string_view text);

// Where the key lives. One call is one request; all may fail with `unreachable`, and then it is not
// known whether the write was done.
class LeaseStore {
 public:
  struct Entry {
    std::uint64_t revision = 0;
    std::string value;
  };
  LeaseStore() = default;
  LeaseStore(const LeaseStore&) = delete;
  LeaseStore& operator=(const LeaseStore&) = delete;
  virtual ~LeaseStore() = default;

  virtual Result<std::optional<Entry>> read(const std::string& key) = 0;
  // Writes if the key's revision is still `expected` (0: it does not exist). The new revision, or
  // nullopt: somebody else was there before, nothing was written.
  virtual Result<std::optional<std::uint64_t>> write(const std::string& key,
                                                     const std::string& value,
                                                     std::uint64_t expected) = 0;
};

struct LeaseOptions {
  std::string key = "0";
  std::uint32_t channels = 1;  // of the exchange: one with another number is not taken over
  std::string node;
  std::int64_t renew_ns = 300'000'000;
  std::int64_t takeover_ns = 10'000'000'000;  // without a new revision, while the store answered
  std::int64_t hold_ns = 9'000'000'000;       // a holder that could not renew for so long is unsure
  // Whether it may make the key where there is none: the first node of a new exchange. A standby
  // may not: it cannot know what a leader that is not here yet has in its journal. Only one that
  // has seen the leader makes it, when the store has lost it and nobody else does for long enough.
  bool may_found = false;
};

enum class LeaseState : std::uint8_t {
  candidate = 1,  // another one leads, or nobody
  held = 2,
  unsure = 3,  // held, but not renewed for hold_ns: another one may have it
  lost = 4,    // another one has it
};
const char* to_string(LeaseState state);

class Lease {
 public:
  Lease(LeaseStore& store, LeaseOptions options, std::string life);

  // What is due at `now`. When to call it again: after renew_ns.
  LeaseState step(std::int64_t now);

  // A candidate takes the lease only while this is set; the epoch will be above `last_epoch`.
  void may_take(bool may, Epoch last_epoch);
  // What the next renewals say of this node.
  void set_url(std::string url);
  // Asks the store now, for who must not go on with another leader about. True: the key was this
  // process's, and has been renewed; false: it leads no longer. An error: no answer, ask again.
  Result<bool> confirm(std::int64_t now);
  // Gives it back: a standby takes over at once. Best effort, once.
  void release();

  LeaseState state() const { return state_.load(std::memory_order_acquire); }
  Epoch epoch() const;                       // of this holder; 0: never held
  std::optional<LeaseValue> leader() const;  // as last seen; nullopt: none, or not known yet
  std::optional<Error> last_error() const;   // of the last request; nullopt: it was answered
  std::uint64_t renewals() const { return renewals_.load(std::memory_order_relaxed); }

 private:
  LeaseState look(std::int64_t now);
  LeaseState renew(std::int64_t now);
  LeaseState take(std::int64_t now, std::uint64_t revision, Epoch above);
  LeaseState write(std::int64_t now, std::uint64_t revision);
  LeaseState found_again(std::int64_t now);
  LeaseState failed(Error error, std::int64_t now);
  LeaseState settle(LeaseState next);
  bool is_mine(const LeaseValue& value) const;

  LeaseStore& store_;
  const LeaseOptions options_;
  const std::string life_;

  mutable std::mutex lock_;  // cold: a few times a second
  LeaseValue mine_;
  bool may_take_ = false;
  Epoch last_epoch_{0};
  std::uint64_t revision_ = 0;  // as last seen, or as last written
  std::int64_t since_ = 0;      // candidate: it has this revision at least since; holder: renewed
  bool has_seen_ = false;       // candidate: since_ counts
  std::optional<std::int64_t> absent_since_;  // the key is gone
  std::optional<Epoch> seen_;                 // candidate: of a holder that it has seen
  std::optional<LeaseValue> leader_;
  std::optional<Error> error_;
  std::atomic<LeaseState> state_{LeaseState::candidate};
  std::atomic<std::uint64_t> renewals_{0};
};

}  // namespace bourse
