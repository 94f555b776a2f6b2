#include "replay/snapshot/rebuild.h"

#include <algorithm>

#include <fmt/format.h>

#include "replay/snapshot/reexecution.h"  // Reexecution

namespace bourse {
namespace {

Error too_small(const EpochBody& epoch) {
  return Error{
      .code = ExitCode::bad_config,
      .what = "the limits of the engine are smaller than those of its log",
      .where = fmt::format("epoch {}", epoch.epoch.value()),
      .next = fmt::format("set symbols_max, accounts_max and orders_max to at least {}, {} "
                          "and {}",
                          epoch.symbols_max, epoch.accounts_max, epoch.orders_max)};
}

}  // namespace

Result<RebuildReport> rebuild(Cursor& cursor, Engine& engine, MarketState& market, Sequence last,
                              const std::function<bool()>& stop) {
  constexpr std::uint64_t asks_every = 1024;
  RebuildReport report;
  Reexecution reexecution(engine);
  for (;;) {
    if (stop && report.transactions % asks_every == 0 && stop()) {
      return fail(ExitCode::interrupted, "stopped before the end of the log");
    }
    switch (cursor.position() > last ? Cursor::Next::at_head : cursor.next()) {
      case Cursor::Next::at_head:
        return report;
      case Cursor::Next::failed:
        return std::unexpected(cursor.error());
      case Cursor::Next::transaction:
        break;
    }
    const TransactionView& transaction = cursor.transaction();
    const CommandType type = transaction.command_type();
    if (type == CommandType::open_epoch) {
      const Command command = transaction.command();
      if (!engine.fits(command.epoch)) return std::unexpected(too_small(command.epoch));
    }
    if (const auto divergence = reexecution.apply(transaction)) {
      return fail(ExitCode::answer_is_no, divergence->text, {},
                  "this log was written by another version of the rules: use the version of bourse "
                  "that wrote it");
    }
    if (const DepthError error = market.apply(transaction); error != DepthError::none) {
      return fail(ExitCode::data_damaged,
                  fmt::format("the public events do not fit the book: {}", to_string(error)),
                  fmt::format("sequence {}", transaction.sequence().value()));
    }
    ++report.transactions;
    if (type == CommandType::imported) ++report.imported;
    report.last = transaction.sequence();
    report.last_time = transaction.time();
    report.last_epoch = transaction.epoch();
  }
}

Result<EngineLimits> limits_of(Cursor& cursor, Sequence last) {
  EngineLimits limits{0, 0, 0};
  bool has_epoch = false;
  for (;;) {
    switch (cursor.position() > last ? Cursor::Next::at_head : cursor.next()) {
      case Cursor::Next::at_head:
        return has_epoch ? limits : EngineLimits{};
      case Cursor::Next::failed:
        return std::unexpected(cursor.error());
      case Cursor::Next::transaction:
        break;
    }
    if (cursor.transaction().command_type() != CommandType::open_epoch) continue;
    const EpochBody epoch = cursor.transaction().command().epoch;
    limits.symbols_max = std::max(limits.symbols_max, epoch.symbols_max);
    limits.accounts_max = std::max(limits.accounts_max, epoch.accounts_max);
    limits.orders_max = std::max(limits.orders_max, epoch.orders_max);
    has_epoch = true;
  }
}

}  // namespace bourse
