#include "app/replay_command.h"

#include <chrono>
#include <cstdio>
#include <optional>

#include <fmt/format.h>

#include "matching/engine.h"          // Engine
#include "matching/market_state.h"    // MarketState
#include "replay/log.h"               // Log
#include "replay/rebuild.h"           // limits_of
#include "replay/reexecution.h"       // Reexecution
#include "replay/transaction_text.h"  // TransactionText

namespace bourse {
namespace {

constexpr std::size_t output_bytes = 64u << 10;

int say(const Error& error) {
  fmt::print(stderr, "bourse replay: {}\n", error.text());
  return static_cast<int>(error.code);
}

// What --verify keeps beside the cursor: the engine that executes again, the book that follows.
struct Verification {
  explicit Verification(const EngineLimits& limits) : engine(limits), reexecution(engine) {}

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

  Engine engine;
  Reexecution reexecution;
  MarketState market;
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
  fmt::print(to, "verified: {} transactions, sequences 1 to {}\n", verification.transactions,
             verification.market.sequence().value());
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

int Replay::run(const Log& log) {
  const auto start = std::chrono::steady_clock::now();
  const Sequence earliest = log.earliest_sequence();
  const Sequence from{arguments_.from_sequence == 0 ? earliest.value() : arguments_.from_sequence};
  if (const auto there = log.cursor(from); !there) return say(there.error());
  const Sequence last{arguments_.to_sequence == 0 ? ~std::uint64_t{0} : arguments_.to_sequence};

  std::optional<Verification> verification;
  if (arguments_.verify) {
    auto all = log.cursor(earliest);
    if (!all) return say(all.error());
    const auto limits = limits_of(*all, last);
    if (!limits) return say(limits.error());
    verification.emplace(*limits);
  }
  // From the earliest on, whatever is asked: names and decimals come from the definitions there.
  auto cursor = log.cursor(earliest);
  if (!cursor) return say(cursor.error());
  for (;;) {
    if (cursor->position() > last) break;
    const Cursor::Next next = cursor->next();
    if (next == Cursor::Next::at_head) break;
    if (next == Cursor::Next::failed) {
      const int code = finish(0);
      return code != 0 ? code : say(cursor->error());
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

}  // namespace

int replay_command(const ReplayArguments& arguments) {
  const auto format = parse_text_format(arguments.format.empty() ? "table" : arguments.format);
  if (!format) {
    return say({.code = ExitCode::usage,
                .what = fmt::format("'{}' is no format", arguments.format),
                .where = {},
                .next = "choose table, json or csv"});
  }
  if (arguments.to_sequence != 0 && arguments.to_sequence < arguments.from_sequence) {
    return say({.code = ExitCode::usage,
                .what = fmt::format("--to {} lies before --from {}", arguments.to_sequence,
                                    arguments.from_sequence),
                .where = {},
                .next = "name the lower sequence first"});
  }
  LogOptions options;
  options.directory = arguments.directory;
  options.read_only = true;
  const auto log = Log::open(options);
  if (!log) return say(log.error());
  for (const std::string& warning : (*log)->recovery().warnings) {
    fmt::print(stderr, "bourse replay: {}\n", warning);
  }
  const bool prints = !arguments.verify || !arguments.format.empty();
  return Replay(arguments, *format, prints).run(**log);
}

}  // namespace bourse
