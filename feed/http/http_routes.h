// What is served over plain HTTPS beside the websockets: the page, health, metrics, reference data.
//   Shape:  GET / /healthz /readyz /metrics /v1/instruments /v1/time /v1/limits /v1/schema
//           /v1/status; small JSON bodies, made when asked; the files of the page. Anything else is
//           404 with what there is.
//   Owner:  one io thread; `not_ready` is called by it.
//   Errors: answers with an HTTP status, a stable code and a hint.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "feed/feed_options.h"      // FeedOptions
#include "feed/market/hub.h"        // Hub, InstrumentTable
#include "feed/metrics.h"           // Metrics
#include "feed/net/http_message.h"  // HttpRequest, HttpAnswer
#include "matching/types.h"         // TimeNs
#include "replay/log/log.h"         // Log

namespace bourse {

class HttpRoutes {
 public:
  // Why no orders can be taken now; empty = ready.
  using NotReady = std::function<std::vector<std::string>()>;

  HttpRoutes(const FeedOptions& options, const Hub& hub, const Log& log, const Metrics& metrics,
             NotReady not_ready);

  HttpAnswer answer(const HttpRequest& request) const;

 private:
  HttpAnswer readiness() const;
  HttpAnswer instruments() const;
  HttpAnswer limits() const;
  HttpAnswer schema(std::string_view name) const;  // empty: which there are
  HttpAnswer status() const;
  HttpAnswer welcome(const HttpRequest& request) const;

  const FeedOptions& options_;
  const Hub& hub_;
  const InstrumentTable& instruments_;
  const Log& log_;
  const TimeNs started_;
  const Metrics& metrics_;
  NotReady not_ready_;
};

}  // namespace bourse
