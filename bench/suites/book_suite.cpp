// `bourse bench book`: one command into the engine, on the thread of the engine.
//   way       Engine::apply with all checks, public and private events, the state hash after each
//   schedule  open loop; the thread spins until a command is due, and is late when the one before
//             was still running
//   twin      std::map of lists behind a mutex, the same commands, in turns with the engine in the
//             same run; at the end both have the same trades and open orders
//   Left out: gates, log, wire, and what another core's caches would cost.

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "bench/load/order_stream.h"    // make_order_stream
#include "bench/measure/cycles.h"       // CycleClock
#include "bench/measure/open_loop.h"    // Pace, highest_rate
#include "bench/suites/suite.h"         // SuiteOptions
#include "bench/twins/map_book_twin.h"  // MapBookTwin
#include "matching/check.h"             // CHECK
#include "matching/engine.h"            // Engine
#include "matching/event.h"             // EventBuffer

namespace bourse {
namespace {

constexpr double own_rates[] = {100'000, 1'000'000};
constexpr double bound_ns = 100'000;
constexpr double low_rate = 62'500, high_rate = 64'000'000;
constexpr double curve_rates[] = {250'000, 1'000'000, 2'000'000, 4'000'000, 8'000'000};
constexpr double curve_seconds = 0.2;
constexpr std::size_t closed_commands = 500'000;
constexpr std::uint64_t depths[] = {1'000, 10'000, 100'000, 1'000'000};
constexpr std::uint32_t symbol_counts[] = {1, 10, 100, 1'000, 10'000};
constexpr std::size_t curve_pairs = 100'000;  // an add and a cancel each
constexpr std::int64_t middle = 500'000;

// Everything that the engine thread does for a command but gate and log.
class EngineSide {
 public:
  EngineSide(const EngineLimits& limits, std::uint32_t symbols) : engine_(limits) {
    for (std::uint32_t id = 1; id <= symbols; ++id) apply(define_stream_symbol(id));
  }
  void apply(const Command& command) {
    command_ = command;
    command_.sequence = Sequence{++sequence_};
    if (command.type == CommandType::new_order) command_.order.order_id = OrderId{sequence_};
    engine_.apply(command_, events_);
    for (const PublicEvent& event : events_.public_events()) {
      if (event.kind != EventKind::execute && event.kind != EventKind::trade) continue;
      ++trades_;
      traded_ += event.quantity.value();
    }
    hashes_ ^= engine_.state_hash();
  }
  std::uint64_t sequence() const { return sequence_; }
  std::uint64_t trades() const { return trades_; }
  std::uint64_t traded() const { return traded_; }
  std::size_t open_orders() const { return engine_.open_orders(); }

 private:
  Engine engine_;
  EventBuffer events_;
  Command command_{};
  std::uint64_t sequence_ = 0;
  std::uint64_t trades_ = 0;
  std::uint64_t traded_ = 0;
  std::uint64_t hashes_ = 0;
};

// The twin takes ids as the engine gives them.
class TwinSide {
 public:
  explicit TwinSide(std::uint32_t symbols) : book_(symbols), sequence_(symbols) {}
  void apply(const Command& command) {
    command_ = command;
    ++sequence_;
    if (command.type == CommandType::new_order) command_.order.order_id = OrderId{sequence_};
    book_.apply(command_);
  }
  std::uint64_t sequence() const { return sequence_; }
  const MapBookTwin& book() const { return book_; }

 private:
  MapBookTwin book_;
  Command command_{};
  std::uint64_t sequence_;
};

OpenRun run_open(const std::vector<Command>& commands, std::size_t count, std::size_t warm_up,
                 double rate, const CycleClock& clock, auto& side) {
  OpenRun out;
  out.latency_ns.reserve(count - warm_up);
  Pace pace(clock.cycles(1e9 / rate),
            CycleClock::now() + static_cast<std::uint64_t>(clock.cycles(1e6)),
            static_cast<std::uint64_t>(clock.cycles(1'000)));
  std::uint64_t end = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t due =
        pace.wait(i, warm_up, [] { return CycleClock::now(); }, [](std::uint64_t) {});
    side.apply(commands[i]);
    end = CycleClock::end();
    if (i >= warm_up) out.latency_ns.push_back(static_cast<std::int64_t>(clock.ns(end - due)));
  }
  out.reached =
      static_cast<double>(count - warm_up) * 1e9 /
      clock.ns(end - pace.intended(warm_up) + static_cast<std::uint64_t>(clock.cycles(1e9 / rate)));
  return out;
}

// CPU time of the thread, so that other work on the machine disturbs it less.
double closed_ns(const std::vector<Command>& commands, auto& side) {
  const std::int64_t begun = thread_cpu_ns();
  for (const Command& command : commands) side.apply(command);
  return static_cast<double>(thread_cpu_ns() - begun) / static_cast<double>(commands.size());
}

Command order_at(std::uint32_t symbol, std::int64_t price) {
  Command command{};
  command.type = CommandType::new_order;
  command.symbol = SymbolId{symbol};
  command.account = AccountId{1};
  command.order.price = PriceTicks{price};
  command.order.quantity = QuantityLots{10};
  command.order.side = price < middle ? Side::buy : Side::sell;
  command.order.type = OrderType::limit;
  command.order.time_in_force = TimeInForce::gtc;
  return command;
}

// One add and one cancel of a random order, in `symbols` books of `resting` orders together.
double pair_ns(std::uint64_t resting, std::uint32_t symbols, auto& side) {
  std::mt19937_64 random(7);
  const auto any_order = [&] {
    const auto away = static_cast<std::int64_t>(1 + random() % 1'000);
    return order_at(static_cast<std::uint32_t>(1 + random() % symbols),
                    random() % 2 == 0 ? middle - away : middle + away);
  };
  std::vector<Command> open;
  const auto add = [&](Command& command) {
    side.apply(command);
    command.order.order_id = OrderId{side.sequence()};
  };
  for (std::uint64_t i = 0; i < resting; ++i) {
    Command& command = open.emplace_back(any_order());
    add(command);
  }
  std::vector<std::pair<Command, std::size_t>> pairs;
  for (std::size_t i = 0; i < curve_pairs; ++i)
    pairs.emplace_back(any_order(), random() % open.size());
  const std::int64_t begun = thread_cpu_ns();
  for (auto& [command, victim] : pairs) {
    Command& cancel = open[victim];
    cancel.type = CommandType::cancel;
    side.apply(cancel);
    add(command);
    cancel = command;
  }
  return static_cast<double>(thread_cpu_ns() - begun) / static_cast<double>(2 * pairs.size());
}

class BookSuite {
 public:
  BookSuite(const SuiteOptions& options, BenchProgress& progress)
      : options_(options), progress_(progress) {
    if (options_.rates.empty()) options_.rates.assign(std::begin(own_rates), std::end(own_rates));
    const double most = *std::ranges::max_element(options_.rates);
    const auto wanted = static_cast<std::size_t>(most * (options_.seconds + options_.warm_up));
    stream_ = make_order_stream(std::max(wanted, closed_commands), Sequence{2}, options_.seed);
    out_.name = "book";
    out_.what = "a command into the engine: decided, events and state hash made; one thread";
    out_.mix = stream_.mix;
    out_.left_out = "gate, log, wire, other cores";
  }

  Section run() {
    pin_to_core(0);
    for (const double rate : options_.rates) measure_rate(rate);
    measure_closed();
    if (options_.curves && progress_.has_time()) {
      measure_curve_of_rates();
      measure_depths();
      measure_symbols();
    }
    add_warnings(out_);
    return std::move(out_);
  }

 private:
  void measure_rate(double rate) {
    const auto warm_up = static_cast<std::size_t>(rate * options_.warm_up);
    const std::size_t count = warm_up + static_cast<std::size_t>(rate * options_.seconds);
    LatencyRowBuilder ours(fmt::format("engine {}", rate_text(rate)), rate);
    LatencyRowBuilder theirs(fmt::format("mutex + std::map {}", rate_text(rate)), rate, true);
    for (std::uint64_t i = 0; progress_.goes_on(i, options_.runs); ++i) {
      progress_.next(fmt::format("book {}, run {}", rate_text(rate), i + 1), 2 * run_seconds());
      EngineSide engine(stream_limits, 1);
      ours.add(run_open(stream_.commands, count, warm_up, rate, clock_, engine));
      TwinSide twin(1);
      theirs.add(run_open(stream_.commands, count, warm_up, rate, clock_, twin));
      CHECK(engine.trades() == twin.book().trades() && engine.traded() == twin.book().traded());
      CHECK(engine.open_orders() == twin.book().open_orders());
    }
    out_.rows.push_back(ours.finish());
    out_.rows.push_back(theirs.finish());
  }

  void measure_closed() {
    Figure figure{.name = "one command, one after the other",
                  .unit = "ns of CPU",
                  .twin = "mutex + std::map"};
    const std::vector<Command> commands(stream_.commands.begin(),
                                        stream_.commands.begin() + closed_commands);
    for (std::uint64_t i = 0; progress_.goes_on(i, options_.runs); ++i) {
      progress_.next(fmt::format("book, closed, run {}", i + 1), 0.5);
      EngineSide engine(stream_limits, 1);
      figure.runs.push_back(closed_ns(commands, engine));
      TwinSide twin(1);
      figure.twin_runs.push_back(closed_ns(commands, twin));
    }
    out_.figures.push_back(std::move(figure));
  }

  void measure_curve_of_rates() {
    const auto attempt = [&](double rate, Percentiles* found) {
      progress_.next(fmt::format("book, search at {}", rate_text(rate)), curve_seconds);
      const auto count =
          std::min(stream_.commands.size(), static_cast<std::size_t>(rate * curve_seconds));
      EngineSide engine(stream_limits, 1);
      OpenRun one = run_open(stream_.commands, count, count / 5, rate, clock_, engine);
      Percentiles percentiles(std::move(one.latency_ns));
      const Tried tried{one.reached, static_cast<double>(percentiles.at(99.9))};
      if (found != nullptr) *found = std::move(percentiles);
      return tried;
    };
    CostCurve curve{.name = "book: latency against rate", .x = "commands per second", .y = "ns"};
    curve.series = {{"p50", {}}, {"p99", {}}, {"p99.9", {}}};
    for (const double rate : curve_rates) {
      if (!progress_.has_time()) return;
      Percentiles found({0});
      attempt(rate, &found);
      const double shown[] = {50, 99, 99.9};
      for (std::size_t i = 0; i < std::size(shown); ++i)
        curve.series[i].second.push_back({rate, static_cast<double>(found.at(shown[i]))});
    }
    out_.curves.push_back(std::move(curve));
    add_highest_rate(
        out_, options_.bound_ns > 0 ? options_.bound_ns : bound_ns,
        highest_rate(low_rate, high_rate, options_.bound_ns > 0 ? options_.bound_ns : bound_ns,
                     [&](double rate) { return attempt(rate, nullptr); }),
        "commands/s");
  }

  void measure_depths() {
    CostCurve curve{.name = "book: an add or a cancel against orders in one book",
                    .x = "open orders",
                    .y = "ns"};
    curve.series = {{"engine", {}}, {"twin, mutex + std::map", {}}};
    for (const std::uint64_t depth : depths) {
      if (!progress_.has_time()) break;
      progress_.next(fmt::format("book, {} open orders", depth), 1);
      EngineSide engine({.symbols_max = 1, .accounts_max = 2, .orders_max = 1u << 21}, 1);
      TwinSide twin(1);
      const auto x = static_cast<double>(depth);
      curve.series[0].second.push_back({x, pair_ns(depth, 1, engine)});
      curve.series[1].second.push_back({x, pair_ns(depth, 1, twin)});
    }
    out_.curves.push_back(std::move(curve));
  }

  void measure_symbols() {
    CostCurve curve{.name = "book: an add or a cancel against symbols, 100 orders in each",
                    .x = "symbols",
                    .y = "ns of CPU"};
    curve.series = {{"engine", {}}, {"twin, mutex + std::map", {}}};
    for (const std::uint32_t symbols : symbol_counts) {
      if (!progress_.has_time()) break;
      progress_.next(fmt::format("book, {} symbols", symbols), 1);
      EngineSide engine({.symbols_max = symbols, .accounts_max = 2, .orders_max = 1u << 21},
                        symbols);
      TwinSide twin(symbols);
      const std::uint64_t resting = 100ull * symbols;
      curve.series[0].second.push_back(
          {static_cast<double>(symbols), pair_ns(resting, symbols, engine)});
      curve.series[1].second.push_back(
          {static_cast<double>(symbols), pair_ns(resting, symbols, twin)});
    }
    out_.curves.push_back(std::move(curve));
  }

  double run_seconds() const { return options_.seconds + options_.warm_up; }

  SuiteOptions options_;
  BenchProgress& progress_;
  CycleClock clock_;
  OrderStream stream_;
  Section out_;
};

}  // namespace

double book_suite_seconds(const SuiteOptions& options) {
  const double rates =
      static_cast<double>(options.rates.empty() ? std::size(own_rates) : options.rates.size());
  const double runs = static_cast<double>(options.runs);
  return 2 * rates * runs * (options.seconds + options.warm_up) + 0.5 * runs +
         (options.curves ? 15.0 : 0.0);
}

Result<Section> run_book_suite(const SuiteOptions& options, BenchProgress& progress) {
  return BookSuite(options, progress).run();
}

}  // namespace bourse
