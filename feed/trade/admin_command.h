// From an administrator's words to a Command: exactly, or not at all.
//   Shape:  pure but for bust_trade, which reads the parties of the trade from the log. What a
//           request leaves out stays as it is.
//   Units:  in: decimals in the quote currency and the base, account limits in lots, times in ms or
//           ns UTC; out: ticks, lots, ns.
//   Owner:  an io thread.
//   Errors: a Refusal with a stable code, or the reader's own.
#pragma once

#include <expected>
#include <string_view>

#include "feed/instrument_table.h"     // InstrumentTable
#include "feed/trade/field_reader.h"   // FieldReader
#include "feed/trade/limits_table.h"   // LimitsTable
#include "feed/trade/order_command.h"  // Refusal
#include "matching/command.h"          // Command
#include "replay/log/log.h"            // Log

namespace bourse {

struct AdminView {
  const InstrumentTable& instruments;
  const LimitsTable& limits;
  const Log& log;
  TimeNs now{0};
};

bool is_admin_operation(std::string_view op);

// REQUIRES: is_admin_operation(op). A result is good only if fields.ok() is still true.
std::expected<Command, Refusal> admin_command(std::string_view op, FieldReader& fields,
                                              const AdminView& view);

}  // namespace bourse
