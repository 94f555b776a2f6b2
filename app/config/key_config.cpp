#include "app/config/key_config.h"

#include <fmt/format.h>

#include <fstream>
#include <string>

namespace bourse {

Config with_secrets_of(const Config& running, const Config& fresh) {
  Config next = running;
  next.keys = fresh.keys;
  next.feed.certificate_file = fresh.feed.certificate_file;
  next.feed.private_key_file = fresh.feed.private_key_file;
  next.feed.client_ca_file = fresh.feed.client_ca_file;
  return next;
}

Result<Keys> keys_of(const Config& config, bool demo) {
  Keys keys;
  for (const KeyConfig& from : config.keys) {
    const std::string where = fmt::format("keys.{}", from.id);
    ApiKey key;
    key.id = from.id;
    key.account = AccountId{from.account};
    key.algorithm = parse_algorithm(from.algorithm);
    if (key.algorithm == KeyAlgorithm::none)
      return fail(ExitCode::bad_config, fmt::format("unknown algorithm \"{}\"", from.algorithm),
                  where, "ed25519 or hmac-sha256");
    if (from.account == 0 || from.account > config.engine.limits.accounts_max)
      return fail(ExitCode::bad_config,
                  fmt::format("account {} is not in 1 to engine.accounts_max ({})", from.account,
                              config.engine.limits.accounts_max),
                  where);
    const auto scopes = parse_scopes(from.scopes);
    if (!scopes)
      return fail(ExitCode::bad_config, fmt::format("scopes \"{}\": unknown", from.scopes), where,
                  "one or more of read, trade, admin, dropcopy with spaces between: scopes = "
                  "\"read trade\"");
    key.scopes = *scopes;
    key.enabled = from.enabled;
    if (!parse_accounts(from.accounts, key))
      return fail(ExitCode::bad_config, fmt::format("accounts \"{}\": not accounts", from.accounts),
                  where, "numbers with spaces between, or * for all: accounts = \"1 7 12\"");
    if (key.algorithm == KeyAlgorithm::ed25519) {
      const auto bytes = decode_base64(from.public_key);
      if (!bytes)
        return fail(ExitCode::bad_config, "public_key is no base64", where,
                    "the 32 bytes of the Ed25519 public key, in base64");
      key.material = *bytes;
    } else {
      std::ifstream file(from.secret_file);
      if (!std::getline(file, key.material))
        return fail(ExitCode::file_missing, fmt::format("cannot read \"{}\"", from.secret_file),
                    where, "secret_file names a file whose first line is the secret");
    }
    if (auto added = keys.add(std::move(key)); !added) return std::unexpected(added.error());
  }
  if (demo)
    if (auto added = keys.add(demo_key()); !added) return std::unexpected(added.error());
  return keys;
}

}  // namespace bourse
