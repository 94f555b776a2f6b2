#include "replay/text/time_text.h"

#include <charconv>
#include <chrono>

#include <fmt/format.h>

namespace bourse {

std::string time_text(TimeNs time) {
  using namespace std::chrono;
  const sys_time<nanoseconds> at{nanoseconds(time.value())};
  const auto day = floor<days>(at);
  const year_month_day date(day);
  const hh_mm_ss clock(at - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

std::optional<TimeNs> parse_time(std::string_view text) {
  using namespace std::chrono;
  const char* at = text.data();
  const char* const end = at + text.size();
  const auto number = [&](std::ptrdiff_t digits, unsigned& value) {
    if (end - at < digits) return false;
    const auto [stop, error] = std::from_chars(at, at + digits, value);
    if (error != std::errc{} || stop != at + digits) return false;
    at = stop;
    return true;
  };
  const auto sign = [&](char c) { return at != end && *at == c && (++at, true); };

  std::int64_t plain = 0;
  const auto [stop, error] = std::from_chars(at, end, plain);
  if (error == std::errc{} && stop == end && plain >= 0) return TimeNs{plain};

  unsigned y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0;
  if (!number(4, y) || !sign('-') || !number(2, mo) || !sign('-') || !number(2, d)) {
    return std::nullopt;
  }
  const year_month_day date{year(static_cast<int>(y)), month(mo), day(d)};
  if (!date.ok() || y < 1970 || y > 2261) return std::nullopt;
  std::int64_t ns = 0;
  if (at != end) {
    if (!sign('T') || !number(2, h) || !sign(':') || !number(2, mi)) return std::nullopt;
    if (sign(':') && !number(2, s)) return std::nullopt;
    if (sign('.')) {
      std::int64_t unit = 100'000'000;
      for (; at != end && *at >= '0' && *at <= '9'; ++at, unit /= 10) ns += (*at - '0') * unit;
    }
    if (!sign('Z') || at != end || h > 23 || mi > 59 || s > 59) return std::nullopt;
  }
  const auto since = sys_days(date).time_since_epoch() + hours(h) + minutes(mi) + seconds(s);
  return TimeNs{duration_cast<nanoseconds>(since).count() + ns};
}

}  // namespace bourse
