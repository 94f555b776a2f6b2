#include "app/terminal/market_follower.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "app/terminal/book_screen.h"  // book_screen
#include "app/terminal/tick_text.h"    // tick_line, tick_json

namespace bourse {
namespace {

constexpr std::uint32_t mbo_stream = 1u << 24 | 1;

class Follower : public ::testing::Test {
 protected:
  Follower() : follower_("BTC-USD", {"mbo"}) {
    EXPECT_TRUE(follower_.on_text(
        R"({"op":"subscribed","id":1,"streams":[{"stream":16777217,"channel":"mbo",)"
        R"("symbol":"BTC-USD","instrument_id":1,"from_seq":"101"}],"rejected":[]})"));
  }

  static wire::MboEvent event(char action, char side, std::uint64_t order, std::int64_t price,
                              std::uint64_t size, std::uint64_t rpt, std::uint64_t seq,
                              std::uint16_t flags = 0) {
    return {.seq = seq,
            .ts_event = 1,
            .order_id = order,
            .price = price,
            .size = size,
            .aux = 0,
            .rpt_seq = rpt,
            .instrument_id = 1,
            .action = static_cast<std::uint8_t>(action),
            .side = static_cast<std::uint8_t>(side),
            .flags = flags};
  }

  Result<void> send(std::uint64_t prev, std::uint64_t first, std::uint64_t last,
                    std::vector<wire::MboEvent> events, std::uint8_t flags = 0) {
    const wire::FrameHeader header{.prev_seq = prev,
                                   .first_seq = first,
                                   .last_seq = last,
                                   .ts_pub = 0,
                                   .stream_id = mbo_stream,
                                   .epoch = 1,
                                   .channel = wire::Channel::mbo,
                                   .flags = flags};
    return follower_.on_frame(writer_.mbo(header, events), [this](const Tick&) { ++ticks_; });
  }

  void send_snapshot() {
    constexpr auto snapshot = event_flags::snapshot;
    ASSERT_TRUE(send(0, 100, 100,
                     {event('R', 'N', 0, wire::price_none, 0, 7, 100, snapshot),
                      event('A', 'B', 1, 99'000'000'000, 50, 7, 100, snapshot),
                      event('A', 'A', 2, 101'000'000'000, 60, 7, 100, snapshot)},
                     wire::frame_flags::snapshot | wire::frame_flags::snapshot_begin |
                         wire::frame_flags::snapshot_end));
  }

  FrameWriter writer_;
  MarketFollower follower_;
  int ticks_ = 0;
};

TEST_F(Follower, BuildsTheBookFromSnapshotAndEvents) {
  send_snapshot();
  EXPECT_EQ(ticks_, 0) << "a snapshot is no news";
  ASSERT_TRUE(send(100, 101, 101, {event('E', 'A', 2, 101'000'000'000, 20, 8, 101)}));
  EXPECT_EQ(follower_.book().best().ask_quantity.value(), 40u);
  ASSERT_TRUE(send(101, 103, 103, {event('C', 'A', 2, 101'000'000'000, 40, 9, 103)}));
  EXPECT_EQ(follower_.book().best().ask, no_price);
  EXPECT_EQ(ticks_, 2);
}

TEST_F(Follower, RefusesAFrameThatDoesNotFollowTheOneBefore) {
  send_snapshot();
  ASSERT_TRUE(send(100, 101, 101, {event('A', 'B', 3, 98'000'000'000, 1, 8, 101)}));
  const auto followed = send(102, 103, 103, {event('C', 'B', 3, 98'000'000'000, 1, 9, 103)});
  ASSERT_FALSE(followed);
  EXPECT_NE(followed.error().what.find("101"), std::string::npos) << followed.error().text();
}

TEST_F(Follower, RefusesAnEventThatDoesNotFitTheBook) {
  send_snapshot();
  EXPECT_FALSE(send(100, 101, 101, {event('C', 'B', 77, 98'000'000'000, 1, 8, 101)}));
}

TEST_F(Follower, ResumesAfterTheLastWholeFrameWithoutASnapshot) {
  send_snapshot();
  ASSERT_TRUE(send(100, 101, 105, {event('A', 'B', 3, 98'000'000'000, 1, 8, 101)}));
  ASSERT_TRUE(send(105, 106, 106, {event('A', 'B', 4, 98'000'000'000, 1, 9, 106)},
                   wire::frame_flags::partial));
  const std::string request = follower_.subscribe_request(0);
  EXPECT_NE(request.find(R"("seq":"106")"), std::string::npos) << request;
  EXPECT_NE(request.find(R"("snapshot":false)"), std::string::npos) << request;
}

TEST_F(Follower, AnErrorOfTheServerIsTold) {
  EXPECT_FALSE(follower_.on_text(R"({"op":"error","code":2003,"name":"unknown_symbol"})"));
  EXPECT_FALSE(follower_.on_text(
      R"({"op":"subscribed","id":1,"streams":[],"rejected":[{"symbol":"X","code":2003}]})"));
  EXPECT_FALSE(follower_.on_text("{"));
}

TEST_F(Follower, TheScreenShowsBothSidesAtTheBest) {
  send_snapshot();
  const std::string screen = book_screen(follower_, "live", {24, 120}, false);
  EXPECT_NE(screen.find("99.00"), std::string::npos) << screen;
  EXPECT_NE(screen.find("101.00"), std::string::npos) << screen;
  EXPECT_NE(screen.find("live"), std::string::npos);
}

TEST(TickText, WritesDecimalsAndJson) {
  const wire::Trade trade{.seq = 5,
                          .ts_event = 1'500'000'000'000'000'001,
                          .price = 100'250'000'000,
                          .size = 150,
                          .match_id = 9,
                          .maker_order_id = 1,
                          .taker_order_id = 5,
                          .rpt_seq = 3,
                          .instrument_id = 1,
                          .kind = 'B',
                          .side = 'A',
                          .flags = 0};
  const TickStyle style{"BTC-USD", 2, 2};
  const std::string line = tick_line({.trade = &trade}, style);
  EXPECT_NE(line.find("2017-07-14T02:40:00.000000001Z"), std::string::npos) << line;
  EXPECT_NE(line.find("1.5 @ 100.25"), std::string::npos) << line;
  const std::string json = tick_json({.trade = &trade}, style);
  EXPECT_NE(json.find(R"("price":"100.25","size":"1.5")"), std::string::npos) << json;
}

TEST(TickText, TellsAuctionsPhasesAndVoidTrades) {
  const TickStyle style{"BTC-USD", 2, 2};
  wire::Trade trade{};
  trade.kind = 'V';
  EXPECT_NE(tick_line({.trade = &trade}, style).find("void"), std::string::npos);
  EXPECT_NE(tick_json({.trade = &trade}, style).find(R"("kind":"V")"), std::string::npos);
  wire::Status status{};
  status.action = 8;
  EXPECT_NE(tick_line({.status = &status}, style).find("BTC-USD halt"), std::string::npos);
  EXPECT_NE(tick_json({.status = &status}, style).find(R"("status":"halt")"), std::string::npos);
  wire::Imbalance imbalance{};
  imbalance.clear_price = 101'000'000'000;
  imbalance.paired_qty = 400;
  imbalance.imbalance_qty = 600;
  imbalance.side = 'B';
  imbalance.auction_type = 'O';
  const std::string line = tick_line({.imbalance = &imbalance}, style);
  EXPECT_NE(line.find("opening"), std::string::npos) << line;
  EXPECT_NE(line.find("4 @ 101.00"), std::string::npos) << line;
  EXPECT_NE(line.find("left bid 6"), std::string::npos) << line;
  const std::string json = tick_json({.imbalance = &imbalance}, style);
  EXPECT_NE(json.find(R"("clear_price":"101.00","paired_qty":"4","side":"B")"), std::string::npos)
      << json;
}

}  // namespace
}  // namespace bourse
