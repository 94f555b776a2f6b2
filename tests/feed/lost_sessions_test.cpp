// A session that is cut and comes back within the grace keeps its orders; else they go.
#include "feed/trade/lost_sessions.h"  // LostSessions

#include <gtest/gtest.h>

#include <memory>

#include "tests/feed/trade_client.h"  // TradeClient, TradeDesk

namespace bourse {
namespace {

constexpr std::int64_t ns_per_ms = 1'000'000;

class LostSession : public ::testing::Test {
 protected:
  LostSession() { static_cast<void>(witness.auth()); }

  std::unique_ptr<TradeClient> connect(std::uint32_t id, const std::string& more = "",
                                       const std::string& key = "demo") {
    auto client = std::make_unique<TradeClient>(desk, "bourse.json.v1", id);
    answer_ = client->auth(key, more);
    return client;
  }
  void order(TradeClient& client) {
    client.say(R"({"op":"order","client_seq":)" + std::to_string(++client_seq_) +
               R"(,"symbol":"BTC-USD","side":"buy","px":"100","qty":"1",)"
               R"("cancel_on_disconnect":true})");
    turn();
  }
  void turn() {
    world.run();
    static_cast<void>(witness.pump());
  }
  // The io thread looks after its lost sessions so many ms later.
  void wait_ms(std::int64_t ms) {
    waited_ms_ += ms;
    desk.entry.look_after(TimeNs{world.now().value() + waited_ms_ * ns_per_ms});
    turn();
  }

  TradeWorld world;
  TradeDesk desk{world, 1000};
  TradeClient witness{desk, "bourse.json.v1", 1};
  std::string answer_;
  std::uint64_t client_seq_ = 0;
  std::int64_t waited_ms_ = 0;  // ahead of the world's clock
};

TEST_F(LostSession, ItsOrdersWaitForItAndGoWhenItDoesNotComeBack) {
  auto client = connect(2);
  order(*client);
  static_cast<void>(client->pump());
  client.reset();
  wait_ms(500);
  EXPECT_EQ(world.engine().open_orders(), 1u);
  wait_ms(1500);
  EXPECT_EQ(world.engine().open_orders(), 0u);
  EXPECT_EQ(desk.entry.canceled_count(), 1u);
  connect(3, R"(,"resume":"s-2")");
  EXPECT_EQ(value_of(answer_, "resumed"), "false");
}

TEST_F(LostSession, WhoComesBackInTimeKeepsThemAndLosesThemWhenCutAgain) {
  auto client = connect(2);
  order(*client);
  static_cast<void>(client->pump());
  client.reset();
  client = connect(3, R"(,"resume":"s-2")");
  EXPECT_EQ(value_of(answer_, "resumed"), "true");
  EXPECT_EQ(desk.entry.resumed_count(), 1u);
  wait_ms(5000);
  EXPECT_EQ(world.engine().open_orders(), 1u);
  static_cast<void>(client->pump());
  client->say(R"({"op":"mass_cancel","this_session":true})");
  turn();
  EXPECT_EQ(world.engine().open_orders(), 0u) << "it goes on as the session it was";
  order(*client);
  static_cast<void>(client->pump());
  client.reset();
  wait_ms(2000);
  EXPECT_EQ(world.engine().open_orders(), 0u);
}

TEST_F(LostSession, ASessionThatWasResumedIsFoundUnderEitherName) {
  auto client = connect(2);
  order(*client);
  static_cast<void>(client->pump());
  client.reset();
  client = connect(3, R"(,"resume":"s-2")");
  static_cast<void>(client->pump());
  client.reset();
  client = connect(4, R"(,"resume":"s-3")");
  EXPECT_EQ(value_of(answer_, "resumed"), "true");
  static_cast<void>(client->pump());
  client.reset();
  client = connect(5, R"(,"resume":"s-2")");
  EXPECT_EQ(value_of(answer_, "resumed"), "true");
  EXPECT_EQ(world.engine().open_orders(), 1u);
}

TEST_F(LostSession, TheServerNeedNotHaveSeenThatTheOldConnectionIsDead) {
  auto old = connect(2);
  order(*old);
  static_cast<void>(old->pump());
  const auto client = connect(3, R"(,"resume":"s-2")");
  EXPECT_EQ(value_of(answer_, "resumed"), "true");
  old.reset();
  wait_ms(5000);
  EXPECT_EQ(world.engine().open_orders(), 1u);
}

TEST_F(LostSession, NobodyTakesOverTheSessionOfAnotherAccount) {
  auto client = connect(2);
  order(*client);
  const auto stranger = connect(3, R"(,"resume":"s-2")", "second");
  EXPECT_EQ(value_of(answer_, "resumed"), "false");
  const auto confused = connect(4, R"(,"resume":"what")");
  EXPECT_EQ(value_of(answer_, "resumed"), "false");
  const auto modest = connect(5);
  EXPECT_EQ(value_of(answer_, "resumed"), "");
}

TEST_F(LostSession, WhenTheExchangeStopsNobodyIsWaitedFor) {
  auto client = connect(2);
  order(*client);
  static_cast<void>(client->pump());
  desk.entry.drain();
  client.reset();
  turn();
  EXPECT_EQ(world.engine().open_orders(), 0u);
}

}  // namespace
}  // namespace bourse
