#include "app/terminal/tick_text.h"

#include <fmt/format.h>

#include <iterator>

#include "app/terminal/book_screen.h"  // price_text, size_text, time_text

namespace bourse {
namespace {

std::string price(std::int64_t value, const TickStyle& style) {
  return price_text(value, style.price_decimals);
}
std::string size(std::uint64_t value, const TickStyle& style) {
  return size_text(value, style.quantity_decimals);
}

std::string_view action_name(std::uint8_t action) {
  switch (action) {
    case 'A':
      return "add";
    case 'M':
      return "modify";
    case 'C':
      return "cancel";
    case 'E':
      return "execute";
    case 'T':
      return "trade";
    case 'R':
      return "clear";
    default:
      return "none";
  }
}

std::string_view side_name(std::uint8_t side) {
  return side == 'B' ? "bid" : side == 'A' ? "ask" : "-";
}

// The aggressor's side, or what else the trade is.
std::string_view trade_name(const wire::Trade& trade) {
  if (trade.kind == 'V') return "void";
  if (trade.side == 'N') return "auct";
  return trade.side == 'B' ? "buy" : "sell";
}

std::string_view status_name(std::uint16_t action) {
  constexpr std::string_view names[] = {"none",
                                        "pre_open",
                                        "pre_cross",
                                        "quoting",
                                        "cross",
                                        "rotation",
                                        "new_price_indication",
                                        "trading",
                                        "halt",
                                        "pause",
                                        "suspend",
                                        "pre_close",
                                        "close",
                                        "post_close",
                                        "ssr_change",
                                        "not_available"};
  return action < std::size(names) ? names[action] : "unknown";
}

std::string_view auction_name(std::uint8_t type) {
  return type == 'O' ? "opening" : type == 'C' ? "closing" : "volatility";
}

}  // namespace

std::string tick_line(const Tick& tick, const TickStyle& style) {
  if (tick.mbo != nullptr) {
    const wire::MboEvent& e = *tick.mbo;
    return fmt::format("{} {:>10} mbo   {} {:<7} {} {:>12} @ {:<12} order {}",
                       time_text(e.ts_event), e.seq, style.symbol, action_name(e.action),
                       side_name(e.side), size(e.size, style), price(e.price, style), e.order_id);
  }
  if (tick.trade != nullptr) {
    const wire::Trade& e = *tick.trade;
    return fmt::format("{} {:>10} trade {} {:<4} {:>12} @ {:<12} match {} maker {} taker {}",
                       time_text(e.ts_event), e.seq, style.symbol, trade_name(e),
                       size(e.size, style), price(e.price, style), e.match_id, e.maker_order_id,
                       e.taker_order_id);
  }
  if (tick.status != nullptr) {
    const wire::Status& e = *tick.status;
    return fmt::format("{} {:>10} status {} {}", time_text(e.ts_event), e.seq, style.symbol,
                       status_name(e.action));
  }
  if (tick.imbalance != nullptr) {
    const wire::Imbalance& e = *tick.imbalance;
    return fmt::format("{} {:>10} imbal {} {} {:>12} @ {:<12} left {} {}", time_text(e.ts_event),
                       e.seq, style.symbol, auction_name(e.auction_type), size(e.paired_qty, style),
                       price(e.clear_price, style), side_name(e.side),
                       size(e.imbalance_qty, style));
  }
  const wire::Bbo& e = *tick.bbo;
  return fmt::format("{} {:>10} bbo   {} {:>12} {:>12} | {:<12} {:<12}", time_text(e.ts_event),
                     e.seq, style.symbol, size(e.bid_sz, style), price(e.bid_px, style),
                     price(e.ask_px, style), size(e.ask_sz, style));
}

std::string tick_json(const Tick& tick, const TickStyle& style) {
  const auto head = [&](std::string_view channel, std::uint64_t seq, std::uint64_t time,
                        std::uint64_t rpt) {
    return fmt::format(
        R"({{"channel":"{}","symbol":"{}","seq":"{}","ts_event":"{}","rpt_seq":"{}")", channel,
        style.symbol, seq, time, rpt);
  };
  if (tick.mbo != nullptr) {
    const wire::MboEvent& e = *tick.mbo;
    return fmt::format(
        R"({},"action":"{}","side":"{}","order_id":"{}","price":"{}","size":"{}","flags":{}}})",
        head("mbo", e.seq, e.ts_event, e.rpt_seq), static_cast<char>(e.action),
        static_cast<char>(e.side), e.order_id, price(e.price, style), size(e.size, style), e.flags);
  }
  if (tick.trade != nullptr) {
    const wire::Trade& e = *tick.trade;
    return fmt::format(R"({},"kind":"{}","side":"{}","price":"{}","size":"{}","match_id":"{}",)"
                       R"("maker_order_id":"{}","taker_order_id":"{}"}})",
                       head("trade", e.seq, e.ts_event, e.rpt_seq), static_cast<char>(e.kind),
                       static_cast<char>(e.side), price(e.price, style), size(e.size, style),
                       e.match_id, e.maker_order_id, e.taker_order_id);
  }
  if (tick.status != nullptr) {
    const wire::Status& e = *tick.status;
    return fmt::format(R"({},"action":{},"status":"{}","is_trading":"{}","reason":{}}})",
                       head("status", e.seq, e.ts_event, e.rpt_seq), e.action,
                       status_name(e.action), static_cast<char>(e.is_trading), e.reason);
  }
  if (tick.imbalance != nullptr) {
    const wire::Imbalance& e = *tick.imbalance;
    return fmt::format(
        R"({{"channel":"imbalance","symbol":"{}","seq":"{}","ts_event":"{}","auction_type":"{}",)"
        R"("clear_price":"{}","paired_qty":"{}","side":"{}","imbalance_qty":"{}"}})",
        style.symbol, e.seq, e.ts_event, static_cast<char>(e.auction_type),
        price(e.clear_price, style), size(e.paired_qty, style), static_cast<char>(e.side),
        size(e.imbalance_qty, style));
  }
  const wire::Bbo& e = *tick.bbo;
  return fmt::format(
      R"({},"bid_px":"{}","bid_sz":"{}","bid_ct":{},"ask_px":"{}","ask_sz":"{}","ask_ct":{}}})",
      head("bbo", e.seq, e.ts_event, e.rpt_seq), price(e.bid_px, style), size(e.bid_sz, style),
      e.bid_ct, price(e.ask_px, style), size(e.ask_sz, style), e.ask_ct);
}

}  // namespace bourse
