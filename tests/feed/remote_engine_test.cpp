// A trader at a gateway: the engine is elsewhere, and may be out of reach.
#include <gtest/gtest.h>

#include "replay/stream/engine_link.h"  // EngineLink
#include "tests/feed/trade_fixture.h"   // TradeFixture, TradeClient

namespace bourse {
namespace {

struct RemoteEngine : testing::Test {
  void SetUp() override {
    auto [made, reader] = Gate::make(16, link.arrivals(), link.state());
    sent.emplace(std::move(reader));
    desk.emplace(world, world.router(), std::move(made), 0, &link);
    link.state().store(GateState::open);
    client.emplace(*desk);
    static_cast<void>(client->auth());
  }
  // What the trader has sent.
  Command take() {
    const Command* const front = sent->front();
    EXPECT_NE(front, nullptr);
    const Command command = front == nullptr ? Command{} : *front;
    if (front != nullptr) sent->pop();
    return command;
  }
  static std::string order(int client_seq, const std::string& more = "") {
    return TradeFixture::order(client_seq, "buy", "100", "1", more);
  }
  void tell(Verdict::Kind kind, const Command& command) {
    link.tell({kind, command.account, command.session, command.client_sequence, {}});
    client->pump();
  }

  TradeWorld world;
  EngineLink link;
  std::optional<SpscRing<Command>::Reader> sent;
  std::optional<TradeDesk> desk;
  std::optional<TradeClient> client;
};

TEST_F(RemoteEngine, OutOfReachEverythingIsRefusedAndNothingIsSent) {
  link.state().store(GateState::closed);
  client->say(order(1));
  const std::string refused = client->answer();
  EXPECT_EQ(value_of(refused, "code"), "9005");
  EXPECT_EQ(value_of(refused, "retryable"), "true");
  client->say(R"({"op":"mass_cancel","client_seq":"2"})");
  EXPECT_EQ(value_of(client->answer(), "code"), "9005");
  EXPECT_EQ(sent->front(), nullptr);
}

TEST_F(RemoteEngine, AnUnknownOutcomeIsToldAndEndsInOneWayOrTheOther) {
  client->say(order(1));
  const Command command = take();
  tell(Verdict::Kind::unknown, command);
  const std::string unknown = client->answer();
  EXPECT_EQ(value_of(unknown, "code"), "9006");
  EXPECT_EQ(value_of(unknown, "client_seq"), "1");
  client->say(order(1));
  EXPECT_EQ(value_of(client->answer(), "code"), "9006") << "a retry is no new order";
  client->say(R"({"op":"order_status","client_seq":"1"})");
  EXPECT_EQ(value_of(client->answer(), "code"), "9006");
  EXPECT_EQ(sent->front(), nullptr);
  tell(Verdict::Kind::not_sequenced, command);
  EXPECT_EQ(value_of(client->answer(), "code"), "9005");
  client->say(order(1));
  EXPECT_EQ(take().client_sequence, ClientSequence{1}) << "now it is one";
}

TEST_F(RemoteEngine, AVerdictReachesTheSessionThatSentTheOrderAndNoOther) {
  TradeClient other(*desk, "", 2);
  static_cast<void>(other.auth());
  client->say(order(1));
  const Command command = take();
  link.tell({Verdict::Kind::unknown, command.account, command.session, ClientSequence{1}, {}});
  other.pump();
  EXPECT_TRUE(other.hear().empty());
  client->pump();
  EXPECT_EQ(value_of(client->answer(), "code"), "9006");
}

TEST_F(RemoteEngine, ASessionThatEndsAGroupLeavesAWillBeforeItsFirstOrder) {
  TradeClient grouped(*desk, "", 3);
  static_cast<void>(grouped.auth("demo", R"(,"cod":"group","cod_group":7)"));
  const auto wills = link.take_wills();
  ASSERT_EQ(wills.size(), 1u);
  EXPECT_EQ(wills[0].type, CommandType::mass_cancel);
  EXPECT_EQ(wills[0].mass_cancel.group, GroupId{7});
  EXPECT_EQ(wills[0].mass_cancel.cause, MassCancelCause::disconnect);
  EXPECT_FALSE(wills[0].mass_cancel.on_disconnect_only);
}

TEST_F(RemoteEngine, TheEndOfASessionWaitsForTheEngine) {
  client->say(order(1, R"(,"cancel_on_disconnect":true)"));
  static_cast<void>(take());
  link.state().store(GateState::closed);
  client.reset();
  desk->entry.look_after(world.now());
  EXPECT_EQ(sent->front(), nullptr);
  link.state().store(GateState::open);
  desk->entry.look_after(world.now());
  EXPECT_EQ(take().mass_cancel.cause, MassCancelCause::disconnect);
}

TEST_F(RemoteEngine, AdministratorsAreSentToTheEngine) {
  desk->add_key("officer", 3, key_scopes::admin);
  TradeClient officer(*desk, "", 4);
  static_cast<void>(officer.auth("officer"));
  officer.say(R"({"op":"set_phase","id":1,"symbol":"BTC-USD","phase":"halt"})");
  EXPECT_EQ(value_of(officer.answer(), "code"), "5019");
}

}  // namespace
}  // namespace bourse
