#include "app/log_commands/whatif_command.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "app/log_commands/whatif_orders.h"  // parse_order_rows, decision_of, order_of
#include "app/log_commands/whatif_report.h"  // whatif_text, whatif_json
#include "app/terminal/complaint.h"          // complain
#include "matching/accounts.h"               // Account
#include "replay/log/log.h"                  // Log
#include "replay/snapshot/book_history.h"    // sequence_at
#include "replay/snapshot/restore.h"         // restore
#include "replay/text/decimal.h"             // parse_decimal

namespace bourse {
namespace {

Result<std::string> read_file(const std::string& name) {
  std::ifstream in(name, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (!in.is_open()) return fail(ExitCode::file_missing, "cannot be read", name);
  return text;
}

// The last transaction before the strategy decides anything.
Result<Sequence> start_of(const std::vector<OrderRow>& rows, const std::string& file,
                          const Log& log) {
  Sequence start{std::numeric_limits<std::uint64_t>::max()};
  for (const OrderRow& row : rows) {
    const auto order = decision_of(row, file);
    if (!order) return std::unexpected(order.error());
    Sequence at = order->after;
    if (at) {
      if (at < log.earliest_sequence() || at > log.released_sequence()) {
        return fail(ExitCode::usage, fmt::format("sequence {} is not in the journal", at.value()),
                    fmt::format("{}:{}", file, row.line),
                    fmt::format("sequences {} to {} are there", log.earliest_sequence().value(),
                                log.released_sequence().value()));
      }
      at = Sequence{at.value() - 1};
    } else {
      auto found = sequence_at(log, order->time);
      if (!found) {
        found.error().where = fmt::format("{}:{}", file, row.line);
        return std::unexpected(std::move(found.error()));
      }
      at = *found;
    }
    start = std::min(start, at);
  }
  return start;
}

// One that nobody has used so far, from the top.
Result<AccountId> account_for(const Engine& engine, std::uint32_t asked) {
  const std::uint32_t most = engine.limits().accounts_max;
  if (asked > most) {
    return fail(ExitCode::usage, fmt::format("account {} is not one of the journal's", asked), {},
                fmt::format("accounts are 1 to {}", most));
  }
  if (asked != 0) return AccountId{asked};
  for (std::uint32_t id = most; id > 0; --id) {
    if (engine.last_exec_sequence(AccountId{id}) == ExecSequence{0}) return AccountId{id};
  }
  return fail(ExitCode::usage, "every account of the journal has been used", {},
              "name one that does nothing later by --account");
}

Result<int> run(const WhatIfArguments& arguments) {
  const auto latency = parse_decimal(arguments.latency_us, 3);
  if (!latency || *latency < 0) {
    return fail(ExitCode::usage, fmt::format("--latency-us {}: no latency", arguments.latency_us),
                {}, "microseconds, at most three decimals");
  }
  LogOptions options;
  options.directory = arguments.directory;
  options.read_only = true;
  const auto log = Log::open(options);
  if (!log) return std::unexpected(log.error());
  const auto text = read_file(arguments.orders_file);
  if (!text) return std::unexpected(text.error());
  const auto rows = parse_order_rows(*text, arguments.orders_file);
  if (!rows) return std::unexpected(rows.error());
  const auto start = start_of(*rows, arguments.orders_file, **log);
  if (!start) return std::unexpected(start.error());

  auto restored = restore(**log, {.limits = {}, .last = *start, .snapshot = {}, .stop = {}});
  if (!restored) return std::unexpected(restored.error());
  if (restored->is_imported) {
    return fail(
        ExitCode::bad_config, "this journal was imported from a foreign feed", arguments.directory,
        "it has what another exchange decided, not the orders that made it decide so: there is "
        "nothing to execute again. A Nasdaq file can be traded here instead: bourse serve "
        "--flow itch:FILE --journal DIR makes a journal with commands. Of recordings of "
        "levels (kraken, binance, coinbase) nobody knows the orders");
  }
  Engine& engine = *restored->engine;
  const auto account = account_for(engine, arguments.account);
  if (!account) return std::unexpected(account.error());
  std::vector<WhatIfOrder> orders;
  for (const OrderRow& row : *rows) {
    auto order = order_of(row, engine, arguments.orders_file);
    if (!order) return std::unexpected(std::move(order.error()));
    orders.push_back(std::move(*order));
  }

  WhatIf what_if(engine, *start, restored->rebuilt.last_time,
                 {.account = *account, .latency_ns = *latency}, std::move(orders));
  auto cursor = (*log)->cursor(next(*start));
  if (!cursor) return std::unexpected(cursor.error());
  const Sequence last{arguments.to_sequence == 0 ? (*log)->released_sequence().value()
                                                 : arguments.to_sequence};
  while (cursor->position() <= last) {
    const Cursor::Next found = cursor->next();
    if (found == Cursor::Next::at_head) break;
    if (found == Cursor::Next::failed) return std::unexpected(cursor->error());
    if (auto applied = what_if.apply(cursor->transaction()); !applied)
      return std::unexpected(std::move(applied.error()));
  }
  what_if.finish();
  const WhatIfRun result{.result = what_if,
                         .rows = *rows,
                         .engine = engine,
                         .journal = arguments.directory,
                         .first = next(*start),
                         .account = *account,
                         .latency_ns = *latency};
  const std::string report = arguments.json ? whatif_json(result) : whatif_text(result);
  std::fwrite(report.data(), 1, report.size(), stdout);
  return std::fflush(stdout) == 0 ? 0 : static_cast<int>(ExitCode::io_error);
}

}  // namespace

int whatif_command(const WhatIfArguments& arguments) {
  const auto code = run(arguments);
  return code ? *code : complain("whatif", code.error());
}

}  // namespace bourse
