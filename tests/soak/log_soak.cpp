// bourse_log_soak: row 28 of the failure matrix. Logs live and die under random faults for as long
// as one asks: power cuts with and without garbage, kills, a full disk, errors at any call, short
// and interrupted transfers, errors of reading. Everything released must be found again, byte for
// byte, without a hole; memory and open files must stay what they are.
//   Each round is a new log, of its own seed: --seed=N --rounds=1 repeats one.

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <string_view>

#include "replay/log/log.h"                    // Log
#include "tests/replay/sample_transactions.h"  // SampleTransactions
#include "tests/replay/simulated_disk.h"       // SimulatedDisk

namespace bourse {
namespace {

constexpr std::size_t kib = 1024;
constexpr int lives_per_round = 10;
constexpr std::uint64_t warm_up_rounds = 50;
constexpr std::uint64_t growth_bytes_max = std::uint64_t{16} << 20;

struct Counts {
  std::uint64_t lives = 0;
  std::uint64_t transactions = 0;
  std::uint64_t cuts = 0;
  std::uint64_t kills = 0;
  std::uint64_t torn = 0;
  std::uint64_t degraded = 0;
  std::uint64_t failed = 0;
  std::uint64_t refused_reads = 0;
};

// A CHECK that fails must name its seed too.
std::atomic<std::uint64_t> seed_of_round{0};

extern "C" void tell_seed(int) {
  fmt::print(stderr, "repeat: bourse_log_soak --seed={} --rounds=1\n", seed_of_round.load());
  std::_Exit(1);
}

[[noreturn]] void find(std::uint64_t seed, int life, const std::string& what) {
  fmt::print("FOUND in life {}: {}\n  repeat: bourse_log_soak --seed={} --rounds=1\n", life, what,
             seed);
  std::exit(1);
}

std::uint64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t all = 0;
  std::uint64_t resident = 0;
  file >> all >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::size_t open_files() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
    ++count;
  return count;
}

class Round {
 public:
  Round(std::uint64_t seed, Counts& counts) : seed_(seed), random_(seed), counts_(counts) {
    options_.directory = "log";
    options_.durability = below(4) == 0 ? Durability::memory : Durability::disk;
    options_.segment_bytes = (16 + 16 * below(8)) * kib;
    options_.transaction_bytes_max = 32 * kib;
    options_.tail_bytes = 64 * kib;
    options_.reserve_bytes = below(3) == 0 ? 0 : (48 + below(64)) * kib;
    options_.helper_thread = false;
    options_.disk = &disk_;
  }

  void run() {
    for (int life = 0; life < lives_per_round; ++life) {
      life_ = life;
      ++counts_.lives;
      live();
      // Level memory promises nothing for a crash of the machine, so such a log is only killed.
      if (options_.durability == Durability::disk && below(3) > 0) {
        disk_.crash(random_, below(2) == 0);
        ++counts_.cuts;
      } else {
        disk_.kill();
        ++counts_.kills;
      }
      check();
    }
  }

 private:
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

  int fault(DiskCall call, std::size_t& bytes) {
    if (calls_left_ == 0) {
      bytes = 0;
      return ESHUTDOWN;  // dead
    }
    --calls_left_;
    if (error_every_ != 0 && below(error_every_) == 0) return below(2) == 0 ? EIO : EDQUOT;
    if (call == DiskCall::write || call == DiskCall::read) {
      if (hampered_ && below(4) == 0) return EINTR;
      if (hampered_ && bytes > 1) bytes = 1 + below(bytes);
    }
    return 0;
  }

  // Until the process dies, by its own hand or at the given call.
  void live() {
    calls_left_ = 20 + below(400);
    error_every_ = below(3) == 0 ? 20 + below(300) : 0;
    hampered_ = below(4) == 0;
    disk_.set_capacity(below(3) == 0 ? disk_.used() + below(200) * kib : 0);
    disk_.set_fault([this](DiskCall call, const std::filesystem::path&, std::size_t& bytes) {
      return fault(call, bytes);
    });
    if (auto opened = Log::open(options_)) {
      Log& log = **opened;
      work(log);
      counts_.degraded += log.journal().counters().degraded;
      promised_ = std::max(promised_, log.released_sequence().value());
    } else if (opened.error().code == ExitCode::data_damaged) {
      find(seed_, life_, "called damaged: " + opened.error().text());
    } else {
      ++counts_.refused_reads;
    }
    disk_.set_fault({});
    disk_.set_capacity(0);
  }

  void work(Log& log) {
    auto writer = log.tail().writer();
    const std::uint32_t epoch = log.last_epoch().value() + 1;
    for (std::uint64_t idle = 0; idle < 200;) {
      for (std::uint64_t i = below(8); i > 0; --i) {
        static_cast<void>(writer.append(samples_.make(log.tail().head().value() + 1, epoch)));
      }
      if (below(3) == 0) log.helper_step();
      if (below(50) == 0) disk_.set_capacity(below(2) == 0 ? 0 : disk_.used() + below(100) * kib);
      switch (log.journal().step()) {
        case JournalWriter::Step::failed:
          ++counts_.failed;
          return;
        case JournalWriter::Step::wrote:
          break;
        case JournalWriter::Step::idle:
        case JournalWriter::Step::stalled:
          ++idle;
          break;
      }
    }
  }

  void check() {
    auto opened = Log::open(options_);
    if (!opened) find(seed_, life_, "does not open: " + opened.error().text());
    Log& log = **opened;
    const std::uint64_t found = log.last_sequence().value();
    if (found < promised_)
      find(seed_, life_, fmt::format("released {}, found {}", promised_, found));
    if (log.recovery().torn_bytes > 0) ++counts_.torn;
    auto cursor = log.cursor(Sequence{1});
    if (!cursor) find(seed_, life_, cursor.error().text());
    std::uint64_t last = 0;
    for (;;) {
      const Cursor::Next next = cursor->next();
      if (next == Cursor::Next::at_head) break;
      if (next == Cursor::Next::failed) find(seed_, life_, cursor->error().text());
      if (cursor->transaction().sequence().value() != ++last ||
          !samples_.matches(cursor->transaction()))
        find(seed_, life_, fmt::format("not what was written at {}", last));
    }
    if (last != found) find(seed_, life_, fmt::format("read {} of {}", last, found));
    counts_.transactions += found - promised_before_;
    promised_ = promised_before_ = found;
    opened->reset();
    disk_.kill();
  }

  const std::uint64_t seed_;
  std::mt19937_64 random_;
  Counts& counts_;
  SimulatedDisk disk_;
  LogOptions options_;
  SampleTransactions samples_{31};
  std::uint64_t promised_ = 0;
  std::uint64_t promised_before_ = 0;
  int life_ = 0;
  std::uint64_t calls_left_ = 0;
  std::uint64_t error_every_ = 0;
  bool hampered_ = false;
};

int soak(std::uint64_t seed, std::uint64_t rounds, std::uint64_t seconds) {
  fmt::print("seed {}\n", seed);
  std::signal(SIGABRT, tell_seed);
  Counts counts;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  std::uint64_t memory = 0;
  std::size_t files = 0;
  std::uint64_t round = 0;
  while (round < rounds && std::chrono::steady_clock::now() < end) {
    seed_of_round = seed + round;
    Round(seed + round, counts).run();
    ++round;
    if (round != warm_up_rounds) continue;
    memory = resident_bytes();
    files = open_files();
  }
  fmt::print(
      "{} rounds, {} lives: {} power cuts, {} kills, {} ended by an error, {} starts refused by an "
      "error, {} times full, {} torn tails, {} transactions; nothing released was lost\n",
      round, counts.lives, counts.cuts, counts.kills, counts.failed, counts.refused_reads,
      counts.degraded, counts.torn, counts.transactions);
  if (round <= warm_up_rounds) return 0;
  const std::uint64_t now = resident_bytes();
  const std::size_t files_now = open_files();
  fmt::print("memory {} KiB after {} rounds, {} KiB now; open files {} and {}\n", memory / kib,
             warm_up_rounds, now / kib, files, files_now);
  const bool is_flat = now <= memory + growth_bytes_max && files_now <= files;
  if (!is_flat) fmt::print("FOUND: memory or open files have grown\n");
  return is_flat ? 0 : 1;
}

}  // namespace
}  // namespace bourse

int main(int count, char** arguments) {
  std::uint64_t seed = std::random_device{}();
  std::uint64_t rounds = ~std::uint64_t{0};
  std::uint64_t seconds = 60;
  for (int i = 1; i < count; ++i) {
    const std::string_view argument = arguments[i];
    const auto value = [&](std::string_view option) {
      return std::strtoull(argument.data() + option.size(), nullptr, 10);
    };
    if (argument.starts_with("--seed=")) {
      seed = value("--seed=");
    } else if (argument.starts_with("--rounds=")) {
      rounds = value("--rounds=");
    } else if (argument.starts_with("--seconds=")) {
      seconds = value("--seconds=");
    } else {
      fmt::print(stderr, "usage: bourse_log_soak [--seed=N] [--rounds=N] [--seconds=60]\n");
      return 2;
    }
  }
  return bourse::soak(seed, rounds, seconds);
}
