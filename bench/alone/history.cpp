// bourse_history_bench: what the past costs. Fills a log with a seeded market, then restores the
// state with and without a snapshot, and asks for books at sequences of the past.
//   Sizes:   --transactions of --symbols symbols; the snapshot stands so that about a million
//            public events come after it.
//   Times:   of the thread's processor time, so that other load shows less.
//   Left out: the disk (the files are in the page cache), opening the log.

#include <fmt/format.h>
#include <time.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "bench/load/order_stream.h"         // define_stream_symbol
#include "bench/measure/arguments.h"         // Arguments
#include "bench/measure/machine.h"           // describe_machine
#include "bench/measure/percentiles.h"       // Percentiles
#include "matching/transaction.h"            // encode
#include "replay/log/snapshot_catalog.h"     // snapshot_path
#include "replay/snapshot/book_history.h"    // book_at
#include "replay/snapshot/book_keyframes.h"  // BookKeyframes
#include "replay/snapshot/restore.h"         // restore
#include "replay/snapshot/snapshotter.h"     // save_snapshot, SnapshotPolicy

namespace bourse {
namespace {

constexpr const char* usage =
    "usage: bourse_history_bench [--transactions N] [--symbols N] [--queries N] "
    "[--books-every N] [--directory DIR]\n";
constexpr std::uint64_t events_after_snapshot = 1'000'000;

struct Settings {
  std::uint64_t transactions;
  std::uint32_t symbols;
  std::uint64_t queries;
  std::uint64_t books_every;
  std::filesystem::path directory;
};

template <class T>
T must(Result<T> result) {
  if (result) return std::move(*result);
  fmt::print(stderr, "bourse_history_bench: {}\n", result.error().text());
  std::exit(1);
}

// Of the thread's processor time: the files are in the page cache, nothing is waited for.
double ms_of(auto&& work) {
  const auto now = [] {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
  };
  const double begin = now();
  work();
  return now() - begin;
}

// Orders around a price that rest, match and are cancelled; the books stay some thousand orders.
class Market {
 public:
  explicit Market(const Settings& settings)
      : settings_(settings),
        limits_{settings.symbols, 64, 1u << 20},
        engine_(limits_),
        bytes_(transaction_bytes_max) {}

  // Returns the sequence after which about a million public events come.
  Sequence fill(Log& log) {
    BroadcastRing::Writer writer = log.tail().writer();
    Command command{};
    command.type = CommandType::open_epoch;
    command.epoch.epoch = Epoch{1};
    command.epoch.symbols_max = limits_.symbols_max;
    command.epoch.accounts_max = limits_.accounts_max;
    command.epoch.orders_max = limits_.orders_max;
    execute(log, writer, command);
    for (std::uint32_t id = 1; id <= settings_.symbols; ++id) {
      command = define_stream_symbol(id);
      execute(log, writer, command);
    }
    while (head_ < settings_.transactions) execute(log, writer, trade());
    while (log.journal().step() == JournalWriter::Step::wrote) {
    }
    const std::uint64_t wanted =
        events_ > events_after_snapshot ? events_ - events_after_snapshot : events_ / 2;
    std::uint64_t at = 0;
    while (at + 1 < events_at_.size() && events_at_[at] < wanted) ++at;
    return Sequence{at + 1};
  }
  std::uint64_t events_after(Sequence sequence) const {
    return events_ - events_at_[sequence.value() - 1];
  }

 private:
  void execute(Log& log, BroadcastRing::Writer& writer, Command command) {
    command.sequence = Sequence{++head_};
    command.time = TimeNs{static_cast<std::int64_t>(1'700'000'000'000'000'000 + head_ * 1000)};
    if (command.type == CommandType::new_order) command.order.order_id = OrderId{head_};
    engine_.apply(command, out_);
    events_ += out_.public_events().size();
    events_at_.push_back(events_);
    const std::size_t length = encode(command, out_, Epoch{1}, engine_.state_hash(), bytes_);
    while (!writer.append(std::span<const std::byte>(bytes_).first(length))) log.journal().step();
  }

  Command trade() {
    Command command{};
    command.symbol = SymbolId{static_cast<std::uint32_t>(1 + random_() % settings_.symbols)};
    command.account = AccountId{static_cast<std::uint32_t>(1 + random_() % 50)};
    const std::uint64_t kind = random_() % 10;
    if (kind >= 5 && orders_.size() > 1'000) {
      const std::size_t at = random_() % orders_.size();
      command = orders_[at];
      command.type = CommandType::cancel;
      orders_[at] = orders_.back();
      orders_.pop_back();
      return command;
    }
    command.type = CommandType::new_order;
    OrderBody& order = command.order;
    order.side = random_() % 2 == 0 ? Side::buy : Side::sell;
    const std::int64_t away = static_cast<std::int64_t>(random_() % 100) - (kind == 0 ? 100 : 0);
    order.price = PriceTicks{50'000 + (order.side == Side::buy ? -away : away)};
    order.quantity = QuantityLots{1 + random_() % 100};
    order.type = OrderType::limit;
    order.time_in_force = kind == 0 ? TimeInForce::ioc : TimeInForce::gtc;
    if (kind != 0) {
      orders_.push_back(command);
      orders_.back().order.order_id = OrderId{head_ + 1};
    }
    return command;
  }

  const Settings& settings_;
  EngineLimits limits_;
  Engine engine_;
  EventBuffer out_;
  std::vector<std::byte> bytes_;
  std::mt19937_64 random_{42};
  std::vector<Command> orders_;           // that may still be open
  std::vector<std::uint64_t> events_at_;  // public events up to a sequence
  std::uint64_t events_ = 0;
  std::uint64_t head_ = 0;
};

void ask(const char* what, const Log& log, const Settings& settings, Sequence first,
         std::mt19937_64& random) {
  std::vector<std::int64_t> ns;
  std::uint64_t transactions = 0;
  const std::uint64_t last = log.released_sequence().value();
  for (std::uint64_t i = 0; i < settings.queries; ++i) {
    const Sequence at{first.value() + random() % (last - first.value() + 1)};
    const std::string symbol = fmt::format("BENCH{}", 1 + random() % settings.symbols);
    const double ms = ms_of([&] { transactions += must(book_at(log, symbol, at)).transactions; });
    ns.push_back(static_cast<std::int64_t>(ms * 1e6));
  }
  const Percentiles sorted(std::move(ns));
  fmt::print("{:<40} p50 {:8.2f} ms   p99 {:8.2f} ms   max {:8.2f} ms   {} transactions each\n",
             what, static_cast<double>(sorted.at(50)) / 1e6,
             static_cast<double>(sorted.at(99)) / 1e6, static_cast<double>(sorted.max()) / 1e6,
             transactions / settings.queries);
}

void run(const Settings& settings) {
  std::filesystem::remove_all(settings.directory);
  LogOptions options;
  options.directory = settings.directory;
  options.durability = Durability::memory;
  const auto log = must(Log::open(options));
  Market market(settings);
  const Sequence at = market.fill(*log);
  std::uint64_t log_bytes = 0;
  for (const auto& file : std::filesystem::directory_iterator(settings.directory)) {
    if (file.is_regular_file()) log_bytes += file.file_size();
  }
  fmt::print("{} transactions of {} symbols, {} MB of files\n\n", settings.transactions,
             settings.symbols, log_bytes >> 20);

  Restored all;
  const double whole = ms_of([&] { all = must(restore(*log)); });
  fmt::print("{:<40} {:8.1f} ms\n", "restored from the whole log", whole);
  RestoreOptions up_to;
  up_to.last = at;
  const Restored then = must(restore(*log, up_to));
  SnapshotHeader header{};
  const double written = ms_of([&] { header = must(save_snapshot(*log, then, TimeNs{1})); });
  fmt::print("{:<40} {:8.1f} ms, {} orders, {} KB\n", "snapshot written, synced and verified",
             written, then.engine->open_orders(), header.file_bytes >> 10);
  const double loaded = ms_of([&] { must(restore_snapshot(*log)); });
  fmt::print("{:<40} {:8.1f} ms\n", "snapshot loaded", loaded);
  Restored rest;
  const double some = ms_of([&] { rest = must(restore(*log)); });
  fmt::print("{:<40} {:8.1f} ms, {} transactions\n", "restored from it and the rest", some,
             rest.rebuilt.transactions);
  if (rest.engine->state_hash() != all.engine->state_hash()) {
    fmt::print(stderr, "bourse_history_bench: the state hashes differ\n");
    std::exit(1);
  }

  BookAt book;
  const double rolled =
      ms_of([&] { book = must(book_at(*log, "BENCH1", log->released_sequence())); });
  fmt::print("\n{:<40} {:8.2f} ms, {} events of all symbols, {} of it\n",
             "book at the head from the snapshot", rolled, market.events_after(at), book.events);
  std::mt19937_64 random(1);
  auto keyframes = must(BookKeyframes::open(*log, MarketState(), settings.books_every));
  const double framed = ms_of([&] {
    while (must(keyframes.step(TimeNs{1}))) {
    }
  });
  fmt::print("{:<40} {:8.1f} ms, {} keyframes, one every {} transactions\n",
             "followed once for keyframes", framed, keyframes.written_count(),
             settings.books_every);
  ask("book at any sequence, with keyframes", *log, settings, Sequence{settings.symbols + 2},
      random);
}

}  // namespace
}  // namespace bourse

int main(int argc, char** argv) {
  bourse::Arguments arguments(argc, argv, bourse::usage);
  bourse::Settings settings{
      .transactions = arguments.number("--transactions", 2'000'000),
      .symbols = static_cast<std::uint32_t>(arguments.number("--symbols", 10)),
      .queries = arguments.number("--queries", 200),
      .books_every = arguments.number("--books-every", bourse::SnapshotPolicy{}.books_every),
      .directory = arguments.text("--directory").value_or("bourse_history_bench.tmp")};
  arguments.finish();
  std::fputs(bourse::describe_machine().c_str(), stdout);
  bourse::run(settings);
  std::filesystem::remove_all(settings.directory);
  return 0;
}
