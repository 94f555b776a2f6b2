#include "app/config/settings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <concepts>
#include <cstdlib>
#include <limits>
#include <numeric>

#include "feed/log_share.h"  // channels_most

extern char** environ;

namespace bourse {
namespace {

std::string to_text(const std::string& value) { return value; }
std::string to_text(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, " "));
}
std::string to_text(bool value) { return value ? "true" : "false"; }
template <std::integral T>
std::string to_text(T value) {
  return std::to_string(value);
}
std::string to_text(Durability value) {
  switch (value) {
    case Durability::memory:
      return "memory";
    case Durability::disk:
      return "disk";
    case Durability::replicated:
      return "replicated";
  }
  return "disk";
}
std::string to_text(WaitMode value) {
  switch (value) {
    case WaitMode::spin:
      return "spin";
    case WaitMode::yield:
      return "yield";
    case WaitMode::park:
      return "park";
  }
  return "park";
}

// Each from_text returns what the setting takes, when it does not take `text`.
std::string from_text(std::string_view text, std::string& value) {
  value = text;
  return {};
}
// Words with spaces or commas between.
std::string from_text(std::string_view text, std::vector<std::string>& words) {
  words.clear();
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(" ,"), text.size()));
    if (text.empty()) return {};
    const std::size_t end = std::min(text.find_first_of(" ,"), text.size());
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
}
std::string from_text(std::string_view text, bool& value) {
  if (text != "true" && text != "false") return "true or false";
  value = text == "true";
  return {};
}
template <std::integral T>
std::string from_text(std::string_view text, T& value) {
  T parsed{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), parsed);
  if (error != std::errc{} || end != text.data() + text.size())
    return fmt::format("a whole number from {} to {}", std::numeric_limits<T>::min(),
                       std::numeric_limits<T>::max());
  value = parsed;
  return {};
}
std::string from_text(std::string_view text, Durability& value) {
  if (text == "memory")
    value = Durability::memory;
  else if (text == "disk")
    value = Durability::disk;
  else if (text == "replicated")
    value = Durability::replicated;
  else
    return "memory, disk or replicated";
  return {};
}
std::string from_text(std::string_view text, WaitMode& value) {
  if (text == "spin")
    value = WaitMode::spin;
  else if (text == "yield")
    value = WaitMode::yield;
  else if (text == "park")
    value = WaitMode::park;
  else
    return "spin, yield or park";
  return {};
}

// Settings that a type alone does not check.
std::string refused(const Config& c, std::string_view key) {
  const auto power_of_two = [](std::uint64_t v) { return v != 0 && (v & (v - 1)) == 0; };
  if (key == "journal.tail_bytes" && !power_of_two(c.journal.tail_bytes))
    return "a power of two, in bytes";
  if (key == "journal.directory" && c.journal.directory.empty()) return "a directory";
  if (key == "engine.gate_commands_max" && !power_of_two(c.engine.gate_commands_max))
    return "a power of two";
  if (key == "engine.channels" && (c.engine.channels == 0 || c.engine.channels > channels_most))
    return fmt::format("1 to {}", channels_most);
  if (key == "log.level" && c.log.level != "debug" && c.log.level != "info" &&
      c.log.level != "warn" && c.log.level != "error")
    return "debug, info, warn or error";
  if (key == "log.format" && c.log.format != "text" && c.log.format != "json")
    return "text or json";
  if (key == "stream.replicas" && c.stream.replicas != 1 && c.stream.replicas != 3 &&
      c.stream.replicas != 5)
    return "1, 3 or 5";
  if (key == "stream.subject" &&
      (c.stream.subject.empty() || c.stream.subject.find_first_of(" *>") != std::string::npos))
    return "words with dots between";
  if (key == "stream.window" && c.stream.window == 0) return "at least 1";
  if (key == "lease.renew_ms" && c.lease.renew_ms == 0) return "at least 1";
  if (key == "feed.io_threads" && c.io_threads == 0) return "at least 1";
  return {};
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replace = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replace});
    }
  }
  return row[b.size()];
}

std::string environment_name(std::string_view key) {
  std::string name = "BOURSE_";
  for (char c : key)
    name += c == '.' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return name;
}

}  // namespace

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    // Half a word is nearer than any slip of the finger.
    const bool is_start = word.size() >= 3 && candidate.starts_with(word);
    const std::size_t distance = is_start ? 1 : edit_distance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::vector<std::string> setting_keys() {
  std::vector<std::string> keys;
  const Config defaults;
  visit_settings(defaults, [&](std::string_view key, const auto&, std::string_view) {
    keys.emplace_back(key);
  });
  return keys;
}

Result<void> set_setting(Config& config, std::string_view key, std::string_view text,
                         std::string origin) {
  bool found = false;
  std::string takes;
  visit_settings(config, [&](std::string_view candidate, auto& value, std::string_view) {
    if (candidate != key) return;
    found = true;
    takes = from_text(text, value);
  });
  if (!found) {
    const std::string near = nearest(key, setting_keys());
    return fail(ExitCode::bad_config, fmt::format("unknown setting {}", key), std::move(origin),
                near.empty() ? "bourse config show lists all settings"
                             : fmt::format("did you mean {}?", near));
  }
  if (takes.empty()) takes = refused(config, key);
  if (!takes.empty())
    return fail(ExitCode::bad_config, fmt::format("{}: \"{}\" is not {}", key, text, takes),
                std::move(origin));
  config.origins.insert_or_assign(std::string(key), std::move(origin));
  return {};
}

Result<void> apply_environment(Config& config) {
  for (const std::string& key : setting_keys()) {
    const std::string name = environment_name(key);
    if (const char* text = std::getenv(name.c_str())) {
      if (auto set = set_setting(config, key, text, name); !set) return set;
    }
  }
  return {};
}

std::string setting_text(const Config& config, std::string_view key) {
  std::string text;
  visit_settings(config, [&](std::string_view candidate, const auto& value, std::string_view) {
    if (candidate == key) text = to_text(value);
  });
  return text;
}

std::string setting_meaning(std::string_view key) {
  std::string text;
  const Config defaults;
  visit_settings(defaults, [&](std::string_view candidate, const auto&, std::string_view meaning) {
    if (candidate == key) text = meaning;
  });
  return text;
}

}  // namespace bourse
