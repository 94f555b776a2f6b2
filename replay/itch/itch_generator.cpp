#include "replay/itch/itch_generator.h"

#include <algorithm>
#include <bit>
#include <string>
#include <utility>

#include "replay/itch/itch_messages.h"  // AddOrder, ..., append_framed

namespace bourse {
namespace {

constexpr std::uint64_t hour_ns = 3'600'000'000'000;
constexpr std::uint64_t listing_messages = 3;  // directory, trading state, short sale state
constexpr std::uint64_t cross_messages = 2;    // imbalance, cross
constexpr std::uint64_t system_messages = 6;
constexpr std::uint32_t cent = 100;

// Only the busiest stocks have auctions that trade.
std::uint64_t crosses_of(const ItchDayOptions& options) {
  return std::min<std::uint64_t>(options.symbols, 1 + options.messages / 1000);
}
std::uint64_t fixed_messages(const ItchDayOptions& options) {
  return system_messages + listing_messages * options.symbols +
         2 * cross_messages * crosses_of(options);
}
std::uint64_t gathering_messages(const ItchDayOptions& options) {
  return std::min<std::uint64_t>(100ull * options.symbols,
                                 (options.messages - fixed_messages(options)) / 20);
}

// Of a thousand messages between the directory and the close, the gathering included.
constexpr std::uint64_t adds = 460;
constexpr std::uint64_t removes = 430;
constexpr std::uint64_t executes = 40;
constexpr std::uint64_t replaces = 30;
constexpr std::uint64_t cancels = 20;
constexpr std::uint64_t others = 20;
static_assert(adds + removes + executes + replaces + cancels + others == 1000);

// AAAA, AAAB, ...: no name is another's beginning.
itch::Stock name_of(std::uint32_t number) {
  itch::Stock stock;
  std::fill(std::begin(stock.text), std::end(stock.text), ' ');
  for (std::size_t i = 4; i-- > 0; number /= 26) {
    stock.text[i] = static_cast<char>('A' + number % 26);
  }
  return stock;
}

char letter(Side side) { return side == Side::buy ? 'B' : 'S'; }

}  // namespace

Result<void> ItchGenerator::check(const ItchDayOptions& options) {
  if (options.symbols == 0 || options.symbols > symbols_max) {
    return fail(ExitCode::usage, "a day has 1 to " + std::to_string(symbols_max) + " symbols",
                std::to_string(options.symbols), "choose with --symbols");
  }
  // Some more than stand still, because auctions grow in number with the messages.
  const std::uint64_t least = (fixed_messages({options.symbols, 0, 0}) + 20) * 1000 / 990;
  if (options.messages < least) {
    return fail(ExitCode::usage,
                std::to_string(options.symbols) + " symbols need at least " +
                    std::to_string(least) + " messages",
                std::to_string(options.messages), "raise --messages or lower --symbols");
  }
  return {};
}

ItchGenerator::ItchGenerator(const ItchDayOptions& options)
    : options_(options), random_(options.seed), symbols_(options.symbols) {
  // Zipf: the stock of rank r comes up in proportion to 1 / (r + 4).
  std::uint64_t sum = 0;
  for (std::uint32_t i = 0; i < options.symbols; ++i) {
    sum += (std::uint64_t{1} << 32) / (i + 5);
    weights_.push_back(sum);
    symbols_[i].price = static_cast<std::uint32_t>(cent * (500 + below(30'000)));
  }
  enter(Stage::directory);
}

bool ItchGenerator::more(std::vector<std::byte>& to) {
  constexpr int steps_at_a_time = 4096;
  to_ = &to;
  for (int i = 0; i < steps_at_a_time && stage_ != Stage::over; ++i) step();
  to_ = nullptr;
  return stage_ != Stage::over;
}

void ItchGenerator::enter(Stage stage) {
  const std::uint64_t crosses = crosses_of(options_);
  const std::uint64_t gathering = gathering_messages(options_);
  stage_ = stage;
  done_ = 0;
  const auto lasts = [this](std::uint64_t steps, std::uint64_t from_ns, std::uint64_t to_ns) {
    steps_ = steps;
    start_ns_ = from_ns;
    step_ns_ = steps == 0 ? 0 : (to_ns - from_ns) / steps;
  };
  switch (stage) {
    case Stage::directory:
      return lasts(options_.symbols, 3 * hour_ns, 4 * hour_ns);
    case Stage::gathering:
      return lasts(gathering, 4 * hour_ns, 9 * hour_ns + hour_ns / 2 - 1);
    case Stage::opening:
      return lasts(crosses, 9 * hour_ns + hour_ns / 2, 9 * hour_ns + hour_ns / 2 + 1'000'000'000);
    case Stage::trading:
      return lasts(options_.messages - fixed_messages(options_) - gathering,
                   9 * hour_ns + hour_ns / 2 + 1'000'000'000, 16 * hour_ns - 1);
    case Stage::closing:
      return lasts(crosses, 16 * hour_ns, 16 * hour_ns + 1'000'000'000);
    case Stage::over:
      return;
  }
}

void ItchGenerator::step() {
  now_ns_ = start_ns_ + done_ * step_ns_ + (step_ns_ == 0 ? 0 : below(step_ns_));
  if (done_ == 0) {
    constexpr char codes[] = {'O', 'S', 'Q', '\0', 'M'};
    if (const char code = codes[static_cast<std::size_t>(stage_)]) system_event(code);
  }
  const auto at = static_cast<std::uint32_t>(done_);
  if (steps_ != 0) {
    switch (stage_) {
      case Stage::directory:
        list(at);
        break;
      case Stage::gathering:
        add();
        break;
      case Stage::opening:
        cross(at, 'O');
        break;
      case Stage::trading:
        trade_on();
        break;
      case Stage::closing:
        cross(at, 'C');
        break;
      case Stage::over:
        return;
    }
  }
  if (++done_ < steps_) return;
  if (stage_ == Stage::closing) {
    now_ns_ = 20 * hour_ns;
    system_event('E');
    system_event('C');
  }
  enter(static_cast<Stage>(static_cast<std::uint8_t>(stage_) + 1));
}

void ItchGenerator::trade_on() {
  // What has gathered was all added: so many fewer adds are due now, and more of all else.
  const std::uint64_t gathered = gathering_messages(options_);
  const std::uint64_t all = steps_ + gathered;
  std::uint64_t at = below(1000 * steps_);
  const auto is_next = [&at](std::uint64_t due) {
    const bool is_it = at < due;
    at -= is_it ? 0 : due;
    return is_it;
  };
  if (is_next(adds * all - 1000 * gathered)) return add();
  if (is_next(removes * all)) return remove();
  if (is_next(executes * all)) return execute();
  if (is_next(replaces * all)) return replace();
  if (is_next(cancels * all)) return cancel();
  const std::uint64_t other = below(20);
  if (other < 18) return print();
  if (other < 19) return indicate(pick(), 'O');
  return below(4) == 0 ? halt_or_resume() : break_trade();
}

void ItchGenerator::system_event(char code) { put(itch::SystemEvent{header(0), code}); }

void ItchGenerator::list(std::uint32_t at) {
  const auto locate = static_cast<std::uint16_t>(at + 1);
  itch::StockDirectory listing{};
  listing.header = header(locate);
  listing.stock = name_of(at);
  listing.market_category = 'Q';
  listing.financial_status_indicator = 'N';
  listing.round_lot_size = 100;
  listing.round_lots_only = 'N';
  listing.issue_classification = 'C';
  listing.issue_sub_type = {{'Z', ' '}};
  listing.authenticity = 'P';
  listing.short_sale_threshold_indicator = 'N';
  listing.ipo_flag = 'N';
  listing.luld_reference_price_tier = '1';
  listing.etp_flag = 'N';
  listing.inverse_indicator = 'N';
  put(listing);
  itch::StockTradingAction state{};
  state.header = header(locate);
  state.stock = name_of(at);
  state.trading_state = 'T';
  state.reserved = ' ';
  state.reason = {{' ', ' ', ' ', ' '}};
  put(state);
  put(itch::RegShoRestriction{header(locate), name_of(at), '0'});
}

void ItchGenerator::cross(std::uint32_t at, char type) {
  const auto locate = static_cast<std::uint16_t>(at + 1);
  indicate(locate, type);
  put(itch::CrossTrade{.header = header(locate),
                       .shares = 100 * below(1000),  // 0: an auction without a trade
                       .stock = name_of(at),
                       .cross_price = {symbol(locate).price},
                       .match_number = ++match_,
                       .cross_type = type});
}

void ItchGenerator::indicate(std::uint16_t locate, char type) {
  const std::uint32_t price = symbol(locate).price;
  put(itch::NetOrderImbalanceIndicator{.header = header(locate),
                                       .paired_shares = 100 * below(5000),
                                       .imbalance_shares = 100 * below(500),
                                       .imbalance_direction = "BSN"[below(3)],
                                       .stock = name_of(locate - 1u),
                                       .far_price = {price},
                                       .near_price = {price},
                                       .current_reference_price = {price},
                                       .cross_type = type,
                                       .price_variation_indicator = 'L'});
}

void ItchGenerator::add() {
  const std::uint16_t locate = pick();
  const Side side = below(2) == 0 ? Side::buy : Side::sell;
  const itch::AddOrder order{.header = header(locate),
                             .order_reference_number = ++reference_,
                             .buy_sell_indicator = letter(side),
                             .shares = shares(),
                             .stock = name_of(locate - 1u),
                             .price = {price_of(locate, side)}};
  books_.add(locate, reference_, side, order.shares, order.price.value);
  symbol(locate).orders.push_back(reference_);
  if (below(32) != 0) return put(order);
  put(itch::AddOrderMpid{order.header,
                         order.order_reference_number,
                         order.buy_sell_indicator,
                         order.shares,
                         order.stock,
                         order.price,
                         {{'M', 'K', 'R', 'A'}}});
}

void ItchGenerator::remove() {
  std::uint16_t locate = 0;
  const std::uint64_t reference = pick_order(locate);
  if (reference == 0) return add();
  ItchChange change;
  books_.reduce(locate, reference, ItchBooks::all_shares, change);
  put(itch::OrderDelete{header(locate), reference});
}

// The oldest order at the best price, as a matching engine would.
void ItchGenerator::execute() {
  std::uint16_t locate = 0;
  if (pick_order(locate) == 0) return add();
  const Side side = below(2) == 0 ? Side::buy : Side::sell;
  auto first = books_.first(locate, side);
  if (!first) first = books_.first(locate, opposite(side));
  const auto open = static_cast<std::uint32_t>(first->quantity.value());
  const std::uint32_t taken = below(2) == 0 ? open : static_cast<std::uint32_t>(1 + below(open));
  const std::uint64_t reference = first->order_id.value();
  ItchChange change;
  books_.reduce(locate, reference, taken, change);
  if (below(10) != 0) return put(itch::OrderExecuted{header(locate), reference, taken, ++match_});
  put(itch::OrderExecutedWithPrice{
      header(locate), reference, taken, ++match_, 'Y', {change.price + cent}});
}

void ItchGenerator::cancel() {
  std::uint16_t locate = 0;
  const std::uint64_t reference = pick_order(locate);
  if (reference == 0) return add();
  const auto open = static_cast<std::uint32_t>(books_.find(locate, reference)->quantity.value());
  if (open == 1) return add();
  const auto less = static_cast<std::uint32_t>(1 + below(open - 1));
  ItchChange change;
  books_.reduce(locate, reference, less, change);
  put(itch::OrderCancel{header(locate), reference, less});
}

void ItchGenerator::replace() {
  std::uint16_t locate = 0;
  const std::uint64_t before = pick_order(locate);
  if (before == 0) return add();
  const Side side = books_.find(locate, before)->side;
  const itch::OrderReplace message{.header = header(locate),
                                   .original_order_reference_number = before,
                                   .new_order_reference_number = ++reference_,
                                   .shares = shares(),
                                   .price = {price_of(locate, side)}};
  ItchChange change;
  books_.replace(locate, before, reference_, message.shares, message.price.value, change);
  symbol(locate).orders.push_back(reference_);
  put(message);
}

void ItchGenerator::print() {
  const std::uint16_t locate = pick();
  last_print_ = ++match_;
  last_print_locate_ = locate;
  put(itch::Trade{.header = header(locate),
                  .order_reference_number = 0,
                  .buy_sell_indicator = 'B',
                  .shares = shares(),
                  .stock = name_of(locate - 1u),
                  .price = {symbol(locate).price},
                  .match_number = match_});
}

void ItchGenerator::break_trade() {
  if (last_print_ == 0) return print();
  put(itch::BrokenTrade{header(last_print_locate_), std::exchange(last_print_, 0)});
}

void ItchGenerator::halt_or_resume() {
  const std::uint16_t locate = pick();
  Symbol& halted = symbol(locate);
  halted.is_halted = !halted.is_halted;
  itch::StockTradingAction state{};
  state.header = header(locate);
  state.stock = name_of(locate - 1u);
  state.trading_state = halted.is_halted ? 'H' : 'T';
  state.reserved = ' ';
  state.reason = {{'T', '1', ' ', ' '}};
  put(state);
}

template <class Message>
void ItchGenerator::put(const Message& message) {
  itch::append_framed(message, *to_);
  ++messages_;
}

itch::MessageHeader ItchGenerator::header(std::uint16_t locate) {
  return {.stock_locate = locate, .tracking_number = 0, .timestamp = {now_ns_}};
}

std::uint16_t ItchGenerator::pick() {
  const std::uint64_t at = below(weights_.back());
  return static_cast<std::uint16_t>(1 +
                                    (std::ranges::upper_bound(weights_, at) - weights_.begin()));
}

std::uint64_t ItchGenerator::pick_order(std::uint16_t& locate) {
  for (int tries = 0; tries < 8; ++tries) {
    locate = pick();
    std::vector<std::uint64_t>& orders = symbol(locate).orders;
    while (!orders.empty()) {
      std::uint64_t& picked = orders[below(orders.size())];
      if (books_.find(locate, picked)) return picked;
      picked = orders.back();  // gone since: forget it
      orders.pop_back();
    }
  }
  return 0;
}

// Half of the orders one cent from the middle, a quarter two, and so on; never through the best of
// the other side. The middle wanders.
std::uint32_t ItchGenerator::price_of(std::uint16_t locate, Side side) {
  Symbol& stock = symbol(locate);
  if (below(64) == 0 && stock.price > 200 * cent) stock.price += below(2) == 0 ? cent : 0u - cent;
  const auto away = static_cast<std::uint32_t>(1 + std::countr_zero(random_() | 1u << 31)) * cent;
  const BestPrices best = books_.best(locate);
  if (side == Side::buy) {
    const std::uint32_t price = stock.price - away;
    if (best.ask == no_price) return price;
    return std::min(price, static_cast<std::uint32_t>(best.ask.value()) - cent);
  }
  const std::uint32_t price = stock.price + away;
  if (best.bid == no_price) return price;
  return std::max(price, static_cast<std::uint32_t>(best.bid.value()) + cent);
}

}  // namespace bourse
