// The options of a bench: `--name value` or `--name=value`, flags, and words that are no option.
//   Shape:  asks for each option by its name, then for words(), then ends with finish(), which
//           prints the usage and leaves when something was asked for that nobody has taken.
//   Owner:  the main thread.
//   Errors: a value that is not a number, an unknown option: the usage on stderr, exit code 2.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bourse {

class Arguments {
 public:
  Arguments(int argc, char** argv, const char* usage) : usage_(usage) {
    for (int i = 1; i < argc; ++i) words_.emplace_back(argv[i]);
    if (flag("--help") || flag("-h")) {
      std::fputs(usage_, stdout);
      std::exit(0);
    }
  }

  bool flag(std::string_view name) {
    for (std::size_t i = 0; i < words_.size(); ++i) {
      if (words_[i] != name) continue;
      words_.erase(words_.begin() + static_cast<std::ptrdiff_t>(i));
      return true;
    }
    return false;
  }
  bool has(std::string_view name) const {
    return std::ranges::any_of(words_, [&](const std::string& word) {
      return word == name || word.starts_with(std::string(name) + "=");
    });
  }
  std::optional<std::string> text(std::string_view name) {
    for (std::size_t i = 0; i < words_.size(); ++i) {
      const std::string word = words_[i];
      const auto at = words_.begin() + static_cast<std::ptrdiff_t>(i);
      if (word.starts_with(std::string(name) + "=")) {
        words_.erase(at);
        return word.substr(name.size() + 1);
      }
      if (word != name) continue;
      if (i + 1 == words_.size()) give_up(word + " needs a value");
      std::string value = words_[i + 1];
      words_.erase(at, at + 2);
      return value;
    }
    return std::nullopt;
  }
  std::uint64_t number(std::string_view name, std::uint64_t otherwise) {
    const std::optional<std::string> value = text(name);
    if (!value) return otherwise;
    std::uint64_t number = 0;
    const char* const end = value->data() + value->size();
    const auto [stop, error] = std::from_chars(value->data(), end, number);
    if (error != std::errc() || stop != end || number == 0) {
      give_up(std::string(name) + " needs a whole number above 0, not " + *value);
    }
    return number;
  }
  // Every value of an option that may be given more than once.
  std::vector<std::string> texts(std::string_view name) {
    std::vector<std::string> values;
    while (std::optional<std::string> value = text(name)) values.push_back(*value);
    return values;
  }
  // Numbers above 0, divided by commas; empty if not given.
  std::vector<double> numbers(std::string_view name) {
    std::vector<double> values;
    const std::string list = text(name).value_or("");
    for (std::size_t at = 0; at < list.size();) {
      const std::size_t comma = std::min(list.find(',', at), list.size());
      double value = 0;
      const auto [stop, error] = std::from_chars(list.data() + at, list.data() + comma, value);
      if (error != std::errc() || stop != list.data() + comma || !(value > 0)) {
        give_up(std::string(name) + " needs numbers above 0, divided by commas, not " + list);
      }
      values.push_back(value);
      at = comma + 1;
    }
    return values;
  }
  // What is no option. After all options were asked for.
  std::vector<std::string> words() {
    std::vector<std::string> out;
    std::erase_if(words_, [&](const std::string& word) {
      if (word.starts_with("-")) return false;
      out.push_back(word);
      return true;
    });
    return out;
  }
  // After all options were asked for.
  void finish() const {
    if (!words_.empty()) give_up("unknown: " + words_.front());
  }
  [[noreturn]] void give_up(const std::string& why) const {
    std::fprintf(stderr, "%s\n%s", why.c_str(), usage_);
    std::exit(2);
  }

 private:
  std::vector<std::string> words_;
  const char* usage_;
};

}  // namespace bourse
