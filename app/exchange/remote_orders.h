// The engine's door for gateways: takes what they forward over NATS into a gate of its own, and
// tells them twice a second and more that the engine lives and how far its log is released.
//   Shape:  one thread; it connects by itself, as soon as there is a server.
//   Owner:  the main thread makes it before the engine thread starts and ends it before the engine
//           thread ends.
//   Errors: none: without NATS there are no gateways, and the exchange goes on.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <thread>

#include "feed/metrics.h"                    // Metrics
#include "matching/sequencer.h"              // Gate, Sequencer
#include "matching/types.h"                  // Epoch
#include "replay/log/log.h"                  // Log
#include "replay/stream/command_receiver.h"  // CommandReceiver
#include "replay/stream/jetstream.h"         // JetStreamOptions
#include "replay/stream/stream_names.h"      // StreamNames

namespace bourse {

struct RemoteOrdersParts {
  JetStreamOptions server;
  StreamNames names;
  Gate gate;
  const Sequencer& sequencer;
  const Log& log;
  Epoch epoch;
  Metrics& metrics;
  MetricLabels labels;         // which log, if there are several
  std::uint16_t channels = 1;  // of the exchange: gateways are told
};

class RemoteOrders {
 public:
  explicit RemoteOrders(RemoteOrdersParts parts);
  ~RemoteOrders() = default;  // what was taken stays in the gate and is executed
  RemoteOrders(const RemoteOrders&) = delete;
  RemoteOrders& operator=(const RemoteOrders&) = delete;

 private:
  void run(const std::stop_token& stop);
  void serve(JetStream& server, const std::stop_token& stop);
  void send_heartbeat(JetStream& server);

  JetStreamOptions server_;
  StreamNames names_;
  const Log& log_;
  Epoch epoch_;
  std::uint16_t channels_;
  CommandReceiver receiver_;
  std::jthread thread_;  // last: it ends before what it works on
};

}  // namespace bourse
