// A journal served without an engine: /v1/replay, and /v1/md as the same, so that a client that
// knows only the live feed reads the past.
//   Shape:  one io thread, a SessionLoop over a stage that has nothing but replays and HTTP.
//   Owner:  made by the main thread, run by the io thread; stop() may be called by any thread.
//   Errors: make() tells what is wrong with the journal or the certificate, listen() what with the
//           port.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "feed/feed_options.h"            // FeedOptions
#include "feed/history/replay_request.h"  // ReplayOpening
#include "feed/net/certificate.h"         // TlsContext
#include "replay/log/log.h"               // Log
#include "replay/result.h"                // Result

namespace bourse {

struct ReplayServerParts {
  const Log& log;
  const FeedOptions& options;
  TlsContext context;
  ReplayOpening defaults;  // of connections that say nothing else
};

class ReplayServer {
 public:
  static Result<std::unique_ptr<ReplayServer>> make(ReplayServerParts parts);
  ~ReplayServer();
  ReplayServer(const ReplayServer&) = delete;
  ReplayServer& operator=(const ReplayServer&) = delete;

  // port 0: any free one.
  Result<void> listen(std::uint16_t port);
  std::uint16_t port() const;
  std::vector<std::string> symbols() const;

  void run();  // until stop()
  void stop();

 private:
  struct State;
  explicit ReplayServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace bourse
