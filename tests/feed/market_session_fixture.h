// One session on /v1/md and a client that checks it, over a small exchange.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "feed/market/market_session.h"  // MarketSession
#include "tests/feed/model_client.h"     // ModelClient
#include "tests/feed/small_exchange.h"   // SmallExchange

namespace bourse {

class MarketSessionFixture : public ::testing::Test {
 protected:
  MarketSessionFixture() {
    eth = exchange.define("ETH-USD");
    btc = exchange.define("BTC-USD");
    exchange.define("ETH-EUR");
    exchange.turn();
    connect();
  }
  ~MarketSessionFixture() override { EXPECT_EQ(client.fault(), ""); }

  static constexpr std::size_t all = ~std::size_t{0};

  void connect() {
    out = Outbox{};
    session.emplace(*exchange.hub, *exchange.log, exchange.options,
                    SessionInfo{.id = SessionId{7},
                                .name = "s-7",
                                .nonce = "bm9uY2U=",
                                .subprotocol = {},
                                .peer = "test"});
    session->on_open(out);
    read();
  }
  void pump() {
    for (int i = 0; i < 1000; ++i) {
      const bool is_more_due = session->pump(out, exchange.now);
      if (out.empty() && !is_more_due) return;
      client.receive(out, all);
    }
  }
  void read() { client.receive(out, all); }
  // Sends one message and returns the reply that it brings.
  std::string ask(std::string_view json) {
    session->on_text(json, out);
    const std::size_t before = client.texts.size();
    read();
    pump();
    return client.texts.size() > before ? client.texts[before] : "";
  }
  std::string subscribe(std::string_view channel, std::string_view symbol,
                        std::string_view more = "") {
    return ask(R"({"op":"subscribe","id":1,"subs":[{"channel":")" + std::string(channel) +
               R"(","symbols":[")" + std::string(symbol) + "\"]" + std::string(more) + "}]}");
  }
  void turn() {
    exchange.turn();
    pump();
  }
  static std::string start_at(std::uint64_t sequence) {
    return R"(,"start":{"seq":")" + std::to_string(sequence) + "\"}";
  }
  const ModelStream& stream(wire::Channel channel, SymbolId symbol) {
    return client.streams.at(wire::stream_id(channel, symbol));
  }

  SmallExchange exchange;
  Outbox out;
  std::optional<MarketSession> session;
  ModelClient client;
  SymbolId eth;
  SymbolId btc;
};

}  // namespace bourse
