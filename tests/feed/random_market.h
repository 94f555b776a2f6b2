// A random market for property tests: three symbols that trade, halt and hold auctions, the hubs of
// two io threads, subscribers of all channels who stall, leave, come back and ask for more.
//   Shape:  step() moves everything by a little; finish() brings everybody to the end and compares
//           what each has with the truth, which is read from the log alone.
//   Owner:  one test. The same seed gives the same market.
//   Errors: failures of the test.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "feed/market/market_session.h"  // MarketSession
#include "feed/market/stream_shape.h"    // is_conflated, book_conflations_ms
#include "tests/feed/market_truth.h"     // MarketTruth
#include "tests/feed/model_client.h"     // ModelClient
#include "tests/feed/small_exchange.h"   // SmallExchange
#include "tests/feed/subscribe_text.h"   // sub, field, random_parameters

namespace bourse {

using Random = std::mt19937_64;

struct Subscriber {
  Outbox out;
  std::unique_ptr<MarketSession> session;
  ModelClient client;
  std::size_t shard = 0;
  std::size_t read_bytes_max = 0;  // per step; 0 = does not read
};

class RandomMarket {
 public:
  explicit RandomMarket(std::uint64_t seed) : random(seed), truth(*exchange.log) {
    for (const char* name : {"ETH-USD", "ETH-EUR", "BTC-USD"}) {
      symbols.push_back(exchange.define(name));
    }
    exchange.write();
    other = std::make_unique<Hub>(MarketState{}, Epoch{0}, exchange.options);
    other_cursor.emplace(std::move(*exchange.log->cursor(Sequence{1})));
    truth.follow();
    for (Subscriber& subscriber : subscribers) {
      subscriber.client.on_heartbeat = [this](const ModelClient& client) { check(client); };
      subscriber.client.on_range = [this](std::uint32_t id, const ModelStream& stream) {
        std::vector<std::uint64_t> wanted = truth.after(id, stream.began);
        std::erase_if(wanted, [&stream](std::uint64_t seq) { return seq > stream.end; });
        if (stream.conflate_ms > 0) wanted = seqs_of(stream);
        EXPECT_EQ(seqs_of(stream), wanted) << stream.channel;
        ++ranges;
      };
      subscriber.client.on_refill_done = [this](std::uint32_t id, const ModelStream& stream) {
        std::vector<std::uint64_t> wanted = truth.after(id, stream.refill_from - 1);
        std::erase_if(wanted, [&stream](std::uint64_t seq) { return seq > stream.refill_to; });
        EXPECT_EQ(stream.refilled_seqs, wanted) << stream.channel;
        ++refills;
      };
      connect(subscriber);
    }
  }

  std::size_t below(std::size_t bound) { return random() % bound; }
  bool one_in(std::size_t count) { return below(count) == 0; }
  Hub& hub(std::size_t shard) { return shard == 0 ? *exchange.hub : *other; }

  void trade() {
    const SymbolId symbol = symbols[below(symbols.size())];
    if (one_in(40)) {
      change_phase(symbol);
    } else if (one_in(60)) {
      take_back_a_trade();
    } else if (one_in(30)) {
      exchange.submit(TestMarket::blank(CommandType::clock));  // indicative prices
    } else if (one_in(200)) {
      // A sweep that may be larger than a frame.
      const std::size_t count = 1100 + below(1200);
      for (std::size_t i = 0; i < count; ++i) exchange.order(symbol, Side::sell, 1, 200);
      exchange.order(symbol, Side::buy, count, 200, TimeInForce::ioc);
    } else if (!orders.empty() && one_in(3)) {
      const std::size_t index = below(orders.size());
      if (one_in(3)) {
        const std::size_t quantity = 1 + below(20);
        exchange.amend(orders[index], quantity, 90 + static_cast<std::int64_t>(below(20)));
      } else {
        exchange.cancel(orders[index]);
        orders.erase(orders.begin() + static_cast<std::ptrdiff_t>(index));
      }
    } else {
      const Side side = one_in(2) ? Side::buy : Side::sell;
      const auto price = static_cast<std::int64_t>(below(14)) + (side == Side::buy ? 90 : 98);
      const bool rests = !one_in(4);
      const OrderId id = exchange.order(symbol, side, 1 + below(30), price,
                                        rests ? TimeInForce::gtc : TimeInForce::ioc);
      if (rests) orders.push_back(id);
    }
  }

  // Mostly back to continuous trading: what auctions have collected is matched then.
  void change_phase(SymbolId symbol) {
    static constexpr std::array<Phase, 7> phases = {
        Phase::pre_open, Phase::opening_auction, Phase::volatility_auction, Phase::closing_auction,
        Phase::halted,   Phase::closed,          Phase::continuous};
    Command rules = TestMarket::blank(CommandType::set_rules);
    rules.symbol = symbol;
    rules.rules.indicative_ns = 1;
    exchange.submit(rules);
    Command command = TestMarket::blank(CommandType::set_phase);
    command.symbol = symbol;
    command.phase.phase = one_in(2) ? Phase::continuous : phases[below(phases.size())];
    exchange.submit(command);
  }
  void take_back_a_trade() {
    const auto& trades = subscribers[below(subscribers.size())].client.trades;
    if (trades.empty()) return;
    const wire::Trade& trade = trades[below(trades.size())];
    Command command = TestMarket::blank(CommandType::bust_trade);
    command.symbol = SymbolId{trade.instrument_id};
    command.bust.match_id = MatchId{trade.match_id};
    command.bust.price = PriceTicks{trade.price / 10'000'000};
    command.bust.quantity = QuantityLots{trade.size / 100};
    exchange.submit(command);
  }

  void follow(std::size_t shard, std::size_t transactions) {
    if (shard == 0) return exchange.follow(transactions);
    for (std::size_t i = 0; i < transactions; ++i) {
      if (other_cursor->next() != Cursor::Next::transaction) break;
      other->on_transaction(other_cursor->transaction());
    }
    other->flush(exchange.now);
  }

  void connect(Subscriber& s) {
    s.out = Outbox{};
    s.shard = below(2);
    s.session = std::make_unique<MarketSession>(hub(s.shard), *exchange.log, exchange.options,
                                                SessionInfo{});
    s.session->on_open(s.out);
    s.read_bytes_max = one_in(3) ? 300 + below(2000) : 1 << 20;
  }

  void send(Subscriber& s, const std::string& json) { s.session->on_text(json, s.out); }

  void subscribe(Subscriber& s) {
    static constexpr std::array<const char*, 10> channels = {
        "mbo", "trade", "bbo", "level", "depth10", "check", "bar", "stat", "status", "imbalance"};
    static constexpr std::array<const char*, 5> names = {"ETH-USD", "ETH-EUR", "BTC-USD", "ETH-*",
                                                         "*"};
    std::string subs;
    for (std::size_t i = 0, count = 1 + below(3); i < count; ++i) {
      const std::string_view channel = channels[below(channels.size())];
      std::string more = random_parameters(random, channel);
      if (one_in(2)) more += R"(,"snapshot":true)";
      const std::uint64_t head = hub(s.shard).sequence().value();
      if (one_in(3)) {
        const std::uint64_t from = 1 + below(head + 1);
        more += R"(,"start":{"seq":)" + std::to_string(from) + "}";
        if (one_in(3) && from <= head)
          more += R"(,"end":{"seq":)" + std::to_string(from + below(head - from + 1)) + "}";
      } else if (one_in(8)) {
        more += R"(,"start":"earliest")";
      }
      if (!subs.empty()) subs += ',';
      subs += sub(channel, names[below(names.size())], more);
    }
    // The whole set at once, now and then: what is not named ends.
    if (one_in(12)) drain(s);
    const char* const op = s.out.empty() && one_in(12) ? "set" : "subscribe";
    send(s, std::string(R"({"op":")") + op + R"(","subs":[)" + subs + "]}");
  }

  // Another connection, perhaps to another io thread; streams go on where they were.
  void reconnect(Subscriber& s) {
    std::string subs;
    for (auto& [id, stream] : s.client.streams) {
      const bool is_broken = stream.is_in_snapshot || stream.is_partial;
      std::string more = R"(,"snapshot":true)";
      if (!is_broken) more = R"(,"start":{"seq":")" + std::to_string(stream.at + 1) + "\"}";
      if (stream.depth > 0) more += field("depth", stream.depth);
      if (stream.conflate_ms > 0) more += field("conflate_ms", stream.conflate_ms);
      if (stream.interval_ms > 0) more += field("interval_ms", stream.interval_ms);
      if (stream.every > 0) more += field("every", stream.every);
      if (!subs.empty()) subs += ',';
      subs += sub(stream.channel, stream.symbol, more);
    }
    s.client.reconnect();
    connect(s);
    if (!subs.empty()) send(s, R"({"op":"subscribe","subs":[)" + subs + "]}");
  }

  // The process ends and begins again: a new epoch, hubs that know the market and no frames.
  void restart() {
    exchange.write();
    for (std::size_t shard = 0; shard < 2; ++shard) follow(shard, ~std::size_t{0});
    for (Subscriber& s : subscribers) s.session.reset();
    truth.follow();
    truth.stop();
    other_cursor.reset();
    exchange.restart();
    truth.go_on(*exchange.log);
    other_cursor.emplace(std::move(*exchange.log->cursor(next(other->sequence()))));
    other = std::make_unique<Hub>(other->state(), other->epoch(), exchange.options);
    for (Subscriber& s : subscribers) reconnect(s);
    ++restarts;
  }

  const ModelStream* any_stream(Subscriber& s, std::uint32_t& id) {
    if (s.client.streams.empty()) return nullptr;
    auto at = s.client.streams.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(below(s.client.streams.size())));
    id = at->first;
    return &at->second;
  }

  // A snapshot or a gap fill of what is there.
  void ask_for_more(Subscriber& s) {
    std::uint32_t id = 0;
    const ModelStream* const stream = any_stream(s, id);
    if (stream == nullptr) return;
    if (one_in(2)) return send(s, R"({"op":"snapshot","stream":)" + std::to_string(id) + "}");
    const bool is_plain = stream->channel == "mbo" || stream->channel == "trade";
    if (!is_plain || stream->is_refilling || stream->is_partial || stream->at == 0) return;
    const std::uint64_t from = 1 + below(stream->at);
    const std::uint64_t to = from + below(stream->at - from + 1);
    send(s, R"({"op":"replay","stream":)" + std::to_string(id) + field("from_seq", from) +
                field("to_seq", to) + "}");
    drain(s);
  }

  void unsubscribe(Subscriber& s) {
    if (s.client.streams.empty()) return;
    auto at = s.client.streams.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(below(s.client.streams.size())));
    send(s, R"({"op":"unsubscribe","streams":[)" + std::to_string(at->first) + "]}");
    drain(s);
  }

  void drain(Subscriber& s) {
    for (;;) {
      s.client.receive(s.out, 1 << 20);
      if (s.out.close_requested()) return;
      exchange.now = TimeNs{exchange.now.value() + 1};  // a hub reads history once for each moment
      const bool is_more_due = s.session->pump(s.out, exchange.now);
      if (s.out.empty() && !is_more_due && !hub(s.shard).is_reading_history()) return;
    }
  }

  void step() {
    for (std::size_t i = 0, count = below(12); i < count; ++i) trade();
    if (!one_in(4)) exchange.write();
    truth.follow();
    for (std::size_t shard = 0; shard < 2; ++shard) {
      if (one_in(2)) follow(shard, one_in(2) ? below(10) : 10000);
    }
    for (Subscriber& s : subscribers) {
      if (one_in(30)) s.read_bytes_max = one_in(3) ? 0 : one_in(2) ? below(3000) : 1 << 20;
      if (one_in(15)) subscribe(s);
      if (one_in(60)) unsubscribe(s);
      if (one_in(40)) ask_for_more(s);
      if (one_in(150) || s.out.close_requested()) reconnect(s);
      s.session->pump(s.out, exchange.now);
      s.session->on_timer(exchange.now, s.out);
      if (s.read_bytes_max > 0) s.client.receive(s.out, 1 + below(s.read_bytes_max));
      // The high mark, and one transaction beyond it: it is never divided between two turns.
      ASSERT_LT(s.out.size(), std::size_t{512} << 10);
    }
    exchange.now = TimeNs{exchange.now.value() + static_cast<std::int64_t>(below(100'000'000))};
    if (one_in(200)) restart();
  }

  // S7: what a heartbeat vouches for has really been sent.
  void check(const ModelClient& client) {
    for (const auto& [id, stream] : client.streams) {
      if (is_conflated(id)) continue;  // it may hold back the changes of one interval
      // From SlowReader to CaughtUp only those are meant that the heartbeat names.
      const bool is_meant = stream.is_live && !client.is_slow();
      if (!client.heartbeat_positions.contains(id) && !is_meant) continue;
      EXPECT_FALSE(truth.has_between(id, stream.at, client.heartbeat_seq))
          << stream.channel << " " << stream.symbol << " had " << stream.at << ", heartbeat up to "
          << client.heartbeat_seq;
    }
  }

  void finish() {
    exchange.write();
    truth.follow();
    follow(0, ~std::size_t{0});
    follow(1, ~std::size_t{0});
    for (Subscriber& s : subscribers) {
      drain(s);
      if (s.out.close_requested()) reconnect(s);
    }
    // What conflated streams have held back.
    for (int i = 0; i < 3; ++i) {
      exchange.now = TimeNs{exchange.now.value() + 2'000'000'000};
      follow(0, 0);
      follow(1, 0);
      for (Subscriber& s : subscribers) drain(s);
    }
    for (Subscriber& s : subscribers) {
      ASSERT_EQ(s.client.fault(), "");
      EXPECT_TRUE(s.session->is_live());
      EXPECT_EQ(s.session->stream_count(), s.client.streams.size());
      for (const auto& [id, stream] : s.client.streams) check_stream(id, stream, s);
    }
  }

  // Of levels and bars that come several at once, one for each transaction.
  static std::vector<std::uint64_t> seqs_of(const ModelStream& stream) {
    std::vector<std::uint64_t> seqs = stream.seqs;
    if (stream.channel == "level" || stream.channel == "bar")
      seqs.erase(std::unique(seqs.begin(), seqs.end()), seqs.end());
    return seqs;
  }

  void check_stream(std::uint32_t id, const ModelStream& stream, Subscriber& s) {
    SCOPED_TRACE(stream.channel + " " + stream.symbol + " " + std::to_string(stream.depth) + "/" +
                 std::to_string(stream.conflate_ms));
    std::uint64_t from = stream.began;
    std::vector<std::uint64_t> seqs = seqs_of(stream);
    if (!stream.conflated.empty()) {
      from = stream.conflated.back();
      seqs.erase(seqs.begin(), std::upper_bound(seqs.begin(), seqs.end(), from));
    }
    EXPECT_EQ(seqs, is_conflated(id) ? seqs : truth.after(id, from));
    const SymbolId symbol{stream.instrument};
    const DepthBook& book = *hub(s.shard).state().book(symbol);
    if (stream.best) {
      const wire::Bbo& best = *stream.best;
      const bool has_bid = book.best().bid != no_price;
      EXPECT_EQ(best.bid_px, has_bid ? book.best().bid.value() * 10'000'000 : wire::price_none);
      EXPECT_EQ(best.ask_ct, book.best().ask_orders);
      EXPECT_EQ(best.bid_sz, book.best().bid_quantity.value() * 100);
    }
    if (stream.channel == "level" && stream.has_levels) {
      EXPECT_EQ(stream.bids, levels_of(book, Side::buy, stream.depth));
      EXPECT_EQ(stream.asks, levels_of(book, Side::sell, stream.depth));
    }
    if (stream.channel != "mbo" || !s.client.books[symbol.value()].is_known) return;
    const ModelBook& model = s.client.books[symbol.value()];
    EXPECT_EQ(model.rpt, book.last_rpt().value());
    std::vector<std::pair<std::uint64_t, std::uint64_t>> orders_wanted;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> orders_had;
    for (const Side side : {Side::buy, Side::sell}) {
      book.for_each_order(side, [&](const DepthOrder& order) {
        orders_wanted.emplace_back(order.order_id.value(), order.quantity.value() * 100);
      });
    }
    for (auto level = model.bids.rbegin(); level != model.bids.rend(); ++level) {
      for (const ModelOrder& order : level->second) orders_had.emplace_back(order.id, order.size);
    }
    for (const auto& [price, level] : model.asks) {
      for (const ModelOrder& order : level) orders_had.emplace_back(order.id, order.size);
    }
    EXPECT_EQ(orders_had, orders_wanted);
  }

  static FeedOptions options() {
    FeedOptions options = SmallExchange::small_options();
    options.limits.control_burst_count = 1 << 20;
    return options;
  }

  SmallExchange exchange{options()};
  std::unique_ptr<Hub> other;
  std::optional<Cursor> other_cursor;
  Random random;
  MarketTruth truth;
  std::vector<SymbolId> symbols;
  std::vector<OrderId> orders;
  std::array<Subscriber, 4> subscribers;
  int restarts = 0;
  int ranges = 0;
  int refills = 0;
};

}  // namespace bourse
