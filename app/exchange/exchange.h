// The exchange: the one room that knows threads. It recovers the log, joins sequencer, journal and
// io shards, and lets participants of its own process (demo market, order flow) take part.
//   Shape:   for each channel an engine and its journal thread, N io threads, one thread per
//            participant.
//   Owner:   the main thread starts and stops it; what each other thread owns stands beside it in
//            the .cpp.
//   Errors:  start() returns what kept it from starting. A journal that fails while running ends
//            the exchange: wait() says why; what was not released was never told to anybody.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/config/config.h"            // Config
#include "app/exchange/engine_channel.h"  // RecoverySummary
#include "replay/result.h"                // Result, Error

namespace bourse {

// Where orders of this process come from, besides connected traders.
struct ExchangeFlow {
  bool demo = false;      // the seeded market of `bourse serve --demo`
  std::string itch_file;  // a Nasdaq day; empty = none. At its end what was found is printed
  double speed = 0;       // of the file's own time; 0 = as fast as answered
};

class Exchange {
 public:
  // Opens and recovers the log, defines the configured instruments, starts every thread, listens.
  // A standby that takes over hands its engines over, one of each channel, instead of having the
  // logs executed again.
  static Result<std::unique_ptr<Exchange>> start(const Config& config, const ExchangeFlow& flow,
                                                 std::vector<Inheritance> inheritance = {});
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // Blocks until `signal_fd` is readable or something has failed, and returns that failure.
  std::optional<Error> wait(int signal_fd);
  // wait() returns this, if nothing has failed before. Any thread.
  void fail_with(Error error);
  // Takes over keys and certificates; everything else stays as it was started with. After an error
  // nothing has changed. Connections of keys that are gone or changed are closed.
  Result<void> reload(const Config& fresh);
  // Takes no more orders, answers what is in the gates, makes it durable, says goodbye.
  void stop();

  std::uint16_t port() const;
  Metrics& metrics();
  RecoverySummary recovery() const;  // of all channels together

 private:
  struct Parts;
  explicit Exchange(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace bourse
