#include "app/log_commands/replay_command.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "app/terminal/complaint.h"        // complain, time_of
#include "matching/engine.h"               // Engine
#include "matching/market_state.h"         // MarketState
#include "replay/log/log.h"                // Log
#include "replay/log/snapshot_catalog.h"   // list_snapshots
#include "replay/snapshot/book_history.h"  // sequence_at
#include "replay/snapshot/definitions.h"   // definitions_before
#include "replay/snapshot/reexecution.h"   // Reexecution
#include "replay/snapshot/restore.h"       // restore_snapshot
#include "replay/text/transaction_text.h"  // TransactionText

namespace bourse {
namespace {

constexpr std::size_t output_bytes = 64u << 10;

// The oldest one from which the log can still be followed.
Sequence oldest_snapshot(const Log& log) {
  const auto sequences = list_snapshots(log.disk(), log.directory());
  if (!sequences) return Sequence{0};
  for (const Sequence sequence : *sequences) {
    if (next(sequence) >= log.earliest_sequence()) return sequence;
  }
  return Sequence{0};
}

// What --verify keeps beside the cursor: the engine that executes again, the book that follows.
struct Verification {
  explicit Verification(Restored start)
      : engine(std::move(start.engine)),
        reexecution(*engine),
        market(std::move(start.market)),
        snapshot(start.snapshot) {}

  // The reason why not, or nothing.
  std::optional<std::string> apply(const TransactionView& transaction) {
    if (transaction.command_type() == CommandType::imported) ++imported;
    if (auto divergence = reexecution.apply(transaction)) return std::move(divergence->text);
    if (const DepthError error = market.apply(transaction); error != DepthError::none) {
      return fmt::format("sequence {}: the public events do not fit the book: {}\n",
                         transaction.sequence().value(), to_string(error));
    }
    ++transactions;
    events += transaction.public_events().size() + transaction.exec_count();
    return std::nullopt;
  }

  std::unique_ptr<Engine> engine;
  Reexecution reexecution;
  MarketState market;
  Sequence snapshot;  // 0: from the first sequence on
  std::uint64_t transactions = 0;
  std::uint64_t imported = 0;
  std::uint64_t events = 0;
};

class Replay {
 public:
  Replay(const ReplayArguments& arguments, TextFormat format, bool prints)
      : arguments_(arguments), text_(format), prints_(prints) {
    if (prints_) out_ = text_.head();
  }

  int run(const Log& log);

 private:
  bool flush() {
    const bool written = std::fwrite(out_.data(), 1, out_.size(), stdout) == out_.size();
    out_.clear();
    return written;
  }
  int finish(int code) {
    if (!flush() || std::fflush(stdout) != 0) return static_cast<int>(ExitCode::io_error);
    return code;
  }
  void learn(const MarketState& market) {
    for (std::uint32_t id = 1; id <= market.symbol_count(); ++id) {
      const InstrumentBody* const body = market.instrument(SymbolId{id});
      if (body != nullptr) text_.learn(SymbolId{id}, *body);
    }
  }
  Result<Restored> verification_start(const Log& log, Sequence last) const;
  int verdict(const Verification& verification, std::chrono::steady_clock::duration took);

  const ReplayArguments& arguments_;
  TransactionText text_;
  bool prints_;
  std::string out_;
};

int Replay::verdict(const Verification& verification, std::chrono::steady_clock::duration took) {
  if (int code = finish(0); code != 0) return code;
  const double seconds = std::chrono::duration<double>(took).count();
  const std::uint64_t executed = verification.transactions - verification.imported;
  std::FILE* const to = prints_ ? stderr : stdout;
  fmt::print(to, "verified: {} transactions, sequences {} to {}\n", verification.transactions,
             verification.snapshot.value() + 1, verification.market.sequence().value());
  if (verification.snapshot) {
    fmt::print(to, "  from             the snapshot at sequence {}\n",
               verification.snapshot.value());
  }
  fmt::print(to, "  executed again   {} commands, all {} events and every state hash byte-equal\n",
             executed, verification.events);
  if (verification.imported > 0) {
    fmt::print(to,
               "  imported         {} transactions: their events fit the book; there is nothing "
               "to execute\n",
               verification.imported);
  }
  fmt::print(to, "  time             {:.2f} s\n", seconds);
  return 0;
}

Result<Restored> Replay::verification_start(const Log& log, Sequence last) const {
  RestoreOptions options;
  options.last = last;
  if (arguments_.from_snapshot != 0) {
    options.snapshot = Sequence{arguments_.from_snapshot};
  } else if (arguments_.from_sequence != 0) {
    options.snapshot_most = Sequence{arguments_.from_sequence - 1};
  } else if (log.earliest_sequence() == Sequence{1}) {
    options.snapshot = Sequence{0};
  } else {
    options.snapshot_most = oldest_snapshot(log);
  }
  return restore_snapshot(log, options);
}

int Replay::run(const Log& log) {
  const auto start = std::chrono::steady_clock::now();
  const Sequence earliest = log.earliest_sequence();
  const Sequence from{arguments_.from_sequence == 0 ? earliest.value() : arguments_.from_sequence};
  if (const auto there = log.cursor(from); !there) return complain("replay", there.error());
  const Sequence last{arguments_.to_sequence == 0 ? ~std::uint64_t{0} : arguments_.to_sequence};

  std::optional<Verification> verification;
  if (arguments_.verify) {
    auto begun = verification_start(log, last);
    if (!begun) return complain("replay", begun.error());
    for (const std::string& warning : begun->warnings) {
      fmt::print(stderr, "bourse replay: {}\n", warning);
    }
    verification.emplace(std::move(*begun));
  }
  // Names and decimals come from the definitions before what is printed.
  Sequence begin = from;
  if (verification) {
    begin = std::max(next(verification->snapshot), earliest);
    learn(verification->market);
  } else {
    const auto known = definitions_before(log, from);
    if (!known) return complain("replay", known.error());
    for (const Definition& definition : *known) {
      text_.learn(definition.symbol, definition.instrument);
    }
  }
  auto cursor = log.cursor(begin);
  if (!cursor) return complain("replay", cursor.error());
  for (;;) {
    if (cursor->position() > last) break;
    const Cursor::Next next = cursor->next();
    if (next == Cursor::Next::at_head) break;
    if (next == Cursor::Next::failed) {
      const int code = finish(0);
      return code != 0 ? code : complain("replay", cursor->error());
    }
    const TransactionView& transaction = cursor->transaction();
    if (verification) {
      if (const auto why_not = verification->apply(transaction)) {
        if (const int code = finish(0); code != 0) return code;
        fmt::print(stderr, "bourse replay: {}", *why_not);
        return static_cast<int>(ExitCode::answer_is_no);
      }
    }
    if (!prints_) continue;
    if (transaction.sequence() < from) {
      text_.learn(transaction);
      continue;
    }
    text_.append(transaction, out_);
    if (out_.size() >= output_bytes && !flush()) return static_cast<int>(ExitCode::io_error);
  }
  if (verification) return verdict(*verification, std::chrono::steady_clock::now() - start);
  return finish(0);
}

// Puts sequences where times were given. An exit code: it could not be done, and that was said.
std::optional<int> times_to_sequences(const Log& log, ReplayArguments& range) {
  const std::uint64_t earliest = log.earliest_sequence().value();
  if (!range.from_time.empty()) {
    const auto time = time_of("replay", range.from_time);
    if (!time) return static_cast<int>(ExitCode::usage);
    auto cursor = log.cursor(log.earliest_sequence());
    if (!cursor) return complain("replay", cursor.error());
    if (auto placed = cursor->seek(*time); !placed) return complain("replay", placed.error());
    range.from_sequence = cursor->position().value();
  }
  if (!range.to_time.empty()) {
    const auto time = time_of("replay", range.to_time);
    if (!time) return static_cast<int>(ExitCode::usage);
    const auto last = sequence_at(log, *time);
    if (!last) return complain("replay", last.error());
    range.to_sequence = last->value();
    if (range.to_sequence < std::max(range.from_sequence, earliest)) {
      return complain("replay", {.code = ExitCode::usage,
                                 .what = fmt::format("between {} and {} there is no transaction",
                                                     range.from_time, range.to_time),
                                 .where = {},
                                 .next = "name the earlier time first, or a later end"});
    }
  }
  return std::nullopt;
}

}  // namespace

int replay_command(const ReplayArguments& arguments) {
  const auto format = parse_text_format(arguments.format.empty() ? "table" : arguments.format);
  if (!format) {
    return complain("replay", {.code = ExitCode::usage,
                               .what = fmt::format("'{}' is no format", arguments.format),
                               .where = {},
                               .next = "choose table, json or csv"});
  }
  if (arguments.to_sequence != 0 && arguments.to_sequence < arguments.from_sequence) {
    return complain("replay", {.code = ExitCode::usage,
                               .what = fmt::format("--to {} lies before --from {}",
                                                   arguments.to_sequence, arguments.from_sequence),
                               .where = {},
                               .next = "name the lower sequence first"});
  }
  if ((arguments.from_sequence != 0 && !arguments.from_time.empty()) ||
      (arguments.to_sequence != 0 && !arguments.to_time.empty())) {
    return complain("replay", {.code = ExitCode::usage,
                               .what = "a sequence and a time for the same end",
                               .where = {},
                               .next = "name one of them"});
  }
  LogOptions options;
  options.directory = arguments.directory;
  options.read_only = true;
  const auto log = Log::open(options);
  if (!log) return complain("replay", log.error());
  for (const std::string& warning : (*log)->recovery().warnings) {
    fmt::print(stderr, "bourse replay: {}\n", warning);
  }
  ReplayArguments range = arguments;
  if (const auto code = times_to_sequences(**log, range)) return *code;
  const bool prints = !arguments.verify || !arguments.format.empty();
  return Replay(range, *format, prints).run(**log);
}

}  // namespace bourse
