#include "replay/import/capture_books.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

namespace bourse {
namespace {

constexpr std::size_t early_max = 10'000;   // updates that wait for a snapshot
constexpr std::size_t quotes_max = 65'536;  // quotes that wait for their update
constexpr std::size_t checksum_levels = 10;

std::size_t side_index(Side side) { return side == Side::buy ? 0 : 1; }

std::int64_t power_of_ten(int exponent) {
  std::int64_t power = 1;
  for (; exponent > 0; --exponent) power *= 10;
  return power;
}

}  // namespace

void CaptureBooks::define(const std::string& name, SymbolId symbol) {
  Book& book = books_[name];
  book.symbol = symbol;
  book.price_step = market_.instrument(symbol).tick_size_e9;
  book.size_step = market_.instrument(symbol).lot_size;
  only_ = books_.size() == 1 ? name : std::string();
}

CaptureBooks::Book* CaptureBooks::book_of(const std::string& name) {
  const auto found = books_.find(name.empty() ? only_ : name);
  return found == books_.end() ? nullptr : &found->second;
}

Result<void> CaptureBooks::take(const CapturedLine& line, const std::string& where) {
  if (line.sequence) {
    const auto [last, is_first] = sequences_.try_emplace(line.connection, *line.sequence);
    lines_.note(is_first || *line.sequence == last->second + 1, where);
    last->second = *line.sequence;
  }
  for (std::size_t i = 0; i < line.count; ++i) {
    if (auto taken = take(line.messages[i], where); !taken) return taken;
  }
  return {};
}

Result<void> CaptureBooks::take(const CapturedMessage& message, const std::string& where) {
  Book* const book = book_of(message.symbol);
  if (book == nullptr) return {};  // not wanted
  beyond_ += message.beyond;
  switch (message.kind) {
    case CapturedMessage::Kind::snapshot:
      return take_snapshot(*book, message, where);
    case CapturedMessage::Kind::update:
      return take_update(*book, message, where);
    case CapturedMessage::Kind::trades:
      return take_trades(*book, message);
    case CapturedMessage::Kind::quote:
      take_quote(*book, message);
      break;
  }
  return {};
}

Result<void> CaptureBooks::take_snapshot(Book& book, const CapturedMessage& message,
                                         const std::string& where) {
  ++snapshots_;
  if (auto begun = market_.begin(book.symbol, message.time); !begun) return begun;
  if (market_.book(book.symbol).order_count() > 0) {
    if (auto cleared = market_.clear(); !cleared) return std::unexpected(cleared.error());
  }
  book.orders[0].clear();
  book.orders[1].clear();
  for (const CapturedLevel& level : message.levels) {
    if (auto set = set_level(book, level); !set) return set;
  }
  if (auto written = market_.commit(); !written) return written;
  book.has_snapshot = true;
  book.has_followed = false;
  book.last_id = message.last_id;
  const std::vector<CapturedMessage> early = std::exchange(book.early, {});
  for (const CapturedMessage& update : early) {
    if (auto taken = take_update(book, update, where); !taken) return taken;
  }
  return {};
}

// Binance's rule: updates up to the snapshot's id are in it; the first one that is not covers the
// next id, and each that follows begins where the one before ended.
bool CaptureBooks::follows(Book& book, const CapturedMessage& message, const std::string& where) {
  if (message.last_id == 0) return true;
  if (message.last_id <= book.last_id) {
    ++older_updates_;
    return false;
  }
  const bool is_next = book.has_followed ? message.first_id == book.last_id + 1
                                         : message.first_id <= book.last_id + 1;
  updates_.note(is_next, where);
  book.has_followed = true;
  book.last_id = message.last_id;
  return true;
}

Result<void> CaptureBooks::take_update(Book& book, const CapturedMessage& message,
                                       const std::string& where) {
  if (!book.has_snapshot) {
    if (book.early.size() < early_max) {
      book.early.push_back(message);
    } else {
      ++no_book_;
    }
    return {};
  }
  if (!follows(book, message, where)) return {};
  if (auto begun = market_.begin(book.symbol, message.time); !begun) return begun;
  for (const CapturedLevel& level : message.levels) {
    ++changes_;
    if (auto set = set_level(book, level); !set) return set;
  }
  if (message.depth > 0) {
    if (auto kept = keep_depth(book, message.depth); !kept) return kept;
  }
  if (auto written = market_.commit(); !written) return written;
  if (message.checksum) {
    checksums_.note(*message.checksum == checksum(book, message), where);
  }
  if (message.last_id == 0) return {};
  // The quote of this id is the last one up to it: there is one per change of the best prices.
  const auto later = book.quotes.upper_bound(message.last_id);
  if (later != book.quotes.begin()) book.quote = std::prev(later)->second;
  book.quotes.erase(book.quotes.begin(), later);
  if (book.quote) compare_quote(book, *book.quote, where);
  return {};
}

Result<void> CaptureBooks::set_level(Book& book, const CapturedLevel& level) {
  auto& orders = book.orders[side_index(level.side)];
  const std::int64_t ticks = level.price / book.price_step;
  const QuantityLots lots{level.size / book.size_step};
  const auto found = orders.find(ticks);
  Result<DepthError> done = DepthError::none;
  if (found == orders.end()) {
    if (!lots) {
      ++unknown_levels_;
      return {};
    }
    const OrderId order{next_order_++};
    orders.emplace(ticks, order);
    done = market_.add(order, level.side, PriceTicks{ticks}, lots);
  } else if (!lots) {
    const auto known = market_.book(book.symbol).find(found->second);
    done = market_.cancel(found->second, known->quantity, CancelReason::requested);
    orders.erase(found);
  } else if (market_.book(book.symbol).find(found->second)->quantity != lots) {
    done = market_.modify(found->second, PriceTicks{ticks}, lots);
  }
  if (!done) return std::unexpected(done.error());
  return {};
}

// Who subscribes to so many levels forgets what falls out behind them: the venue does not tell.
Result<void> CaptureBooks::keep_depth(Book& book, std::size_t depth) {
  for (const Side side : {Side::buy, Side::sell}) {
    const std::size_t count = market_.book(book.symbol).level_count(side);
    if (count <= depth) continue;
    std::vector<DepthLevel> levels(count);
    market_.book(book.symbol).levels(side, levels);
    for (std::size_t i = depth; i < count; ++i) {
      auto& orders = book.orders[side_index(side)];
      const auto found = orders.find(levels[i].price.value());
      const auto done = market_.cancel(found->second, levels[i].quantity, CancelReason::reduced);
      if (!done) return std::unexpected(done.error());
      orders.erase(found);
    }
  }
  return {};
}

Result<void> CaptureBooks::take_trades(Book& book, const CapturedMessage& message) {
  if (auto begun = market_.begin(book.symbol, message.time); !begun) return begun;
  for (const CapturedTrade& trade : message.trades) {
    ++trades_;
    const auto done = market_.trade(trade.aggressor, PriceTicks{trade.price / book.price_step},
                                    QuantityLots{trade.size / book.size_step},
                                    trade.id != 0 ? trade.id : next_match_++);
    if (!done) return std::unexpected(done.error());
  }
  return market_.commit();
}

void CaptureBooks::take_quote(Book& book, const CapturedMessage& message) {
  if (book.has_snapshot && message.last_id <= book.last_id) return;  // too late
  if (book.quotes.size() >= quotes_max) book.quotes.erase(book.quotes.begin());
  book.quotes.insert_or_assign(message.last_id, message);
}

void CaptureBooks::compare_quote(const Book& book, const CapturedMessage& quote,
                                 const std::string& where) {
  const BestPrices best = market_.book(book.symbol).best();
  const auto is = [&](PriceTicks price, QuantityLots size, const CapturedLevel& level) {
    return price != no_price && price.value() * book.price_step == level.price &&
           size.value() * book.size_step == level.size;
  };
  quotes_.note(is(best.bid, best.bid_quantity, quote.levels.at(0)) &&
                   is(best.ask, best.ask_quantity, quote.levels.at(1)),
               where);
}

// Kraken: the digits of the ten best asks, then bids, price and size each without the point and the
// zeros before it.
std::uint32_t CaptureBooks::checksum(const Book& book, const CapturedMessage& message) const {
  const std::int64_t price_unit = power_of_ten(9 - std::min(message.price_decimals, 9));
  const auto size_unit = static_cast<std::uint64_t>(
      power_of_ten(capture_size_decimals - std::min(message.size_decimals, capture_size_decimals)));
  std::string digits;
  for (const Side side : {Side::sell, Side::buy}) {
    std::array<DepthLevel, checksum_levels> levels;
    const std::size_t count = market_.book(book.symbol).levels(side, levels);
    for (std::size_t i = 0; i < std::min(count, levels.size()); ++i) {
      digits += std::to_string(levels[i].price.value() * book.price_step / price_unit);
      digits += std::to_string(levels[i].quantity.value() * book.size_step / size_unit);
    }
  }
  return static_cast<std::uint32_t>(
      ::crc32(0, reinterpret_cast<const Bytef*>(digits.data()), static_cast<uInt>(digits.size())));
}

void CaptureBooks::report(FeedImportReport& report) const {
  std::uint64_t waiting = no_book_;
  for (const auto& [name, book] : books_) waiting += book.early.size();
  report.counts = {{"snapshots", snapshots_},
                   {"level_changes", changes_},
                   {"trades", trades_},
                   {"unknown_levels", unknown_levels_},
                   {"prices_beyond_a_journal", beyond_},
                   {"updates_before_snapshot", older_updates_},
                   {"updates_without_book", waiting}};
  for (const FeedCheck* check : {&checksums_, &updates_, &quotes_, &lines_}) {
    if (check->all > 0) report.checks.push_back(*check);
  }
}

}  // namespace bourse
