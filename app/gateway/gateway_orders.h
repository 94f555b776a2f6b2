// What takes a gateway's orders to the engine: one thread forwards, one hears the answers.
//   Shape:  gates for the io threads; the link says to them what they have to know.
//   Owner:  the main thread adds the gates, starts and stops it; the log outlives it.
//   Errors: none: while the engine is not reached the gates are closed.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <thread>

#include "feed/metrics.h"                     // Metrics
#include "matching/sequencer.h"               // Gate
#include "matching/types.h"                   // Epoch
#include "replay/log/log.h"                   // Log
#include "replay/stream/command_forwarder.h"  // CommandForwarder
#include "replay/stream/engine_link.h"        // EngineLink
#include "replay/stream/jetstream.h"          // JetStream
#include "replay/stream/mailbox.h"            // Mailbox
#include "replay/stream/stream_names.h"       // StreamNames

namespace bourse {

struct GatewayOrdersParts {
  JetStreamOptions server;
  StreamNames names;
  const Log& log;
  std::function<Epoch()> followed;  // the newest epoch of the copy
  Metrics& metrics;
  MetricLabels labels;  // which log, if there are several
  std::string title;    // likewise, before what people are told: "channel 1: "
};

class GatewayOrders {
 public:
  explicit GatewayOrders(GatewayOrdersParts parts);
  ~GatewayOrders();
  GatewayOrders(const GatewayOrders&) = delete;
  GatewayOrders& operator=(const GatewayOrders&) = delete;

  Gate add_gate(std::size_t capacity) { return forwarder_.add_gate(capacity); }
  EngineLink& link() { return link_; }
  void start();
  void wake() { link_.arrivals().wake(); }  // after the log has released more
  void stop();                              // what is in the gates is sent before

 private:
  void listen(const std::stop_token& stop);
  void forward(const std::stop_token& stop);
  bool connect();
  bool send(std::span<const std::byte> bytes);
  void export_metrics(Metrics& metrics, const MetricLabels& labels);

  JetStreamOptions server_options_;
  StreamNames names_;
  std::string title_;
  EngineLink link_;
  CommandForwarder forwarder_;
  std::optional<JetStream> server_;        // once connected; both threads, from then on
  std::optional<Mailbox> answers_;         // likewise; the listener's
  std::atomic<bool> is_connected_{false};  // release: publishes both
  std::jthread listener_;
  std::jthread thread_;
};

}  // namespace bourse
