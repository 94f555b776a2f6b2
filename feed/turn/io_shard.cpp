#include "feed/turn/io_shard.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include "feed/history/replay_session.h"  // ReplaySession
#include "feed/http/history_desk.h"       // HistoryDesk
#include "feed/http/http_book.h"          // HttpBook, answer_book
#include "feed/http/http_feed.h"          // HttpFeed
#include "feed/market/hub.h"              // Hub
#include "feed/market/market_metrics.h"   // MarketMetrics
#include "feed/market/market_session.h"   // MarketSession
#include "feed/net/echo_session.h"        // EchoSession
#include "feed/net/upgrade.h"             // shutdown_message
#include "feed/trade/dropcopy_session.h"  // DropcopySession
#include "feed/trade/exec_router.h"       // ExecRouter
#include "feed/trade/order_entry.h"       // OrderEntry
#include "feed/trade/trade_session.h"     // TradeSession
#include "feed/turn/session_loop.h"       // SessionLoop
#include "feed/wall_clock.h"              // wall_clock_now
#include "replay/log/cursor.h"            // Cursor

namespace bourse {

namespace {

constexpr std::string_view market_path = "/v1/md";
constexpr std::string_view replay_path = "/v1/replay";
constexpr std::string_view trade_path = "/v1/trade";
constexpr std::string_view dropcopy_path = "/v1/dropcopy";
constexpr std::string_view echo_path = "/v1/echo";
constexpr std::array<std::string_view, 1> market_subprotocols = {"bourse.fb.v1"};
constexpr std::array<std::string_view, 1> echo_subprotocols = {"bourse.echo.v1"};
constexpr std::array<std::string_view, 2> trade_subprotocols = {"bourse.fb.v1", "bourse.json.v1"};

// At once, so that a long burst does not keep the sockets waiting: about a quarter millisecond.
constexpr int transactions_per_turn = 512;

// What the session loop turns for the exchange.
class FeedStage {
 public:
  using Conversation = std::variant<MarketSession, TradeSession, DropcopySession, ReplaySession,
                                    EchoSession, HttpFeed, HttpBook>;

  // `wake` is called by the thread of the history desk.
  FeedStage(IoShardParts& parts, Cursor cursor, std::function<void()> wake)
      : log_(parts.log),
        options_(parts.options),
        keys_(parts.keys),
        replays_(parts.replays),
        connections_(parts.connections),
        stages_(parts.stages),
        on_failed_(std::move(parts.on_failed)),
        cursor_(std::move(cursor)),
        hub_(parts.market, parts.log.last_epoch(), parts.options),
        router_(parts.engine, parts.accounts_max, parts.market.sequence(), parts.options.limits),
        entry_(std::move(parts.gate), router_.instruments(), parts.lost_sessions),
        routes_(parts.options, hub_, parts.log, parts.metrics, std::move(parts.not_ready)),
        frames_(
            parts.metrics.counter("bourse_frames_total", "Frames encoded, each for all readers")),
        orders_sent_(parts.metrics.counter("bourse_orders_total", "Orders from connections",
                                           {{"result", "sequenced"}})),
        orders_busy_(parts.metrics.counter("bourse_orders_total", "Orders from connections",
                                           {{"result", "busy"}})),
        orders_closed_(parts.metrics.counter("bourse_orders_total", "Orders from connections",
                                             {{"result", "journal_full"}})),
        sessions_resumed_(parts.metrics.counter("bourse_lost_sessions_total",
                                                "Sessions cut that had orders to be cancelled",
                                                {{"result", "resumed"}})),
        sessions_canceled_(parts.metrics.counter("bourse_lost_sessions_total",
                                                 "Sessions cut that had orders to be cancelled",
                                                 {{"result", "canceled"}})),
        orders_open_(parts.metrics.gauge("bourse_open_orders", "Open orders that can be asked for",
                                         {{"shard", std::to_string(parts.index)}})),
        market_metrics_(parts.metrics, parts.index),
        hub_sequence_(parts.metrics.gauge("bourse_feed_sequence", "Newest sequence fed to readers",
                                          {{"shard", std::to_string(parts.index)}})),
        encode_(parts.metrics.histogram("bourse_stage_seconds", "Time spent in a stage",
                                        {{"stage", "encode"}})),
        order_to_frame_(parts.metrics.histogram(
            "bourse_order_to_frame_seconds",
            "From the sequencing of an order to its frame being ready to send")),
        history_(std::move(wake)) {}

  std::span<const std::string_view> subprotocols(std::string_view path) const {
    if (path == market_path || path == replay_path) return market_subprotocols;
    if (path == trade_path || path == dropcopy_path) return trade_subprotocols;
    if (path == echo_path && options_.echo) return echo_subprotocols;
    return {};
  }

  void open(const HttpRequest& request, SessionInfo info, std::optional<Conversation>& into) {
    if (request.path == market_path)
      into.emplace(std::in_place_type<MarketSession>, hub_, log_, options_, std::move(info));
    else if (request.path == replay_path)
      into.emplace(
          std::in_place_type<ReplaySession>,
          ReplayParts{
              .log = log_, .options = options_, .known = hub_.instruments(), .groups = replays_},
          std::move(info), request.query);
    else if (request.path == echo_path)
      into.emplace(std::in_place_type<EchoSession>);
    else if (request.path == dropcopy_path)
      into.emplace(std::in_place_type<DropcopySession>, trade_parts(), std::move(info));
    else
      into.emplace(std::in_place_type<TradeSession>, trade_parts(), std::move(info));
  }

  HttpAnswer answer(const HttpRequest& request) {
    if (early_) return *std::exchange(early_, std::nullopt);
    return routes_.answer(request);
  }

  // Requests that are not answered at once. False: answer() has what there is to say.
  bool begin_http(const HttpRequest& request, SessionInfo info, std::optional<Conversation>& into,
                  bool is_full) {
    const bool is_feed = request.path == poll_path || request.path == events_path;
    const bool is_book = request.path.starts_with(book_path);
    if (request.method != "GET" || (!is_feed && !is_book)) return false;
    if (is_full) {
      early_ = http_error(503, "overloaded", 9002, "too many connections, or none any more",
                          "connect again in a moment");
    } else if (is_feed) {
      into.emplace(std::in_place_type<HttpFeed>, hub_, log_, options_, std::move(info), request,
                   early_);
      if (early_) into.reset();
    } else {
      BookAnswer answer = answer_book(request, hub_, log_, history_);
      if (auto* const task = std::get_if<std::shared_ptr<const HistoryDesk::Task>>(&answer))
        into.emplace(std::in_place_type<HttpBook>, std::move(*task));
      else
        early_ = std::move(std::get<HttpAnswer>(answer));
    }
    return into.has_value();
  }

  std::string farewell() const { return shutdown_message(hub_.sequence(), options_.epoch); }
  void serve_after(Sequence opening) { opening_ = opening; }
  bool serves() const { return hub_.sequence() >= opening_; }

  bool has_news() const {
    return (!has_failed_ && cursor_.position() <= log_.released_sequence()) ||
           (wants_drain_.load(std::memory_order_relaxed) && !is_draining_) ||
           history_.done_count() != history_seen_;
  }

  // When conflated streams have something due, by the steady clock.
  std::int64_t due_ns() const {
    const std::int64_t due = hub_.next_due().value();
    if (due == DerivedStreams::never.value()) return due;
    return steady_now_ns() + std::max<std::int64_t>(due - wall_clock_now().value(), 0);
  }

  bool advance(TimeNs now) {
    if (wants_drain_.load(std::memory_order_relaxed) && !is_draining_) {
      is_draining_ = true;
      entry_.drain();
    }
    count_orders();
    entry_.look_after(now);
    const std::uint64_t answers = history_.done_count();
    const bool has_answers = std::exchange(history_seen_, answers) != answers;
    if (has_failed_) return has_answers;
    const std::int64_t began_ns = steady_now_ns();
    TimeNs newest{0};
    int taken = 0;
    while (taken < transactions_per_turn) {
      const Cursor::Next next = cursor_.next();
      if (next == Cursor::Next::at_head) break;
      if (next == Cursor::Next::failed) {
        has_failed_ = true;
        on_failed_(cursor_.error());
        break;
      }
      const TransactionView& transaction = cursor_.transaction();
      hub_.on_transaction(transaction);
      router_.on_transaction(transaction);
      newest = transaction.time();
      ++taken;
    }
    market_metrics_.follow(hub_);
    if (taken == 0 && now < hub_.next_due()) return has_answers;
    hub_.flush(now);
    hub_.take_news();
    if (taken == 0) return true;
    encode_.observe_ns(steady_now_ns() - began_ns);
    order_to_frame_.observe_ns(wall_clock_now().value() - newest.value());
    frames_.add(hub_.frames().head() - frames_.value());
    hub_sequence_.set(static_cast<std::int64_t>(hub_.sequence().value()));
    return true;
  }

  // Any thread; the caller wakes the loop.
  void end_history() { history_.end(); }
  void drain_orders() { wants_drain_.store(true, std::memory_order_relaxed); }

 private:
  TradeParts trade_parts() {
    return {router_, entry_, keys_, connections_, stages_, log_, options_};
  }

  void count_orders() {
    orders_sent_.add(entry_.sent_count() - orders_sent_.value());
    orders_busy_.add(entry_.busy_count() - orders_busy_.value());
    orders_closed_.add(entry_.closed_count() - orders_closed_.value());
    sessions_resumed_.add(entry_.resumed_count() - sessions_resumed_.value());
    sessions_canceled_.add(entry_.canceled_count() - sessions_canceled_.value());
    orders_open_.set(router_.orders().count());
  }

  const Log& log_;
  const FeedOptions& options_;
  const Keys& keys_;
  ReplayGroups& replays_;
  ConnectionLimits& connections_;
  StageClock& stages_;
  std::function<void(const Error&)> on_failed_;
  Cursor cursor_;
  Hub hub_;
  ExecRouter router_;
  OrderEntry entry_;
  HttpRoutes routes_;
  Counter& frames_;
  Counter& orders_sent_;
  Counter& orders_busy_;
  Counter& orders_closed_;
  Counter& sessions_resumed_;
  Counter& sessions_canceled_;
  Gauge& orders_open_;
  MarketMetrics market_metrics_;
  Gauge& hub_sequence_;
  Histogram& encode_;
  Histogram& order_to_frame_;
  HistoryDesk history_;
  Sequence opening_{0};
  bool has_failed_ = false;
  bool is_draining_ = false;
  std::optional<HttpAnswer> early_;  // to the request that begin_http() has just refused
  std::uint64_t history_seen_ = 0;
  std::atomic<bool> wants_drain_{false};  // set by whoever stops, read by the io thread
};

}  // namespace

struct IoShard::State {
  FeedStage stage;
  SessionLoop<FeedStage> loop;
  bool shares_port;
  bool is_first;

  State(IoShardParts& parts, Cursor cursor)
      : stage(parts, std::move(cursor), [this] { loop.wake(); }),
        loop(stage, parts.options, parts.context, parts.metrics, {parts.index, parts.count},
             &parts.connections),
        shares_port(parts.count > 1),
        is_first(parts.index == 0) {}
  ~State() { stage.end_history(); }  // which wakes the loop
};

IoShard::IoShard(std::unique_ptr<State> state) : state_(std::move(state)) {}
IoShard::~IoShard() = default;

Result<std::unique_ptr<IoShard>> IoShard::make(IoShardParts parts) {
  auto cursor = parts.log.cursor(next(parts.market.sequence()));
  if (!cursor) return std::unexpected(cursor.error());
  return std::unique_ptr<IoShard>(new IoShard(std::make_unique<State>(parts, std::move(*cursor))));
}

Result<void> IoShard::listen(std::uint16_t port) {
  const auto sharing = !state_->shares_port ? Listener::Sharing::alone
                       : state_->is_first   ? Listener::Sharing::first
                                            : Listener::Sharing::joined;
  return state_->loop.listen(port, sharing);
}

std::uint16_t IoShard::port() const { return state_->loop.port(); }
void IoShard::run() { state_->loop.run(); }
void IoShard::serve_after(Sequence opening) { state_->stage.serve_after(opening); }
void IoShard::wake() { state_->loop.wake(); }

void IoShard::drain_orders() {
  state_->stage.drain_orders();
  wake();
}

void IoShard::use(TlsContext context) { state_->loop.use(std::move(context)); }
void IoShard::stop(std::uint16_t close_code) { state_->loop.stop(close_code); }

}  // namespace bourse
