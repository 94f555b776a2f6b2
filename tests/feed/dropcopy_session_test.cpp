#include "feed/trade/dropcopy_session.h"

#include <gtest/gtest.h>

#include "tests/feed/trade_fixture.h"  // TradeFixture, TradeClient

namespace bourse {
namespace {

class Watcher {
 public:
  Watcher(TradeDesk& desk, std::string subprotocol = "bourse.json.v1")
      : desk_(desk),
        session_(desk.parts(), {.id = SessionId{8},
                                .name = "s-8",
                                .nonce = "bm9uY2U=",
                                .subprotocol = std::move(subprotocol),
                                .peer = "test"}) {
    session_.on_open(out_);
  }
  std::vector<Message> hear() { return take_messages(out_); }
  std::string ask(const std::string& request) {
    static_cast<void>(hear());
    session_.on_text(request, out_);
    const auto messages = hear();
    EXPECT_EQ(messages.size(), 1u);
    return messages.empty() ? std::string{} : messages.front().payload;
  }
  bool pump() { return session_.pump(out_, desk_.world.now()); }
  Outbox& out() { return out_; }
  DropcopySession& session() { return session_; }

 private:
  TradeDesk& desk_;
  DropcopySession session_;
  Outbox out_;
};

struct DropcopyTest : TradeFixture {
  DropcopyTest() {
    ApiKey key = demo_key();
    key.id = "risk";
    key.account = AccountId{9};
    key.scopes = key_scopes::dropcopy;
    key.accounts = {AccountId{1}, AccountId{2}};
    EXPECT_TRUE(desk.keys.add(key));
    static_cast<void>(trader.auth());
    static_cast<void>(second.auth("second"));
  }
  static std::string subscribe(int account, const std::string& more = "") {
    return R"({"op":"subscribe","id":1,"account":)" + std::to_string(account) + more + "}";
  }

  TradeClient trader{desk};
  TradeClient second{desk, "", 2};
};

using Dropcopy = DropcopyTest;  // NOLINT: suites are named by their concept

TEST_F(Dropcopy, AKeyHearsTheReportsOfTheAccountsItNames) {
  Watcher watcher{desk};
  EXPECT_EQ(value_of(watcher.ask(auth_text("risk", "s-8")), "accounts"), "[9,1,2]");
  EXPECT_EQ(value_of(watcher.ask(subscribe(1)), "op"), "subscribed");
  trader.say(order(1, "buy", "100", "1"));
  second.say(order(1, "sell", "100", "1"));
  settle(watcher);
  const auto messages = watcher.hear();
  ASSERT_EQ(messages.size(), 2u) << "accepted and filled of account 1, nothing of account 2";
  for (const Message& message : messages) EXPECT_EQ(value_of(message.payload, "account_id"), "1");
}

TEST_F(Dropcopy, ItGoesOnFromAnyExecSequence) {
  for (int i = 1; i <= 9; ++i) trader.say(order(i, "buy", "100", "1"));
  world.run();
  Watcher watcher{desk};
  static_cast<void>(watcher.ask(auth_text("risk", "s-8")));
  EXPECT_EQ(value_of(watcher.ask(subscribe(1, R"(,"from_exec_seq":4)")), "exec_head"), "9");
  settle(watcher);
  const auto replayed = watcher.hear();
  ASSERT_EQ(replayed.size(), 6u);
  EXPECT_EQ(value_of(replayed.front().payload, "exec_seq"), "4");
  trader.say(order(10, "buy", "100", "1"));
  settle(watcher);
  const auto live = watcher.hear();
  ASSERT_EQ(live.size(), 1u);
  EXPECT_EQ(value_of(live.front().payload, "exec_seq"), "10");
}

TEST_F(Dropcopy, OtherAccountsKeysAndOrdersAreRefused) {
  Watcher watcher{desk};
  EXPECT_EQ(value_of(watcher.ask(subscribe(1)), "code"), "3001");
  EXPECT_EQ(value_of(watcher.ask(auth_text("demo", "s-8")), "code"), "3004") << "no scope dropcopy";
  EXPECT_EQ(value_of(watcher.ask(auth_text("risk", "s-8")), "op"), "auth_ok");
  EXPECT_EQ(value_of(watcher.ask(subscribe(3)), "code"), "2002");
  EXPECT_EQ(value_of(watcher.ask(subscribe(0)), "code"), "1003");
  EXPECT_EQ(value_of(watcher.ask(subscribe(1, R"(,"from_exec_seq":77)")), "code"), "4002");
  EXPECT_EQ(value_of(watcher.ask(order(1, "buy", "100", "1")), "code"), "1002");
  TradeClient thief{desk, "", 3};
  EXPECT_EQ(value_of(thief.auth("risk"), "code"), "3004") << "its key cannot trade";
}

TEST_F(Dropcopy, ItTellsWhatItWatchesAndStopsOnRequest) {
  Watcher watcher{desk};
  static_cast<void>(watcher.ask(auth_text("risk", "s-8")));
  static_cast<void>(watcher.ask(subscribe(1)));
  static_cast<void>(watcher.ask(subscribe(2)));
  EXPECT_NE(watcher.ask(R"({"op":"subscriptions"})").find(R"("account":2)"), std::string::npos);
  EXPECT_EQ(value_of(watcher.ask(R"({"op":"unsubscribe","account":1})"), "op"), "unsubscribed");
  EXPECT_EQ(value_of(watcher.ask(R"({"op":"unsubscribe","account":1})"), "code"), "2006");
  trader.say(order(1, "buy", "100", "1"));
  settle(watcher);
  EXPECT_TRUE(watcher.hear().empty());
}

TEST_F(Dropcopy, EachAccountHasAChainOfItsOwn) {
  Watcher watcher{desk, "bourse.fb.v1"};
  static_cast<void>(watcher.ask(auth_text("risk", "s-8")));
  static_cast<void>(watcher.ask(subscribe(1, R"(,"from_exec_seq":1)")));
  static_cast<void>(watcher.ask(subscribe(2, R"(,"from_exec_seq":1)")));
  for (int i = 1; i <= 5; ++i) {
    trader.say(order(i, "buy", "100", "1"));
    second.say(order(i, "buy", "99", "1"));
  }
  settle(watcher);
  std::map<std::uint32_t, std::uint64_t> told;
  std::size_t frames = 0;
  for (const Message& message : watcher.hear()) {
    alignas(8) std::byte copy[512];
    ASSERT_LE(message.payload.size(), sizeof copy);
    std::memcpy(copy, message.payload.data(), message.payload.size());
    const auto frame = read_exec_frame({copy, message.payload.size()});
    ASSERT_TRUE(frame);
    if (told.contains(frame->stream_id)) {
      EXPECT_EQ(frame->prev_seq, told[frame->stream_id]);
    }
    told[frame->stream_id] = frame->last_seq;
    ++frames;
  }
  EXPECT_EQ(frames, 10u);
  EXPECT_EQ(told.size(), 2u);
}

TEST_F(Dropcopy, AKeyThatIsTakenBackEndsTheConnection) {
  Watcher watcher{desk};
  static_cast<void>(watcher.ask(auth_text("risk", "s-8")));
  Keys fresh;
  EXPECT_TRUE(fresh.add(demo_key()));
  desk.keys.replace(std::move(fresh));
  watcher.session().on_timer(world.now(), watcher.out());
  ASSERT_TRUE(watcher.out().close_requested());
  EXPECT_EQ(watcher.out().close_requested()->code, 4001);
  EXPECT_EQ(value_of(trader.auth(), "code"), "3007");
  trader.session().on_timer(world.now(), trader.out());
  EXPECT_FALSE(trader.out().close_requested()) << "its key is as it was";
}

}  // namespace
}  // namespace bourse
