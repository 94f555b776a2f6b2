#include "app/terminal/book_screen.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "replay/text/decimal.h"  // format_decimal, price_decimals

namespace bourse {
namespace {

constexpr int cell_columns = 13;
constexpr int trades_columns = 34;

std::string book_row(const DepthLevel* bid, const DepthLevel* ask, const MarketFollower& market,
                     bool color) {
  const int decimals = market.quantity_decimals();
  const auto size = [&](const DepthLevel* level) {
    return level ? size_text(level->quantity.value(), decimals) : std::string();
  };
  const auto price = [&](const DepthLevel* level) {
    return level ? price_text(level->price.value(), market.price_decimals_shown()) : std::string();
  };
  const std::string bid_price = fmt::format("{:>{}}", price(bid), cell_columns);
  const std::string ask_price = fmt::format("{:<{}}", price(ask), cell_columns);
  return fmt::format("{:>{}} {} │ {} {:<{}}", size(bid), cell_columns,
                     color ? fmt::format("\x1b[34m{}\x1b[0m", bid_price) : bid_price,
                     color ? fmt::format("\x1b[33m{}\x1b[0m", ask_price) : ask_price, size(ask),
                     cell_columns);
}

std::string trade_row(const wire::Trade& trade, const MarketFollower& market) {
  const std::string time = time_text(trade.ts_event);
  return fmt::format("{} {} {:>9} {}", time.substr(11, 12), trade.side == 'B' ? "buy " : "sell",
                     size_text(trade.size, market.quantity_decimals()),
                     price_text(trade.price, market.price_decimals_shown()));
}

}  // namespace

std::string price_text(std::int64_t price_e9, int decimals) {
  if (price_e9 == wire::price_none) return "-";
  std::string text = format_decimal(price_e9, price_decimals);
  if (decimals > 0 && text.find('.') == std::string::npos) text += '.';
  const std::size_t point = text.find('.');
  if (point != std::string::npos)
    while (text.size() - point - 1 < static_cast<std::size_t>(decimals)) text += '0';
  return text;
}

std::string size_text(std::uint64_t size, int decimals) {
  return format_decimal(static_cast<std::int64_t>(size), decimals);
}

std::string time_text(std::uint64_t time_ns) {
  const auto seconds = static_cast<std::time_t>(time_ns / 1'000'000'000);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:09}Z", fmt::gmtime(seconds), time_ns % 1'000'000'000);
}

std::string book_screen(const MarketFollower& market, std::string_view status, ScreenSize size,
                        bool color) {
  constexpr std::size_t levels_max = 100;
  std::array<DepthLevel, levels_max> bids;
  std::array<DepthLevel, levels_max> asks;
  const std::size_t bid_count = market.book().levels(Side::buy, bids);
  const std::size_t ask_count = market.book().levels(Side::sell, asks);
  const bool with_trades = size.columns >= 4 * cell_columns + 8 + trades_columns;
  const auto rows = static_cast<std::size_t>(std::max(size.rows - 4, 1));

  std::string out =
      fmt::format("{}  seq {}  {}  {}\n", market.symbol(), market.last_sequence(),
                  market.last_time_ns() == 0 ? "-" : time_text(market.last_time_ns()), status);
  out += fmt::format("{:>{}} {:>{}} │ {:<{}} {:<{}}{}\n", "size", cell_columns, "bid", cell_columns,
                     "ask", cell_columns, "size", cell_columns,
                     with_trades ? "   trades (aggressor)" : "");
  for (std::size_t row = 0; row < rows; ++row) {
    const DepthLevel* bid = row < bid_count && row < levels_max ? &bids[row] : nullptr;
    const DepthLevel* ask = row < ask_count && row < levels_max ? &asks[row] : nullptr;
    const bool has_trade = with_trades && row < market.trades().size();
    if (bid == nullptr && ask == nullptr && !has_trade) break;
    out += book_row(bid, ask, market, color);
    if (has_trade) out += "   " + trade_row(market.trades()[row], market);
    out += '\n';
  }
  out += "q or Ctrl-C ends\n";
  return out;
}

}  // namespace bourse
