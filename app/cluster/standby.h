// A node that does not lead, of one channel: follows the stream into its own log, executes every
// command again and compares every event, until it leads.
//   Shape:   one thread, which follows, writes the log and executes. What it finds at its start
//            that is not in the stream's history is set aside (divergent/).
//   Owner:   the thread that calls run(): app/cluster/standby_channels.h has one for each channel.
//   Errors:  answer_is_no: executed again, a command gives something else than the leader's
//            engine: both are written to divergence-<sequence>.txt in the journal's directory, and
//            this node never leads. Others: of the log, of the stream where waiting mends nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "app/cluster/lease_thread.h"     // LeaseThread
#include "app/config/config.h"            // Config
#include "app/exchange/engine_channel.h"  // Inheritance
#include "replay/log/log.h"               // Log
#include "replay/result.h"                // Result
#include "replay/snapshot/reexecution.h"  // Divergence
#include "replay/stream/epoch_opening.h"  // EpochOpening
#include "replay/stream/jetstream.h"      // JetStream
#include "replay/stream/junction.h"       // LedEnds

namespace bourse {

// Which of the exchange's channels it is of.
struct StandbyPlace {
  std::string directory;
  std::uint32_t index = 0;
  std::string title = {};  // before what people are told, if there are several: "channel 1: "
};

class Standby {
 public:
  // Whether this channel may be taken over, and its last epoch.
  using MayTake = std::function<void(bool, Epoch)>;

  // `stop` is asked often.
  Standby(const Config& config, LeaseThread& lease, StandbyPlace place, MayTake may_take,
          std::function<bool()> stop);

  // What the exchange starts with; nullopt: told to stop.
  Result<std::optional<Inheritance>> run();

 private:
  using Taken = std::optional<Inheritance>;  // nullopt: look again

  Result<Taken> look();
  Result<Taken> wait_beside(std::unique_ptr<Log> log, const std::optional<LedEnds>& ends);
  Result<Taken> follow(const LedEnds& ends);
  Result<Taken> take_over(const Log& log, EpochOpening::End end, std::unique_ptr<Engine> engine,
                          MarketState market);
  Result<void> set_aside(Sequence first);
  Error halt(const Divergence& divergence);
  LogOptions log_options() const;
  bool leads() const;
  Epoch floor(Epoch own) const;
  void say(const std::string& what);
  void pause() const;

  const Config& config_;
  LeaseThread& lease_;
  const StandbyPlace place_;
  const MayTake may_take_;
  const std::function<bool()> stop_;
  const EpochOpening::Names names_;
  std::optional<JetStream> server_;
  std::string said_;  // the last thing, so that it is not said again
  std::uint64_t followed_ = 0;
};

}  // namespace bourse
