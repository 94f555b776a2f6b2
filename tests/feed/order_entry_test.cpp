#include "feed/trade/order_entry.h"  // OrderEntry, command_of

#include <gtest/gtest.h>

#include "tests/feed/trade_world.h"  // TradeWorld, test_instrument

namespace bourse {
namespace {

constexpr Sender sender{AccountId{7}, SessionId{3}, TimeNs{1'000'000'000}};

InstrumentTable instruments() {
  InstrumentTable table;
  table.define(SymbolId{1}, test_instrument("BTC-USD", 10'000'000, 10'000));
  return table;
}

OrderText buy() {
  OrderText order;
  order.operation = OrderOperation::new_order;
  order.client_sequence = ClientSequence{42};
  order.symbol = "BTC-USD";
  order.side = "buy";
  order.type = "limit";
  order.price = "50000.01";
  order.quantity = "0.5";
  return order;
}

WireOrder wire_buy_order() {
  return {.client_seq = 42,
          .price = 50'000'010'000'000,
          .qty = 50'000'000,
          .instrument_id = 1,
          .op = 1,
          .side = wire_buy,
          .ord_type = 1,
          .tif = 1};
}

template <class Order>
std::uint16_t code_of(const Order& order) {
  const auto command = command_of(order, sender, instruments());
  if (command) return 0;
  EXPECT_FALSE(command.error().message.empty());
  return command.error().code;
}

constexpr std::uint16_t code(RejectReason reason) { return static_cast<std::uint16_t>(reason); }

TEST(OrderEntry, TextBecomesACommandInTicksAndLots) {
  OrderText order = buy();
  order.post_only = true;
  order.client_order_id = "mine";
  order.group = GroupId{9};
  order.valid_ms = 500;
  order.client_time = TimeNs{77};
  const auto command = command_of(order, sender, instruments());
  ASSERT_TRUE(command);
  EXPECT_EQ(command->type, CommandType::new_order);
  EXPECT_EQ(command->symbol, SymbolId{1});
  EXPECT_EQ(command->account, AccountId{7});
  EXPECT_EQ(command->session, SessionId{3});
  EXPECT_EQ(command->client_sequence, ClientSequence{42});
  EXPECT_EQ(command->client_time, TimeNs{77});
  EXPECT_EQ(command->order_flags, order_flags::post_only);
  EXPECT_EQ(command->order.price, PriceTicks{5'000'001});
  EXPECT_EQ(command->order.quantity, QuantityLots{5'000});
  EXPECT_EQ(command->order.side, Side::buy);
  EXPECT_EQ(command->order.type, OrderType::limit);
  EXPECT_EQ(command->order.time_in_force, TimeInForce::gtc);
  EXPECT_EQ(command->order.valid_until, TimeNs{1'500'000'000});
  EXPECT_EQ(command->order.group, GroupId{9});
  EXPECT_EQ(command->order.client_order_id.view(), "mine");
}

TEST(OrderEntry, BothEncodingsMakeTheSameCommand) {
  const auto text = command_of(buy(), sender, instruments());
  const auto wire = command_of(wire_buy_order(), sender, instruments());
  ASSERT_TRUE(text);
  ASSERT_TRUE(wire);
  EXPECT_EQ(std::memcmp(&*text, &*wire, sizeof(Command)), 0);
}

TEST(OrderEntry, AMarketOrderNeedsNoPrice) {
  OrderText text = buy();
  text.type = "market";
  text.price = {};
  EXPECT_EQ(command_of(text, sender, instruments())->order.price, no_price);
  EXPECT_EQ(command_of(text, sender, instruments())->order.time_in_force, TimeInForce::ioc);
  text.price = "50000.01";
  EXPECT_EQ(command_of(text, sender, instruments())->order.price, PriceTicks{5'000'001});
  WireOrder wire = wire_buy_order();
  wire.ord_type = 2;
  for (const std::int64_t none : {std::int64_t{0}, INT64_MAX}) {
    wire.price = none;
    EXPECT_EQ(command_of(wire, sender, instruments())->order.price, no_price);
  }
}

TEST(OrderEntry, ACancelNeedsItsOrderOnly) {
  OrderText text;
  text.operation = OrderOperation::cancel;
  EXPECT_EQ(code_of(text), 1003);
  text.order_id = OrderId{5};
  EXPECT_EQ(code_of(text), 0);
  text.symbol = "FOO";
  EXPECT_EQ(code_of(text), code(RejectReason::unknown_instrument));
  WireOrder wire;
  wire.op = 3;
  wire.order_id = 5;
  EXPECT_EQ(code_of(wire), 0);
}

TEST(OrderEntry, AnAmendNamesOrderPriceAndQuantity) {
  OrderText text = buy();
  text.operation = OrderOperation::amend;
  text.order_id = OrderId{5};
  text.side = {};
  text.lose_priority = true;
  const auto command = command_of(text, sender, instruments());
  ASSERT_TRUE(command);
  EXPECT_EQ(command->type, CommandType::amend);
  EXPECT_EQ(command->order.order_id, OrderId{5});
  EXPECT_EQ(command->order_flags, order_flags::lose_priority);
  for (auto member : {&OrderText::price, &OrderText::quantity, &OrderText::symbol}) {
    OrderText lacking = text;
    lacking.*member = {};
    EXPECT_EQ(code_of(lacking), 1003);
  }
}

TEST(OrderEntry, WhatIsMissingIsNamed) {
  for (auto member :
       {&OrderText::price, &OrderText::quantity, &OrderText::symbol, &OrderText::side}) {
    OrderText order = buy();
    order.*member = {};
    EXPECT_EQ(code_of(order), 1003);
  }
}

TEST(OrderEntry, EachRefusalOfTextHasItsCode) {
  struct Case {
    std::string_view OrderText::* member;
    std::string_view value;
    std::uint16_t code;
  };
  const std::string long_id(37, 'x');
  const Case cases[] = {
      {&OrderText::symbol, "FOO-USD", 5001},
      {&OrderText::price, "50000.015", 5003},
      {&OrderText::price, "0.00000000001", 5003},
      {&OrderText::price, "99999999999999999999", 5003},
      {&OrderText::price, "fifty", 1004},
      {&OrderText::quantity, "0.00001", 5004},
      {&OrderText::quantity, "-1", 5004},
      {&OrderText::quantity, "one", 1004},
      {&OrderText::side, "bid", 5020},
      {&OrderText::type, "magic", 5020},
      {&OrderText::type, "none", 5020},
      {&OrderText::time_in_force, "forever", 5020},
      {&OrderText::self_trade_prevention, "please", 5020},
      {&OrderText::client_order_id, long_id, 5020},
      {&OrderText::client_order_id, "new\nline", 5020},
  };
  for (const Case& c : cases) {
    OrderText order = buy();
    order.*(c.member) = c.value;
    EXPECT_EQ(code_of(order), c.code) << c.value;
  }
  OrderText late = buy();
  late.valid_ms = -1;
  EXPECT_EQ(code_of(late), 1004);
}

TEST(OrderEntry, AStopWithoutAStopPriceIsRefused) {
  OrderText stop = buy();
  stop.type = "stop";
  EXPECT_EQ(code_of(stop), 1003);
  stop.type = "stop_limit";
  EXPECT_EQ(code_of(stop), 1003);
  WireOrder wire = wire_buy_order();
  wire.ord_type = static_cast<std::uint8_t>(OrderType::stop);
  const auto command = command_of(wire, sender, instruments());
  ASSERT_TRUE(command);
  EXPECT_EQ(command->order.stop_price, no_price) << "the engine answers bad_field";
}

TEST(OrderEntry, RarerOrdersSayWhatTheyAre) {
  OrderText stop = buy();
  stop.type = "stop_limit";
  stop.stop_price = "49999.99";
  stop.display = "0.1";
  stop.time_in_force = "gtd";
  stop.expire_at = TimeNs{5};
  stop.cancel_on_disconnect = true;
  const auto command = command_of(stop, sender, instruments());
  ASSERT_TRUE(command);
  EXPECT_EQ(command->order.type, OrderType::stop_limit);
  EXPECT_EQ(command->order.stop_price, PriceTicks{4'999'999});
  EXPECT_EQ(command->order.display_quantity, QuantityLots{1'000});
  EXPECT_EQ(command->order.expire_at, TimeNs{5});
  EXPECT_EQ(command->order_flags, order_flags::cancel_on_disconnect);

  OrderText peg = buy();
  peg.type = "pegged";
  peg.peg = "midpoint";
  peg.distance = "0.02";
  peg.price = {};
  const auto pegged = command_of(peg, sender, instruments());
  ASSERT_TRUE(pegged);
  EXPECT_EQ(pegged->peg, PegReference::midpoint);
  EXPECT_EQ(pegged->order.stop_price, PriceTicks{2});
  EXPECT_EQ(pegged->order.price, no_price);
}

TEST(OrderEntry, ManyOrdersAreCancelledByScope) {
  OrderText text;
  text.operation = OrderOperation::mass_cancel;
  text.side = "sell";
  text.group = GroupId{4};
  text.this_session = true;
  const auto mass = command_of(text, sender, instruments());
  ASSERT_TRUE(mass);
  EXPECT_EQ(mass->type, CommandType::mass_cancel);
  EXPECT_EQ(mass->symbol, SymbolId{0});
  EXPECT_EQ(mass->mass_cancel.side, Side::sell);
  EXPECT_EQ(mass->mass_cancel.group, GroupId{4});
  EXPECT_EQ(mass->mass_cancel.session, sender.session);
  text.symbol = "NOPE";
  EXPECT_EQ(code_of(text), code(RejectReason::unknown_instrument));

  WireOrder timer;
  timer.op = static_cast<std::uint8_t>(OrderOperation::cancel_all_after);
  timer.valid_until = 1'500;
  const auto after = command_of(timer, sender, instruments());
  ASSERT_TRUE(after);
  EXPECT_EQ(after->type, CommandType::cancel_after);
  EXPECT_EQ(after->cancel_after.after_ns, 1'500'000'000);
}

TEST(OrderEntry, EachRefusalOfAFrameHasItsCode) {
  const auto with = [](auto change) {
    WireOrder order = wire_buy_order();
    change(order);
    return code_of(order);
  };
  EXPECT_EQ(with([](WireOrder& o) { o.instrument_id = 9; }), 5001);
  EXPECT_EQ(with([](WireOrder& o) { o.price = 15'000'000; }), 5003);
  EXPECT_EQ(with([](WireOrder& o) { o.qty = 10'001; }), 5004);
  EXPECT_EQ(with([](WireOrder& o) { o.side = 1; }), 5020);
  EXPECT_EQ(with([](WireOrder& o) { o.ord_type = 0; }), 5020);
  EXPECT_EQ(with([](WireOrder& o) { o.ord_type = 99; }), 5020);
  EXPECT_EQ(with([](WireOrder& o) { o.tif = 0; }), 5020);
  EXPECT_EQ(with([](WireOrder& o) { o.tif = 99; }), 5020);
  EXPECT_EQ(with([](WireOrder& o) { o.stp = 99; }), 5020);
  EXPECT_EQ(with([](WireOrder& o) { o.valid_until = UINT64_MAX; }), 5020);
  EXPECT_EQ(with([](WireOrder& o) { o.cl_ord_id.assign(37, 'x'); }), 5020);
  EXPECT_EQ(with([](WireOrder& o) { o.display_qty = 10'001; }), 5004);
  EXPECT_EQ(with([](WireOrder& o) { o.min_qty = 10'001; }), 5004);
  EXPECT_EQ(with([](WireOrder& o) { o.expire_at = UINT64_MAX; }), 5020);
  EXPECT_EQ(with([](WireOrder& o) { o.stop_price = 15'000'000; }), 5003);
  EXPECT_EQ(with([](WireOrder& o) { o.peg = 9; }), 5020);
  EXPECT_EQ(with([](WireOrder& o) { o.op = 6; }), 5019);
  EXPECT_EQ(with([](WireOrder& o) { o.op = 200; }), 5019);
  EXPECT_EQ(with([](WireOrder& o) { o.op = 2; }), 1003) << "an amend without its order";
}

// As a session does it.
template <class Order>
OrderEntry::Outcome submit(OrderEntry& entry, const Order& order) {
  const auto command = entry.command_of(order, sender);
  return command ? entry.submit(*command) : std::unexpected(command.error());
}

TEST(OrderEntry, AFullGateIsAnAnswerNotAWait) {
  TradeWorld world{4};
  world.run();
  LostSessions lost{0};
  OrderEntry entry{world.take_gate(), world.router().instruments(), lost};
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(submit(entry, buy()));
  const auto refused = submit(entry, buy());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, 9002);
  EXPECT_EQ(entry.sent_count(), 4u);
  EXPECT_EQ(entry.busy_count(), 1u);
  world.run();
  EXPECT_TRUE(submit(entry, buy())) << "there is room again";
}

TEST(OrderEntry, Row09AFullJournalTakesCancelsAndNoOrders) {
  TradeWorld world;
  world.run();
  LostSessions lost{0};
  OrderEntry entry{world.take_gate(), world.router().instruments(), lost};
  world.take_orders(false);
  const auto refused = submit(entry, buy());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, 9004);
  EXPECT_EQ(submit(entry, wire_buy_order()).error().code, 9004);
  OrderText amend = buy();
  amend.operation = OrderOperation::amend;
  amend.order_id = OrderId{1};
  EXPECT_EQ(submit(entry, amend).error().code, 9004);
  EXPECT_EQ(entry.closed_count(), 3u);
  OrderText cancel;
  cancel.operation = OrderOperation::cancel;
  cancel.symbol = buy().symbol;
  cancel.order_id = OrderId{1};
  EXPECT_TRUE(submit(entry, cancel));
  world.take_orders(true);
  EXPECT_TRUE(submit(entry, buy()));
  EXPECT_EQ(entry.sent_count(), 2u);
}

TEST(OrderEntry, AfterDrainNothingIsTaken) {
  TradeWorld world;
  world.run();
  LostSessions lost{0};
  OrderEntry entry{world.take_gate(), world.router().instruments(), lost};
  entry.drain();
  EXPECT_EQ(submit(entry, buy()).error().code, 9003);
  EXPECT_EQ(submit(entry, wire_buy_order()).error().code, 9003);
}

}  // namespace
}  // namespace bourse
