// A whole exchange without threads or sockets for tests of order entry: engine, sequencer, log in a
// temporary folder, router; turned by hand.
//   Owner:  one test.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "feed/trade/exec_router.h"  // ExecRouter
#include "matching/engine.h"         // Engine
#include "matching/market_view.h"    // MarketViews
#include "matching/sequencer.h"      // Sequencer, Gate
#include "replay/log/log.h"          // Log, Cursor

namespace bourse {

inline InstrumentBody test_instrument(std::string_view symbol, std::int64_t tick_size_e9,
                                      std::uint64_t lot_size) {
  InstrumentBody body{};
  std::memcpy(body.symbol, symbol.data(), symbol.size());
  std::memcpy(body.base, "B", 1);
  std::memcpy(body.quote, "Q", 1);
  body.tick_size_e9 = tick_size_e9;
  body.lot_size = lot_size;
  body.quantity_min = QuantityLots{1};
  body.quantity_max = QuantityLots{10'000'000};
  body.price_min = PriceTicks{1};
  body.price_max = PriceTicks{100'000'000};
  body.quantity_exponent = -8;
  return body;
}

class TradeWorld {
 public:
  static constexpr std::uint32_t accounts_max = 256;

  explicit TradeWorld(std::size_t gate_capacity = 1024) : folder_(make_folder()) {
    auto opened = Log::open({.directory = folder_, .durability = Durability::memory});
    if (!opened) throw std::runtime_error(opened.error().text());
    log_ = std::move(*opened);
    sequencer_.emplace(engine_, log_->tail().writer(), views_.writer(), Sequencer::Start{});
    gate_.emplace(sequencer_->add_gate("test", gate_capacity));
    demo_gate_.emplace(sequencer_->add_gate("other", 1024));
    define(test_instrument("BTC-USD", 10'000'000, 10'000));
    define(test_instrument("ETH-USD", 10'000'000, 100'000));
    cursor_.emplace(std::move(*log_->cursor(Sequence{1})));
  }
  ~TradeWorld() {
    cursor_.reset();
    log_.reset();
    std::filesystem::remove_all(folder_);
  }
  TradeWorld(const TradeWorld&) = delete;
  TradeWorld& operator=(const TradeWorld&) = delete;

  void define(const InstrumentBody& body) {
    Command command{};
    command.type = CommandType::define_instrument;
    command.instrument = body;
    ASSERT_TRUE(sequencer_->submit(command, tick()));
  }
  TimeNs tick() { return now_ = TimeNs{now_.value() + 1'000'000}; }
  TimeNs now() const { return now_; }

  // The engine takes what waits in the gates, and the journal releases it.
  void execute() {
    while (sequencer_->poll(tick(), 1024) > 0) release();
    release();
  }
  // The router sees what is released.
  void route() {
    while (cursor_->next() == Cursor::Next::transaction)
      router_.on_transaction(cursor_->transaction());
  }
  void run() {
    execute();
    route();
  }

  Engine& engine() { return engine_; }
  Log& log() { return *log_; }
  ExecRouter& router() { return router_; }
  void take_orders(bool taken) { sequencer_->take_orders(taken); }
  Gate take_gate() { return std::move(*gate_); }
  Gate take_other_gate() { return std::move(*demo_gate_); }

 private:
  void release() {
    while (log_->journal().step() == JournalWriter::Step::wrote) {
    }
  }

  static std::filesystem::path make_folder() {
    std::string name = (std::filesystem::temp_directory_path() / "bourse-trade-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    return name;
  }

  std::filesystem::path folder_;
  TimeNs now_{1'700'000'000'000'000'000};
  Engine engine_{{.symbols_max = 8, .accounts_max = accounts_max, .orders_max = 1 << 16}};
  MarketViews views_{8};
  std::unique_ptr<Log> log_;
  std::optional<Sequencer> sequencer_;
  std::optional<Gate> gate_;
  std::optional<Gate> demo_gate_;
  std::optional<Cursor> cursor_;
  ExecRouter router_{accounts_max};
};

}  // namespace bourse
