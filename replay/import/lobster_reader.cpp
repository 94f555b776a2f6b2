#include "replay/import/lobster_reader.h"

#include <charconv>
#include <limits>

#include "replay/text/decimal.h"  // parse_decimal, reason

namespace bourse {
namespace {

constexpr std::int64_t no_ask = 9'999'999'999;
constexpr std::int64_t no_bid = -9'999'999'999;
constexpr std::int64_t price_max = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint64_t day_ns = 86'400'000'000'000;

// Takes the next column off `line`; nothing when there is none.
std::optional<std::string_view> column(std::string_view& line, bool& is_last) {
  if (is_last) return std::nullopt;
  const std::size_t comma = line.find(',');
  is_last = comma == std::string_view::npos;
  const std::string_view text = line.substr(0, comma);
  line.remove_prefix(is_last ? line.size() : comma + 1);
  return text;
}

template <class T>
bool parse(std::string_view text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}

std::string quoted(std::string_view text) {
  constexpr std::size_t shown_max = 40;
  std::string out = "'";
  for (const char c : text.substr(0, shown_max)) out += c >= 0x20 && c < 0x7f ? c : '?';
  return out + (text.size() > shown_max ? "...'" : "'");
}

// What is wrong with the message; empty if nothing.
std::string parse_message(std::string_view line, LobsterMessage& m) {
  bool is_last = false;
  constexpr const char* names[] = {"time", "type", "order id", "size", "price", "direction"};
  std::string_view texts[6];
  for (std::size_t i = 0; i < 6; ++i) {
    const auto text = column(line, is_last);
    if (!text) return "has " + std::to_string(i) + " columns, a message has 6";
    texts[i] = *text;
  }
  const auto bad = [&](std::size_t i) { return quoted(texts[i]) + " is no " + names[i]; };
  const auto time = parse_decimal(texts[0], 9);
  if (!time || *time < 0 || static_cast<std::uint64_t>(*time) >= day_ns) return bad(0);
  m.time_ns = static_cast<std::uint64_t>(*time);
  int type = 0;
  if (!parse(texts[1], type) || type < 1 || type > 7) return bad(1);
  m.type = static_cast<LobsterType>(type);
  const bool is_halt = m.type == LobsterType::halt;
  std::int64_t order = 0;  // -1 where there is none
  if (!parse(texts[2], order) || order < -1) return bad(2);
  m.order = order < 0 ? 0 : static_cast<std::uint64_t>(order);
  if (!parse(texts[3], m.shares) || m.shares > price_max || (m.shares == 0 && !is_halt)) {
    return bad(3);
  }
  if (!parse(texts[4], m.price)) return bad(4);
  if (is_halt ? m.price < -1 || m.price > 1 : m.price < 1 || m.price > price_max) return bad(4);
  int direction = 0;
  if (!parse(texts[5], direction) || (direction != 1 && direction != -1)) return bad(5);
  m.side = direction == 1 ? Side::buy : Side::sell;
  const bool names_order = m.type <= LobsterType::execute;
  if (names_order && (m.order == 0 || m.order >> 62 != 0)) return bad(2);
  return {};
}

// One level of a side, or its padding; what is wrong with it.
std::string add_level(std::string_view price_text, std::string_view shares_text, Side side,
                      std::vector<LobsterLevel>& levels, bool& is_padded) {
  LobsterLevel level{};
  if (!parse(price_text, level.price)) return quoted(price_text) + " is no price";
  if (!parse(shares_text, level.shares)) return quoted(shares_text) + " is no size";
  const bool is_bid = side == Side::buy;
  if (level.price == (is_bid ? no_bid : no_ask)) {
    is_padded = true;
    return level.shares == 0 ? "" : "a level that is not there has size " + quoted(shares_text);
  }
  if (level.price < 1 || level.price > price_max) return quoted(price_text) + " is no price";
  if (level.shares == 0) return "a level has size 0";
  if (is_padded) return "a level behind one that is not there";
  if (!levels.empty() &&
      (is_bid ? level.price >= levels.back().price : level.price <= levels.back().price)) {
    return "price " + quoted(price_text) + " is not behind the level before it";
  }
  levels.push_back(level);
  return {};
}

}  // namespace

bool LobsterLines::next(std::string_view& line) {
  if (at_ >= text_.size()) return false;
  line_at_ = at_;
  const std::size_t end = std::min(text_.find('\n', at_), text_.size());
  line = text_.substr(at_, end - at_);
  if (line.ends_with('\r')) line.remove_suffix(1);
  at_ = end + 1;
  ++number_;
  return true;
}

Error LobsterLines::fault(std::string what) const {
  return {ExitCode::data_damaged, std::move(what),
          name_ + ", line " + std::to_string(number_) + ", byte " + std::to_string(line_at_),
          "the file is damaged here, or is not LOBSTER's"};
}

LobsterMessages::Next LobsterMessages::next(LobsterMessage& message) {
  if (!error_.what.empty()) return Next::failed;
  std::string_view line;
  if (!lines_.next(line)) return Next::end;
  std::string fault = parse_message(line, message);
  if (fault.empty()) return Next::message;
  error_ = lines_.fault(std::move(fault));
  return Next::failed;
}

LobsterRows::Next LobsterRows::next(LobsterRow& row) {
  if (!error_.what.empty()) return Next::failed;
  std::string_view line;
  if (!lines_.next(line)) return Next::end;
  row.bids.clear();
  row.asks.clear();
  const auto failed = [&](std::string fault) {
    error_ = lines_.fault(std::move(fault));
    return Next::failed;
  };
  bool is_last = false;
  bool bids_padded = false;
  bool asks_padded = false;
  std::size_t levels = 0;
  for (; !is_last && levels <= levels_max; ++levels) {
    std::string_view texts[4];
    for (std::size_t i = 0; i < 4; ++i) {
      const auto text = column(line, is_last);
      if (!text) {
        return failed("ends inside a level: " + std::to_string(4 * levels + i) + " columns");
      }
      texts[i] = *text;
    }
    std::string fault = add_level(texts[0], texts[1], Side::sell, row.asks, asks_padded);
    if (fault.empty()) fault = add_level(texts[2], texts[3], Side::buy, row.bids, bids_padded);
    if (!fault.empty()) return failed("level " + std::to_string(levels + 1) + ": " + fault);
  }
  if (levels > levels_max) return failed("has more than 1000 levels");
  if (levels_ != 0 && levels != levels_) {
    return failed("has " + std::to_string(levels) + " levels, the first row has " +
                  std::to_string(levels_));
  }
  levels_ = levels;
  return Next::row;
}

}  // namespace bourse
