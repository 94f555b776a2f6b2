// bourse_feed_soak: many subscribers of a demo exchange for as long as one asks, over wss, among
// them some that stall, some that come anew every second and some that never read. At the end each
// of them has, stream by stream, the same content as a reader that reads the log afterwards: no
// event is missing, doubled or another one. Nobody who reads is cut; who never reads is, and comes
// back; the memory and the open files of the server stay what they are.
//   bourse_feed_soak --seconds=600 --readers=1000 --stall=50 --reconnect=20 --never=5
//   Exit code 0: so it was. 1: what was found is told. 2: usage.

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "bench/load/exchange_process.h"  // ExchangeProcess
#include "tests/soak/soak_reader.h"       // SoakReader

namespace bourse {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr std::uint64_t mib = std::uint64_t{1} << 20;
constexpr std::uint64_t growth_bytes_max = 16 * mib;
constexpr std::size_t files_growth_max = 16;  // segments that are opened, readers of the log
constexpr auto end_patience = 300s;
constexpr auto stall_most = 20s;  // below no_progress_ms: a reader that stalls is none that is dead
// Longer than the server's kernel may take to ask for the window once more (listener.cpp): two
// stalls with less between them are one to it.
constexpr auto reading_least = 6s;

struct SoakOptions {
  std::string exchange;
  std::uint64_t seconds = 600;
  std::uint64_t readers = 1000;
  std::uint64_t stall = 50;
  std::uint64_t reconnect = 20;
  std::uint64_t never = 5;
  std::uint64_t commands = 100;  // of the demo market, per second
  std::uint64_t every = 10;      // seconds between two rows
  std::uint64_t seed = 0;
};

struct Seat {
  SoakReader reader;
  bool is_reading = true;
  Clock::time_point next{};  // when it changes its mind
  std::string history{};
  bool has_read = false;  // since it reads: two stalls with nothing between would be one
};

class Soak {
 public:
  Soak(const SoakOptions& options, ExchangeProcess& exchange)
      : options_(options),
        exchange_(exchange),
        context_(TlsContext::client_without_verification()),
        random_(options.seed),
        epoll_(::epoll_create1(EPOLL_CLOEXEC)) {}
  ~Soak() { ::close(epoll_); }
  Soak(const Soak&) = delete;
  Soak& operator=(const Soak&) = delete;

  int run() {
    fmt::print(
        "{} readers of which {} stall, {} come anew every second and {} never read; {} commands a "
        "second; seed {}\n",
        options_.readers, options_.stall, options_.reconnect, options_.never, options_.commands,
        options_.seed);
    seats_.reserve(options_.readers + 1);  // their handlers hold their addresses
    for (std::uint64_t i = 0; i < options_.readers && found_.empty(); ++i) {
      sit(habit_of(i));
      turn(0);
    }
    begin_ = Clock::now();
    const auto end = begin_ + std::chrono::seconds(options_.seconds);
    fmt::print("connected, {} connections\n", seats_.size());
    while (Clock::now() < end && found_.empty()) {
      turn(10);
      change_minds();
      if (Clock::now() >= begin_ + std::chrono::seconds(options_.every) * rows_.size()) note();
    }
    finish();
    return verdict();
  }

 private:
  struct Row {
    std::uint64_t own_bytes;
    std::size_t files;
  };

  Habit habit_of(std::uint64_t index) const {
    if (index < options_.never) return Habit::never_reads;
    if (index < options_.never + options_.stall) return Habit::stalls;
    if (index < options_.never + options_.stall + options_.reconnect) return Habit::reconnects;
    return Habit::reads;
  }
  void sit(Habit habit) {
    seats_.push_back({SoakReader(context_, exchange_.port(), habit), habit != Habit::never_reads,
                      Clock::now() + std::chrono::milliseconds(below(2000))});
    connect(seats_.size() - 1);
  }
  void connect(std::size_t index) {
    Seat& seat = seats_[index];
    if (!seat.reader.connect()) return find(index, "a connection was refused");
    epoll_event event{};
    event.events = seat.is_reading ? std::uint32_t{EPOLLIN} : 0u;  // that it was cut is told always
    event.data.u64 = index;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, seat.reader.fd(), &event);
    if (seat.is_reading) seat.reader.take();  // what came with the answer to the upgrade
  }
  void listen(std::size_t index, bool is_reading) {
    Seat& seat = seats_[index];
    seat.is_reading = is_reading;
    seat.has_read = false;
    seat.history += fmt::format("{} at {} ms with {} frames, ", is_reading ? "reads" : "stalls",
                                (Clock::now() - begin_) / 1ms, seat.reader.frames());
    epoll_event event{};
    event.events = is_reading ? std::uint32_t{EPOLLIN} : 0u;
    event.data.u64 = index;
    ::epoll_ctl(epoll_, EPOLL_CTL_MOD, seat.reader.fd(), &event);
  }

  void turn(int wait_ms) {
    epoll_event events[1024];
    const int ready = ::epoll_wait(epoll_, events, std::size(events), wait_ms);
    for (int i = 0; i < ready; ++i) {
      const std::size_t index = events[i].data.u64;
      Seat& seat = seats_[index];
      if (seat.is_reading) {
        seat.reader.take();
        seat.has_read = true;
        if (!seat.reader.fault().empty()) find(index, seat.reader.fault());
        if (seat.reader.is_cut()) find(index, "was cut: " + seat.reader.end());
      } else if ((events[i].events & (EPOLLERR | EPOLLHUP)) != 0) {
        if (seat.reader.habit() != Habit::never_reads) return find(index, "was cut while stalled");
        ++cuts_;
        connect(index);
      }
    }
  }

  void change_minds() {
    const auto now = Clock::now();
    for (std::size_t i = 0; i < seats_.size() && found_.empty(); ++i) {
      Seat& seat = seats_[i];
      if (now < seat.next) continue;
      if (seat.reader.habit() == Habit::reconnects) {
        ++reconnects_;
        connect(i);
        seat.next = std::max(seat.next + 1s, now);
      } else if (seat.reader.habit() == Habit::stalls) {
        if (seat.is_reading && !seat.has_read) continue;
        stalls_ += seat.is_reading;
        listen(i, !seat.is_reading);
        const auto most = std::chrono::milliseconds(stall_most).count();
        seat.next = now + (seat.is_reading ? reading_least : 0s) +
                    std::chrono::milliseconds(below(static_cast<std::uint64_t>(most)));
      }
    }
  }

  std::uint64_t newest() const {
    std::uint64_t newest = 0;
    for (const Seat& seat : seats_) newest = std::max(newest, seat.reader.newest());
    return newest;
  }

  // Everybody reads to one place that nobody has reached yet, and one more reads it afresh.
  void finish() {
    const std::uint64_t end = newest() + options_.commands;
    for (Seat& seat : seats_) seat.reader.set_end(end);
    for (std::size_t i = 0; i < seats_.size() && found_.empty(); ++i) {
      if (seats_[i].is_reading) continue;
      if (seats_[i].reader.habit() == Habit::never_reads) {
        seats_[i].is_reading = true;
        connect(i);
      } else {
        listen(i, true);
      }
    }
    if (found_.empty()) await_all(end);
    if (!found_.empty()) return;
    sit(Habit::reads);
    seats_.back().reader.set_end(end);
    await_all(end);
    const SoakReader::Contents truth = seats_.back().reader.contents();
    for (std::size_t i = 0; i < seats_.size() && found_.empty(); ++i)
      if (const auto contents = seats_[i].reader.contents(); contents != truth)
        find(i, "has other content than the log: " + differences(contents, truth));
    std::uint64_t events = 0;
    for (const SoakReader::Content& one : truth) events += one.events;
    fmt::print("everybody has the same {} events of 4 streams up to transaction {}\n", events, end);
  }
  static std::string differences(const SoakReader::Contents& one,
                                 const SoakReader::Contents& truth) {
    std::string text;
    for (std::size_t k = 0; k < one.size(); ++k) {
      if (one[k] == truth[k]) continue;
      text += fmt::format("stream {}: {} events with CRC {:08x}, not {} with {:08x}; ", k,
                          one[k].events, one[k].crc, truth[k].events, truth[k].crc);
    }
    return text;
  }
  void await_all(std::uint64_t end) {
    const auto until = Clock::now() + end_patience;
    const auto is_complete = [](const Seat& seat) { return seat.reader.is_complete(); };
    while (found_.empty() && !std::ranges::all_of(seats_, is_complete)) {
      turn(10);
      if (Clock::now() < until) continue;
      const auto late = std::ranges::find_if_not(seats_, is_complete);
      find(static_cast<std::size_t>(late - seats_.begin()), fmt::format("does not reach {}", end));
    }
  }

  void note() {
    std::uint64_t frames = 0, slow = 0, replayed = 0;
    for (const Seat& seat : seats_) {
      frames += seat.reader.frames();
      slow += seat.reader.slow_times();
      replayed += seat.reader.replayed();
    }
    rows_.push_back({exchange_.own_memory_bytes(), exchange_.open_files()});
    fmt::print(
        "{:>5} s  transaction {:>8}  frames {:>10}, from the log {:>9}  slow {:>5}  anew {:>6}  "
        "stalls {:>5}  cut {:>3}  RSS {:>4} MiB, own {:>4} MiB  files {}\n",
        std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - begin_).count(), newest(),
        frames, replayed, slow, reconnects_, stalls_, cuts_, exchange_.memory_bytes() / mib,
        rows_.back().own_bytes / mib, rows_.back().files);
    std::fflush(stdout);
  }

  // Flat: of the last half no row is above the highest of the first by more than some allowance.
  int verdict() {
    if (found_.empty()) note();
    if (found_.empty() && rows_.size() >= 4) {
      const auto half = rows_.begin() + static_cast<std::ptrdiff_t>(rows_.size() / 2);
      const auto bytes = [](auto from, auto to) {
        return std::ranges::max_element(from, to, {}, &Row::own_bytes)->own_bytes;
      };
      const auto files = [](auto from, auto to) {
        return std::ranges::max_element(from, to, {}, &Row::files)->files;
      };
      fmt::print("server memory at most {:.1f} MiB in the first half, {:.1f} MiB in the second\n",
                 static_cast<double>(bytes(rows_.begin(), half)) / static_cast<double>(mib),
                 static_cast<double>(bytes(half, rows_.end())) / static_cast<double>(mib));
      if (bytes(half, rows_.end()) > bytes(rows_.begin(), half) + growth_bytes_max)
        found_ = "the memory of the server has grown";
      if (files(half, rows_.end()) > files(rows_.begin(), half) + files_growth_max)
        found_ = "the open files of the server have grown";
    }
    if (!found_.empty()) fmt::print("FOUND: {}\n", found_);
    return found_.empty() ? 0 : 1;
  }

  void find(std::size_t index, std::string_view what) {
    static constexpr std::string_view habits[] = {"reads", "stalls", "comes anew", "never reads"};
    if (found_.empty())
      found_ = fmt::format("at {} ms reader {}, who {}: {} ({}now {} frames)",
                           (Clock::now() - begin_) / 1ms, index,
                           habits[static_cast<std::size_t>(seats_[index].reader.habit())], what,
                           seats_[index].history, seats_[index].reader.frames());
  }
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

  const SoakOptions& options_;
  ExchangeProcess& exchange_;
  const TlsContext context_;
  std::mt19937_64 random_;
  const int epoll_;
  std::vector<Seat> seats_;
  std::vector<Row> rows_;
  Clock::time_point begin_;
  std::uint64_t cuts_ = 0;
  std::uint64_t reconnects_ = 0;
  std::uint64_t stalls_ = 0;
  std::string found_;
};

int soak(const SoakOptions& options) {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  std::signal(SIGPIPE, SIG_IGN);
  // Little memory for what is recent, so that who stalls comes back by way of the log, and so that
  // what is filled once and then used again is full soon.
  const std::string settings[] = {fmt::format("demo.commands_per_second={}", options.commands),
                                  fmt::format("demo.seed={}", options.seed % 1000),
                                  "feed.limits.frame_log_bytes=1048576",
                                  "journal.tail_bytes=1048576"};
  const auto directory =
      std::filesystem::temp_directory_path() / fmt::format("bourse-feed-soak-{}", ::getpid());
  auto exchange = ExchangeProcess::start(options.exchange, directory, Durability::memory, settings);
  if (!exchange) {
    fmt::print(stderr, "{}\n", exchange.error().text());
    return 1;
  }
  return Soak(options, **exchange).run();
}

}  // namespace
}  // namespace bourse

int main(int count, char** arguments) {
  bourse::SoakOptions options;
  options.seed = std::random_device{}();
  options.exchange = std::filesystem::path(arguments[0]).parent_path().parent_path() / "app/bourse";
  struct Number {
    std::string_view name;
    std::uint64_t* value;
  };
  const Number numbers[] = {
      {"--seconds=", &options.seconds},     {"--readers=", &options.readers},
      {"--stall=", &options.stall},         {"--never=", &options.never},
      {"--reconnect=", &options.reconnect}, {"--commands=", &options.commands},
      {"--every=", &options.every},         {"--seed=", &options.seed}};
  for (int i = 1; i < count; ++i) {
    const std::string_view argument = arguments[i];
    bool is_known = argument.starts_with("--exchange=");
    if (is_known) options.exchange = argument.substr(11);
    for (const Number& number : numbers) {
      if (!argument.starts_with(number.name)) continue;
      const auto digits = argument.substr(number.name.size());
      const char* const end = digits.data() + digits.size();
      is_known = std::from_chars(digits.data(), end, *number.value).ptr == end && !digits.empty();
    }
    if (is_known) continue;
    fmt::print(stderr,
               "usage: bourse_feed_soak [--seconds=600] [--readers=1000] [--stall=50] "
               "[--reconnect=20] [--never=5]\n"
               "                        [--commands=100] [--every=10] [--seed=N] "
               "[--exchange=bourse]\n");
    return 2;
  }
  return bourse::soak(options);
}
