#include "app/commands/config_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <fstream>

#include "app/config/config_file.h"        // load_config_file, load_keys_file
#include "app/config/instrument_config.h"  // instrument_of, demo_symbols
#include "app/config/key_config.h"         // keys_of
#include "app/config/opening_commands.h"   // rules_of
#include "app/config/settings.h"           // set_setting, apply_environment
#include "app/terminal/complaint.h"        // complain
#include "feed/net/address_range.h"        // AddressRange

namespace bourse {
namespace {

// What only the whole can tell.
Result<void> check_whole(const Config& config, const std::string& file) {
  const auto located = [&](Error error, int line) {
    if (line != 0) error.where = fmt::format("{}:{}", file, line);
    return std::unexpected(std::move(error));
  };
  for (const SymbolConfig& symbol : config.symbols) {
    const auto body = instrument_of(symbol);
    if (!body) return located(body.error(), symbol.line);
    if (const auto rules = rules_of(symbol, *body); !rules)
      return located(rules.error(), symbol.line);
    const auto same = [&](const SymbolConfig& other) { return other.symbol == symbol.symbol; };
    if (std::count_if(config.symbols.begin(), config.symbols.end(), same) > 1)
      return located({ExitCode::bad_config, fmt::format("symbol {} stands twice", symbol.symbol),
                      "", "keep one of the two [[symbols]] entries"},
                     symbol.line);
  }
  if (config.symbols.size() > config.engine.limits.symbols_max)
    return fail(ExitCode::bad_config,
                fmt::format("{} symbols, but engine.symbols_max is {}", config.symbols.size(),
                            config.engine.limits.symbols_max),
                file, "raise engine.symbols_max");
  if (const auto keys = keys_of(config, false); !keys) return std::unexpected(keys.error());
  if (config.journal.durability == Durability::replicated && config.stream.url.empty())
    return fail(ExitCode::bad_config, "journal.durability = \"replicated\" needs stream.url", file,
                "name its nats-servers, or choose \"disk\"");
  for (const std::string& network : config.feed.proxy_trusted)
    if (!AddressRange::parse(network))
      return fail(ExitCode::bad_config,
                  fmt::format("feed.proxy_trusted: \"{}\" is no address and no network", network),
                  file, "write 10.0.0.7, 10.0.0.0/8 or 2001:db8::/32");
  if (config.feed.certificate_file.empty() != config.feed.private_key_file.empty())
    return fail(ExitCode::bad_config,
                "feed.certificate_file and feed.private_key_file belong together", file,
                "give both, or neither for a self-signed certificate");
  return {};
}

}  // namespace

Result<Config> effective_config(const std::string& file, bool demo, const FlagSettings& flags) {
  Config config;
  for (const std::string& key : setting_keys()) config.origins[key] = "default";
  if (!file.empty())
    if (auto loaded = load_config_file(config, file); !loaded)
      return std::unexpected(loaded.error());
  if (auto applied = apply_environment(config); !applied) return std::unexpected(applied.error());
  for (const auto& [key, text] : flags)
    if (auto set = set_setting(config, key, text, "--set " + key); !set)
      return std::unexpected(set.error());
  if (!config.keys_file.empty())
    if (auto loaded = load_keys_file(config, config.keys_file); !loaded)
      return std::unexpected(loaded.error());
  if (demo && config.symbols.empty()) config.symbols = demo_symbols();
  if (auto checked = check_whole(config, file); !checked) return std::unexpected(checked.error());
  return config;
}

int config_check_command(const std::string& file) {
  const auto config = effective_config(file, false, {});
  if (!config) return complain("config", config.error());
  fmt::print("{}: ok, {} symbols, {} keys\n", file, config->symbols.size(), config->keys.size());
  return 0;
}

int config_show_command(const std::string& file, bool origin, const FlagSettings& flags) {
  const auto config = effective_config(file, false, flags);
  if (!config) return complain("config", config.error());
  for (const std::string& key : setting_keys()) {
    const std::string value = setting_text(*config, key);
    if (origin)
      fmt::print("{:<36} {:<16} {}\n", key, value, config->origins.find(key)->second);
    else
      fmt::print("{:<36} {:<16} {}\n", key, value, setting_meaning(key));
  }
  for (const SymbolConfig& symbol : config->symbols)
    fmt::print("symbol {:<29} tick {} lot {}\n", symbol.symbol, symbol.tick_size, symbol.lot_size);
  for (const KeyConfig& key : config->keys)
    fmt::print("key {:<32} account {} {}, {}\n", key.id, key.account, key.algorithm,
               key.enabled ? key.scopes : "disabled");
  return 0;
}

}  // namespace bourse
