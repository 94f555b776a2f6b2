#include "app/commands/keys_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "app/config/config.h"           // KeyConfig
#include "app/config/config_file.h"      // load_keys_file
#include "app/config/key_config.h"       // keys_of
#include "app/terminal/complaint.h"      // complain, wants_json
#include "app/terminal/json_text.h"      // json_text
#include "feed/control/auth.h"           // parse_algorithm, make_key_material
#include "feed/net/certificate_maker.h"  // make_certificate, write_secret_file

namespace bourse {
namespace {

constexpr std::uint32_t authority_days = 3650;
constexpr std::uint32_t leaf_days = 365;

std::string entry_text(const KeyConfig& key) {
  std::string text = "\n[[keys]]\n";
  const auto line = [&text](std::string_view name, std::string_view value) {
    if (!value.empty()) text += fmt::format("{} = {}\n", name, json_text(value));
  };
  line("id", key.id);
  text += fmt::format("account = {}\n", key.account);
  line("algorithm", key.algorithm);
  line("public_key", key.public_key);
  line("secret_file", key.secret_file);
  line("scopes", key.scopes);
  line("accounts", key.accounts);
  text += fmt::format("enabled = {}\n", key.enabled);
  return text;
}

// As they stand in the file: paths of secrets are not resolved.
Result<std::vector<KeyConfig>> read_keys(const std::string& file, bool may_lack) {
  Config config;
  if (may_lack && !std::filesystem::exists(file)) return config.keys;
  if (auto read = read_keys_file(config, file); !read) return std::unexpected(read.error());
  return config.keys;
}

Result<void> write_keys(const std::string& file, const std::vector<KeyConfig>& keys) {
  std::string text =
      "# Written by `bourse keys`, which replaces the whole file. An exchange reads it again on "
      "SIGHUP.\n";
  for (const KeyConfig& key : keys) text += entry_text(key);
  return write_secret_file(file, text, true);
}

std::string beside(const std::string& file, const std::string& name) {
  return (std::filesystem::path(file).parent_path() / name).string();
}

bool is_plain(const std::string& name) {
  return !name.empty() && name.size() <= 64 && name.front() != '.' &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.' || c == '@';
         });
}

Result<std::string> whole(const std::string& file) {
  std::ifstream in(file);
  if (!in) return fail(ExitCode::file_missing, "cannot read it", file, "make one: bourse keys ca");
  return std::string(std::istreambuf_iterator<char>(in), {});
}

// Writes NAME.pem and NAME.key, neither of which may be there.
int keep_pair(const std::string& directory, const std::string& name, const CertificatePair& pair,
              const std::string& chain) {
  std::error_code made;
  std::filesystem::create_directories(directory, made);
  const std::string certificate = fmt::format("{}/{}.pem", directory, name);
  const std::string key = fmt::format("{}/{}.key", directory, name);
  if (std::filesystem::exists(certificate))
    return complain("keys", {ExitCode::cannot_create, "is there already", certificate,
                             "move it away: nothing is overwritten"});
  if (auto written = write_secret_file(key, pair.private_key); !written)
    return complain("keys", written.error());
  if (auto written = write_secret_file(certificate, pair.certificate + chain); !written)
    return complain("keys", written.error());
  std::filesystem::permissions(certificate, std::filesystem::perms(0644), made);
  fmt::print("certificate  {}\nprivate key  {}\n", certificate, key);
  return 0;
}

int issue(const KeysArguments& arguments, CertificateWish::Use use, const std::string& name,
          std::vector<std::string> hosts) {
  const auto certificate = whole(arguments.directory + "/ca.pem");
  if (!certificate) return complain("keys", certificate.error());
  const auto key = whole(arguments.directory + "/ca.key");
  if (!key) return complain("keys", key.error());
  const CertificatePair authority{*certificate, *key};
  const auto made = make_certificate({.use = use,
                                      .common_name = name,
                                      .names = std::move(hosts),
                                      .days = arguments.days == 0 ? leaf_days : arguments.days},
                                     &authority);
  if (!made) return complain("keys", made.error());
  return keep_pair(arguments.directory, name, *made, *certificate);
}

int refuse_name(const std::string& name) {
  return complain("keys", {ExitCode::usage, fmt::format("\"{}\" cannot be a file's name", name), "",
                           "letters, digits, and - _ . @ between them"});
}

}  // namespace

int keys_new_command(const KeysArguments& arguments) {
  if (!is_plain(arguments.id)) return refuse_name(arguments.id);
  auto keys = read_keys(arguments.file, true);
  if (!keys) return complain("keys", keys.error());
  for (const KeyConfig& known : *keys)
    if (known.id == arguments.id)
      return complain("keys", {ExitCode::cannot_create, "there is a key of this id",
                               fmt::format("{}: {}", arguments.file, arguments.id),
                               "ids are never used again: reports and logs name them"});
  KeyConfig key;
  key.id = arguments.id;
  key.account = arguments.account;
  key.scopes = arguments.scopes;
  key.accounts = arguments.accounts;
  key.algorithm = arguments.algorithm;
  const KeyMaterial material = make_key_material(parse_algorithm(arguments.algorithm));
  const bool is_ed25519 = arguments.algorithm == "ed25519";
  const std::string secret = arguments.id + (is_ed25519 ? ".key" : ".secret");
  const std::string secret_path = beside(arguments.file, secret);
  if (is_ed25519)
    key.public_key = material.public_key;
  else
    key.secret_file = secret;
  // What the exchange would refuse is refused here, before anything is written.
  Config probe;
  probe.keys = {key};
  if (key.algorithm == "hmac-sha256") {  // whose secret is not written yet
    probe.keys.front().algorithm = "ed25519";
    probe.keys.front().public_key = make_key_material(KeyAlgorithm::ed25519).public_key;
  }
  if (const auto good = keys_of(probe, false); !good) return complain("keys", good.error());
  keys->push_back(key);
  if (auto written = write_secret_file(secret_path, material.secret + "\n"); !written)
    return complain("keys", written.error());
  if (auto written = write_keys(arguments.file, *keys); !written)
    return complain("keys", written.error());
  fmt::print("key          {} in {}\n", arguments.id, arguments.file);
  fmt::print("{}  {}  (give it to the client, and to nobody else)\n",
             is_ed25519 ? "private key" : "secret     ", secret_path);
  return 0;
}

int keys_list_command(const KeysArguments& arguments) {
  const auto as_json = wants_json("keys", arguments.format);
  if (!as_json) return static_cast<int>(ExitCode::usage);
  const auto keys = read_keys(arguments.file, false);
  if (!keys) return complain("keys", keys.error());
  if (!*as_json)
    fmt::print("{:<20} {:>7}  {:<11} {:<8} {}\n", "id", "account", "algorithm", "state", "scopes");
  for (const KeyConfig& key : *keys) {
    const std::string_view state = key.enabled ? "enabled" : "disabled";
    if (*as_json)
      fmt::print(R"({{"id":{},"account":{},"algorithm":{},"enabled":{},"scopes":{},"accounts":{}}})"
                 "\n",
                 json_text(key.id), key.account, json_text(key.algorithm), key.enabled,
                 json_text(key.scopes), json_text(key.accounts));
    else
      fmt::print("{:<20} {:>7}  {:<11} {:<8} {}{}\n", key.id, key.account, key.algorithm, state,
                 key.scopes, key.accounts.empty() ? "" : ", accounts " + key.accounts);
  }
  return 0;
}

int keys_enable_command(const KeysArguments& arguments, bool enabled) {
  auto keys = read_keys(arguments.file, false);
  if (!keys) return complain("keys", keys.error());
  const auto found = std::find_if(keys->begin(), keys->end(),
                                  [&](const KeyConfig& key) { return key.id == arguments.id; });
  if (found == keys->end())
    return complain("keys", {ExitCode::answer_is_no, "there is no key of this id",
                             fmt::format("{}: {}", arguments.file, arguments.id),
                             fmt::format("bourse keys list --file {}", arguments.file)});
  found->enabled = enabled;
  if (auto written = write_keys(arguments.file, *keys); !written)
    return complain("keys", written.error());
  fmt::print("key {} is {}; a running exchange hears it by SIGHUP\n", arguments.id,
             enabled ? "enabled" : "disabled: its connections are closed then");
  return 0;
}

int keys_ca_command(const KeysArguments& arguments) {
  const auto made = make_certificate(
      {.use = CertificateWish::Use::authority,
       .common_name = arguments.name.empty() ? "Bourse development authority" : arguments.name,
       .days = arguments.days == 0 ? authority_days : arguments.days});
  if (!made) return complain("keys", made.error());
  return keep_pair(arguments.directory, "ca", *made, "");
}

int keys_server_command(const KeysArguments& arguments) {
  return issue(arguments, CertificateWish::Use::server, "server",
               arguments.hosts.empty() ? std::vector<std::string>{"localhost", "127.0.0.1"}
                                       : arguments.hosts);
}

int keys_client_command(const KeysArguments& arguments) {
  if (!is_plain(arguments.name)) return refuse_name(arguments.name);
  return issue(arguments, CertificateWish::Use::client, arguments.name, {});
}

}  // namespace bourse
