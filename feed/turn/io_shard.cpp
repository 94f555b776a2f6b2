#include "feed/turn/io_shard.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include "feed/control/log_replies.h"     // with_fields
#include "feed/history/replay_session.h"  // ReplaySession
#include "feed/http/history_desk.h"       // HistoryDesk
#include "feed/http/http_book.h"          // HttpBook, answer_book
#include "feed/http/http_feed.h"          // HttpFeed
#include "feed/market/market_channels.h"  // MarketChannels
#include "feed/market/market_session.h"   // MarketSession
#include "feed/net/echo_session.h"        // EchoSession
#include "feed/net/hello_json.h"          // log_points
#include "feed/net/upgrade.h"             // shutdown_message
#include "feed/net/url_query.h"           // parse_url_query
#include "feed/trade/dropcopy_session.h"  // DropcopySession
#include "feed/trade/trade_channels.h"    // TradeChannels
#include "feed/trade/trade_session.h"     // TradeSession
#include "feed/turn/session_loop.h"       // SessionLoop
#include "feed/wall_clock.h"              // wall_clock_now

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

// `log=2` of a query; nullopt: it is no number of a log, or there is no such log.
std::optional<std::uint32_t> log_of_query(std::string_view text, std::size_t logs) {
  const auto query = parse_url_query(text);
  if (!query) return 0;  // told by whoever reads the rest of it
  for (const auto& [name, value] : *query) {
    if (name != "log") continue;
    std::uint32_t log = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), log);
    const bool is_one = error == std::errc{} && end == value.data() + value.size() && log < logs;
    return is_one ? std::optional(log) : std::nullopt;
  }
  return 0;
}

// What the session loop turns for the exchange.
class FeedStage {
 public:
  // The first ones if the exchange has one log, those with Channels if it has several.
  using Conversation = std::variant<MarketSession, TradeSession, DropcopySession, ReplaySession,
                                    EchoSession, HttpFeed, HttpBook, MarketChannels,
                                    TradeChannels<TradeSession>, TradeChannels<DropcopySession>>;

  // `wake` is called by the thread of the history desk.
  FeedStage(IoShardParts& parts, std::vector<Cursor> cursors, std::function<void()> wake)
      : options_(parts.options),
        keys_(parts.keys),
        replays_(parts.replays),
        connections_(parts.connections),
        uncounted_(uncounted_options_),
        history_refused_(parts.metrics.counter(
            "bourse_history_refused_total",
            "Books of the past that were not taken up, by limit (history_waiting)")),
        history_(parts.options.limits.history_waiting_count, std::move(wake)) {
    uncounted_options_.limits.connections_per_key_count = 0;
    const auto logs = static_cast<std::uint32_t>(parts.channels.size());
    for (std::uint32_t log = 0; log < logs; ++log)
      feeds_.push_back(std::make_unique<ChannelFeed>(
          std::move(parts.channels[log]), std::move(cursors[log]),
          ChannelFeed::Surroundings{.options = parts.options,
                                    .accounts_max = parts.accounts_max,
                                    .shard = parts.index,
                                    .log = log,
                                    .logs = logs,
                                    .metrics = parts.metrics,
                                    .on_failed = parts.on_failed,
                                    .numbers = parts.numbers}));
    routes_.emplace(feeds_.front()->options(), first().hub(), first().log(), parts.metrics,
                    std::move(parts.not_ready));
    for (std::uint32_t log = 1; log < logs; ++log)
      routes_->add_log(feeds_[log]->hub(), feeds_[log]->log());
  }

  std::span<const std::string_view> subprotocols(std::string_view path) const {
    if (path == market_path || path == replay_path) return market_subprotocols;
    if (path == trade_path || path == dropcopy_path) return trade_subprotocols;
    if (path == echo_path && options_.echo) return echo_subprotocols;
    return {};
  }

  void open(const HttpRequest& request, SessionInfo info, std::optional<Conversation>& into) {
    if (request.path == replay_path)
      open_replay(request, std::move(info), into);
    else if (request.path == echo_path)
      into.emplace(std::in_place_type<EchoSession>);
    else if (feeds_.size() > 1)
      open_channels(request, info, into);
    else if (request.path == market_path)
      into.emplace(std::in_place_type<MarketSession>, first().hub(), first().log(),
                   first().options(), std::move(info));
    else if (request.path == dropcopy_path)
      into.emplace(std::in_place_type<DropcopySession>, first().trade(keys_, connections_),
                   std::move(info));
    else
      into.emplace(std::in_place_type<TradeSession>, first().trade(keys_, connections_),
                   std::move(info));
  }

  HttpAnswer answer(const HttpRequest& request) {
    if (early_) return *std::exchange(early_, std::nullopt);
    return routes_->answer(request);
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
      begin_feed(request, std::move(info), into);
    } else {
      ChannelFeed& feed = feed_of_book(request);
      BookAnswer answer = answer_book(request, feed.hub(), feed.log(), history_);
      if (auto* const task = std::get_if<std::shared_ptr<const HistoryDesk::Task>>(&answer))
        into.emplace(std::in_place_type<HttpBook>, std::move(*task));
      else
        early_ = std::move(std::get<HttpAnswer>(answer));
    }
    return into.has_value();
  }

  std::string farewell() const {
    const std::string text =
        shutdown_message(feeds_.front()->hub().sequence(), feeds_.front()->hub().epoch());
    if (feeds_.size() == 1) return text;
    std::vector<HelloPoint> points;
    for (const auto& feed : feeds_)
      points.push_back(
          {feed->hub().epoch(), feed->log().earliest_sequence(), feed->hub().sequence()});
    return with_fields(text, log_points(points));
  }
  void serve_after(std::span<const Sequence> openings) {
    for (std::size_t log = 0; log < feeds_.size(); ++log) feeds_[log]->serve_after(openings[log]);
  }
  bool serves() const {
    return std::ranges::all_of(feeds_, [](const auto& feed) { return feed->serves(); });
  }

  bool has_news() const {
    return std::ranges::any_of(feeds_, [](const auto& feed) { return feed->has_news(); }) ||
           (wants_drain_.load(std::memory_order_relaxed) && !is_draining_) ||
           history_.done_count() != history_seen_;
  }

  // When conflated streams have something due, by the steady clock.
  std::int64_t due_ns() const {
    std::int64_t due = DerivedStreams::never.value();
    for (const auto& feed : feeds_) due = std::min(due, feed->hub().next_due().value());
    if (due == DerivedStreams::never.value()) return due;
    return steady_now_ns() + std::max<std::int64_t>(due - wall_clock_now().value(), 0);
  }

  bool advance(TimeNs now) {
    if (wants_drain_.load(std::memory_order_relaxed) && !is_draining_) {
      is_draining_ = true;
      for (const auto& feed : feeds_) feed->drain();
    }
    const std::uint64_t answers = history_.done_count();
    history_refused_.add(history_.refused_count() - history_refused_.value());
    bool has_news = std::exchange(history_seen_, answers) != answers;
    for (const auto& feed : feeds_) has_news |= feed->advance(now);
    return has_news;
  }

  // Any thread; the caller wakes the loop.
  void end_history() { history_.end(); }
  void drain_orders() { wants_drain_.store(true, std::memory_order_relaxed); }

 private:
  ChannelFeed& first() { return *feeds_.front(); }

  void open_channels(const HttpRequest& request, const SessionInfo& info,
                     std::optional<Conversation>& into) {
    if (request.path == market_path) {
      std::vector<MarketChannel> channels;
      for (const auto& feed : feeds_) channels.push_back(feed->market());
      into.emplace(std::in_place_type<MarketChannels>, std::move(channels), info);
      return;
    }
    std::vector<TradeParts> channels;
    for (const auto& feed : feeds_)  // one connection is one of its key
      channels.push_back(feed->trade(keys_, channels.empty() ? connections_ : uncounted_));
    if (request.path == dropcopy_path)
      into.emplace(std::in_place_type<TradeChannels<DropcopySession>>, std::move(channels), info);
    else
      into.emplace(std::in_place_type<TradeChannels<TradeSession>>, std::move(channels), info);
  }

  void open_replay(const HttpRequest& request, SessionInfo info,
                   std::optional<Conversation>& into) {
    ChannelFeed& feed = *feeds_[log_of_query(request.query, feeds_.size()).value_or(0)];
    into.emplace(std::in_place_type<ReplaySession>,
                 ReplayParts{.log = feed.log(),
                             .options = feed.options(),
                             .known = feed.hub().instruments(),
                             .groups = replays_},
                 std::move(info), request.query);
  }

  void begin_feed(const HttpRequest& request, SessionInfo info, std::optional<Conversation>& into) {
    const auto log = log_of_feed(request);
    if (!log) {
      early_ = http_error(400, "bad_request", 1004, "the symbols are of several logs",
                          "ask for those of one log at a time, or say which one: log=0");
      return;
    }
    ChannelFeed& feed = *feeds_[*log];
    into.emplace(std::in_place_type<HttpFeed>, feed.hub(), feed.log(), feed.options(),
                 std::move(info), request, early_);
    if (early_) into.reset();
  }

  // Which log has the symbols that are named; nullopt: several have.
  std::optional<std::uint32_t> log_of_feed(const HttpRequest& request) {
    const auto query = parse_url_query(request.query);
    if (feeds_.size() == 1 || !query) return 0;
    if (std::ranges::any_of(*query, [](const auto& one) { return one.first == "log"; }))
      return log_of_query(request.query, feeds_.size());
    std::string names = "*";
    for (const auto& [name, value] : *query)
      if (name == "symbols") names = value;
    std::optional<std::uint32_t> found;
    for (std::uint32_t log = 0; log < feeds_.size(); ++log) {
      const InstrumentTable& table = feeds_[log]->hub().instruments();
      for (std::size_t at = 0; at <= names.size();) {
        const std::size_t end = std::min(names.find(',', at), names.size());
        const bool has = !table.matching(std::string_view(names).substr(at, end - at)).empty();
        at = end + 1;
        if (has && found.value_or(log) != log) return std::nullopt;
        if (has) found = log;
      }
    }
    return found.value_or(0);
  }

  ChannelFeed& feed_of_book(const HttpRequest& request) {
    const auto path = parse_url_query(request.path.substr(book_path.size()));
    if (path && path->size() == 1)
      for (const auto& feed : feeds_)
        if (feed->hub().instruments().find(path->front().first)) return *feed;
    return first();
  }

  const FeedOptions& options_;
  const Keys& keys_;
  ReplayGroups& replays_;
  ConnectionLimits& connections_;
  FeedOptions uncounted_options_;
  ConnectionLimits uncounted_;                       // for the further logs of a connection
  std::vector<std::unique_ptr<ChannelFeed>> feeds_;  // of each log
  std::optional<HttpRoutes> routes_;
  Counter& history_refused_;
  HistoryDesk history_;
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

  State(IoShardParts& parts, std::vector<Cursor> cursors)
      : stage(parts, std::move(cursors), [this] { loop.wake(); }),
        loop(stage, parts.options, parts.context, parts.metrics,
             {parts.index, parts.count, parts.numbers}, &parts.connections),
        shares_port(parts.count > 1),
        is_first(parts.index == 0) {}
  ~State() { stage.end_history(); }  // which wakes the loop
};

IoShard::IoShard(std::unique_ptr<State> state) : state_(std::move(state)) {}
IoShard::~IoShard() = default;

Result<std::unique_ptr<IoShard>> IoShard::make(IoShardParts parts) {
  std::vector<Cursor> cursors;
  for (const ChannelParts& channel : parts.channels) {
    auto cursor = channel.log.cursor(next(channel.market.sequence()));
    if (!cursor) return std::unexpected(cursor.error());
    cursors.push_back(std::move(*cursor));
  }
  return std::unique_ptr<IoShard>(new IoShard(std::make_unique<State>(parts, std::move(cursors))));
}

Result<void> IoShard::listen(std::uint16_t port) {
  const auto sharing = !state_->shares_port ? Listener::Sharing::alone
                       : state_->is_first   ? Listener::Sharing::first
                                            : Listener::Sharing::joined;
  return state_->loop.listen(port, sharing);
}

std::uint16_t IoShard::port() const { return state_->loop.port(); }
void IoShard::run() { state_->loop.run(); }
void IoShard::serve_after(std::span<const Sequence> openings) {
  state_->stage.serve_after(openings);
}
void IoShard::wake() { state_->loop.wake(); }

void IoShard::drain_orders() {
  state_->stage.drain_orders();
  wake();
}

void IoShard::use(TlsContext context) { state_->loop.use(std::move(context)); }
void IoShard::stop(std::uint16_t close_code) { state_->loop.stop(close_code); }

}  // namespace bourse
