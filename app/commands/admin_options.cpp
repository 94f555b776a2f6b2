#include "app/commands/admin_options.h"

#include <CLI/CLI.hpp>
#include <list>
#include <string>
#include <utility>

#include "app/commands/admin_command.h"  // admin_command, AdminArguments

namespace bourse {
namespace {

// One verb: what it is called on the wire, and the fields that its flags fill.
class Verb {
 public:
  Verb(CLI::App& parent, const char* name, const char* help, AdminArguments& arguments,
       std::function<int()>& run, std::string operation)
      : app_(*parent.add_subcommand(name, help)) {
    app_.callback([this, &arguments, &run, operation = std::move(operation)] {
      arguments.operation = operation;
      for (const auto& [option, field] : fields_)
        if (option->count() > 0) arguments.fields.push_back({field, translate(option)});
      run = [&arguments] { return admin_command(arguments); };
    });
  }
  Verb(const Verb&) = delete;
  Verb& operator=(const Verb&) = delete;

  Verb& required(const char* name, const char* field, const char* help) {
    add(name, field, help)->required();
    return *this;
  }
  Verb& optional(const char* name, const char* field, const char* help) {
    add(name, field, help);
    return *this;
  }
  // A flag that stands for a value of a field.
  Verb& flag(const char* name, const char* field, const char* value, const char* help) {
    const std::string text(help);
    CLI::Option* const option = app_.add_flag(name, text);
    fields_.emplace_back(option, field);
    fixed_.emplace_back(option, value);
    return *this;
  }

 private:
  CLI::Option* add(const char* name, const char* field, const char* help) {
    CLI::Option* const option = app_.add_option(name, values_.emplace_back(), help);
    fields_.emplace_back(option, field);
    return option;
  }
  std::string translate(const CLI::Option* option) const {
    for (const auto& [known, value] : fixed_)
      if (known == option) return value;
    const std::string text = option->results().front();
    // What is said for short.
    static const std::pair<const char*, const char*> words[] = {
        {"halt", "halted"}, {"resume", "continuous"}, {"open", "continuous"}, {"close", "closed"}};
    for (const auto& [word, phase] : words)
      if (option->get_name().find("PHASE") != std::string::npos && text == word) return phase;
    return text;
  }

  CLI::App& app_;
  std::list<std::string> values_;
  std::list<std::pair<CLI::Option*, std::string>> fields_;
  std::list<std::pair<const CLI::Option*, std::string>> fixed_;
};

void add_instrument_options(Verb& verb) {
  verb.optional("--quantity-min", "quantity_min", "smallest order, in the base")
      .optional("--quantity-max", "quantity_max", "largest order, in the base")
      .optional("--price-min", "price_min", "lowest price, in the quote currency")
      .optional("--price-max", "price_max", "highest price");
}

}  // namespace

void add_admin(CLI::App& app, std::function<int()>& run) {
  static AdminArguments arguments;
  static std::list<Verb> verbs;
  CLI::App* const admin =
      app.add_subcommand("admin", "change markets, accounts and instruments of a running exchange");
  admin->require_subcommand(1);
  admin->fallthrough();
  admin->add_option("--url", arguments.url, "default: BOURSE_URL, else wss://127.0.0.1:9443");
  admin->add_option("--ca", arguments.ca_file, "certificate to trust (PEM)");
  admin->add_flag("--insecure", arguments.insecure, "any certificate; the default on loopback");
  admin->add_option("--key", arguments.key, "id of a key with scope admin; default: BOURSE_KEY");
  admin->add_option("--secret-file", arguments.secret_file,
                    "its HMAC secret; default: BOURSE_SECRET_FILE");
  admin->add_option("--private-key-file", arguments.private_key_file,
                    "its Ed25519 seed in base64; default: BOURSE_PRIVATE_KEY_FILE");
  admin->add_option("--format", arguments.format, "table or json");
  const auto verb = [&](CLI::App* parent, const char* name, const char* operation,
                        const char* help) -> Verb& {
    return verbs.emplace_back(*parent, name, help, arguments, run, operation);
  };

  verb(admin, "phase", "set_phase", "halt, resume, open, close a market, or begin an auction")
      .required("SYMBOL", "symbol", "for example BTC-USD")
      .required("PHASE", "phase",
                "halt, resume, close, or pre_open, opening_auction, volatility_auction, "
                "closing_auction")
      .optional("--lasts-ms", "lasts_ms", "then the phase of --then begins")
      .optional("--then", "next_phase", "phase that follows, for example continuous");
  verb(admin, "rules", "set_rules", "the trading rules of a symbol; others stay as they are")
      .required("SYMBOL", "symbol", "")
      .optional("--reference", "reference_price", "middle of the bands")
      .optional("--static-band", "static_band", "limit prices farther away are refused; 0: none")
      .optional("--dynamic-band", "dynamic_band", "matches farther away start an auction")
      .optional("--market-protection", "market_protection", "how far market orders go")
      .optional("--volatility-ms", "volatility_ms", "length of that auction")
      .optional("--indicative-ms", "indicative_ms", "how often auctions tell their price")
      .optional("--notional-min", "notional_min", "price x quantity, in ticks x lots")
      .optional("--notional-max", "notional_max", "");
  verb(admin, "account", "set_account", "limits and status of an account; others stay as they are")
      .required("ACCOUNT", "account", "its number")
      .flag("--kill", "status", "killed", "cancel all its orders, take none")
      .flag("--cancel-only", "status", "cancel_only", "take cancels only")
      .flag("--enable", "status", "enabled", "take orders again")
      .optional("--open-orders", "open_orders_max", "0: no limit, here and below")
      .optional("--orders-per-second", "orders_per_second", "")
      .optional("--burst", "orders_burst", "orders at once")
      .optional("--quantity", "quantity_max", "of one order, in lots")
      .optional("--notional", "notional_max", "of one order, in ticks x lots")
      .optional("--position", "position_max", "long or short of a symbol, in lots");
  verb(admin, "bust", "bust_trade", "declare a trade void")
      .required("SYMBOL", "symbol", "")
      .required("TRADE", "match_id", "its match id")
      .optional("--seq", "seq", "its transaction, if the log is long");
  verb(admin, "cancel", "cancel_orders", "cancel the orders of an account, or all of a symbol")
      .optional("--account", "account", "its number")
      .optional("--symbol", "symbol", "")
      .optional("--side", "side", "buy or sell");

  CLI::App* const instrument = admin->add_subcommand("instrument", "add, change, delist");
  instrument->require_subcommand(1);
  instrument->fallthrough();
  Verb& add = verb(instrument, "add", "define_instrument", "a new instrument, traded at once")
                  .required("SYMBOL", "symbol", "1 to 23 characters")
                  .optional("--base", "base", "what is traded")
                  .optional("--quote", "quote", "what it is paid in")
                  .optional("--tick", "tick_size", "smallest step of prices; default 0.01")
                  .optional("--lot", "lot_size", "smallest step of quantities; default 1")
                  .optional("--quantity-exponent", "quantity_exponent", "default -8")
                  .optional("--log", "log", "of several channels: its own; default: by its name");
  add_instrument_options(add);
  Verb& change = verb(instrument, "change", "change_instrument",
                      "its limits; those of prices while no order is open")
                     .required("SYMBOL", "symbol", "");
  add_instrument_options(change);
  verb(instrument, "delist", "delist_instrument", "cancel all its orders and take no more")
      .required("SYMBOL", "symbol", "");
}

}  // namespace bourse
