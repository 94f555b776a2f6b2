// What is served over plain HTTPS beside the websockets: the page, health, metrics, reference data.
//   Shape:  GET / /healthz /readyz /metrics /v1/instruments /v1/time /v1/limits /v1/schema
//           /v1/status; small JSON bodies, made when asked; the files of the page. Anything else is
//           404 with what there is.
//   Owner:  one io thread; `not_ready` is called by it.
//   Errors: answers with an HTTP status, a stable code and a hint.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "feed/feed_options.h"      // FeedOptions
#include "feed/market/hub.h"        // Hub, InstrumentTable
#include "feed/metrics.h"           // Metrics
#include "feed/net/http_message.h"  // HttpRequest, HttpAnswer
#include "matching/types.h"         // TimeNs, SymbolId
#include "replay/log/log.h"         // Log

namespace bourse {

class HttpRoutes {
 public:
  // Why no orders can be taken now; empty = ready.
  using NotReady = std::function<std::vector<std::string>()>;
  // Of a market, an action code of docs/PROTOCOL.md; nothing while it is not known yet.
  using StatusOf = std::function<std::optional<std::uint16_t>(SymbolId)>;

  HttpRoutes(const FeedOptions& options, const Hub& hub, const Log& log, const Metrics& metrics,
             NotReady not_ready, StatusOf status_of = {});  // without: the hub's

  // A further log of the same exchange, in their order.
  void add_log(const Hub& hub, const Log& log) { feeds_.push_back({hub, log}); }

  HttpAnswer answer(const HttpRequest& request) const;

 private:
  HttpAnswer readiness() const;
  HttpAnswer instruments() const;
  HttpAnswer limits() const;
  HttpAnswer schema(std::string_view name) const;  // empty: which there are
  HttpAnswer status() const;
  HttpAnswer welcome(const HttpRequest& request) const;

  struct Feed {
    const Hub& hub;
    const Log& log;
  };
  // Of all logs, by id.
  std::vector<std::pair<const Instrument*, const Hub*>> all_instruments() const;

  const FeedOptions& options_;
  std::vector<Feed> feeds_;  // of each log
  const TimeNs started_;
  const Metrics& metrics_;
  NotReady not_ready_;
  StatusOf status_of_;
};

}  // namespace bourse
