#include "replay/itch/itch_day.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace bourse {
namespace {

using std::chrono::year_month_day;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

int number(std::string_view digits) {
  int value = 0;
  for (const char c : digits) value = 10 * value + (c - '0');
  return value;
}

std::optional<year_month_day> day(int year, int month, int day_of_month) {
  const year_month_day date{std::chrono::year(year),
                            std::chrono::month(static_cast<unsigned>(month)),
                            std::chrono::day(static_cast<unsigned>(day_of_month))};
  if (!date.ok() || year < 1990 || year > 2199) return std::nullopt;
  return date;
}

std::optional<year_month_day> parse(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  for (const std::size_t i : {0u, 1u, 2u, 3u, 5u, 6u, 8u, 9u}) {
    if (!is_digit(text[i])) return std::nullopt;
  }
  return day(number(text.substr(0, 4)), number(text.substr(5, 2)), number(text.substr(8, 2)));
}

std::string text_of(const year_month_day& date) {
  const auto two = [](unsigned value) {
    return std::string(value < 10 ? "0" : "") + std::to_string(value);
  };
  return std::to_string(static_cast<int>(date.year())) + '-' +
         two(static_cast<unsigned>(date.month())) + '-' + two(static_cast<unsigned>(date.day()));
}

// Runs of digits; single dashes between digits belong to them.
std::vector<std::string_view> digit_runs(std::string_view name) {
  std::vector<std::string_view> runs;
  for (std::size_t at = 0; at < name.size();) {
    std::size_t end = at;
    while (end < name.size() &&
           (is_digit(name[end]) ||
            (name[end] == '-' && end > at && end + 1 < name.size() && is_digit(name[end + 1])))) {
      ++end;
    }
    if (end > at) runs.push_back(name.substr(at, end - at));
    at = end + 1;
  }
  return runs;
}

std::optional<year_month_day> date_in_run(std::string_view run) {
  if (const auto date = parse(run.substr(0, 10))) return date;
  run = run.substr(0, run.find('-'));
  const auto part = [run](std::size_t at, std::size_t size) {
    return number(run.substr(at, size));
  };
  if (run.size() == 8) {
    if (const auto date = day(part(0, 4), part(4, 2), part(6, 2))) return date;
    return day(part(4, 4), part(0, 2), part(2, 2));
  }
  if (run.size() == 6) return day(2000 + part(4, 2), part(0, 2), part(2, 2));
  return std::nullopt;
}

bool is_daylight_saving(const year_month_day& date) {
  using std::chrono::November, std::chrono::March, std::chrono::Sunday, std::chrono::sys_days;
  const sys_days starts = sys_days(date.year() / March / Sunday[2]);
  const sys_days ends = sys_days(date.year() / November / Sunday[1]);
  return sys_days(date) >= starts && sys_days(date) < ends;
}

}  // namespace

Result<TimeNs> new_york_midnight(std::string_view date) {
  const auto parsed = parse(date);
  if (!parsed) {
    return fail(ExitCode::usage, "is no date", std::string(date), "write it as YYYY-MM-DD");
  }
  const auto hours = std::chrono::hours(is_daylight_saving(*parsed) ? 4 : 5);
  const std::chrono::nanoseconds since_epoch =
      std::chrono::sys_days(*parsed).time_since_epoch() + hours;
  return TimeNs{since_epoch.count()};
}

std::string date_in_path(const std::filesystem::path& path) {
  for (const std::filesystem::path& part : {path.filename(), path.parent_path().filename()}) {
    const std::string name = part.string();
    for (const std::string_view run : digit_runs(name)) {
      if (const auto date = date_in_run(run)) return text_of(*date);
    }
  }
  return {};
}

Result<TimeNs> itch_midnight(std::string_view date, const std::filesystem::path& path) {
  const std::string found = date.empty() ? date_in_path(path) : std::string(date);
  if (found.empty()) {
    return fail(ExitCode::usage, "the name of the file tells no date", path.string(),
                "ITCH messages carry the time of day only: add --date YYYY-MM-DD");
  }
  return new_york_midnight(found);
}

}  // namespace bourse
