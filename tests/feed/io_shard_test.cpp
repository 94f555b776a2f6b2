#include "feed/turn/io_shard.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <thread>

#include "feed/http/http_routes.h"      // HttpRoutes
#include "feed/http/page_files.h"       // page_files
#include "feed/net/feed_client.h"       // FeedClient
#include "feed/wall_clock.h"            // wall_clock_now
#include "tests/feed/raw_peer.h"        // RawPeer
#include "tests/feed/small_exchange.h"  // SmallExchange

namespace bourse {
namespace {

using namespace std::chrono_literals;

// Engine and journal on one thread, the shard on another, as the exchange would have them.
class RunningShard {
 public:
  // The definitions are in the log after `opening_takes`; the shard runs before.
  explicit RunningShard(std::chrono::milliseconds opening_takes = 0ms) {
    EXPECT_TRUE(keys_.add(demo_key()));
    options_.heartbeat_ms = 200;
    auto context = TlsContext::server(options_);
    EXPECT_TRUE(context);
    const MarketState market;
    auto made =
        IoShard::make({.channels = channels(market),
                       .accounts_max = 16,
                       .replays = replays,
                       .keys = keys_,
                       .connections = connections_,
                       .options = options_,
                       .context = *context,
                       .metrics = metrics,
                       .not_ready = [this] { return not_ready; },
                       .on_failed = [](const Error& error) { ADD_FAILURE() << error.text(); }});
    if (!made) throw std::runtime_error(made.error().text());
    shard = std::move(*made);
    if (auto listening = shard->listen(0); !listening)
      throw std::runtime_error(listening.error().text());
    port = shard->port();
    exchange.define("BTC-USD");
    exchange.define("ETH-USD");
    shard->serve_after(std::array{exchange.sequencer->last_sequence()});
    if (opening_takes == 0ms) exchange.write();
    io_ = std::thread([this] { shard->run(); });
    engine_ = std::thread([this, opening_takes] {
      std::this_thread::sleep_for(opening_takes);
      exchange.write();
      shard->wake();
      while (!stop_.load()) {
        const bool polled = exchange.sequencer->poll(wall_clock_now(), 64) > 0;
        exchange.write();
        if (polled)
          shard->wake();
        else
          std::this_thread::sleep_for(100us);
      }
    });
  }
  ~RunningShard() { stop(); }
  void stop(std::uint16_t code = 1001) {
    if (!io_.joinable()) return;
    shard->stop(code);
    io_.join();
    stop_.store(true);
    engine_.join();
  }

  std::vector<ChannelParts> channels(const MarketState& market) {
    std::vector<ChannelParts> parts;
    parts.push_back({.log = *exchange.log,
                     .engine = exchange.engine,
                     .market = market,
                     .gate = exchange.sequencer->add_gate("io", 64),
                     .lost_sessions = lost_sessions,
                     .stages = stages_});
    return parts;
  }

  std::unique_ptr<FeedClient> client(std::string path, std::string subprotocol = "") const {
    FeedClientOptions options;
    options.address = {"127.0.0.1", port, std::move(path)};
    options.verify = false;
    options.subprotocol = std::move(subprotocol);
    auto made = FeedClient::connect(options);
    if (!made) throw std::runtime_error(made.error().text());
    return std::move(*made);
  }
  std::string get(std::string_view path) const {
    RawPeer peer(port);
    if (!peer.handshake() || !peer.send("GET " + std::string(path) +
                                        " HTTP/1.1\r\nHost: h:1\r\nConnection: close\r\n\r\n"))
      return "no connection";
    peer.read_to_end();
    return peer.got();
  }

  SmallExchange exchange;
  Metrics metrics;
  ReplayGroups replays{8};
  LostSessions lost_sessions{0};
  std::vector<std::string> not_ready;
  std::unique_ptr<IoShard> shard;
  std::uint16_t port = 0;

 private:
  FeedOptions options_;
  Keys keys_;
  ConnectionLimits connections_{options_};
  StageClock stages_;
  std::atomic<bool> stop_{false};
  std::thread io_;
  std::thread engine_;
};

std::string field_of(std::string_view json, std::string_view name) {
  const std::string key = '"' + std::string(name) + "\":\"";
  const auto at = json.find(key);
  if (at == std::string_view::npos) return "";
  const auto begin = at + key.size();
  return std::string(json.substr(begin, json.find('"', begin) - begin));
}

// The next text message that contains `part`; "" if none comes. Binary ones are counted.
std::string text_with(FeedClient& client, std::string_view part, int* binary = nullptr) {
  for (int i = 0; i < 1000; ++i) {
    auto message = client.next(10s);
    if (!message || !*message) return "";
    if (!(*message)->is_text) {
      if (binary != nullptr) ++*binary;
    } else if ((*message)->text().find(part) != std::string_view::npos) {
      return std::string((*message)->text());
    }
  }
  return "";
}

std::string order_text(int client_sequence) {
  return R"({"op":"order","id":2,"client_seq":")" + std::to_string(client_sequence) +
         R"(","symbol":"BTC-USD","side":"buy","px":"100.00","qty":"0.001"})";
}

// Hello, proof of the demo key, auth_ok.
bool log_in(FeedClient& client) {
  const std::string hello = text_with(client, "\"op\":\"hello\"");
  const std::string proof = sign(KeyAlgorithm::hmac_sha256, demo_key_secret,
                                 field_of(hello, "nonce"), field_of(hello, "session"));
  return client.send_text(R"({"op":"auth","id":1,"key":"demo","alg":"hmac-sha256","sig":")" +
                          proof + "\"}") &&
         !text_with(client, "auth_ok").empty();
}

TEST(IoShard, WhoComesBeforeTheMarketIsOpenWaitsForIt) {
  RunningShard running(100ms);
  const auto client = running.client("/v1/md");
  EXPECT_EQ(field_of(text_with(*client, "\"op\":\"hello\""), "head_seq"),
            std::to_string(running.exchange.sequencer->last_sequence().value()));
}

TEST(IoShard, AnOrderSentOverOneSocketIsATickOnAnother) {
  RunningShard running;
  auto market = running.client("/v1/md", "bourse.fb.v1");
  EXPECT_EQ(market->subprotocol(), "bourse.fb.v1");
  EXPECT_NE(text_with(*market, "\"op\":\"hello\""), "");
  ASSERT_TRUE(market->send_text(
      R"({"op":"subscribe","id":1,"subs":[{"channel":"mbo","symbols":["BTC-USD"]}]})"));
  EXPECT_NE(text_with(*market, "\"op\":\"subscribed\""), "");

  auto trader = running.client("/v1/trade", "bourse.json.v1");
  ASSERT_TRUE(log_in(*trader));
  ASSERT_TRUE(trader->send_text(order_text(1)));
  EXPECT_NE(text_with(*trader, "\"op\":\"exec\""), "");

  bool saw_frame = false;
  for (int i = 0; i < 100 && !saw_frame; ++i) {
    auto message = market->next(10s);
    ASSERT_TRUE(message && *message);
    // A definition comes first, heartbeats in between; a frame of one mbo event has 136 bytes.
    saw_frame = !(*message)->is_text && (*message)->bytes.size() == 136;
  }
  EXPECT_TRUE(saw_frame);
}

TEST(IoShard, OrdersAreRefusedOnceItDrains) {
  RunningShard running;
  auto trader = running.client("/v1/trade", "bourse.json.v1");
  ASSERT_TRUE(log_in(*trader));
  running.shard->drain_orders();
  std::string answer;
  for (int i = 0; i < 100 && answer.find("9003") == std::string::npos; ++i) {
    ASSERT_TRUE(trader->send_text(order_text(i + 1)));
    answer = text_with(*trader, "\"op\":");
  }
  EXPECT_NE(answer.find("9003"), std::string::npos);
}

TEST(IoShard, TellsItsStateOverHttp) {
  RunningShard running;
  EXPECT_NE(running.get("/healthz").find("200 OK"), std::string::npos);
  EXPECT_NE(running.get("/readyz").find("\"ready\":true"), std::string::npos);
  const std::string instruments = running.get("/v1/instruments");
  EXPECT_NE(instruments.find("\"symbol\":\"ETH-USD\""), std::string::npos);
  EXPECT_NE(instruments.find("\"tick_size\":\"0.01\""), std::string::npos);
  EXPECT_NE(running.get("/v1/limits").find("\"streams\":"), std::string::npos);
  EXPECT_NE(running.get("/v1/time").find("\"time_ns\":\""), std::string::npos);
  EXPECT_NE(running.get("/").find("bourse tail BTC-USD --url wss://h:1/v1/md"), std::string::npos);
  EXPECT_NE(running.get("/nothing").find("404"), std::string::npos);
  EXPECT_NE(running.get("/v1/md").find("426"), std::string::npos);
  const std::string metrics = running.get("/metrics");
  EXPECT_NE(metrics.find("# TYPE bourse_stage_seconds histogram"), std::string::npos);
  EXPECT_NE(metrics.find("bourse_clients 0"), std::string::npos);
}

HttpRequest browser_request(std::string path) {
  HttpRequest request;
  request.method = "GET";
  request.path = std::move(path);
  request.host = "h:1";
  request.accept = "text/html,*/*;q=0.8";
  request.accept_encoding = "gzip, deflate, br";
  return request;
}

TEST(IoShard, GivesBrowsersThePageAndTerminalsText) {
  if (page_files().empty()) GTEST_SKIP() << "built without Node: there is no page";
  const SmallExchange exchange;
  const FeedOptions options;
  const Hub none(MarketState(), Epoch{1}, options);
  const Metrics metrics;
  const HttpRoutes routes(options, none, *exchange.log, metrics, nullptr);
  HttpRequest request = browser_request("/");
  HttpAnswer answer = routes.answer(request);
  EXPECT_EQ(answer.status, 200u);
  EXPECT_EQ(answer.content_type, "text/html; charset=utf-8");
  EXPECT_NE(answer.headers.find("Content-Encoding: br\r\n"), std::string::npos);
  EXPECT_NE(answer.headers.find("default-src 'none'"), std::string::npos);
  EXPECT_EQ(answer.cache_control, "no-cache");

  request.accept_encoding = "gzip, br;q=0";
  answer = routes.answer(request);
  EXPECT_NE(answer.headers.find("Content-Encoding: gzip\r\n"), std::string::npos);
  EXPECT_TRUE(answer.body.starts_with("\x1f\x8b"));

  request.accept_encoding = "";
  answer = routes.answer(request);
  EXPECT_EQ(answer.headers.find("Content-Encoding"), std::string::npos);
  EXPECT_TRUE(answer.body.starts_with("<!doctype html>"));

  request.if_none_match = std::string(find_page_file("/")->etag);
  answer = routes.answer(request);
  EXPECT_EQ(answer.status, 304u);
  EXPECT_TRUE(answer.body.empty());

  request.accept = "*/*";
  EXPECT_TRUE(routes.answer(request).body.starts_with("This is bourse"));
}

TEST(IoShard, LetsBrowsersKeepFilesThatNeverChange) {
  const SmallExchange exchange;
  const FeedOptions options;
  const Hub none(MarketState(), Epoch{1}, options);
  const Metrics metrics;
  const HttpRoutes routes(options, none, *exchange.log, metrics, nullptr);
  for (const PageFile& file : page_files()) {
    const HttpAnswer answer = routes.answer(browser_request(std::string(file.path)));
    EXPECT_EQ(answer.status, 200u) << file.path;
    EXPECT_EQ(answer.body, file.brotli) << file.path;
    if (!file.path.starts_with("/page-")) continue;
    EXPECT_NE(answer.cache_control.find("immutable"), std::string::npos);
  }
}

TEST(IoShard, SaysWhyItIsNotReady) {
  RunningShard running;
  running.stop();
  const FeedOptions options;
  const Hub none(MarketState(), Epoch{1}, options);
  HttpRoutes routes(options, none, *running.exchange.log, running.metrics,
                    [] { return std::vector<std::string>{"recovering 61 %"}; });
  HttpRequest request;
  request.method = "GET";
  request.path = "/readyz";
  const HttpAnswer answer = routes.answer(request);
  EXPECT_EQ(answer.status, 503u);
  EXPECT_EQ(answer.body, "{\"ready\":false,\"reasons\":[\"recovering 61 %\"]}\n");
}

TEST(IoShard, SaysShutdownToSubscribersAndTraders) {
  RunningShard running;
  auto market = running.client("/v1/md");
  auto trader = running.client("/v1/trade");
  EXPECT_NE(text_with(*market, "hello"), "");
  EXPECT_NE(text_with(*trader, "hello"), "");
  std::thread stopping([&] { running.stop(1012); });
  for (FeedClient* client : {market.get(), trader.get()}) {
    EXPECT_NE(text_with(*client, "\"op\":\"shutdown\""), "");
    EXPECT_FALSE(client->next(10s));
    EXPECT_EQ(client->close_code(), 1012);
  }
  stopping.join();
}

}  // namespace
}  // namespace bourse
