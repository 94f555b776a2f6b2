// Any bytes as an administrator's request: refused, or a command that only administrators send.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "feed/control/json_fields.h"     // JsonFields
#include "feed/trade/admin_command.h"     // admin_command, is_admin_operation
#include "feed/trade/decision_inbox.h"    // is_administration
#include "replay/log/log.h"               // Log
#include "replay/text/instrument_text.h"  // read_instrument

namespace {

using namespace bourse;

// An empty log, where no trade is found.
const Log& empty_log() {
  static const std::unique_ptr<Log> log = [] {
    const auto folder = std::filesystem::temp_directory_path() /
                        ("bourse_admin_fuzz_" + std::to_string(::getpid()));
    auto opened = Log::open({.directory = folder, .durability = Durability::memory});
    std::filesystem::remove_all(folder);  // it goes on in the files that are open
    if (!opened) std::abort();
    return std::move(*opened);
  }();
  return *log;
}

InstrumentTable one_instrument() {
  InstrumentTable table;
  InstrumentText text;
  text.symbol = "BTC-USD";
  text.lot_size = "0.0001";
  const auto body = read_instrument(text);
  if (!body) std::abort();
  table.define(SymbolId{1}, *body);
  return table;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static JsonFields json;
  static const InstrumentTable instruments = one_instrument();
  static const LimitsTable limits{};
  if (!json.parse({reinterpret_cast<const char*>(data), size})) return 0;
  TradeError error;
  FieldReader fields{json, error};
  const std::string_view op = fields.text("op");
  if (!is_admin_operation(op)) return 0;
  const auto command =
      admin_command(op, fields, {instruments, limits, empty_log(), TimeNs{1'700'000'000}});
  if (!fields.ok() || !command) return 0;
  if (!is_administration(*command)) std::abort();
  if (command->type == CommandType::define_instrument && command->instrument.symbol_view().empty())
    std::abort();
  if (command->type == CommandType::bust_trade) std::abort();  // there was none
  return 0;
}
