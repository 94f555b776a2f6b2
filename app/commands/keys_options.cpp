#include "app/commands/keys_options.h"

#include <CLI/CLI.hpp>

#include "app/commands/keys_command.h"  // keys_new_command, ...

namespace bourse {
namespace {

void add_api_keys(CLI::App* keys, KeysArguments& a, std::function<int()>& run) {
  CLI::App* const fresh = keys->add_subcommand("new", "make an API key");
  fresh->add_option("ID", a.id, "its name, for ever")->required();
  fresh->add_option("--account", a.account, "whose orders and reports")->required();
  fresh->add_option("--scopes", a.scopes, "of read, trade, admin, dropcopy; default: read trade");
  fresh->add_option("--accounts", a.accounts, "dropcopy: whose reports besides; * for all");
  fresh->add_option("--algorithm", a.algorithm, "ed25519 (default) or hmac-sha256");
  fresh->add_option("--file", a.file, "the keys file; default: keys.toml");
  fresh->callback([&run, &a] { run = [&a] { return keys_new_command(a); }; });

  CLI::App* const list = keys->add_subcommand("list", "the keys of a file, without their secrets");
  list->add_option("--file", a.file, "the keys file; default: keys.toml");
  list->add_option("--format", a.format, "table or json");
  list->callback([&run, &a] { run = [&a] { return keys_list_command(a); }; });

  for (const bool enabled : {false, true}) {
    CLI::App* const verb = keys->add_subcommand(enabled ? "enable" : "disable",
                                                enabled ? "let a key in again" : "lock a key out");
    verb->add_option("ID", a.id, "its name")->required();
    verb->add_option("--file", a.file, "the keys file; default: keys.toml");
    verb->callback(
        [&run, &a, enabled] { run = [&a, enabled] { return keys_enable_command(a, enabled); }; });
  }
}

void add_certificates(CLI::App* keys, KeysArguments& a, std::function<int()>& run) {
  const auto common = [&a](CLI::App* verb) {
    verb->add_option("--dir", a.directory, "where they are kept; default: certificates");
    verb->add_option("--days", a.days, "how long it is good");
  };
  CLI::App* const authority = keys->add_subcommand("ca", "make a certificate authority");
  authority->add_option("--name", a.name, "its name");
  common(authority);
  authority->callback([&run, &a] { run = [&a] { return keys_ca_command(a); }; });

  CLI::App* const server = keys->add_subcommand("server", "make a certificate for the exchange");
  server->add_option("--host", a.hosts, "a name or address that clients dial; may be repeated")
      ->allow_extra_args(false);
  common(server);
  server->callback([&run, &a] { run = [&a] { return keys_server_command(a); }; });

  CLI::App* const client = keys->add_subcommand("client", "make a certificate for a client");
  client->add_option("NAME", a.name, "who it is")->required();
  common(client);
  client->callback([&run, &a] { run = [&a] { return keys_client_command(a); }; });
}

}  // namespace

void add_keys(CLI::App& app, std::function<int()>& run) {
  static KeysArguments arguments;
  CLI::App* const keys = app.add_subcommand("keys", "make API keys and certificates");
  keys->require_subcommand(1);
  add_api_keys(keys, arguments, run);
  add_certificates(keys, arguments, run);
}

}  // namespace bourse
