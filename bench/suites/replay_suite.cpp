// `bourse bench replay`: a log of the past, read, executed again and searched.
//   read      every transaction by a cursor, every checksum verified; twin: read() of the same
//             bytes in blocks of 1 MiB
//   execute   every command again, every event and state hash compared; CPU time of the thread
//   seek      to a random sequence and the transaction there; twin: one pread of 16 KiB
//   book      of a random sequence in the past
//   Closed loop: one after the other, as a reader does. All files are in the page cache.
//   Left out: the disk, other readers, snapshots (bourse_history_bench has them).

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <random>

#include "bench/load/order_stream.h"       // make_order_stream
#include "bench/load/stream_log.h"         // fill_stream_log
#include "bench/measure/cycles.h"          // thread_cpu_ns
#include "bench/measure/open_loop.h"       // wall_ns
#include "bench/suites/suite.h"            // SuiteOptions
#include "replay/snapshot/book_history.h"  // book_at
#include "replay/snapshot/restore.h"       // restore

namespace bourse {
namespace {

constexpr std::uint64_t sizes[] = {20'000, 60'000, 200'000, 600'000};
constexpr std::uint64_t size_alone = 200'000;
constexpr std::uint64_t quick_size = 20'000;
constexpr int seeks = 5'000;
constexpr int books = 20;
constexpr std::size_t block_bytes = 1 << 20;
constexpr std::size_t seek_bytes = 16 << 10;

struct Files {
  std::vector<int> descriptors;
  ~Files() {
    for (const int fd : descriptors) ::close(fd);
  }
};

class ReplaySuite {
 public:
  ReplaySuite(const SuiteOptions& options, BenchProgress& progress)
      : options_(options), progress_(progress) {
    out_.name = "replay";
    out_.what = "a log read, verified and executed again; closed loop";
    out_.mix = make_order_stream(10'000, Sequence{3}, options_.seed).mix + " (of 10,000)";
    out_.left_out = "the disk: all is in the page cache; snapshots";
  }

  Result<Section> run() {
    const std::uint64_t size = options_.seconds < 0.5 ? quick_size : size_alone;
    if (auto done = measure(size); !done) return std::unexpected(done.error());
    if (options_.curves && progress_.has_time())
      if (auto done = measure_sizes(); !done) return std::unexpected(done.error());
    add_warnings(out_);
    return std::move(out_);
  }

 private:
  struct Timed {
    double read_per_second = 0;  // transactions, wall time
    double raw_per_second = 0;   // the same by read() alone
    double execute_ns = 0;       // CPU of one transaction
    double execute_s = 0;
  };

  Result<std::unique_ptr<Log>> open() const {
    LogOptions options;
    options.directory = directory();
    options.read_only = true;
    return Log::open(options);
  }
  std::filesystem::path directory() const { return options_.directory / "replay"; }

  Result<void> fill(std::uint64_t size) {
    progress_.next(fmt::format("replay, a log of {} transactions", size), 1);
    std::error_code ignored;
    std::filesystem::remove_all(directory(), ignored);
    auto filled = fill_stream_log(directory(), size, options_.seed);
    if (!filled) return std::unexpected(filled.error());
    filled_ = *filled;
    return {};
  }

  Files files() const {
    Files out;
    for (const auto& entry : std::filesystem::directory_iterator(directory()))
      if (entry.path().extension() == ".seg" || entry.path().extension() == ".open")
        out.descriptors.push_back(::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC));
    return out;
  }

  // As many bytes as the log's transactions take, from the beginning.
  double raw_seconds() const {
    const Files from = files();
    std::vector<char> block(block_bytes);
    const std::uint64_t begin = wall_ns();
    std::uint64_t left = filled_.bytes;
    for (const int fd : from.descriptors)
      for (ssize_t got = 1; left > 0 && got > 0;) {
        got = ::read(fd, block.data(), std::min<std::uint64_t>(block.size(), left));
        left -= got > 0 ? static_cast<std::uint64_t>(got) : 0;
      }
    return static_cast<double>(wall_ns() - begin) / 1e9;
  }

  Result<Timed> time_log() {
    auto log = open();
    if (!log) return std::unexpected(log.error());
    auto cursor = (*log)->cursor(Sequence{1});
    if (!cursor) return std::unexpected(cursor.error());
    Timed out;
    const auto count = static_cast<double>(filled_.transactions);
    std::uint64_t seen = 0;
    std::uint64_t begin = wall_ns();
    Cursor::Next next = Cursor::Next::transaction;
    while ((next = cursor->next()) == Cursor::Next::transaction) ++seen;
    if (next == Cursor::Next::failed) return std::unexpected(cursor->error());
    out.read_per_second = static_cast<double>(seen) * 1e9 / static_cast<double>(wall_ns() - begin);
    out.raw_per_second = count / raw_seconds();
    const std::int64_t cpu = thread_cpu_ns();
    begin = wall_ns();
    auto restored = restore(**log);
    if (!restored) return std::unexpected(restored.error());
    out.execute_s = static_cast<double>(wall_ns() - begin) / 1e9;
    out.execute_ns = static_cast<double>(thread_cpu_ns() - cpu) / count;
    if (seen != filled_.transactions || restored->rebuilt.transactions != seen)
      return fail(ExitCode::internal,
                  fmt::format("{} of {} transactions came back", seen, filled_.transactions));
    return out;
  }

  Result<void> measure(std::uint64_t size) {
    if (auto done = fill(size); !done) return done;
    Figure read{.name = fmt::format("read and verified, of {} transactions", size),
                .unit = "transactions/s",
                .higher_is_better = true,
                .twin = "read() of the same bytes",
                .twin_is_floor = true};
    Figure execute{.name = "executed again, all compared", .unit = "ns of CPU a transaction"};
    LatencyRowBuilder seek("seek to a sequence", 0), raw("pread of 16 KiB", 0, true);
    LatencyRowBuilder book("book at a sequence", 0);
    for (std::uint64_t i = 0; progress_.goes_on(i, options_.runs); ++i) {
      progress_.next(fmt::format("replay, run {}", i + 1), 1.5);
      auto timed = time_log();
      if (!timed) return std::unexpected(timed.error());
      read.runs.push_back(timed->read_per_second);
      read.twin_runs.push_back(timed->raw_per_second);
      execute.runs.push_back(timed->execute_ns);
      if (auto done = look_up(i, seek, raw, book); !done) return done;
    }
    out_.figures.push_back(std::move(read));
    out_.figures.push_back(std::move(execute));
    out_.rows.push_back(seek.finish());
    out_.rows.push_back(raw.finish());
    out_.rows.push_back(book.finish());
    return {};
  }

  Result<void> look_up(std::uint64_t run, LatencyRowBuilder& seek, LatencyRowBuilder& raw,
                       LatencyRowBuilder& book) {
    auto log = open();
    if (!log) return std::unexpected(log.error());
    auto cursor = (*log)->cursor(Sequence{1});
    if (!cursor) return std::unexpected(cursor.error());
    std::mt19937_64 random(options_.seed + run);
    const auto any = [&] { return Sequence{1 + random() % filled_.transactions}; };
    OpenRun seeks_done, raw_done, books_done;
    for (int i = 0; i < seeks; ++i) {
      const Sequence wanted = any();
      const std::uint64_t begin = wall_ns();
      if (auto sought = cursor->seek(wanted); !sought) return sought;
      if (cursor->next() != Cursor::Next::transaction) return std::unexpected(cursor->error());
      seeks_done.latency_ns.push_back(static_cast<std::int64_t>(wall_ns() - begin));
    }
    const Files from = files();
    std::vector<char> block(seek_bytes);
    for (int i = 0; i < seeks; ++i) {
      const int fd = from.descriptors[random() % from.descriptors.size()];
      const auto at = static_cast<off_t>(
          random() % std::max<std::uint64_t>(filled_.bytes / from.descriptors.size(), 1));
      const std::uint64_t begin = wall_ns();
      if (::pread(fd, block.data(), block.size(), at) < 0)
        return fail(ExitCode::io_error, "cannot be read", directory().string());
      raw_done.latency_ns.push_back(static_cast<std::int64_t>(wall_ns() - begin));
    }
    for (int i = 0; i < books; ++i) {
      const Sequence wanted = std::max(any(), Sequence{3});
      const std::uint64_t begin = wall_ns();
      auto found = book_at(**log, "BENCH1", wanted);
      if (!found) return std::unexpected(found.error());
      books_done.latency_ns.push_back(static_cast<std::int64_t>(wall_ns() - begin));
    }
    seek.add(std::move(seeks_done));
    raw.add(std::move(raw_done));
    book.add(std::move(books_done));
    return {};
  }

  Result<void> measure_sizes() {
    CostCurve curve{
        .name = "replay: time against the size of the journal", .x = "transactions", .y = "ms"};
    curve.series = {{"read and verified", {}}, {"executed again", {}}, {"twin, read() alone", {}}};
    for (const std::uint64_t size : sizes) {
      if (!progress_.has_time()) break;
      if (auto done = fill(size); !done) return done;
      progress_.next(fmt::format("replay, {} transactions", size), 2);
      auto timed = time_log();
      if (!timed) return std::unexpected(timed.error());
      const auto x = static_cast<double>(size);
      curve.series[0].second.push_back({x, 1e3 * x / timed->read_per_second});
      curve.series[1].second.push_back({x, 1e3 * timed->execute_s});
      curve.series[2].second.push_back({x, 1e3 * x / timed->raw_per_second});
    }
    out_.curves.push_back(std::move(curve));
    return {};
  }

  SuiteOptions options_;
  BenchProgress& progress_;
  StreamLog filled_;
  Section out_;
};

}  // namespace

double replay_suite_seconds(const SuiteOptions& options) {
  return 1 + 1.5 * static_cast<double>(options.runs) + (options.curves ? 12.0 : 0.0);
}

Result<Section> run_replay_suite(const SuiteOptions& options, BenchProgress& progress) {
  return ReplaySuite(options, progress).run();
}

}  // namespace bourse
