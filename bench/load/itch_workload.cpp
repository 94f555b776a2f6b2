#include "bench/load/itch_workload.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <random>
#include <string>

#include "replay/itch/itch_messages.h"  // AddOrder, ..., append_framed

namespace bourse {
namespace {

struct LiveOrder {
  std::uint64_t reference;
  std::uint16_t locate;
  char side;
  std::uint32_t shares;
};

class Generator {
 public:
  explicit Generator(const ItchWorkloadOptions& options)
      : options_(options), random_(options.seed) {}

  ItchWorkload run() {
    ItchWorkload workload;
    to_ = &workload.start;
    for (std::uint32_t i = 1; i <= options_.stocks; ++i) list(static_cast<std::uint16_t>(i));
    const std::uint64_t resting = std::uint64_t{options_.stocks} * options_.orders_per_stock;
    for (std::uint64_t i = 0; i < resting; ++i) add();
    to_ = &workload.messages;
    workload.messages.reserve(options_.messages * 31);
    for (std::uint64_t i = 0; i < options_.messages; ++i) one_message();
    workload.live_orders = live_.size();
    workload.references = reference_;
    return workload;
  }

 private:
  void one_message() {
    const std::uint64_t percent = below(100);
    if (percent < 46 || live_.empty()) return add();
    const std::size_t at = below(live_.size());
    if (percent < 89) return remove(at);
    if (percent < 93) return execute(at);
    if (percent < 96) return replace(at);
    if (percent < 98) return cancel(at);
    print(live_[at].locate);
  }

  void list(std::uint16_t locate) {
    itch::StockDirectory message{};
    message.header = header(locate);
    message.stock = name(locate);
    itch::append_framed(message, *to_);
  }

  void add() {
    const auto locate = static_cast<std::uint16_t>(1 + below(options_.stocks));
    LiveOrder order{++reference_, locate, below(2) == 0 ? 'B' : 'S', shares()};
    itch::append_framed(itch::AddOrder{.header = header(locate),
                                       .order_reference_number = order.reference,
                                       .buy_sell_indicator = order.side,
                                       .shares = order.shares,
                                       .stock = name(locate),
                                       .price = {price(locate, order.side)}},
                        *to_);
    live_.push_back(order);
  }

  void remove(std::size_t at) {
    itch::append_framed(itch::OrderDelete{.header = header(live_[at].locate),
                                          .order_reference_number = live_[at].reference},
                        *to_);
    forget(at);
  }

  void execute(std::size_t at) {
    LiveOrder& order = live_[at];
    const std::uint32_t taken = below(2) == 0 ? order.shares : (order.shares + 1) / 2;
    itch::append_framed(itch::OrderExecuted{.header = header(order.locate),
                                            .order_reference_number = order.reference,
                                            .executed_shares = taken,
                                            .match_number = ++match_},
                        *to_);
    order.shares -= taken;
    if (order.shares == 0) forget(at);
  }

  void replace(std::size_t at) {
    LiveOrder& order = live_[at];
    const std::uint64_t before = order.reference;
    order.reference = ++reference_;
    order.shares = shares();
    itch::append_framed(itch::OrderReplace{.header = header(order.locate),
                                           .original_order_reference_number = before,
                                           .new_order_reference_number = order.reference,
                                           .shares = order.shares,
                                           .price = {price(order.locate, order.side)}},
                        *to_);
  }

  void cancel(std::size_t at) {
    LiveOrder& order = live_[at];
    if (order.shares == 1) return remove(at);
    const std::uint32_t less = order.shares / 2;
    itch::append_framed(itch::OrderCancel{.header = header(order.locate),
                                          .order_reference_number = order.reference,
                                          .cancelled_shares = less},
                        *to_);
    order.shares -= less;
  }

  void print(std::uint16_t locate) {
    itch::append_framed(itch::Trade{.header = header(locate),
                                    .order_reference_number = 0,
                                    .buy_sell_indicator = 'B',
                                    .shares = shares(),
                                    .stock = name(locate),
                                    .price = {middle(locate)},
                                    .match_number = ++match_},
                        *to_);
  }

  void forget(std::size_t at) {
    live_[at] = live_.back();
    live_.pop_back();
  }

  itch::MessageHeader header(std::uint16_t locate) {
    now_ns_ += 1 + below(2000);
    return {.stock_locate = locate, .tracking_number = 0, .timestamp = {now_ns_}};
  }
  static itch::Stock name(std::uint16_t locate) {
    itch::Stock stock;
    std::memset(stock.text, ' ', sizeof stock.text);
    const std::string text = "S" + std::to_string(locate);
    std::memcpy(stock.text, text.data(), text.size());
    return stock;
  }
  static std::uint32_t middle(std::uint16_t locate) { return 100'000 + 100u * (locate % 5000); }
  // Half of the orders at the first cent, a quarter at the second, and so on; never crossed.
  std::uint32_t price(std::uint16_t locate, char side) {
    const auto cents = static_cast<std::uint32_t>(1 + std::countr_zero(random_() | 1u << 31));
    const std::uint32_t spread = 100 * cents;
    return side == 'B' ? middle(locate) - spread : middle(locate) + spread;
  }
  std::uint32_t shares() { return static_cast<std::uint32_t>(100 * (1 + below(5))); }
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

  ItchWorkloadOptions options_;
  std::mt19937_64 random_;
  std::vector<std::byte>* to_ = nullptr;
  std::vector<LiveOrder> live_;
  std::uint64_t reference_ = 0;
  std::uint64_t match_ = 0;
  std::uint64_t now_ns_ = 0;
};

}  // namespace

ItchWorkload make_itch_workload(const ItchWorkloadOptions& options) {
  return Generator(options).run();
}

}  // namespace bourse
