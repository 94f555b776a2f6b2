// A standby beside a private nats-server: it follows a leader that the test plays.
#include "app/cluster/standby.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <thread>
#include <vector>

#include "app/threads/wall_clock.h"      // wall_clock_now
#include "matching/engine.h"             // Engine
#include "matching/event.h"              // EventBuffer
#include "matching/transaction.h"        // encode
#include "replay/stream/junction.h"      // led_ends
#include "replay/stream/lease_store.h"   // BucketLeaseStore
#include "replay/stream/stream_batch.h"  // StreamBatch
#include "tests/nats_server.h"           // NatsServers

namespace bourse {
namespace {

using namespace std::chrono_literals;

const EngineLimits limits{16, 16, 4096};
constexpr Uuid journal{{9, 8, 7, 6, 5, 4, 3, 2, 1, 2, 3, 4, 5, 6, 7, 8}};

class StandbyTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = NatsServers::why_absent(); !why.empty()) GTEST_SKIP() << why;
    servers_ = std::make_unique<NatsServers>();
    folder_ =
        std::filesystem::temp_directory_path() / ("bourse-standby-" + std::to_string(::getpid()));
    std::filesystem::remove_all(folder_);
    config_.stream.url = servers_->url();
    config_.journal.directory = folder_.string();
    config_.journal.segment_bytes = 1 << 20;
    config_.journal.reserve_bytes = 0;
    config_.engine.limits = limits;
    config_.lease.renew_ms = 50;
    config_.lease.takeover_ms = 600;
    config_.lease.hold_ms = 500;
    auto connected = JetStream::connect(jetstream_options(config_, "leader of the test"));
    ASSERT_TRUE(connected) << connected.error().text();
    server_.emplace(std::move(*connected));
    ASSERT_TRUE(server_->ensure_stream({.name = "bourse-0", .subject = "bourse.tx.0"}));
  }
  void TearDown() override {
    server_.reset();
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  // The lease is held by a node of the test, which renews it no more.
  void hold_lease(std::uint32_t epoch) {
    BucketLeaseStore store(jetstream_options(config_, "lease of the test"),
                           {.bucket = "bourse-leader"});
    ASSERT_TRUE(store.write("0",
                            lease_text({.epoch = Epoch{epoch},
                                        .node = "leader",
                                        .life = "test",
                                        .url = "",
                                        .released = false}),
                            0));
  }

  // What the leader's engine makes of a command; `harm` changes the bytes before they are told.
  void execute(Command command, std::uint32_t epoch, void (*harm)(std::span<std::byte>) = nullptr) {
    command.sequence = Sequence{++sequence_};
    command.time = wall_clock_now();
    if (command.type == CommandType::new_order) command.order.order_id = OrderId{sequence_};
    engine_.apply(command, events_);
    std::vector<std::uint64_t> words(encoded_bytes(command, events_) / 8);
    const std::span<std::byte> bytes = std::as_writable_bytes(std::span(words));
    encode(command, events_, Epoch{epoch}, engine_.state_hash(), bytes);
    if (harm != nullptr) harm(bytes);
    StreamBatch batch;
    batch.begin(journal);
    batch.add(*TransactionView::parse(bytes));
    OutgoingMessage message("bourse.tx.0", batch.body(), stream_last_);
    batch.header().write(message);
    const PublishOutcome stored = server_->publish(std::move(message));
    ASSERT_EQ(stored.state, PublishState::stored) << stored.error.text();
    stream_last_ = stored.stream_sequence;
  }
  void open_epoch(std::uint32_t epoch) {
    Command command{};
    command.type = CommandType::open_epoch;
    command.epoch.epoch = Epoch{epoch};
    command.epoch.symbols_max = limits.symbols_max;
    command.epoch.accounts_max = limits.accounts_max;
    command.epoch.orders_max = limits.orders_max;
    execute(command, epoch);
  }
  static Command definition() {
    Command command{};
    command.type = CommandType::define_instrument;
    command.symbol = SymbolId{1};
    InstrumentBody& body = command.instrument;
    std::snprintf(body.symbol, sizeof body.symbol, "EX.A");
    std::snprintf(body.base, sizeof body.base, "EXA");
    std::snprintf(body.quote, sizeof body.quote, "USD");
    body.tick_size_e9 = 10'000'000;
    body.lot_size = 1'000'000;
    body.quantity_min = QuantityLots{1};
    body.quantity_max = QuantityLots{1'000'000};
    body.price_min = PriceTicks{1};
    body.price_max = PriceTicks{100'000};
    body.quantity_exponent = -8;
    return command;
  }
  static Command order(std::int64_t price) {
    Command command{};
    command.type = CommandType::new_order;
    command.symbol = SymbolId{1};
    command.account = AccountId{1};
    command.session = SessionId{7};
    command.order.side = Side::buy;
    command.order.type = OrderType::limit;
    command.order.time_in_force = TimeInForce::gtc;
    command.order.price = PriceTicks{price};
    command.order.quantity = QuantityLots{5};
    return command;
  }
  void lead_for_a_while(std::uint32_t epoch, std::int64_t orders) {
    open_epoch(epoch);
    if (sequence_ == 1) execute(definition(), epoch);
    for (std::int64_t i = 0; i < orders; ++i) execute(order(9'000 + i), epoch);
  }

  // Runs a standby until it leads, fails, or `enough`.
  Result<std::optional<Inheritance>> run(std::chrono::milliseconds enough, bool may_found = false) {
    LeaseThread lease(config_, may_found);
    const auto until = std::chrono::steady_clock::now() + enough;
    auto taken = Standby(
                     config_, lease, {.directory = config_.journal.directory},
                     [&](bool may, Epoch last) { lease.lease().may_take(may, last); },
                     [&] { return std::chrono::steady_clock::now() > until; })
                     .run();
    state_ = lease.lease().state();
    epoch_ = lease.lease().epoch();
    if (taken && *taken) (*taken)->may_resync = [] { return true; };
    return taken;
  }

  Config config_;
  std::filesystem::path folder_;
  std::unique_ptr<NatsServers> servers_;
  std::optional<JetStream> server_;
  Engine engine_{limits};
  EventBuffer events_;
  std::uint64_t sequence_ = 0;
  std::uint64_t stream_last_ = 0;
  LeaseState state_ = LeaseState::candidate;
  Epoch epoch_{0};
};

TEST_F(StandbyTest, ItTakesOverWithTheSameEngineBehindTheLastBatch) {
  hold_lease(4);
  lead_for_a_while(4, 200);
  auto taken = run(30s);
  ASSERT_TRUE(taken) << taken.error().text();
  ASSERT_TRUE(*taken);
  EXPECT_EQ((*taken)->epoch, Epoch{5});
  const auto opening = TransactionView::parse((*taken)->opening());
  ASSERT_TRUE(opening);
  EXPECT_EQ(opening->sequence().value(), sequence_ + 1);
  EXPECT_EQ((*taken)->engine->open_orders(), engine_.open_orders());
  const auto ends = led_ends(*server_, "bourse-0", Epoch{5});
  ASSERT_TRUE(ends && *ends);
  EXPECT_EQ((*ends)->last.epoch, Epoch{5});
  EXPECT_EQ((*ends)->last.last.value(), sequence_ + 1);
}

TEST_F(StandbyTest, Row23WhatTheOldLeaderPublishesAfterItIsRefused) {
  hold_lease(4);
  lead_for_a_while(4, 20);
  const auto taken = run(30s);
  ASSERT_TRUE(taken && *taken);
  StreamBatch batch;
  batch.begin_empty(journal, Sequence{sequence_}, Epoch{4});
  OutgoingMessage late("bourse.tx.0", batch.body(), stream_last_);
  batch.header().write(late);
  EXPECT_EQ(server_->publish(std::move(late)).state, PublishState::fenced);
}

TEST_F(StandbyTest, Row16ADivergenceHaltsItAndItNeverLeads) {
  hold_lease(4);
  lead_for_a_while(4, 50);
  // The leader's engine gave another quantity; its checksum is right.
  execute(order(9'500), 4,
          [](std::span<std::byte> bytes) { bytes[56 + 120 + 24] ^= std::byte{1}; });
  execute(order(9'501), 4);
  const std::uint64_t diverged = sequence_ - 1;
  const auto taken = run(5s);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, ExitCode::answer_is_no) << taken.error().text();
  EXPECT_NE(taken.error().what.find("sequence " + std::to_string(diverged)), std::string::npos);
  EXPECT_NE(state_, LeaseState::held);
  std::ifstream file(taken.error().where);
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_NE(text.str().find("in the log"), std::string::npos) << text.str();
  EXPECT_NE(text.str().find("executed again"), std::string::npos);
  EXPECT_NE(text.str().find("quantity"), std::string::npos);
}

TEST_F(StandbyTest, AStandbyDoesNotFoundAnExchange) {
  const auto taken = run(2s);
  ASSERT_TRUE(taken) << taken.error().text();
  EXPECT_FALSE(*taken);
  EXPECT_EQ(state_, LeaseState::candidate);
}

TEST_F(StandbyTest, TheFirstNodeDoes) {
  const auto taken = run(30s, true);
  ASSERT_TRUE(taken) << taken.error().text();
  ASSERT_TRUE(*taken);
  EXPECT_EQ((*taken)->epoch, Epoch{1});
}

TEST_F(StandbyTest, Row22ANodeThatLeadsFillsAStreamThatHasLostItsEnd) {
  hold_lease(4);
  lead_for_a_while(4, 100);
  {
    const auto taken = run(30s);  // this node has all of it now, but not the opening of epoch 5
    ASSERT_TRUE(taken && *taken);
  }
  server_.reset();
  servers_->kill(0);
  servers_->cut_store(0);
  servers_->start(0);
  const auto taken = run(30s, true);
  ASSERT_TRUE(taken) << taken.error().text();
  ASSERT_TRUE(*taken);
  auto again = JetStream::connect(jetstream_options(config_, "test"));
  ASSERT_TRUE(again);
  const auto ends = led_ends(*again, "bourse-0", Epoch{0});
  ASSERT_TRUE(ends && *ends);
  EXPECT_EQ((*ends)->first.first, Sequence{1});
  EXPECT_EQ((*ends)->last.last.value(), sequence_ + 1);
  EXPECT_GT((*ends)->last.epoch, Epoch{4});
}

}  // namespace
}  // namespace bourse
