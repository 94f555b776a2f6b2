// The moment in which a node becomes the leader: the stream gets what it lacks of the log, and then
// the first transaction of the new epoch, published only where the stream ends as this node knows
// it. From then on whatever the old leader still publishes is refused.
//   Shape:   refills, then publishes; an outcome that is not known is resolved by reading the
//            stream.
//   Owner:   one thread, which holds the lease.
//   Errors:  `unreachable`: ask again, as long as the lease is held. not_leader: the stream has an
//            epoch that is not below this one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "matching/engine.h"          // Engine, EngineLimits
#include "matching/transaction.h"     // TransactionView
#include "matching/types.h"           // Epoch, TimeNs
#include "replay/log/log.h"           // Log
#include "replay/result.h"            // Result
#include "replay/stream/jetstream.h"  // JetStream

namespace bourse {

enum class OpeningState : std::uint8_t {
  opened = 1,  // it is in the stream: transaction()
  behind = 2,  // the stream has more than the log: consume it, then ask again
  spent = 3,   // likewise, and the engine has executed what did not happen: make another one
};

class EpochOpening {
 public:
  struct Names {
    std::string stream;
    std::string subject;
  };
  // Where the log ends; the engine stands there.
  struct End {
    Sequence last{0};
    TimeNs last_time{0};
    Epoch epoch{0};
  };
  EpochOpening(JetStream& server, Names names, const Log& log, End end, Engine& engine,
               const EngineLimits& limits, Epoch epoch);

  Result<OpeningState> step(TimeNs now);
  // After `opened`: the record, as the memory tail of the log wants it. The log does not have it.
  std::span<const std::byte> record() const { return {bytes(), length_}; }

 private:
  Result<OpeningState> refill(Sequence from, std::uint64_t& stream_last);
  void execute(TimeNs now);
  Result<OpeningState> publish(std::uint64_t stream_last);
  std::byte* bytes() const { return reinterpret_cast<std::byte*>(words_.get()); }

  JetStream& server_;
  const Names names_;
  const Log& log_;
  const End end_;
  Engine& engine_;
  const EngineLimits limits_;
  const Epoch epoch_;
  std::unique_ptr<std::uint64_t[]> words_;
  std::size_t length_ = 0;  // of the encoded transaction; 0: not executed yet
};

}  // namespace bourse
