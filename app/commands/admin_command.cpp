#include "app/commands/admin_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <optional>
#include <string_view>

#include "app/terminal/complaint.h"    // complain
#include "feed/control/auth.h"         // sign, KeyAlgorithm
#include "feed/control/json_fields.h"  // JsonFields
#include "feed/control/json_writer.h"  // JsonWriter
#include "feed/net/feed_client.h"      // FeedClient
#include "replay/result.h"             // Result

namespace bourse {
namespace {

using namespace std::chrono_literals;
constexpr auto answer_wait = 10s;
constexpr std::string_view request_id = "1";

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string{} : value;
}

std::string given_or(const std::string& given, const char* variable) {
  return given.empty() ? environment(variable) : given;
}

struct Proof {
  std::string key;
  KeyAlgorithm algorithm = KeyAlgorithm::none;
  std::string material;  // secret, or the seed of the private key
};

Result<std::string> first_line(const std::string& name) {
  std::ifstream file(name);
  std::string line;
  if (!std::getline(file, line))
    return fail(ExitCode::file_missing, "cannot read the key", name,
                "a file whose first line is the secret");
  return line;
}

Result<Proof> read_proof(const AdminArguments& arguments) {
  Proof proof;
  proof.key = given_or(arguments.key, "BOURSE_KEY");
  const std::string secret = given_or(arguments.secret_file, "BOURSE_SECRET_FILE");
  const std::string seed = given_or(arguments.private_key_file, "BOURSE_PRIVATE_KEY_FILE");
  if (proof.key.empty() || secret.empty() == seed.empty())
    return fail(ExitCode::usage, "no key to prove", "",
                "give --key ID with --secret-file FILE or --private-key-file FILE, or set "
                "BOURSE_KEY and BOURSE_SECRET_FILE or BOURSE_PRIVATE_KEY_FILE");
  auto line = first_line(secret.empty() ? seed : secret);
  if (!line) return std::unexpected(line.error());
  proof.algorithm = secret.empty() ? KeyAlgorithm::ed25519 : KeyAlgorithm::hmac_sha256;
  proof.material = std::move(*line);
  if (!secret.empty()) return proof;
  const auto bytes = decode_base64(proof.material);
  if (!bytes)
    return fail(ExitCode::bad_config, "the private key is no base64", seed,
                "the 32 bytes of the Ed25519 seed, in base64");
  proof.material = *bytes;
  return proof;
}

class Desk {
 public:
  explicit Desk(std::unique_ptr<FeedClient> client) : client_(std::move(client)) {}

  // The next text whose op is one of these; it is in json() then.
  Result<std::string> hear(std::initializer_list<std::string_view> ops) {
    const auto deadline = std::chrono::steady_clock::now() + answer_wait;
    while (std::chrono::steady_clock::now() < deadline) {
      const auto message = client_->next(200ms);
      if (!message) return std::unexpected(message.error());
      if (!*message || !(*message)->is_text) continue;
      std::string text((*message)->text());
      if (!json_->parse(text)) continue;
      for (const std::string_view op : ops)
        if (value("op") == op) return text;
    }
    return fail(ExitCode::unreachable, "no answer within 10 s", "",
                "the journal tells what happened: bourse replay DIRECTORY");
  }
  std::string value(std::string_view key) const {
    const JsonField* const field = json_->find(key);
    return field == nullptr ? std::string{} : std::string{field->value};
  }
  Result<void> say(const JsonWriter& json) { return client_->send_text(json.view()); }
  void close() { client_->close(); }

 private:
  std::unique_ptr<FeedClient> client_;
  std::unique_ptr<JsonFields> json_ = std::make_unique<JsonFields>();
};

Result<Desk> open_desk(const AdminArguments& arguments) {
  const std::string url = given_or(arguments.url, "BOURSE_URL");
  auto address = FeedAddress::parse(url.empty() ? "wss://127.0.0.1:9443" : url);
  if (!address) return std::unexpected(address.error());
  address->path = "/v1/trade";
  FeedClientOptions options;
  options.address = *address;
  options.subprotocol = "bourse.json.v1";
  options.ca_file = arguments.ca_file;
  const bool is_loopback =
      address->host == "127.0.0.1" || address->host == "localhost" || address->host == "::1";
  options.verify = !arguments.insecure && !(is_loopback && arguments.ca_file.empty());
  auto client = FeedClient::connect(options);
  if (!client) return std::unexpected(client.error());
  return Desk(std::move(*client));
}

std::unexpected<Error> refused(const Desk& desk) {
  return fail(ExitCode::answer_is_no,
              fmt::format("refused: {} ({}): {}", desk.value("name"), desk.value("code"),
                          desk.value("msg")),
              "", desk.value("hint"));
}

// How many logs the exchange has.
Result<std::size_t> prove(Desk& desk, const Proof& proof) {
  if (auto hello = desk.hear({"hello"}); !hello) return std::unexpected(hello.error());
  const std::string logs = desk.value("logs");
  JsonWriter auth;
  auth.open('{').key("op").text("auth").key("key").text(proof.key);
  auth.key("alg").text(algorithm_name(proof.algorithm)).key("sig");
  auth.text(sign(proof.algorithm, proof.material, desk.value("nonce"), desk.value("session")));
  auth.close('}');
  if (auto sent = desk.say(auth); !sent) return std::unexpected(sent.error());
  if (auto answer = desk.hear({"auth_ok", "error"}); !answer)
    return std::unexpected(answer.error());
  if (desk.value("op") == "error") return refused(desk);
  return static_cast<std::size_t>(std::max<std::ptrdiff_t>(std::ranges::count(logs, '{'), 1));
}

// Whether each log decides about it: docs/PROTOCOL.md, "Several logs".
bool is_of_all_logs(const AdminArguments& arguments) {
  const bool names_a_symbol = std::ranges::any_of(
      arguments.fields, [](const auto& field) { return field.name == "symbol"; });
  return arguments.operation == "set_account" ||
         (arguments.operation == "cancel_orders" && !names_a_symbol);
}

// What one log says about the request: told, and an error if it is no.
Result<void> hear_decision(Desk& desk, const AdminArguments& arguments) {
  const auto answer = desk.hear({"decided", "error"});
  if (!answer) return std::unexpected(answer.error());
  if (desk.value("op") == "error") return refused(desk);
  const bool is_accepted = desk.value("decision") == "accepted";
  const std::string log = desk.value("log").empty() ? "" : "  log " + desk.value("log");
  if (arguments.format == "json") {
    fmt::print("{}\n", *answer);
  } else if (is_accepted) {
    fmt::print("accepted  {}  {}  seq {}{}\n", desk.value("command"),
               desk.value("symbol").empty() ? "-" : desk.value("symbol"), desk.value("seq"), log);
  }
  if (is_accepted) return {};
  return fail(ExitCode::answer_is_no,
              fmt::format("rejected: {} ({}), seq {}{}", desk.value("reject"),
                          desk.value("reject_code"), desk.value("seq"), log),
              "", "docs/PROTOCOL.md lists the codes");
}

Result<void> run(const AdminArguments& arguments) {
  const auto proof = read_proof(arguments);
  if (!proof) return std::unexpected(proof.error());
  auto desk = open_desk(arguments);
  if (!desk) return std::unexpected(desk.error());
  const auto logs = prove(*desk, *proof);
  if (!logs) return std::unexpected(logs.error());
  JsonWriter request;
  request.open('{').key("op").text(arguments.operation).key("id").raw(request_id);
  for (const AdminArguments::Field& field : arguments.fields)
    request.key(field.name).text(field.value);
  request.close('}');
  if (auto sent = desk->say(request); !sent) return sent;
  Result<void> done;
  for (std::size_t left = is_of_all_logs(arguments) ? *logs : 1; left > 0; --left) {
    const auto heard = hear_decision(*desk, arguments);
    if (done && !heard) done = std::unexpected(heard.error());
    // What the first log refuses the others are not asked.
    const std::string log = desk->value("log");
    const bool is_at_an_end = desk->value("op") == "error" && (log.empty() || log == "0");
    if (!heard && (heard.error().code != ExitCode::answer_is_no || is_at_an_end)) break;
  }
  desk->close();
  return done;
}

}  // namespace

int admin_command(const AdminArguments& arguments) {
  Result<void> done =
      arguments.format == "table" || arguments.format == "json"
          ? run(arguments)
          : fail(ExitCode::usage, fmt::format("--format {}: unknown", arguments.format), "",
                 "table or json");
  if (done) return 0;
  return complain("admin", done.error());
}

}  // namespace bourse
