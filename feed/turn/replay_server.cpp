#include "feed/turn/replay_server.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <thread>
#include <utility>

#include "feed/history/replay_groups.h"      // ReplayGroups, export_replay_metrics
#include "feed/history/replay_session.h"     // ReplaySession
#include "feed/http/http_routes.h"           // HttpRoutes
#include "feed/market/hub.h"                 // Hub
#include "feed/metrics.h"                    // Metrics
#include "feed/turn/session_loop.h"          // SessionLoop
#include "replay/snapshot/definitions.h"     // definitions_before
#include "replay/snapshot/market_history.h"  // market_before

namespace bourse {
namespace {

constexpr std::array<std::string_view, 1> subprotocols_served = {"bourse.fb.v1"};

// The status of each market at the end of the log: read by a thread, so that nobody waits for it.
class LastStatuses {
 public:
  explicit LastStatuses(const Log& log)
      : thread_([this, &log](const std::stop_token& stop) {
          auto newest = market_before(log, next(log.released_sequence()), {},
                                      [&stop] { return stop.stop_requested(); });
          if (!newest) return;  // what cannot be read is told to who replays it
          market_ = std::move(newest->market);
          is_known_.store(true, std::memory_order_release);
        }) {}

  std::optional<std::uint16_t> of(SymbolId symbol) const {
    const bool is_known = is_known_.load(std::memory_order_acquire);
    if (!is_known || market_.instrument(symbol) == nullptr) return std::nullopt;
    return market_.status(symbol);
  }

 private:
  MarketState market_;
  std::atomic<bool> is_known_{false};  // the thread writes it last, with release
  std::jthread thread_;
};

class ReplayStage {
 public:
  using Conversation = ReplaySession;

  ReplayStage(const ReplayServerParts& parts, const Hub& hub, ReplayGroups& groups,
              const Metrics& metrics)
      : session_parts_{.log = parts.log,
                       .options = parts.options,
                       .known = hub.instruments(),
                       .groups = groups,
                       .defaults = parts.defaults},
        statuses_(parts.log),
        routes_(parts.options, hub, parts.log, metrics, {},
                [this](SymbolId symbol) { return statuses_.of(symbol); }) {}

  std::span<const std::string_view> subprotocols(std::string_view path) const {
    if (path == "/v1/md" || path == "/v1/replay") return subprotocols_served;
    return {};
  }
  void open(const HttpRequest& request, SessionInfo info, std::optional<ReplaySession>& into) {
    into.emplace(session_parts_, std::move(info), request.query);
  }
  HttpAnswer answer(const HttpRequest& request) { return routes_.answer(request); }
  bool serves() const { return true; }
  bool has_news() const { return false; }
  bool advance(TimeNs) { return false; }

 private:
  ReplayParts session_parts_;
  LastStatuses statuses_;
  HttpRoutes routes_;
};

}  // namespace

struct ReplayServer::State {
  Metrics metrics;
  const Hub hub;  // the instruments at the end of the log, without their books
  ReplayGroups groups;
  ReplayStage stage;
  SessionLoop<ReplayStage> loop;

  State(const ReplayServerParts& parts, MarketState newest)
      : hub(std::move(newest), parts.log.last_epoch(), parts.options),
        groups(parts.options.limits.replays_per_server_count),
        stage(parts, hub, groups, metrics),
        loop(stage, parts.options, parts.context, metrics) {
    export_replay_metrics(metrics, groups);
  }
};

ReplayServer::ReplayServer(std::unique_ptr<State> state) : state_(std::move(state)) {}
ReplayServer::~ReplayServer() = default;

Result<std::unique_ptr<ReplayServer>> ReplayServer::make(ReplayServerParts parts) {
  // Every instrument that the log defines, however late.
  const Sequence last = parts.log.released_sequence();
  const auto known = definitions_before(parts.log, next(last));
  if (!known) return std::unexpected(known.error());
  MarketState market(last);
  for (const Definition& one : *known) market.define(one.symbol, one.instrument);
  return std::unique_ptr<ReplayServer>(
      new ReplayServer(std::make_unique<State>(parts, std::move(market))));
}

Result<void> ReplayServer::listen(std::uint16_t port) {
  return state_->loop.listen(port, Listener::Sharing::alone);
}
std::uint16_t ReplayServer::port() const { return state_->loop.port(); }

std::vector<std::string> ReplayServer::symbols() const {
  std::vector<std::string> out;
  for (const SymbolId id : state_->hub.instruments().matching("*"))
    out.emplace_back(state_->hub.instruments().instrument(id)->symbol());
  return out;
}

void ReplayServer::run() { state_->loop.run(); }
void ReplayServer::stop() { state_->loop.stop(); }

}  // namespace bourse
