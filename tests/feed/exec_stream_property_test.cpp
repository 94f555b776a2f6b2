#include <gtest/gtest.h>

#include <random>

#include "tests/feed/trade_client.h"  // TradeClient, TradeDesk

namespace bourse {
namespace {

// Account 1 trades with account 2 while its sessions read slowly, drop out and come back.
struct Traffic {
  explicit Traffic(std::uint64_t seed) : random(seed) {
    desk.options.limits.outbox_high_bytes = 4096;
    desk.options.limits.outbox_low_bytes = 1024;
    desk.options.limits.orders_burst_count = 1'000'000;
    desk.options.limits.control_burst_count = 1'000'000;
  }
  std::uint64_t below(std::uint64_t bound) { return random() % bound; }

  void trade(TradeClient& client, std::uint64_t& client_seq) {
    WireOrder order{.client_seq = ++client_seq,
                    .price = static_cast<std::int64_t>(95 + below(10)) * 1'000'000'000,
                    .qty = (1 + below(20)) * 10'000,
                    .instrument_id = 1,
                    .op = 1,
                    .side = below(2) == 0 ? wire_buy : wire_sell,
                    .ord_type = 1,
                    .tif = static_cast<std::uint8_t>(1 + below(3))};
    if (below(10) == 0) {
      order.op = 3;
      order.order_id = 1 + below(2000);
    }
    client.say(order);
  }

  std::mt19937_64 random;
  TradeWorld world;
  TradeDesk desk{world};
};

TEST(ExecStream, ASlowSessionLosesNothingAndHearsNothingTwice) {
  for (int round = 0; round < 5; ++round) {
    const std::uint64_t seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    Traffic run{seed};
    TradeClient slow{run.desk};
    TradeClient other{run.desk};
    static_cast<void>(slow.auth("demo"));
    static_cast<void>(other.auth("second"));
    std::uint64_t slow_seq = 0;
    std::uint64_t other_seq = 0;
    std::uint64_t told = 2;
    std::uint64_t heard = 0;
    std::uint64_t behind = 0;
    std::vector<std::string> names;
    const auto read = [&](std::size_t bytes) {
      for (const WireReport& report : reports_in(take_messages(slow.out(), bytes), told, names))
        ASSERT_EQ(report.exec_seq, ++heard);
      names.clear();
    };
    for (int turn = 0; turn < 600; ++turn) {
      for (std::uint64_t n = run.below(12); n > 0; --n) {
        run.trade(slow, slow_seq);
        run.trade(other, other_seq);
      }
      run.world.execute();
      if (run.below(3) != 0) run.world.route();
      static_cast<void>(slow.pump());
      static_cast<void>(other.pump());
      static_cast<void>(other.hear());
      if (!slow.session().is_live()) ++behind;
      if (run.below(4) == 0) read(run.below(8192));
    }
    run.world.run();
    for (int i = 0; i < 100'000 && (slow.pump() || !slow.out().empty()); ++i) read(SIZE_MAX);
    read(SIZE_MAX);
    EXPECT_TRUE(slow.session().is_live());
    EXPECT_GT(behind, 0u) << "the outbox never filled: the test shows nothing";
    EXPECT_EQ(heard, run.world.router().account(AccountId{1}).exec_sequence.value());
  }
}

TEST(ExecStream, ASessionThatComesBackResumesWhereItLeft) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Traffic run{seed};
  TradeClient other{run.desk};
  TradeClient twin{run.desk};
  static_cast<void>(other.auth("second"));
  static_cast<void>(twin.auth("demo"));
  std::uint64_t other_seq = 0;
  std::uint64_t own_seq = 0;
  std::uint64_t told = 2;
  std::uint64_t heard = 0;
  std::vector<std::string> names;
  for (int connection = 0; connection < 40; ++connection) {
    TradeClient client{run.desk};
    std::string resume = R"(,"exec_from":")" + std::to_string(heard + 1) + "\"";
    const bool knows_seq = run.below(2) == 0;
    if (knows_seq) resume += R"(,"from_seq":)" + std::to_string(told + 1);
    const std::string reply = client.auth("demo", resume);
    ASSERT_EQ(value_of(reply, "op"), "auth_ok") << reply;
    told = std::stoull(value_of(reply, "seq"));
    for (int turn = 0; turn < 10; ++turn) {
      for (std::uint64_t n = run.below(8); n > 0; --n) {
        run.trade(twin, own_seq);
        run.trade(other, other_seq);
      }
      run.world.run();
      static_cast<void>(client.pump());
      static_cast<void>(twin.pump());
      static_cast<void>(twin.hear());
      static_cast<void>(other.hear());
      for (const WireReport& report : reports_in(client.hear(), told, names))
        ASSERT_EQ(report.exec_seq, ++heard);
    }
    // While nobody listens.
    run.trade(twin, own_seq);
    run.world.run();
  }
}

TEST(ExecStream, AReplayOnRequestBeginsWhereItWasAskedTo) {
  Traffic run{7};
  TradeClient client{run.desk};
  TradeClient other{run.desk};
  static_cast<void>(client.auth("demo"));
  static_cast<void>(other.auth("second"));
  std::uint64_t own_seq = 0;
  std::uint64_t other_seq = 0;
  for (int i = 0; i < 10; ++i) {
    run.trade(client, own_seq);
    run.trade(other, other_seq);
  }
  run.world.run();
  static_cast<void>(client.pump());
  static_cast<void>(client.hear());
  client.say(R"({"op":"exec_replay","id":4,"from_exec_seq":3})");
  const std::string reply = client.answer();
  EXPECT_EQ(value_of(reply, "op"), "exec_replay_ok");
  EXPECT_EQ(value_of(reply, "id"), "4");
  std::uint64_t told = std::stoull(value_of(reply, "seq"));
  std::uint64_t expected = 3;
  std::vector<std::string> names;
  for (int i = 0; i < 10; ++i) {
    static_cast<void>(client.pump());
    for (const WireReport& report : reports_in(client.hear(), told, names))
      ASSERT_EQ(report.exec_seq, expected++);
  }
  EXPECT_EQ(expected, run.world.router().account(AccountId{1}).exec_sequence.value() + 1);
  EXPECT_TRUE(client.session().is_live());
}

TEST(ExecStream, AnInboxThatOverflowsGivesWayToTheLog) {
  Traffic run{11};
  TradeClient client{run.desk};
  static_cast<void>(client.auth("demo"));
  std::uint64_t own_seq = 0;
  const std::uint64_t target = ExecInbox::reports_max + 1000;
  while (run.world.router().account(AccountId{1}).exec_sequence.value() < target) {
    for (int i = 0; i < 500; ++i) run.trade(client, own_seq);
    run.world.run();
  }
  std::uint64_t told = 2;
  std::uint64_t heard = 0;
  std::vector<std::string> names;
  for (int i = 0; i < 1'000'000; ++i) {
    const bool more = client.pump();
    const auto messages = client.hear();
    if (!more && messages.empty() && client.session().is_live()) break;
    for (const WireReport& report : reports_in(messages, told, names))
      ASSERT_EQ(report.exec_seq, ++heard);
  }
  EXPECT_EQ(heard, run.world.router().account(AccountId{1}).exec_sequence.value());
}

}  // namespace
}  // namespace bourse
