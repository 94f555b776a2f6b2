// The matching path: a real morning of AAPL through the engine, and what may go wrong by hand.

#include "replay/itch/itch_flow.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <deque>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "matching/engine.h"       // Engine
#include "matching/transaction.h"  // encode, TransactionView
#include "tests/data_folder.h"     // data_folder, data_missing

namespace bourse {
namespace {

using Next = ItchFlow::Next;

constexpr AccountId maker{1};
constexpr AccountId taker{2};
constexpr AccountId stranger{3};
constexpr SessionId flow_session{7};

// Sequencer, engine and log in one thread: executes a command and gives back its transaction.
class Exchange {
 public:
  Exchange() : engine_({.symbols_max = 64, .accounts_max = 8, .orders_max = 1 << 16}) {}

  TransactionView execute(Command command) {
    command.sequence = sequence_ = next(sequence_);
    command.time = TimeNs{static_cast<std::int64_t>(sequence_.value())};
    if (command.type == CommandType::new_order) {
      command.order.order_id = OrderId{sequence_.value()};
    }
    engine_.apply(command, events_);
    record_.resize(encoded_bytes(command, events_) / sizeof(std::uint64_t));
    const auto bytes = std::as_writable_bytes(std::span(record_));
    encode(command, events_, Epoch{1}, 0, bytes);
    return *TransactionView::parse(bytes);
  }
  const Engine& engine() const { return engine_; }

 private:
  Engine engine_;
  EventBuffer events_;
  std::vector<std::uint64_t> record_;
  Sequence sequence_{0};
};

// A file of messages by hand, all of one stock.
class Day {
 public:
  Day()
      : path_(std::filesystem::temp_directory_path() /
              ("bourse_itch_flow_" + std::to_string(::getpid()) + ".itch")) {
    itch::StockDirectory listing{};
    listing.header = header();
    listing.stock = stock();
    add(listing);
  }
  ~Day() { std::filesystem::remove(path_); }

  template <class Message>
  Day& add(const Message& message) {
    itch::append_framed(message, bytes_);
    return *this;
  }
  Day& order(std::uint64_t reference, char side, std::uint32_t shares, std::uint32_t price) {
    return add(itch::AddOrder{.header = header(),
                              .order_reference_number = reference,
                              .buy_sell_indicator = side,
                              .shares = shares,
                              .stock = stock(),
                              .price = {price}});
  }
  Day& execute(std::uint64_t reference, std::uint32_t shares) {
    return add(itch::OrderExecuted{.header = header(),
                                   .order_reference_number = reference,
                                   .executed_shares = shares,
                                   .match_number = ++match_});
  }
  Day& cancel(std::uint64_t reference, std::uint32_t shares) {
    return add(itch::OrderCancel{
        .header = header(), .order_reference_number = reference, .cancelled_shares = shares});
  }
  Day& remove(std::uint64_t reference) {
    return add(itch::OrderDelete{.header = header(), .order_reference_number = reference});
  }
  Day& after(std::uint64_t ns) {
    now_ns_ += ns;
    return *this;
  }
  ItchFlowOptions options() {
    std::ofstream file(path_, std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes_.data()),
               static_cast<std::streamsize>(bytes_.size()));
    return {.file = path_,
            .maker = maker,
            .taker = taker,
            .session = flow_session,
            .speed = 0,
            .symbols = {},
            .defined = {},
            .in_flight_max = 4096};
  }

 private:
  itch::MessageHeader header() const {
    return {.stock_locate = 1, .tracking_number = 0, .timestamp = {now_ns_}};
  }
  static itch::Stock stock() {
    itch::Stock stock;
    std::memcpy(stock.text, "TEST    ", sizeof stock.text);
    return stock;
  }

  std::filesystem::path path_;
  std::vector<std::byte> bytes_;
  std::uint64_t now_ns_ = 1000;
  std::uint64_t match_ = 0;
};

ItchFlow open(const ItchFlowOptions& options) {
  auto flow = ItchFlow::open(options);
  EXPECT_TRUE(flow) << flow.error().text();
  return std::move(*flow);
}

// Pulls to the end; every answer comes `lag` commands late.
void drive(ItchFlow& flow, Exchange& exchange, std::size_t lag = 0) {
  std::deque<Command> waiting;
  const auto answer_one = [&] {
    flow.on_transaction(exchange.execute(waiting.front()));
    waiting.pop_front();
  };
  for (;;) {
    Command command{};
    const Next next = flow.next(TimeNs{0}, command);
    ASSERT_NE(next, Next::failed) << flow.error().text();
    ASSERT_NE(next, Next::not_due);
    if (next == Next::end) break;
    if (next == Next::command) waiting.push_back(command);
    ASSERT_FALSE(next == Next::wait_for_answer && waiting.empty()) << "it waits for nothing";
    if (next == Next::wait_for_answer || waiting.size() > lag) answer_one();
  }
  while (!waiting.empty()) answer_one();
  EXPECT_TRUE(flow.is_answered());
}

class ItchFlowOnAapl : public ::testing::TestWithParam<std::size_t> {};

TEST_P(ItchFlowOnAapl, EveryExecutionHitsTheOrderThatNasdaqHit) {
  const auto folder = data_folder("itch_aapl_20200130");
  if (!folder) GTEST_SKIP() << data_missing("itch_aapl_20200130");
  Day unused;
  ItchFlowOptions options = unused.options();
  options.file = *folder / "locate-13-10k.bin";
  ItchFlow flow = open(options);
  Exchange exchange;
  drive(flow, exchange, GetParam());

  const ItchFlowReport report = flow.report();
  EXPECT_EQ(report.messages, 10'000u);
  EXPECT_EQ(report.orders, 4758u + 2u + 7u) << "A, F and the new half of U";
  EXPECT_EQ(report.takers, 849u);
  EXPECT_EQ(report.cancels, 4083u + 7u);
  EXPECT_EQ(report.amends, 6u);
  EXPECT_EQ(report.rejected, 0u);
  EXPECT_EQ(report.traded_on_entry, 0u);
  EXPECT_EQ(report.gone_before, 0u);
  EXPECT_EQ(report.left_behind, 0u);
  EXPECT_EQ(report.feed.faults_all(), 0u);
  EXPECT_EQ(report.feed.crossed, 0u);
  EXPECT_EQ(report.feed.trades, 240u);
  EXPECT_EQ(report.agreement.executions, 849u);
  EXPECT_EQ(report.agreement.agreed, 849u) << report.agreement.text(100);
  EXPECT_NE(report.text().find("849 of 849 executions (100.00 %)"), std::string::npos);

  // The engine's book is the feed path's book.
  const SymbolId symbol = flow.engine_symbol(SymbolId{1});
  const ItchBook nasdaq = flow.nasdaq().book(SymbolId{1});
  const BestPrices ours = exchange.engine().best(symbol);
  const BestPrices theirs = nasdaq.best();
  EXPECT_EQ(ours.bid, PriceTicks{3'201'400});
  EXPECT_EQ(ours.ask, PriceTicks{3'203'000});
  EXPECT_EQ(ours.bid, theirs.bid);
  EXPECT_EQ(ours.ask, theirs.ask);
  EXPECT_EQ(ours.bid_quantity, theirs.bid_quantity);
  EXPECT_EQ(ours.ask_quantity, theirs.ask_quantity);
  EXPECT_EQ(exchange.engine().open_orders(), nasdaq.order_count());
  for (const Side side : {Side::buy, Side::sell}) {
    std::vector<DepthLevel> levels(nasdaq.level_count(side));
    nasdaq.levels(side, levels);
    for (const DepthLevel& level : levels) {
      EXPECT_EQ(exchange.engine().depth_at(symbol, side, level.price), level.quantity);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(AnswersComeLate, ItchFlowOnAapl, ::testing::Values(0, 1, 100, 1000));

TEST(ItchFlow, ACommandThatNeedsAnOrderIdWaitsForItsTransaction) {
  Day day;
  day.order(5, 'B', 100, 10'000).cancel(5, 40).remove(5);
  ItchFlow flow = open(day.options());
  Exchange exchange;
  Command command{};
  ASSERT_EQ(flow.next(TimeNs{0}, command), Next::command);
  EXPECT_EQ(command.type, CommandType::define_instrument);
  EXPECT_EQ(command.instrument.tick_size_e9, 100'000);
  EXPECT_EQ(flow.next(TimeNs{0}, command), Next::wait_for_answer) << "the stock has no id yet";
  command = {};
  ItchFlow again = open(day.options());
  ASSERT_EQ(again.next(TimeNs{0}, command), Next::command);
  again.on_transaction(exchange.execute(command));
  ASSERT_EQ(again.next(TimeNs{0}, command), Next::command);
  EXPECT_EQ(command.account, maker);
  EXPECT_EQ(command.order.client_order_id.view(), "5");
  const Command order = command;
  EXPECT_EQ(again.next(TimeNs{0}, command), Next::wait_for_answer) << "the order has no id yet";
  again.on_transaction(exchange.execute(order));
  ASSERT_EQ(again.next(TimeNs{0}, command), Next::command);
  EXPECT_EQ(command.type, CommandType::amend);
  EXPECT_EQ(command.order.quantity, QuantityLots{60});
  again.on_transaction(exchange.execute(command));
  ASSERT_EQ(again.next(TimeNs{0}, command), Next::command);
  EXPECT_EQ(command.type, CommandType::cancel);
  again.on_transaction(exchange.execute(command));
  EXPECT_EQ(again.next(TimeNs{0}, command), Next::end);
  EXPECT_EQ(exchange.engine().open_orders(), 0u);
}

TEST(ItchFlow, APrintOutOfTurnIsADisagreementOfNasdaqsOwnMaking) {
  Day day;
  day.order(1, 'S', 10, 20'000).order(2, 'S', 10, 20'000).order(3, 'S', 10, 20'100);
  day.execute(2, 10);  // an older one stands before it
  day.execute(3, 10);  // a better price is there
  day.execute(1, 10);
  day.execute(9, 10);  // never seen
  ItchFlow flow = open(day.options());
  Exchange exchange;
  drive(flow, exchange);
  const ItchAgreement agreement = flow.report().agreement;
  EXPECT_EQ(agreement.executions, 4u);
  EXPECT_EQ(agreement.agreed, 0u);
  const auto count = [&](ItchDisagreement reason) {
    return agreement.disagreed[static_cast<std::size_t>(reason)];
  };
  EXPECT_EQ(count(ItchDisagreement::not_oldest), 1u);
  EXPECT_EQ(count(ItchDisagreement::not_best_price), 1u);
  EXPECT_EQ(count(ItchDisagreement::order_unknown), 1u);
  EXPECT_EQ(count(ItchDisagreement::earlier_disagreement), 1u);
  ASSERT_EQ(agreement.records.size(), 4u);
  EXPECT_EQ(agreement.records[0].message, 5u);
  EXPECT_EQ(agreement.records[0].reference, 2u);
  EXPECT_EQ(agreement.records[0].hit_reference, 1u);
  EXPECT_NE(agreement.text(2).find("0 of 4 executions (0.00 %)"), std::string::npos);
  EXPECT_NE(agreement.text(2).find("and 2 more"), std::string::npos);
}

// A day that meets four shares of somebody else, offered at 2.00 before its own orders come.
ItchFlowReport report_with_stranger(Day& day) {
  ItchFlow flow = open(day.options());
  Exchange exchange;
  Command command{};
  EXPECT_EQ(flow.next(TimeNs{0}, command), Next::command);
  flow.on_transaction(exchange.execute(command));
  Command other{};
  other.type = CommandType::new_order;
  other.account = stranger;
  other.symbol = flow.engine_symbol(SymbolId{1});
  other.order.side = Side::sell;
  other.order.type = OrderType::limit;
  other.order.time_in_force = TimeInForce::gtc;
  other.order.price = PriceTicks{20'000};
  other.order.quantity = QuantityLots{4};
  flow.on_transaction(exchange.execute(other));
  drive(flow, exchange);
  return flow.report();
}

TEST(ItchFlow, AnOrderOfSomebodyElseInFrontIsNamedAsTheReason) {
  Day day;
  day.order(1, 'S', 10, 20'000).execute(1, 10).remove(1);
  const ItchFlowReport report = report_with_stranger(day);
  ASSERT_EQ(report.agreement.records.size(), 1u);
  EXPECT_EQ(report.agreement.records[0].reason, ItchDisagreement::foreign_order);
  EXPECT_EQ(report.agreement.records[0].agreed, QuantityLots{6});
  EXPECT_EQ(report.left_behind, 1u) << "four shares rest here that are gone at Nasdaq";
}

TEST(ItchFlow, SoIsOneThatMatchedAnOrderWhichRestedAtNasdaq) {
  Day day;
  day.order(1, 'B', 4, 20'000).execute(1, 4);
  const ItchFlowReport report = report_with_stranger(day);
  EXPECT_EQ(report.traded_on_entry, 1u);
  ASSERT_EQ(report.agreement.records.size(), 1u);
  EXPECT_EQ(report.agreement.records[0].reason, ItchDisagreement::foreign_order);
  EXPECT_EQ(report.left_behind, 0u);
}

TEST(ItchFlow, ThePaceFollowsTheClockOfTheFile) {
  Day day;
  day.after(1'000'000).order(1, 'B', 10, 10'000).after(500).order(2, 'B', 10, 10'000);
  ItchFlowOptions options = day.options();
  options.speed = 10;
  ItchFlow flow = open(options);
  Exchange exchange;
  Command command{};
  ASSERT_EQ(flow.next(TimeNs{5'000}, command), Next::command) << "the first sets the clock";
  flow.on_transaction(exchange.execute(command));
  ASSERT_EQ(flow.next(TimeNs{5'001}, command), Next::not_due);
  EXPECT_EQ(flow.due(), TimeNs{105'000});
  EXPECT_EQ(flow.next(TimeNs{104'999}, command), Next::not_due);
  ASSERT_EQ(flow.next(TimeNs{105'000}, command), Next::command);
  ASSERT_EQ(flow.next(TimeNs{105'000}, command), Next::not_due);
  EXPECT_EQ(flow.due(), TimeNs{105'050});
}

TEST(ItchFlow, NoMoreThanTheLimitIsInFlight) {
  Day day;
  day.order(1, 'B', 10, 10'000).order(2, 'B', 10, 10'000).order(3, 'B', 10, 10'000);
  ItchFlowOptions options = day.options();
  options.in_flight_max = 2;
  options.defined = {{"TEST", SymbolId{1}}};
  ItchFlow flow = open(options);
  Command command{};
  EXPECT_EQ(flow.next(TimeNs{0}, command), Next::command) << "the stock is known already";
  EXPECT_EQ(command.symbol, SymbolId{1});
  EXPECT_EQ(flow.next(TimeNs{0}, command), Next::command);
  EXPECT_EQ(flow.next(TimeNs{0}, command), Next::wait_for_answer);
}

TEST(ItchFlow, AStockThatTheEngineRefusesEndsTheFlowWithAReason) {
  Day day;
  ItchFlow flow = open(day.options());
  Exchange exchange;
  Command command{};
  ASSERT_EQ(flow.next(TimeNs{0}, command), Next::command);
  Command other = command;
  other.instrument.lot_size = 7;
  static_cast<void>(exchange.execute(other));
  flow.on_transaction(exchange.execute(command));
  EXPECT_EQ(flow.next(TimeNs{0}, command), Next::failed);
  EXPECT_EQ(flow.error().where, "TEST");
}

}  // namespace
}  // namespace bourse
