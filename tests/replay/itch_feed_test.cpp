// The feed handler: a real morning of AAPL, and each kind of message by hand.

#include "replay/itch/itch_feed.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "replay/itch/itch_reader.h"  // ItchReader
#include "tests/data_folder.h"        // data_folder, data_missing

namespace bourse {
namespace {

using Bytes = std::vector<std::byte>;

itch::MessageHeader header(std::uint16_t locate = 1) {
  return {.stock_locate = locate, .tracking_number = 0, .timestamp = {1000}};
}

itch::Stock stock(std::string_view name) {
  itch::Stock stock;
  std::memset(stock.text, ' ', sizeof stock.text);
  std::memcpy(stock.text, name.data(), name.size());
  return stock;
}

// One stock, "TEST" with locate 1, and a message at a time.
class ItchFeedTest : public ::testing::Test {
 protected:
  ItchFeedTest() { list(1, "TEST"); }

  template <class Message>
  ItchOutcome apply(const Message& message) {
    Bytes bytes;
    itch::append_framed(message, bytes);
    return feed_.apply(std::span(bytes).subspan(2), events_);
  }
  ItchOutcome list(std::uint16_t locate, std::string_view name) {
    itch::StockDirectory message{};
    message.header = header(locate);
    message.stock = stock(name);
    return apply(message);
  }
  ItchOutcome add(std::uint64_t reference, char side, std::uint32_t shares, std::uint32_t price,
                  std::uint16_t locate = 1) {
    return apply(itch::AddOrder{.header = header(locate),
                                .order_reference_number = reference,
                                .buy_sell_indicator = side,
                                .shares = shares,
                                .stock = stock("TEST"),
                                .price = {price}});
  }
  ItchOutcome execute(std::uint64_t reference, std::uint32_t shares) {
    return apply(itch::OrderExecuted{.header = header(),
                                     .order_reference_number = reference,
                                     .executed_shares = shares,
                                     .match_number = 77});
  }
  ItchOutcome set_state(char state) {
    return apply(itch::StockTradingAction{.header = header(),
                                          .stock = stock("TEST"),
                                          .trading_state = state,
                                          .reserved = ' ',
                                          .reason = {{' ', ' ', ' ', ' '}}});
  }
  const PublicEvent& event(std::size_t index = 0) { return events_.public_events()[index]; }
  std::size_t event_count() { return events_.public_events().size(); }
  ItchBook book() { return feed_.book(SymbolId{1}); }

  ItchFeed feed_;
  EventBuffer events_;
};

TEST_F(ItchFeedTest, AListedStockIsDefinedOnce) {
  EXPECT_EQ(event().kind, EventKind::definition);
  EXPECT_EQ(event().symbol, SymbolId{1});
  EXPECT_EQ(event().rpt_sequence, RptSequence{1});
  EXPECT_EQ(list(1, "TEST"), ItchOutcome::no_event);
  EXPECT_EQ(list(9, "NEXT"), ItchOutcome::events);
  EXPECT_EQ(event().symbol, SymbolId{2});
}

TEST_F(ItchFeedTest, AnExecutionTakesSharesAtTheOrdersPriceAndKeepsTheMatchNumber) {
  EXPECT_EQ(add(5, 'B', 100, 123'400), ItchOutcome::events);
  EXPECT_EQ(execute(5, 30), ItchOutcome::events);
  ASSERT_EQ(event_count(), 1u);
  EXPECT_EQ(event().kind, EventKind::execute);
  EXPECT_EQ(event().side, Side::buy);
  EXPECT_EQ(event().order_id, OrderId{5});
  EXPECT_EQ(event().price, PriceTicks{123'400});
  EXPECT_EQ(event().quantity, QuantityLots{30});
  EXPECT_EQ(event().leaves, QuantityLots{70});
  EXPECT_EQ(event().aux, 77u);
  EXPECT_EQ(event().flags, event_flags::last);
  EXPECT_EQ(event().rpt_sequence, RptSequence{3});
  EXPECT_EQ(book().best().bid_quantity, QuantityLots{70});
}

TEST_F(ItchFeedTest, AnExecutionWithAPriceKeepsThatPriceAndStillReducesTheBook) {
  add(5, 'S', 100, 123'400);
  itch::OrderExecutedWithPrice message{.header = header(),
                                       .order_reference_number = 5,
                                       .executed_shares = 100,
                                       .match_number = 78,
                                       .printable = 'N',
                                       .execution_price = {123'500}};
  EXPECT_EQ(apply(message), ItchOutcome::events);
  EXPECT_EQ(event().price, PriceTicks{123'500});
  EXPECT_EQ(event().flags, event_flags::last | event_flags::auction);
  EXPECT_EQ(book().order_count(), 0u);
  EXPECT_EQ(feed_.counts().live_orders, 0u);
}

TEST_F(ItchFeedTest, ACancelTakesAwaySomeAndADeleteTheRest) {
  add(5, 'B', 100, 10'000);
  apply(itch::OrderCancel{.header = header(), .order_reference_number = 5, .cancelled_shares = 40});
  EXPECT_EQ(event().kind, EventKind::cancel);
  EXPECT_EQ(event().aux, static_cast<std::uint64_t>(CancelReason::reduced));
  EXPECT_EQ(event().leaves, QuantityLots{60});
  apply(itch::OrderDelete{.header = header(), .order_reference_number = 5});
  EXPECT_EQ(event().aux, static_cast<std::uint64_t>(CancelReason::requested));
  EXPECT_EQ(event().quantity, QuantityLots{60});
  EXPECT_EQ(event().leaves, QuantityLots{0});
  EXPECT_EQ(book().order_count(), 0u);
}

TEST_F(ItchFeedTest, AReplacedOrderQueuesAnewOnItsOldSideInOneTransaction) {
  add(5, 'S', 100, 20'000);
  add(6, 'S', 100, 20'000);
  const itch::OrderReplace message{.header = header(),
                                   .original_order_reference_number = 5,
                                   .new_order_reference_number = 7,
                                   .shares = 50,
                                   .price = {20'000}};
  EXPECT_EQ(apply(message), ItchOutcome::events);
  ASSERT_EQ(event_count(), 2u);
  EXPECT_EQ(event(0).kind, EventKind::cancel);
  EXPECT_EQ(event(0).aux, static_cast<std::uint64_t>(CancelReason::replaced));
  EXPECT_EQ(event(0).flags, 0);
  EXPECT_EQ(event(1).kind, EventKind::add);
  EXPECT_EQ(event(1).side, Side::sell);
  EXPECT_EQ(event(1).flags, event_flags::last);
  std::vector<std::uint64_t> queue;
  book().for_each_order(Side::sell,
                        [&](const DepthOrder& order) { queue.push_back(order.order_id.value()); });
  EXPECT_EQ(queue, (std::vector<std::uint64_t>{6, 7}));
  EXPECT_EQ(feed_.counts().live_orders_max, 2u);
}

TEST_F(ItchFeedTest, PrintsLeaveTheBookAloneAndEmptyCrossesSayNothing) {
  const itch::Trade trade{.header = header(),
                          .order_reference_number = 0,
                          .buy_sell_indicator = 'B',
                          .shares = 10,
                          .stock = stock("TEST"),
                          .price = {10'000},
                          .match_number = 3};
  EXPECT_EQ(apply(trade), ItchOutcome::events);
  EXPECT_EQ(event().kind, EventKind::trade);
  EXPECT_EQ(event().side, Side::none);
  itch::CrossTrade cross{.header = header(),
                         .shares = 1000,
                         .stock = stock("TEST"),
                         .cross_price = {10'000},
                         .match_number = 4,
                         .cross_type = 'O'};
  EXPECT_EQ(apply(cross), ItchOutcome::events);
  EXPECT_EQ(event().flags, event_flags::auction | event_flags::last);
  cross.shares = 0;
  EXPECT_EQ(apply(cross), ItchOutcome::no_event);
  EXPECT_EQ(feed_.counts().empty_crosses, 1u);
}

TEST_F(ItchFeedTest, AnIndicationOfAnAuctionIsAnImbalance) {
  itch::NetOrderImbalanceIndicator indication{.header = header(),
                                              .paired_shares = 500,
                                              .imbalance_shares = 70,
                                              .imbalance_direction = 'S',
                                              .stock = stock("TEST"),
                                              .far_price = {9'000},
                                              .near_price = {10'100},
                                              .current_reference_price = {10'000},
                                              .cross_type = 'C',
                                              .price_variation_indicator = 'L'};
  EXPECT_EQ(apply(indication), ItchOutcome::events);
  EXPECT_EQ(event().kind, EventKind::imbalance);
  EXPECT_EQ(event().side, Side::sell);
  EXPECT_EQ(event().price, PriceTicks{10'100});
  EXPECT_EQ(event().quantity, QuantityLots{500});
  EXPECT_EQ(event().leaves, QuantityLots{70});
  EXPECT_EQ(event().aux, static_cast<std::uint64_t>(Phase::closing_auction));
  indication.near_price = {0};
  indication.imbalance_direction = 'N';
  indication.cross_type = 'O';
  EXPECT_EQ(apply(indication), ItchOutcome::events);
  EXPECT_EQ(event().price, PriceTicks{10'000}) << "the near price is not told yet";
  EXPECT_EQ(event().side, Side::none);
  indication.current_reference_price = {0};
  EXPECT_EQ(apply(indication), ItchOutcome::events);
  EXPECT_EQ(event().price, no_price);
  EXPECT_EQ(feed_.counts().imbalances, 3u);
}

TEST_F(ItchFeedTest, ABrokenTradeVoidsTheTradeOfItsNumber) {
  add(5, 'B', 100, 10'000);
  execute(5, 30);  // match 77
  itch::Trade trade{.header = header(),
                    .order_reference_number = 0,
                    .buy_sell_indicator = 'B',
                    .shares = 10,
                    .stock = stock("TEST"),
                    .price = {10'050},
                    .match_number = 3};  // numbered out of turn
  apply(trade);
  EXPECT_EQ(apply(itch::BrokenTrade{header(0), 77}), ItchOutcome::events);
  EXPECT_EQ(event().kind, EventKind::bust);
  EXPECT_EQ(event().symbol, SymbolId{1});
  EXPECT_EQ(event().aux, 77u);
  EXPECT_EQ(event().price, PriceTicks{10'000});
  EXPECT_EQ(event().quantity, QuantityLots{30});
  EXPECT_EQ(book().best().bid_quantity, QuantityLots{70}) << "the book stays as it is";
  EXPECT_EQ(apply(itch::BrokenTrade{header(), 3}), ItchOutcome::events);
  EXPECT_EQ(event().price, PriceTicks{10'050});
  EXPECT_EQ(apply(itch::BrokenTrade{header(), 4}), ItchOutcome::no_event);
  EXPECT_EQ(feed_.counts().broken_trades, 3u);
  EXPECT_EQ(feed_.counts().broken_unknown, 1u);
}

TEST_F(ItchFeedTest, AShortSaleRestrictionIsToldWhenItChanges) {
  itch::RegShoRestriction restriction{header(), stock("TEST"), '0'};
  EXPECT_EQ(apply(restriction), ItchOutcome::no_event);
  restriction.reg_sho_action = '1';
  EXPECT_EQ(apply(restriction), ItchOutcome::events);
  EXPECT_EQ(event().aux, 14u);
  restriction.reg_sho_action = '2';
  EXPECT_EQ(apply(restriction), ItchOutcome::no_event) << "it remains";
  restriction.reg_sho_action = '0';
  EXPECT_EQ(apply(restriction), ItchOutcome::events);
}

TEST_F(ItchFeedTest, CollarsAndOfferingsIndicateAPriceAndHaltNothing) {
  const auto indicates = [this](ItchOutcome outcome, std::uint64_t action, PriceTicks price) {
    return outcome == ItchOutcome::events && event().kind == EventKind::status &&
           event().aux == action && event().price == price;
  };
  itch::LuldAuctionCollar collar{};
  collar.header = header();
  collar.auction_collar_reference_price = {10'000};
  EXPECT_TRUE(indicates(apply(collar), 6, PriceTicks{10'000}));
  itch::IpoQuotingPeriodUpdate ipo{};
  ipo.header = header();
  ipo.ipo_quotation_release_qualifier = 'A';
  ipo.ipo_price = {20'000};
  EXPECT_TRUE(indicates(apply(ipo), 6, PriceTicks{20'000}));
  ipo.ipo_quotation_release_qualifier = 'C';
  EXPECT_TRUE(indicates(apply(ipo), 10, no_price));
  itch::DirectListingWithCapitalRaise listing{};
  listing.header = header();
  listing.near_execution_price = {30'000};
  EXPECT_TRUE(indicates(apply(listing), 6, PriceTicks{30'000}));
  add(1, 'B', 10, 10'000);
  add(2, 'S', 10, 10'000);
  EXPECT_EQ(feed_.counts().crossed, 1u) << "the stock trades all the while";
}

TEST_F(ItchFeedTest, WhatIsNotAboutAStocksBookMakesNoEvent) {
  EXPECT_EQ(apply(itch::SystemEvent{header(0), 'Q'}), ItchOutcome::no_event);
  EXPECT_EQ(apply(itch::MwcbDeclineLevel{header(0), {1}, {2}, {3}}), ItchOutcome::no_event);
  EXPECT_EQ(apply(itch::MwcbStatus{header(0), '1'}), ItchOutcome::no_event);
  EXPECT_EQ(apply(itch::RetailPriceImprovementIndicator{header(), stock("TEST"), 'A'}),
            ItchOutcome::no_event);
}

TEST_F(ItchFeedTest, AMessageThatDoesNotFitIsCountedAndChangesNothing) {
  add(5, 'B', 100, 10'000);
  const auto refused = [this](ItchOutcome outcome, ItchFault fault) {
    return outcome == ItchOutcome::refused && feed_.fault() == fault && event_count() == 0;
  };
  EXPECT_TRUE(refused(execute(6, 1), ItchFault::unknown_reference));
  EXPECT_TRUE(refused(execute(5, 101), ItchFault::excess_quantity));
  EXPECT_TRUE(refused(execute(5, 0), ItchFault::bad_field));
  EXPECT_TRUE(refused(add(5, 'B', 1, 10'000), ItchFault::duplicate_reference));
  EXPECT_TRUE(refused(add(6, 'x', 1, 10'000), ItchFault::bad_field));
  EXPECT_TRUE(refused(add(6, 'B', 0, 10'000), ItchFault::bad_field));
  EXPECT_TRUE(refused(add(0, 'B', 1, 10'000), ItchFault::bad_field));
  EXPECT_EQ(feed_.counts().faults_all(), 7u);
  EXPECT_EQ(book().best().bid_quantity, QuantityLots{100});
  EXPECT_EQ(feed_.last_rpt(SymbolId{1}), RptSequence{2});
}

TEST_F(ItchFeedTest, ACrossedBookCountsUnlessTheStockIsHaltedOrHasNotUncrossedSince) {
  set_state('H');
  EXPECT_EQ(event().kind, EventKind::status);
  EXPECT_EQ(event().aux, 8u);
  add(1, 'B', 10, 10'100);
  add(2, 'S', 10, 10'000);
  set_state('T');
  EXPECT_EQ(event().aux, 7u);
  EXPECT_EQ(feed_.counts().crossed_halted, 2u);
  EXPECT_EQ(feed_.counts().crossed, 0u);
  execute(1, 10);
  add(3, 'B', 10, 10'000);
  EXPECT_EQ(feed_.counts().crossed, 1u) << "a locked book is a crossed one";
}

TEST_F(ItchFeedTest, AnOrderInAStockThatWasNeverListedListsIt) {
  EXPECT_EQ(add(5, 'B', 1, 10'000, 40), ItchOutcome::not_listed);
  EXPECT_EQ(feed_.list_missing(events_), ItchOutcome::events);
  EXPECT_EQ(event().kind, EventKind::definition);
  EXPECT_EQ(add(5, 'B', 1, 10'000, 40), ItchOutcome::events);
  EXPECT_EQ(event().symbol, SymbolId{2});
}

TEST(ItchFeed, StocksThatAreNotWantedAreLeftOutAndWantedOnesThatAreMissingAreNamed) {
  ItchFeed feed({"YES", "NEVER"});
  EventBuffer events;
  const auto apply = [&](const auto& message) {
    Bytes bytes;
    itch::append_framed(message, bytes);
    return feed.apply(std::span(bytes).subspan(2), events);
  };
  itch::StockDirectory listing{};
  listing.header = header(3);
  listing.stock = stock("NO");
  EXPECT_EQ(apply(listing), ItchOutcome::left_out);
  listing.header = header(4);
  listing.stock = stock("YES");
  EXPECT_EQ(apply(listing), ItchOutcome::events);
  EXPECT_EQ(events.public_events().size(), 1u);
  EXPECT_EQ(apply(itch::OrderDelete{.header = header(3), .order_reference_number = 1}),
            ItchOutcome::left_out);
  EXPECT_EQ(feed.counts().left_out, 2u);
  EXPECT_EQ(feed.counts().faults_all(), 0u);
  EXPECT_EQ(feed.directory().missing(), std::vector<std::string>{"NEVER"});
}

TEST(ItchFeed, AMorningOfAaplIsNeverCrossedAndKnowsEveryReference) {
  const auto folder = data_folder("itch_aapl_20200130");
  if (!folder) GTEST_SKIP() << data_missing("itch_aapl_20200130");
  auto reader = ItchReader::open(*folder / "locate-13-10k.bin");
  ASSERT_TRUE(reader) << reader.error().text();
  ItchFeed feed;
  EventBuffer events;
  while (reader->next() == ItchReader::Next::message) feed.apply(reader->message(), events);
  ASSERT_EQ(reader->next(), ItchReader::Next::end);
  const auto count = [&](char type) { return reader->counts()[static_cast<unsigned char>(type)]; };
  EXPECT_EQ(count('A'), 4758u);
  EXPECT_EQ(count('D'), 4083u);
  EXPECT_EQ(count('E'), 849u);
  EXPECT_EQ(count('P'), 240u);
  EXPECT_EQ(count('L'), 52u);
  EXPECT_EQ(count('U'), 7u);
  EXPECT_EQ(count('X'), 6u);
  EXPECT_EQ(count('F'), 2u);
  EXPECT_EQ(count('R') + count('H') + count('Y'), 3u);
  EXPECT_EQ(reader->messages(), 10'000u);
  EXPECT_EQ(feed.counts().faults_all(), 0u);
  EXPECT_EQ(feed.counts().crossed, 0u);
  EXPECT_EQ(feed.counts().live_orders_max, 216u);
  const BestPrices best = feed.book(SymbolId{1}).best();
  EXPECT_EQ(best.bid, PriceTicks{3'201'400});
  EXPECT_EQ(best.bid_quantity, QuantityLots{25});
  EXPECT_EQ(best.ask, PriceTicks{3'203'000});
  EXPECT_EQ(best.ask_quantity, QuantityLots{100});
  EXPECT_EQ(feed.directory().name(SymbolId{1}), "AAPL");
}

}  // namespace
}  // namespace bourse
