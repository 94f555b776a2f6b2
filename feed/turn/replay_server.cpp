#include "feed/turn/replay_server.h"

#include <array>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "feed/history/replay_groups.h"      // ReplayGroups, export_replay_metrics
#include "feed/history/replay_session.h"     // ReplaySession
#include "feed/http/http_routes.h"           // HttpRoutes
#include "feed/market/hub.h"                 // Hub
#include "feed/metrics.h"                    // Metrics
#include "feed/turn/session_loop.h"          // SessionLoop
#include "replay/snapshot/market_history.h"  // market_before

namespace bourse {
namespace {

constexpr std::array<std::string_view, 1> subprotocols_served = {"bourse.fb.v1"};

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
        routes_(parts.options, hub, parts.log, metrics, {}) {}

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
  HttpRoutes routes_;
};

}  // namespace

struct ReplayServer::State {
  Metrics metrics;
  const Hub hub;  // the market at the end of the log: what HTTP tells
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
  auto newest = market_before(parts.log, next(parts.log.released_sequence()));
  if (!newest) return std::unexpected(newest.error());
  return std::unique_ptr<ReplayServer>(
      new ReplayServer(std::make_unique<State>(parts, std::move(newest->market))));
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
