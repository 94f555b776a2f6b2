#include "feed/history/replay_clock.h"

#include <algorithm>
#include <charconv>

namespace bourse {
namespace {

__extension__ using Wide = __int128;

}  // namespace

std::string ReplayPace::text() const {
  if (is_max()) return "max";
  std::string out = std::to_string(thousandths / 1000);
  if (thousandths % 1000 != 0) {
    std::string decimals = std::to_string(1000 + thousandths % 1000).substr(1);
    while (decimals.back() == '0') decimals.pop_back();
    out += '.' + decimals;
  }
  return out;
}

std::optional<ReplayPace> ReplayPace::parse(std::string_view text) {
  if (text == "max") return ReplayPace{.thousandths = 0};
  const std::size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  std::string decimals(point == std::string_view::npos ? "" : text.substr(point + 1));
  if (whole.empty() || whole.size() > 4 || decimals.size() > 3) return std::nullopt;
  if (point != std::string_view::npos && decimals.empty()) return std::nullopt;
  decimals.resize(3, '0');
  const std::string digits = std::string(whole) + decimals;
  std::uint32_t thousandths = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stopped, error] = std::from_chars(digits.data(), end, thousandths);
  if (error != std::errc{} || stopped != end) return std::nullopt;
  if (thousandths < slowest || thousandths > fastest) return std::nullopt;
  return ReplayPace{.thousandths = thousandths};
}

void ReplayClock::run(std::int64_t outside_ns) {
  const std::int64_t passed = outside_ns - outside_ns_;
  outside_ns_ = outside_ns;
  if (passed <= 0 || pace_.is_max()) return;
  const Wide total = Wide{passed} * pace_.thousandths + rest_;
  const Wide market = std::min<Wide>(total / 1000, never - time_.value());
  rest_ = static_cast<std::uint32_t>(total % 1000);
  time_ = TimeNs{time_.value() + static_cast<std::int64_t>(market)};
}

std::int64_t ReplayClock::outside_at(TimeNs time) const {
  if (pace_.is_max() || time <= time_) return outside_ns_;
  const Wide left = (Wide{time.value()} - time_.value()) * 1000 - rest_;
  const Wide outside = (left + pace_.thousandths - 1) / pace_.thousandths;
  return static_cast<std::int64_t>(std::min<Wide>(outside_ns_ + outside, never));
}

}  // namespace bourse
