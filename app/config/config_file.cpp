#include "app/config/config_file.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/config/settings.h"  // set_setting, setting_keys, nearest

namespace bourse {
namespace {

std::string place(const std::filesystem::path& file, const toml::node& node) {
  return fmt::format("{}:{}", file.string(), node.source().begin.line);
}

// The text of a scalar as a setting takes it, of an array of texts with spaces between; empty
// optional for tables, other arrays, dates and floats.
std::optional<std::string> scalar_text(const toml::node& node) {
  if (const auto* s = node.as_string()) return s->get();
  if (const auto* i = node.as_integer()) return std::to_string(i->get());
  if (const auto* b = node.as_boolean()) return std::string(b->get() ? "true" : "false");
  if (const auto* a = node.as_array()) {
    std::string words;
    for (const auto& element : *a) {
      const auto* word = element.as_string();
      if (word == nullptr) return std::nullopt;
      words += (words.empty() ? "" : " ") + word->get();
    }
    return words;
  }
  return std::nullopt;
}

std::unexpected<Error> unknown_key(std::string key, std::string where,
                                   const std::vector<std::string>& known) {
  const std::string near = nearest(key, known);
  return fail(ExitCode::bad_config, fmt::format("unknown key {}", key), std::move(where),
              near.empty() ? "bourse config show lists all settings"
                           : fmt::format("did you mean {}?", near));
}

// One entry of [[symbols]] or [[keys]]: every key must be known, every value a scalar.
template <class Fields>
Result<void> read_entry(const toml::table& table, const std::filesystem::path& file,
                        const std::string& array, const Fields& fields) {
  std::vector<std::string> known;
  for (const auto& field : fields) known.emplace_back(field.first);
  for (const auto& [key, node] : table) {
    const std::string name(key.str());
    const auto field =
        std::find_if(fields.begin(), fields.end(), [&](const auto& f) { return f.first == name; });
    if (field == fields.end()) return unknown_key(name, place(file, node), known);
    const auto text = scalar_text(node);
    if (!text)
      return fail(ExitCode::bad_config,
                  fmt::format("{}.{} must be text or a whole number", array, name),
                  place(file, node), "write prices and sizes in quotes: tick_size = \"0.01\"");
    if (!field->second(*text))
      return fail(ExitCode::bad_config,
                  fmt::format("{}.{}: \"{}\" does not fit", array, name, *text), place(file, node));
  }
  return {};
}

using Field = std::pair<std::string, std::function<bool(const std::string&)>>;

Field text_field(std::string name, std::string& to) {
  return {std::move(name), [&to](const std::string& text) {
            to = text;
            return true;
          }};
}

template <class Int>
Field integer_field(std::string name, std::optional<Int>& to) {
  return {std::move(name), [&to](const std::string& text) {
            const char* const last = text.data() + text.size();
            const auto [end, error] = std::from_chars(text.data(), last, to.emplace());
            return error == std::errc{} && end == last;
          }};
}

template <class Int>
Field integer_field(std::string name, Int& to) {
  return {std::move(name), [&to](const std::string& text) {
            const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), to);
            return error == std::errc{} && end == text.data() + text.size();
          }};
}

Result<void> read_symbol(const toml::table& table, const std::filesystem::path& file,
                         Config& config) {
  SymbolConfig symbol;
  symbol.line = static_cast<int>(table.source().begin.line);
  const std::vector<Field> fields{text_field("symbol", symbol.symbol),
                                  text_field("base", symbol.base),
                                  text_field("quote", symbol.quote),
                                  text_field("tick_size", symbol.tick_size),
                                  text_field("lot_size", symbol.lot_size),
                                  text_field("quantity_min", symbol.quantity_min),
                                  text_field("quantity_max", symbol.quantity_max),
                                  text_field("price_min", symbol.price_min),
                                  text_field("price_max", symbol.price_max),
                                  integer_field("quantity_exponent", symbol.quantity_exponent),
                                  text_field("reference_price", symbol.reference_price),
                                  text_field("static_band", symbol.static_band),
                                  text_field("dynamic_band", symbol.dynamic_band),
                                  text_field("market_protection", symbol.market_protection),
                                  integer_field("volatility_ms", symbol.volatility_ms),
                                  integer_field("indicative_ms", symbol.indicative_ms),
                                  integer_field("channel", symbol.channel)};
  if (auto read = read_entry(table, file, "symbols", fields); !read) return read;
  config.symbols.push_back(std::move(symbol));
  return {};
}

Result<void> read_key(const toml::table& table, const std::filesystem::path& file, Config& config) {
  KeyConfig key;
  key.line = static_cast<int>(table.source().begin.line);
  const std::vector<Field> fields{text_field("id", key.id),
                                  integer_field("account", key.account),
                                  text_field("algorithm", key.algorithm),
                                  text_field("public_key", key.public_key),
                                  text_field("secret_file", key.secret_file),
                                  text_field("scopes", key.scopes),
                                  text_field("accounts", key.accounts),
                                  {"enabled", [&key](const std::string& text) {
                                     key.enabled = text == "true";
                                     return key.enabled || text == "false";
                                   }}};
  if (auto read = read_entry(table, file, "keys", fields); !read) return read;
  config.keys.push_back(std::move(key));
  return {};
}

Result<void> read_array(const toml::node& node, const std::string& name,
                        const std::filesystem::path& file, Config& config) {
  const auto* array = node.as_array();
  if (!array)
    return fail(ExitCode::bad_config, fmt::format("{} must be an array of tables", name),
                place(file, node), fmt::format("write [[{}]] before each entry", name));
  for (const auto& element : *array) {
    const auto* table = element.as_table();
    if (!table)
      return fail(ExitCode::bad_config, fmt::format("{} must hold tables", name),
                  place(file, element), fmt::format("write [[{}]] before each entry", name));
    auto read =
        name == "symbols" ? read_symbol(*table, file, config) : read_key(*table, file, config);
    if (!read) return read;
  }
  return {};
}

Result<void> read_section(const toml::table& table, const std::string& prefix,
                          const std::filesystem::path& file, Config& config) {
  for (const auto& [key, node] : table) {
    const std::string name =
        prefix.empty() ? std::string(key.str()) : prefix + "." + std::string(key.str());
    if (prefix.empty() && (name == "symbols" || name == "keys")) {
      if (auto read = read_array(node, name, file, config); !read) return read;
    } else if (const auto* section = node.as_table()) {
      const auto keys = setting_keys();
      const bool known = std::any_of(keys.begin(), keys.end(), [&](const std::string& k) {
        return k.starts_with(name + ".");
      });
      if (!known)
        return unknown_key(
            name, place(file, node),
            {"journal", "engine", "feed", "stream", "demo", "log", "symbols", "keys"});
      if (auto read = read_section(*section, name, file, config); !read) return read;
    } else if (const auto text = scalar_text(node)) {
      if (auto set = set_setting(config, name, *text, place(file, node)); !set) return set;
    } else {
      return fail(ExitCode::bad_config,
                  fmt::format("{} must be text, a whole number or a truth value", name),
                  place(file, node));
    }
  }
  return {};
}

template <class Read>
Result<void> parsed(const std::filesystem::path& file, const Read& read) {
  std::error_code status;
  if (!std::filesystem::is_regular_file(file, status))
    return fail(ExitCode::file_missing, "no such configuration file", file.string(),
                "give --config FILE, or leave it out to run on the defaults");
  try {
    return read(toml::parse_file(file.string()));
  } catch (const toml::parse_error& error) {
    return fail(ExitCode::bad_config, std::string(error.description()),
                fmt::format("{}:{}", file.string(), error.source().begin.line),
                fmt::format("check with: bourse config check {}", file.string()));
  }
}

}  // namespace

Result<void> read_keys_file(Config& config, const std::filesystem::path& file) {
  return parsed(file, [&](const toml::table& table) -> Result<void> {
    for (const auto& [key, node] : table) {
      if (key.str() != "keys")
        return unknown_key(std::string(key.str()), place(file, node), {"keys"});
      if (auto read = read_array(node, "keys", file, config); !read) return read;
    }
    return {};
  });
}

Result<void> load_keys_file(Config& config, const std::filesystem::path& file) {
  const std::size_t before = config.keys.size();
  if (auto read = read_keys_file(config, file); !read) return read;
  for (std::size_t i = before; i < config.keys.size(); ++i) {
    std::string& secret = config.keys[i].secret_file;
    if (!secret.empty() && std::filesystem::path(secret).is_relative())
      secret = (file.parent_path() / secret).string();
  }
  return {};
}

Result<void> load_config_file(Config& config, const std::filesystem::path& file) {
  return parsed(file,
                [&](const toml::table& table) { return read_section(table, "", file, config); });
}

}  // namespace bourse
