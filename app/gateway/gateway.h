// A gateway: the same feed and order entry as the exchange, from copies of its logs that follow the
// streams; the engines are in another process.
//   Shape:   for each channel a follower instead of an engine thread, a journal thread, two threads
//            for orders, one that watches; N io threads.
//   Owner:   the main thread starts and stops it.
//   Errors:  start() returns what kept it from starting. What cannot be mended while it runs ends
//            it: wait() says why. An engine or a server that is away does not: it is stale then.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "app/config/config.h"  // Config
#include "matching/types.h"     // Sequence
#include "replay/result.h"      // Result, Error

namespace bourse {

struct GatewayRole {
  bool takes_demo_key = false;
  bool is_archive = false;  // keeps everything, answers gateways, takes no orders
};

class Gateway {
 public:
  // Opens the copies, or begins them of the logs that the streams have, and listens.
  static Result<std::unique_ptr<Gateway>> start(const Config& config, const GatewayRole& role);
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  // Blocks until `signal_fd` is readable or something has failed, and returns that failure.
  std::optional<Error> wait(int signal_fd);
  // Takes over keys and certificates; everything else stays as it was started with. After an error
  // nothing has changed.
  Result<void> reload(const Config& fresh);
  void stop();

  std::uint16_t port() const;
  std::vector<Sequence> recovered() const;  // last sequence of each copy when it was opened

 private:
  struct Parts;
  explicit Gateway(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace bourse
