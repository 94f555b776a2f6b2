#include "bench/load/stream_log.h"

#include <memory>

#include "app/threads/wall_clock.h"   // wall_clock_now
#include "bench/load/order_stream.h"  // make_order_stream, define_stream_symbol
#include "matching/check.h"           // CHECK
#include "matching/sequencer.h"       // Sequencer
#include "replay/log/log.h"           // Log

namespace bourse {
namespace {

constexpr std::size_t gate_commands = 256;

Command open_epoch() {
  Command command{};
  command.type = CommandType::open_epoch;
  command.epoch.epoch = Epoch{1};
  command.epoch.symbols_max = stream_limits.symbols_max;
  command.epoch.accounts_max = stream_limits.accounts_max;
  command.epoch.orders_max = stream_limits.orders_max;
  return command;
}

}  // namespace

Result<StreamLog> fill_stream_log(const std::filesystem::path& directory, std::uint64_t commands,
                                  std::uint64_t seed) {
  LogOptions options;
  options.directory = directory;
  options.durability = Durability::memory;
  auto opened = Log::open(options);
  if (!opened) return std::unexpected(opened.error());
  Log& log = **opened;
  Engine engine(stream_limits);
  MarketViews views(stream_limits.symbols_max);
  Sequencer sequencer(engine, log.tail().writer(), views.writer(), Sequencer::Start{});
  Gate gate = sequencer.add_gate("bench", gate_commands);
  CHECK(sequencer.submit(open_epoch(), wall_clock_now()));
  CHECK(sequencer.submit(define_stream_symbol(1), wall_clock_now()));
  const auto write = [&]() -> Result<void> {
    for (;;) {
      switch (log.journal().step()) {
        case JournalWriter::Step::wrote:
          break;
        case JournalWriter::Step::idle:
          return {};
        default:
          return std::unexpected(log.journal().failure());
      }
    }
  };
  // The epoch and the symbol are transactions 1 and 2.
  const OrderStream stream = make_order_stream(commands, Sequence{3}, seed);
  for (std::size_t at = 0; at < stream.commands.size();) {
    while (at < stream.commands.size() && gate.try_push(stream.commands[at])) ++at;
    while (sequencer.poll(wall_clock_now(), gate_commands) > 0) {
    }
    if (auto written = write(); !written) return std::unexpected(written.error());
  }
  if (auto written = write(); !written) return std::unexpected(written.error());
  if (auto finished = log.journal().finish(); !finished) return std::unexpected(finished.error());
  return StreamLog{sequencer.last_sequence().value(), log.journal().counters().bytes};
}

}  // namespace bourse
