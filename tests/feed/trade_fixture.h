// Traders of one account over a whole exchange without sockets, and the orders they send.
//   Owner:  one test.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/feed/trade_client.h"  // TradeClient, TradeDesk

namespace bourse {

struct TradeFixture : testing::Test {
  TradeWorld world;
  TradeDesk desk{world};

  // Sequenced, released, routed and pumped.
  template <class Client>
  void settle(Client& client) {
    world.run();
    while (client.pump()) {
    }
  }
  static std::string order(int client_seq, std::string_view side, std::string_view px,
                           std::string_view qty, std::string_view more = "") {
    return R"({"op":"order","id":)" + std::to_string(client_seq) + R"(,"client_seq":")" +
           std::to_string(client_seq) + R"(","symbol":"BTC-USD","side":")" + std::string{side} +
           R"(","type":"limit","px":")" + std::string{px} + R"(","qty":")" + std::string{qty} +
           "\"" + std::string{more} + "}";
  }
};

}  // namespace bourse
