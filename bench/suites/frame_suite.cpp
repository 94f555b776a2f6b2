// `bourse bench frame`: a transaction until its frame is encoded, copied for its readers and read.
//   way       hub (follows the market, encodes once) -> frame log -> outbox of each reader; the
//             first reader verifies
//   schedule  open loop on one thread; latency counts from the intended time
//   twin      the same encoder run anew for each reader
//   Left out: TLS, sockets, sessions; the engine that made the transactions.

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "bench/load/aligned_copy.h"     // AlignedCopy
#include "bench/load/held_streams.h"     // HeldStreams
#include "bench/load/order_stream.h"     // make_order_stream
#include "bench/measure/cycles.h"        // CycleClock, thread_cpu_ns
#include "bench/measure/machine.h"       // pin_to_core
#include "bench/measure/open_loop.h"     // Pace, highest_rate
#include "bench/suites/suite.h"          // SuiteOptions
#include "feed/market/hub.h"             // Hub
#include "feed/market/market_frames.h"   // read_frame
#include "feed/market/stream_encoder.h"  // StreamEncoder
#include "feed/net/outbox.h"             // Outbox
#include "matching/check.h"              // CHECK
#include "matching/engine.h"             // Engine
#include "matching/event.h"              // EventBuffer
#include "matching/transaction.h"        // encode, TransactionView

namespace bourse {
namespace {

constexpr double own_rates[] = {100'000, 500'000};
constexpr double curve_rates[] = {100'000, 250'000, 500'000, 1'000'000, 2'000'000};
constexpr double curve_seconds = 0.2;
constexpr double bound_ns = 100'000;
constexpr double low_rate = 31'250, high_rate = 16'000'000;
constexpr std::size_t closed_transactions = 40'000;
constexpr std::size_t bursts[] = {1, 8, 64, 512};
constexpr std::uint32_t reader_counts[] = {1, 10, 100, 1'000};
constexpr std::uint32_t twin_readers_most = 100;
constexpr std::uint32_t readers_alone = 100;
constexpr std::size_t burst_alone = 8;
constexpr std::size_t deliveries_wanted = 1'000'000;
constexpr std::size_t outbox_bytes = 64 << 10;

// The transactions of the stream, one after the other, the definition of the symbol first.
class Transactions {
 public:
  explicit Transactions(const std::vector<Command>& commands) {
    Engine engine(stream_limits);
    EventBuffer events;
    std::vector<std::size_t> ends;
    const auto add = [&](Command command) {
      command.sequence = Sequence{ends.size() + 1};
      command.time = TimeNs{static_cast<std::int64_t>(1'700'000'000'000'000'000 + ends.size())};
      if (command.type == CommandType::new_order)
        command.order.order_id = OrderId{command.sequence.value()};
      engine.apply(command, events);
      const std::size_t words = encoded_bytes(command, events) / sizeof(std::uint64_t);
      const std::size_t at = words_.size();
      words_.resize(at + words);
      encode(command, events, Epoch{1}, engine.state_hash(),
             std::as_writable_bytes(std::span(words_).subspan(at)));
      ends.push_back(words_.size());
    };
    add(define_stream_symbol(1));
    for (const Command& command : commands) add(command);
    std::size_t begin = 0;
    for (const std::size_t end : ends) {
      const auto bytes = std::as_bytes(std::span(words_).subspan(begin, end - begin));
      views_.push_back(*TransactionView::parse(bytes));
      begin = end;
    }
  }
  const std::vector<TransactionView>& views() const { return views_; }

 private:
  std::vector<std::uint64_t> words_;
  std::vector<TransactionView> views_;
};

// Copies what is new for each reader; the first one verifies.
class Readers {
 public:
  explicit Readers(std::uint32_t count) : outboxes_(count) {}

  void take(const FrameLog& frames) {
    for (; position_ < frames.head(); ++position_) {
      if (wire::channel_of(frames.entry(position_).stream_id) != wire::Channel::mbo) continue;
      const std::span<const std::byte> bytes = frames.bytes(position_);
      for (Outbox& outbox : outboxes_) append(outbox, bytes);
      const auto payload = bytes.subspan(frames.entry(position_).ws_header_bytes);
      CHECK(read_frame(aligned_.of(payload)).has_value());
      deliveries_ += outboxes_.size();
    }
  }
  // The twin's way: its own encoding of the frame.
  void take_alone(std::size_t reader, std::span<const std::byte> payload) {
    Outbox& outbox = outboxes_[reader];
    outbox.append_binary(payload);
    if (outbox.size() > outbox_bytes) outbox.consume(outbox.size());
    ++deliveries_;
  }
  std::uint64_t deliveries() const { return deliveries_; }

 private:
  static void append(Outbox& outbox, std::span<const std::byte> bytes) {
    outbox.append_framed(bytes);
    if (outbox.size() > outbox_bytes) outbox.consume(outbox.size());
  }

  std::vector<Outbox> outboxes_;
  AlignedCopy aligned_;
  std::uint64_t position_ = 0;
  std::uint64_t deliveries_ = 0;
};

class FrameSuite {
 public:
  FrameSuite(const SuiteOptions& options, BenchProgress& progress)
      : options_(options), progress_(progress) {
    if (options_.rates.empty()) options_.rates.assign(std::begin(own_rates), std::end(own_rates));
    const double most = *std::ranges::max_element(options_.rates);
    const auto wanted = static_cast<std::size_t>(most * (options_.seconds + options_.warm_up));
    const OrderStream stream =
        make_order_stream(std::max(wanted, closed_transactions) + 1, Sequence{2}, options_.seed);
    transactions_ = std::make_unique<Transactions>(stream.commands);
    out_.name = "frame";
    out_.what =
        "a transaction until its frame is encoded, copied for a reader and read; one thread";
    out_.mix = stream.mix;
    out_.left_out = "TLS, sockets, sessions, the engine";
  }

  Section run() {
    pin_to_core(0);
    for (const double rate : options_.rates) measure_rate(rate);
    measure_readers(readers_alone, options_.runs);
    if (options_.curves && progress_.has_time()) {
      measure_curve_of_rates();
      measure_bursts();
      measure_curve_of_readers();
    }
    add_warnings(out_);
    return std::move(out_);
  }

 private:
  // The first transaction defines the instrument.
  static void begin(Hub& hub, const TransactionView& definition) {
    hub.on_transaction(definition);
    hub.flush(definition.time());
    HeldStreams().hold(hub);
  }

  OpenRun run_open(double rate, std::size_t count, std::size_t warm_up) {
    const auto& views = transactions_->views();
    Hub hub(MarketState{}, Epoch{1}, FeedOptions{});
    Readers readers(1);
    begin(hub, views[0]);
    OpenRun out;
    out.latency_ns.reserve(count - warm_up);
    const double interval = clock_.cycles(1e9 / rate);
    Pace pace(interval, CycleClock::now() + static_cast<std::uint64_t>(clock_.cycles(1e6)),
              static_cast<std::uint64_t>(clock_.cycles(1'000)));
    std::uint64_t end = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint64_t due =
          pace.wait(i, warm_up, [] { return CycleClock::now(); }, [](std::uint64_t) {});
      hub.on_transaction(views[i + 1]);
      hub.flush(views[i + 1].time());
      readers.take(hub.frames());
      end = CycleClock::end();
      if (i >= warm_up) out.latency_ns.push_back(static_cast<std::int64_t>(clock_.ns(end - due)));
    }
    out.reached = static_cast<double>(count - warm_up) * 1e9 /
                  clock_.ns(end - pace.intended(warm_up) + static_cast<std::uint64_t>(interval));
    return out;
  }

  void measure_rate(double rate) {
    LatencyRowBuilder row(fmt::format("frame {}", rate_text(rate)), rate);
    const auto warm_up = static_cast<std::size_t>(rate * options_.warm_up);
    const std::size_t count = warm_up + static_cast<std::size_t>(rate * options_.seconds);
    for (std::uint64_t i = 0; progress_.goes_on(i, options_.runs); ++i) {
      progress_.next(fmt::format("frame {}, run {}", rate_text(rate), i + 1),
                     options_.seconds + options_.warm_up);
      row.add(run_open(rate, count, warm_up));
    }
    out_.rows.push_back(row.finish());
  }

  std::size_t closed_count(std::uint32_t readers) const {
    return std::clamp<std::size_t>(deliveries_wanted / readers, 2'000, closed_transactions);
  }

  // CPU ns of one delivery: encoded once, copied for each.
  double shared_ns(std::uint32_t count_of_readers, std::size_t burst) {
    const auto& views = transactions_->views();
    Hub hub(MarketState{}, Epoch{1}, FeedOptions{});
    Readers readers(count_of_readers);
    begin(hub, views[0]);
    const std::int64_t begun = thread_cpu_ns();
    const std::size_t count = closed_count(count_of_readers);
    for (std::size_t i = 1; i < count; ++i) {
      hub.on_transaction(views[i]);
      if ((i + 1) % burst != 0) continue;
      hub.flush(views[i].time());
      readers.take(hub.frames());
    }
    return static_cast<double>(thread_cpu_ns() - begun) /
           static_cast<double>(std::max<std::uint64_t>(readers.deliveries(), 1));
  }

  // The twin: every reader has an encoder of its own.
  double alone_ns(std::uint32_t count_of_readers, std::size_t burst) {
    const auto& views = transactions_->views();
    InstrumentTable instruments;
    std::vector<StreamEncoder> encoders;
    for (std::uint32_t i = 0; i < count_of_readers; ++i) {
      encoders.emplace_back(instruments);
      encoders.back().want(wire::stream_id(wire::Channel::mbo, SymbolId{1}), 0);
    }
    Readers readers(count_of_readers);
    const std::int64_t begun = thread_cpu_ns();
    const std::size_t count = closed_count(count_of_readers);
    for (std::size_t i = 0; i < count; ++i) {
      instruments.on_transaction(views[i]);
      for (StreamEncoder& encoder : encoders) encoder.add(views[i]);
      if ((i + 1) % burst != 0) continue;
      for (std::size_t reader = 0; reader < encoders.size(); ++reader) {
        encoders[reader].begin_flush(views[i].time(), 0);
        EncodedFrame frame{};
        while (encoders[reader].next(frame)) readers.take_alone(reader, frame.bytes);
      }
    }
    return static_cast<double>(thread_cpu_ns() - begun) /
           static_cast<double>(std::max<std::uint64_t>(readers.deliveries(), 1));
  }

  void measure_readers(std::uint32_t readers, std::uint64_t runs) {
    Figure figure{
        .name = fmt::format("one frame for one of {} readers, bursts of {}", readers, burst_alone),
        .unit = "ns of CPU",
        .twin = "encoded for each reader"};
    for (std::uint64_t i = 0; i < runs; ++i) {
      progress_.next(fmt::format("frame, {} readers, run {}", readers, i + 1), 0.5);
      figure.runs.push_back(shared_ns(readers, burst_alone));
      figure.twin_runs.push_back(alone_ns(readers, burst_alone));
    }
    out_.figures.push_back(std::move(figure));
  }

  void measure_curve_of_rates() {
    const auto attempt = [&](double rate) {
      progress_.next(fmt::format("frame, search at {}", rate_text(rate)), curve_seconds);
      const auto count = std::min(transactions_->views().size() - 1,
                                  static_cast<std::size_t>(rate * curve_seconds));
      OpenRun one = run_open(rate, count, count / 5);
      return std::pair(one.reached, Percentiles(std::move(one.latency_ns)));
    };
    CostCurve curve{
        .name = "frame: latency against rate", .x = "transactions per second", .y = "ns"};
    curve.series = {{"p50", {}}, {"p99", {}}, {"p99.9", {}}};
    for (const double rate : curve_rates) {
      const Percentiles found = attempt(rate).second;
      const double shown[] = {50, 99, 99.9};
      for (std::size_t i = 0; i < std::size(shown); ++i)
        curve.series[i].second.push_back({rate, static_cast<double>(found.at(shown[i]))});
    }
    out_.curves.push_back(std::move(curve));
    const double bound = options_.bound_ns > 0 ? options_.bound_ns : bound_ns;
    add_highest_rate(out_, bound,
                     highest_rate(low_rate, high_rate, bound,
                                  [&](double rate) {
                                    const auto [reached, found] = attempt(rate);
                                    return Tried{reached, static_cast<double>(found.at(99.9))};
                                  }),
                     "transactions/s");
  }

  void measure_bursts() {
    CostCurve curve{.name = "frame: encoding and reading against the size of a burst",
                    .x = "transactions in a burst",
                    .y = "ns of CPU a transaction"};
    curve.series = {{"ours", {}}};
    for (const std::size_t burst : bursts) {
      progress_.next(fmt::format("frame, bursts of {}", burst), 0.3);
      const auto& views = transactions_->views();
      Hub hub(MarketState{}, Epoch{1}, FeedOptions{});
      Readers readers(1);
      begin(hub, views[0]);
      const std::int64_t begun = thread_cpu_ns();
      for (std::size_t i = 1; i < closed_transactions; ++i) {
        hub.on_transaction(views[i]);
        if ((i + 1) % burst != 0) continue;
        hub.flush(views[i].time());
        readers.take(hub.frames());
      }
      curve.series[0].second.push_back(
          {static_cast<double>(burst), static_cast<double>(thread_cpu_ns() - begun) /
                                           static_cast<double>(closed_transactions)});
    }
    out_.curves.push_back(std::move(curve));
  }

  void measure_curve_of_readers() {
    CostCurve curve{.name = "frame: a delivery against readers, bursts of 8",
                    .x = "readers",
                    .y = "ns of CPU a delivery"};
    curve.series = {{"encoded once", {}}, {"twin, encoded for each", {}}};
    for (const std::uint32_t readers : reader_counts) {
      progress_.next(fmt::format("frame, {} readers", readers), 0.5);
      const auto x = static_cast<double>(readers);
      curve.series[0].second.push_back({x, shared_ns(readers, burst_alone)});
      if (readers <= twin_readers_most)
        curve.series[1].second.push_back({x, alone_ns(readers, burst_alone)});
    }
    out_.curves.push_back(std::move(curve));
  }

  SuiteOptions options_;
  BenchProgress& progress_;
  CycleClock clock_;
  std::unique_ptr<Transactions> transactions_;
  Section out_;
};

}  // namespace

double frame_suite_seconds(const SuiteOptions& options) {
  const double rates =
      static_cast<double>(options.rates.empty() ? std::size(own_rates) : options.rates.size());
  const double runs = static_cast<double>(options.runs);
  return rates * runs * (options.seconds + options.warm_up) + 0.5 * runs +
         (options.curves ? 10.0 : 0.0);
}

Result<Section> run_frame_suite(const SuiteOptions& options, BenchProgress& progress) {
  return FrameSuite(options, progress).run();
}

}  // namespace bourse
