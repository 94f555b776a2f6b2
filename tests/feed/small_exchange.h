// An exchange without threads and sockets: engine, sequencer, a real log in a temporary folder and
// one hub, each moved by hand.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "feed/market/hub.h"             // Hub
#include "matching/sequencer.h"          // Sequencer
#include "replay/log/log.h"              // Log
#include "tests/matching/test_market.h"  // test_instrument

namespace bourse {

class SmallExchange {
 public:
  static FeedOptions small_options() {
    FeedOptions options;
    options.limits.frame_log_bytes = 256 << 10;
    options.limits.outbox_high_bytes = 16 << 10;
    options.limits.outbox_low_bytes = 4 << 10;
    return options;
  }

  explicit SmallExchange(FeedOptions feed_options = small_options())
      : options(std::move(feed_options)),
        folder(std::filesystem::temp_directory_path() /
               ("bourse_feed_" + std::to_string(::getpid()) + "_" + std::to_string(++made))) {
    std::filesystem::remove_all(folder);
    open_log();
    start(Sequence{0}, TimeNs{0});
    hub = std::make_unique<Hub>(MarketState{}, Epoch{0}, options);
    cursor.emplace(std::move(*log->cursor(Sequence{1})));
  }
  ~SmallExchange() {
    cursor.reset();
    hub.reset();  // which may be reading the log
    sequencer.reset();
    log.reset();
    std::filesystem::remove_all(folder);
  }

  SymbolId define(std::string_view symbol) {
    Command command = TestMarket::blank(CommandType::define_instrument);
    command.instrument = test_instrument(symbol);
    submit(command);
    return engine.find_symbol(symbol);
  }
  // Returns the id that the order got, resting or not.
  OrderId order(SymbolId symbol, Side side, std::uint64_t quantity, std::int64_t price,
                TimeInForce time_in_force = TimeInForce::gtc) {
    Command command = TestMarket::blank(CommandType::new_order);
    command.symbol = symbol;
    command.account = AccountId{1};
    command.order.price = PriceTicks{price};
    command.order.quantity = QuantityLots{quantity};
    command.order.side = side;
    command.order.type = OrderType::limit;
    command.order.time_in_force = time_in_force;
    submit(command);
    return OrderId{sequencer->last_sequence().value()};
  }
  void cancel(OrderId id) {
    Command command = TestMarket::blank(CommandType::cancel);
    command.account = AccountId{1};
    command.order.order_id = id;
    submit(command);
  }
  void amend(OrderId id, std::uint64_t quantity, std::int64_t price) {
    Command command = TestMarket::blank(CommandType::amend);
    command.account = AccountId{1};
    command.order.order_id = id;
    command.order.price = PriceTicks{price};
    command.order.quantity = QuantityLots{quantity};
    submit(command);
  }
  void submit(const Command& command) {
    now = TimeNs{now.value() + 1000};
    while (!sequencer->submit(command, now)) write();
  }

  // The journal releases everything, the hub follows it as one burst.
  void turn() {
    write();
    follow(~std::size_t{0});
  }
  void write() {
    while (log->journal().step() == JournalWriter::Step::wrote) {
    }
  }
  void follow(std::size_t transactions) {
    for (std::size_t i = 0; i < transactions; ++i) {
      if (cursor->next() != Cursor::Next::transaction) break;
      hub->on_transaction(cursor->transaction());
    }
    hub->flush(now);
  }
  // As after a stop: a new epoch, and a hub that knows the market but no frame.
  // REQUIRES: no session and no other cursor.
  void restart() {
    turn();
    hub = std::make_unique<Hub>(MarketState(hub->state()), hub->epoch(), options);
    const Sequence last = sequencer->last_sequence();
    cursor.reset();
    sequencer.reset();
    log.reset();
    epoch = Epoch{epoch.value() + 1};
    open_log();
    start(last, now);
    cursor.emplace(std::move(*log->cursor(next(last))));
  }
  std::uint64_t head() const { return hub->sequence().value(); }

  FeedOptions options;
  std::filesystem::path folder;
  TimeNs now{1'700'000'000'000'000'000};
  Engine engine{{.symbols_max = 8, .accounts_max = 16, .orders_max = 1 << 14}};
  std::unique_ptr<MarketViews> views;
  std::unique_ptr<Log> log;
  std::unique_ptr<Sequencer> sequencer;
  std::unique_ptr<Hub> hub;
  std::optional<Cursor> cursor;
  Epoch epoch{1};

 private:
  static inline int made = 0;

  void open_log() {
    auto opened = Log::open({.directory = folder,
                             .durability = Durability::memory,
                             .segment_bytes = 4 << 20,
                             .tail_bytes = std::size_t{4} << 20,
                             .read_only = false,
                             .helper_thread = false,
                             .disk = nullptr});
    if (!opened) {
      ADD_FAILURE() << opened.error().text();
      std::abort();
    }
    log = std::move(*opened);
  }
  void start(Sequence last, TimeNs last_time) {
    sequencer.reset();
    views = std::make_unique<MarketViews>(8);
    sequencer = std::make_unique<Sequencer>(
        engine, log->tail().writer(), views->writer(),
        Sequencer::Start{.last = last, .last_time = last_time, .epoch = epoch});
    Command command = TestMarket::blank(CommandType::open_epoch);
    command.epoch.epoch = epoch;
    command.epoch.symbols_max = 8;
    command.epoch.accounts_max = 16;
    command.epoch.orders_max = 1 << 14;
    submit(command);
  }
};

}  // namespace bourse
