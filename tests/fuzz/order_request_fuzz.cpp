// Any bytes at order entry: as a FlatBuffers request and as JSON. Either is refused, or the command
// made of it stays inside of what the engine knows.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "feed/control/json_fields.h"  // JsonFields
#include "feed/trade/order_entry.h"    // command_of
#include "feed/trade/order_frames.h"   // read_order, read_exec_frame
#include "matching/check.h"            // CHECK
#include "replay/text/decimal.h"       // parse_decimal, format_decimal

namespace {

using namespace bourse;

const InstrumentTable& instruments() {
  static const InstrumentTable table = [] {
    InstrumentBody body{};
    std::memcpy(body.symbol, "BTC-USD", 7);
    body.tick_size_e9 = 10'000'000;
    body.lot_size = 10'000;
    body.quantity_exponent = -8;
    InstrumentTable made;
    made.define(SymbolId{1}, body);
    return made;
  }();
  return table;
}

void check_command(const Command& command) {
  CHECK(command.type == CommandType::new_order || command.type == CommandType::amend ||
        command.type == CommandType::cancel);
  CHECK(command.account == AccountId{7});
  CHECK(command.order.side <= Side::sell);
  CHECK(command.order.type <= OrderType::pegged);
  CHECK(command.order.time_in_force <= TimeInForce::gtd);
  CHECK(command.order.client_order_id.view().size() <= ClientOrderId::length_max);
  if (command.type != CommandType::cancel) CHECK(instruments().find(command.symbol) != nullptr);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span bytes{reinterpret_cast<const std::byte*>(data), size};
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const Sender sender{AccountId{7}, SessionId{1}, TimeNs{1}};

  WireOrder order;
  if (read_order(bytes, order))
    if (const auto command = command_of(order, sender, instruments())) check_command(*command);

  JsonFields fields;
  if (fields.parse(text)) {
    OrderText said;
    said.operation = OrderOperation::new_order;
    said.client_sequence = ClientSequence{1};
    said.symbol = "BTC-USD";
    said.side = "buy";
    if (const auto* px = fields.find("px")) said.price = px->value;
    if (const auto* qty = fields.find("qty")) said.quantity = qty->value;
    if (const auto* id = fields.find("cl_ord_id")) said.client_order_id = id->value;
    if (const auto command = command_of(said, sender, instruments())) check_command(*command);
  }
  if (const auto value = parse_decimal(text, 9)) {
    const auto again = parse_decimal(format_decimal(*value, 9), 9);
    CHECK(again && *again == *value);
  }
  return 0;
}
