// A made-up Nasdaq day as ITCH 5.0, for tests, demonstrations and measurements without market data.
//   Shape:  system events, directory, trading states; orders that gather before the open; opening
//           crosses; the day; closing crosses. Behind the directory 46 % add (some with an MPID),
//           43 % delete, 4 % execute (some with a price), 3 % replace, 2 % cancel, 2 % hidden
//           trades, imbalances, halts and broken trades: what gathers before the open and then
//           rests, the day takes away again, bit by bit. Few stocks have most of the messages
//           (Zipf). References are unique and rise, executions hit the oldest order at the best
//           price, no book is ever crossed.
//   Units:  prices in 1e-4 dollars on a cent grid; messages.
//   Owner:  one thread. The same options make the same bytes on every machine.
//   Errors: check() says what cannot be made; generating then cannot fail.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "replay/itch/itch_books.h"   // ItchBooks
#include "replay/itch/itch_fields.h"  // MessageHeader, Stock
#include "replay/result.h"            // Result

namespace bourse {

struct ItchDayOptions {
  std::uint32_t symbols = 8000;
  std::uint64_t messages = 1'000'000;  // of the whole file
  std::uint64_t seed = 1;
};

class ItchGenerator {
 public:
  static constexpr std::uint32_t symbols_max = 65'535;  // locate numbers

  static Result<void> check(const ItchDayOptions& options);

  // REQUIRES: check(options) is fine.
  explicit ItchGenerator(const ItchDayOptions& options);

  // Appends the next few thousand messages, framed as in a file; false: the day is over.
  bool more(std::vector<std::byte>& to);

  std::uint64_t messages() const { return messages_; }
  std::uint64_t live_orders() const { return books_.order_count(); }

 private:
  // Where in the day the next message is; each stage has a number of messages.
  enum class Stage : std::uint8_t {
    directory = 0,
    gathering = 1,
    opening = 2,
    trading = 3,
    closing = 4,
    over = 5,
  };
  struct Symbol {
    std::vector<std::uint64_t> orders;  // references, some of them gone since
    std::uint32_t price = 0;            // around which new orders come
    bool is_halted = false;
  };

  void step();
  void enter(Stage stage);
  void trade_on();
  void list(std::uint32_t at);
  void cross(std::uint32_t at, char type);
  void add();
  void execute();
  void remove();
  void cancel();
  void replace();
  void print();
  void indicate(std::uint16_t locate, char type);
  void break_trade();
  void halt_or_resume();
  void system_event(char code);

  template <class Message>
  void put(const Message& message);
  itch::MessageHeader header(std::uint16_t locate);
  std::uint16_t pick();
  // A live order of a stock that is picked; 0 = a few tries found none.
  std::uint64_t pick_order(std::uint16_t& locate);
  std::uint32_t price_of(std::uint16_t locate, Side side);
  std::uint32_t shares() { return static_cast<std::uint32_t>(100 * (1 + below(5))); }
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  Symbol& symbol(std::uint16_t locate) { return symbols_[locate - 1u]; }

  ItchDayOptions options_;
  std::mt19937_64 random_;
  ItchBooks books_;
  std::vector<Symbol> symbols_;
  std::vector<std::uint64_t> weights_;  // summed up
  std::vector<std::byte>* to_ = nullptr;
  Stage stage_ = Stage::directory;
  std::uint64_t done_ = 0;  // steps of this stage
  std::uint64_t steps_ = 0;
  std::uint64_t start_ns_ = 0;
  std::uint64_t step_ns_ = 0;
  std::uint64_t now_ns_ = 0;
  std::uint64_t messages_ = 0;
  std::uint64_t reference_ = 0;
  std::uint64_t match_ = 0;
  std::uint64_t last_print_ = 0;  // match number of the last hidden trade not broken; 0 = none
  std::uint16_t last_print_locate_ = 0;
};

}  // namespace bourse
