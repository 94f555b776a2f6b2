// bourse_chaos_load: traders and subscribers of a cluster that somebody does harm to. Orders go out
// open loop, over a few connections; whatever is told is written into a folder, for recorded.py to
// compare with the journal that is left. Nothing is judged here.
//   bourse_chaos_load --gateways=9443,9444 --engines=10.0.0.2:9445 --symbols=A-USD,B-USD
//                     --key=trader- --secret=SECRET --traders=4 --subscribers=500 --rate=10000
//                     --out=FOLDER
//   It says ten times a second what it has come to. The line "end" on its input ends the orders;
//   when each has an answer and each subscriber has all of it, the process ends with 0. After
//   --patience seconds it ends with 1. Without input it ends at once.

#include <arpa/inet.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "app/commands/descriptor_limit.h"  // raise_descriptor_limit
#include "app/terminal/json_text.h"         // json_text
#include "bench/measure/arguments.h"        // Arguments
#include "tests/chaos/chain_reader.h"       // ChainReader
#include "tests/chaos/order_sender.h"       // OrderSender

namespace bourse {
namespace {

constexpr const char* usage =
    "usage: bourse_chaos_load --gateways=[ADDRESS:]PORT,... --engines=... --symbols=NAME,... "
    "--out=FOLDER\n"
    "                         [--key=trader-] [--secret=TEXT] [--traders=4] [--subscribers=8] "
    "[--rate=200]\n"
    "                         [--wander=SECONDS] [--patience=60] [--seed=N]\n";

constexpr std::int64_t ms = 1'000'000;
constexpr std::int64_t round_ns = 5 * ms;  // orders of so long go out together
constexpr std::int64_t tend_every = 20 * ms;
constexpr std::int64_t tell_every = 100 * ms;
constexpr std::int64_t debt_max = 200 * ms;  // what could not be sent for longer is not made up
constexpr std::uint64_t readers_of_all = 5;  // one in so many reads from the first transaction on

struct LoadOptions {
  std::vector<Endpoint> gateways;
  std::vector<Endpoint> engines;
  std::vector<std::string> symbols;
  std::string out;
  std::string key;
  std::string secret;
  std::uint64_t traders;
  std::uint64_t subscribers;
  std::uint64_t rate;
  std::uint64_t wander;
  std::uint64_t patience;
  std::uint64_t seed;
};

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

File open_file(const LoadOptions& options, const std::string& name) {
  File file(std::fopen((options.out + "/" + name).c_str(), "wb"));
  if (!file) {
    fmt::print(stderr, "{}/{} cannot be written\n", options.out, name);
    std::exit(2);
  }
  return file;
}

// What the two threads tell the one that speaks.
struct Progress {
  std::atomic<bool> is_ending{false};    // no more orders
  std::atomic<bool> is_over{false};      // nothing more at all
  std::atomic<std::uint64_t> end{0};     // once each request is answered: the last sequence told
  std::atomic<bool> is_complete{false};  // each subscriber has heard of everything up to there
  std::atomic<std::uint64_t> sent{0};
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::uint64_t> answered{0};
  std::atomic<std::uint64_t> waiting{0};
  std::atomic<std::uint64_t> rows{0};
};

// All traders, on one thread.
class Traders {
 public:
  Traders(const LoadOptions& options, Progress& progress)
      : options_(options), progress_(progress), crowd_(endpoints(options), options.seed) {
    crowd_.wander_every_ns = static_cast<std::int64_t>(options.wander) * 1000 * ms;
    refusals_ = open_file(options, "refusals.bin");
    for (std::uint32_t i = 0; i < options.traders; ++i) {
      reports_.push_back(open_file(options, fmt::format("reports-{}.bin", i + 1)));
      senders_.push_back(std::make_unique<OrderSender>(
          crowd_, SenderOptions{.account = i + 1,
                                .key = options.key + std::to_string(i),
                                .secret = options.secret,
                                .symbols = static_cast<std::uint32_t>(options.symbols.size()),
                                .reports = reports_.back().get(),
                                .refusals = refusals_.get()}));
    }
  }
  void run() {
    std::int64_t round = steady_ns();
    std::int64_t tend = 0;
    std::int64_t owed_from = round;
    const double per_ns = static_cast<double>(options_.rate) / 1e9;
    while (!progress_.is_over.load(std::memory_order_relaxed)) {
      const std::int64_t now = steady_ns();
      if (now >= tend) {
        tend = now + tend_every;
        for (const auto& sender : senders_) sender->tend(now);
      }
      if (now >= round) {
        round = std::max(round + round_ns, now);
        owed_from = std::max(owed_from, now - debt_max);
        auto due = static_cast<std::uint64_t>(static_cast<double>(now - owed_from) * per_ns);
        owed_from += static_cast<std::int64_t>(static_cast<double>(due) / per_ns);
        if (!progress_.is_ending.load(std::memory_order_relaxed)) send(due, now);
        for (const auto& sender : senders_) sender->flush();
        tell();
      }
      take_all(crowd_, std::max(0, static_cast<int>((round - steady_ns()) / ms)));
    }
  }
  std::string as_json() const {
    std::string out;
    for (const auto& sender : senders_) {
      const OrderSender::Totals& t = sender->totals();
      const Wanderer::Counts& c = sender->counts();
      out += fmt::format(
          R"({}{{"account":{},"orders":{},"cancels":{},"sent_again":{},"accepted":{},)"
          R"("answered":{},"refused":{},"outcomes":{},"in_doubt":{},"unanswered":{},"connects":{},)"
          R"("losses":{},"silences":{},"wanders":{},"faults":{}}})",
          out.empty() ? "" : ",\n", sender->account(), t.orders, t.cancels, t.sent_again,
          t.accepted, t.answered, t.refused, t.outcomes, t.in_doubt, sender->waiting(), c.connects,
          c.losses, c.silences, c.wanders, json_list(sender->faults()));
    }
    return out;
  }
  static std::string json_list(const std::vector<std::string>& texts) {
    std::string out = "[";
    for (const std::string& text : texts) out += (out == "[" ? "" : ",") + json_text(text);
    return out + "]";
  }

 private:
  static std::vector<Endpoint> endpoints(const LoadOptions& options) {
    std::vector<Endpoint> all = options.gateways;
    all.insert(all.end(), options.engines.begin(), options.engines.end());
    return all;
  }
  void send(std::uint64_t due, std::int64_t now) {
    for (std::size_t idle = 0; due > 0 && idle < senders_.size();) {
      OrderSender& sender = *senders_[turn_++ % senders_.size()];
      if (!sender.may_send(now)) {
        ++idle;
        continue;
      }
      idle = 0;
      if (sender.send()) --due;
    }
  }
  void tell() {
    OrderSender::Totals all;
    std::uint64_t waiting = 0;
    std::uint64_t last = 0;
    for (const auto& sender : senders_) {
      all.orders += sender->totals().orders;
      all.accepted += sender->totals().accepted;
      all.answered += sender->totals().answered;
      waiting += sender->waiting();
      last = std::max(last, sender->last_seq());
    }
    progress_.sent.store(all.orders, std::memory_order_relaxed);
    progress_.accepted.store(all.accepted, std::memory_order_relaxed);
    progress_.answered.store(all.answered, std::memory_order_relaxed);
    progress_.waiting.store(waiting, std::memory_order_relaxed);
    if (progress_.is_ending.load(std::memory_order_relaxed) && waiting == 0)
      progress_.end.store(last, std::memory_order_relaxed);
  }

  const LoadOptions& options_;
  Progress& progress_;
  Crowd crowd_;
  File refusals_;
  std::vector<File> reports_;
  std::vector<std::unique_ptr<OrderSender>> senders_;
  std::size_t turn_ = 0;
};

// All subscribers, on another one.
class Readers {
 public:
  Readers(const LoadOptions& options, Progress& progress)
      : progress_(progress), crowd_(options.gateways, options.seed + 1) {
    crowd_.wander_every_ns = 4 * static_cast<std::int64_t>(options.wander) * 1000 * ms;
    pieces_ = open_file(options, "pieces.bin");
    for (std::uint32_t i = 0; i < options.subscribers; ++i)
      readers_.push_back(
          std::make_unique<ChainReader>(crowd_, i, options.symbols[i % options.symbols.size()],
                                        i % readers_of_all == 0 ? 1 : 0, pieces_.get()));
  }
  void run() {
    std::int64_t tend = 0;
    while (!progress_.is_over.load(std::memory_order_relaxed)) {
      const std::int64_t now = steady_ns();
      if (now >= tend) {
        tend = now + tend_every;
        for (const auto& reader : readers_) reader->tend(now);
        tell();
      }
      take_all(crowd_, static_cast<int>(tend_every / ms));
    }
    for (const auto& reader : readers_) reader->write_down();
  }
  std::string as_json() const {
    std::string out;
    for (const auto& reader : readers_) {
      const Wanderer::Counts& c = reader->counts();
      out += fmt::format(
          R"({}{{"symbol":{},"begin":{},"whole_up_to":{},"frames":{},"rows":{},"connects":{},)"
          R"("losses":{},"silences":{},"wanders":{},"errors":{}}})",
          out.empty() ? "" : ",\n", json_text(reader->symbol()), reader->begin(),
          reader->whole_up_to(), reader->frames(), reader->rows(), c.connects, c.losses, c.silences,
          c.wanders, Traders::json_list(reader->errors()));
    }
    return out;
  }

 private:
  void tell() {
    std::uint64_t rows = 0;
    const std::uint64_t end = progress_.end.load(std::memory_order_relaxed);
    bool is_complete = end > 0;
    for (const auto& reader : readers_) {
      rows += reader->rows();
      is_complete = is_complete && reader->whole_up_to() >= end;
    }
    progress_.rows.store(rows, std::memory_order_relaxed);
    progress_.is_complete.store(is_complete, std::memory_order_relaxed);
  }

  Progress& progress_;
  Crowd crowd_;
  File pieces_;
  std::vector<std::unique_ptr<ChainReader>> readers_;
};

// Until "end", and then until everything has come. True: it has.
bool oversee(const LoadOptions& options, Progress& progress) {
  std::int64_t end_at = 0;
  for (;;) {
    pollfd input{STDIN_FILENO, POLLIN, 0};
    const bool speaks = ::poll(&input, 1, static_cast<int>(tell_every / ms)) == 1;
    std::array<char, 64> text{};
    if (speaks && ::read(STDIN_FILENO, text.data(), text.size()) <= 0) return false;
    if (std::string_view(text.data()).starts_with("end") && end_at == 0) {
      progress.is_ending.store(true, std::memory_order_relaxed);
      end_at = steady_ns() + static_cast<std::int64_t>(options.patience) * 1000 * ms;
    }
    fmt::print("sent {} accepted {} answered {} waiting {} rows {}\n", progress.sent.load(),
               progress.accepted.load(), progress.answered.load(), progress.waiting.load(),
               progress.rows.load());
    std::fflush(stdout);
    if (progress.is_complete.load(std::memory_order_relaxed)) return true;
    if (end_at != 0 && steady_ns() > end_at) return false;
  }
}

int run(const LoadOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);
  raise_descriptor_limit();
  Progress progress;
  Traders traders(options, progress);
  Readers readers(options, progress);
  std::thread trading([&] { traders.run(); });
  std::thread reading([&] { readers.run(); });
  const bool is_complete = oversee(options, progress);
  progress.is_over.store(true, std::memory_order_relaxed);
  trading.join();
  reading.join();
  const File history = open_file(options, "history.json");
  fmt::print(history.get(), "{{\"end\":{},\"traders\":[\n{}],\n\"subscribers\":[\n{}]}}\n",
             progress.end.load(), traders.as_json(), readers.as_json());
  return is_complete ? 0 : 1;
}

std::vector<std::string> parts(const std::string& list) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < list.size();) {
    const std::size_t end = std::min(list.find(',', at), list.size());
    out.push_back(list.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

// ADDRESS:PORT, or a port of this machine.
std::vector<Endpoint> endpoints(const std::string& list) {
  std::vector<Endpoint> out;
  for (const std::string& part : parts(list)) {
    const std::size_t colon = part.find(':');
    in_addr address{htonl(INADDR_LOOPBACK)};
    if (colon != std::string::npos) ::inet_aton(part.substr(0, colon).c_str(), &address);
    const std::string port = colon == std::string::npos ? part : part.substr(colon + 1);
    out.push_back({ntohl(address.s_addr), static_cast<std::uint16_t>(std::stoul(port))});
  }
  return out;
}

}  // namespace
}  // namespace bourse

int main(int argc, char** argv) {
  bourse::Arguments arguments(argc, argv, bourse::usage);
  bourse::LoadOptions options{
      .gateways = bourse::endpoints(arguments.text("--gateways").value_or("")),
      .engines = bourse::endpoints(arguments.text("--engines").value_or("")),
      .symbols = bourse::parts(arguments.text("--symbols").value_or("")),
      .out = arguments.text("--out").value_or(""),
      .key = arguments.text("--key").value_or("trader-"),
      .secret = arguments.text("--secret").value_or(""),
      .traders = arguments.number("--traders", 4),
      .subscribers = arguments.number("--subscribers", 8),
      .rate = arguments.number("--rate", 200),
      .wander = arguments.number("--wander", 30),
      .patience = arguments.number("--patience", 60),
      .seed = arguments.number("--seed", std::random_device{}())};
  arguments.finish();
  if (options.gateways.empty() || options.symbols.empty() || options.out.empty()) {
    std::fputs(bourse::usage, stderr);
    return 2;
  }
  return bourse::run(options);
}
