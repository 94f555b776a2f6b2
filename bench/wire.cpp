// bourse_wire_bench: an order sent over wss until its tick arrives at another wss subscriber,
// against a `bourse serve` of its own in another process.
//   Open loop: the schedule decides when an order is sent; latency counts from the intended time.
//   Mix: half of the orders rest (buy, limit), half are IOC orders that take them one by one, so
//   that each order makes exactly one public event; the size of an order names it.
//   Twin: ping and pong over the same kind of connection, half of the way there and back.
//   Left out: other machines (all is loopback, on the cores of the server), other traders.

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "bench/machine.h"       // describe_machine
#include "bench/percentiles.h"   // Percentiles
#include "feed/auth.h"           // sign, demo_key_id
#include "feed/feed_client.h"    // FeedClient
#include "feed/market_frames.h"  // read_frame
#include "feed/order_frames.h"   // encode_order

namespace bourse {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;
constexpr std::int64_t price_e9 = 1000 * std::int64_t{1'000'000'000};
constexpr std::uint64_t lot_units = 100'000;  // of ETH-USD: 0.001 in 1e-8
constexpr std::uint32_t instrument = 2;       // ETH-USD of the demo
constexpr auto warm_up = 1s;
constexpr auto patience = 5s;
constexpr std::int64_t spin_ns = 20'000;

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch())
      .count();
}

[[noreturn]] void give_up(const std::string& why) {
  fmt::print(stderr, "bourse_wire_bench: {}\n", why);
  std::exit(1);
}

template <class T>
T must(Result<T> result) {
  if (!result) give_up(result.error().text());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

// The exchange under test, a process of its own.
class Server {
 public:
  Server(const std::string& binary, const std::string& durability)
      : directory_(std::filesystem::current_path() / fmt::format("wire_bench_{}", ::getpid())) {
    std::filesystem::remove_all(directory_);
    int out[2];
    if (::pipe(out) != 0) give_up("no pipe");
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(out[1], STDOUT_FILENO);
      ::execl(binary.c_str(), "bourse", "serve", "--demo", "--port", "0", "--journal",
              directory_.c_str(), "--durability", durability.c_str(), "--set",
              "demo.commands_per_second=0", "--set", "feed.limits.orders_per_second=1000000",
              "--set", "feed.limits.orders_burst=1000000", "--set", "log.level=warn",
              static_cast<char*>(nullptr));
      std::perror("bourse_wire_bench: cannot start the exchange");
      std::_Exit(127);
    }
    ::close(out[1]);
    std::FILE* lines = ::fdopen(out[0], "r");
    char line[512];
    while (std::fgets(line, sizeof line, lines) != nullptr) {
      const std::string text(line);
      if (const auto at = text.find("wss://"); at != std::string::npos && port_ == 0) {
        const auto colon = text.find(':', at + 6);
        std::from_chars(text.data() + colon + 1, text.data() + text.size(), port_);
      }
      if (text.starts_with("Ctrl-C")) break;
    }
    if (port_ == 0) give_up("the exchange did not start");
    lines_ = lines;
  }
  ~Server() {
    ::kill(pid_, SIGINT);
    ::waitpid(pid_, nullptr, 0);
    std::fclose(lines_);
    std::filesystem::remove_all(directory_);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::unique_ptr<FeedClient> connect(const std::string& path) const {
    FeedClientOptions options;
    options.address = {"127.0.0.1", port_, path};
    options.subprotocol = "bourse.fb.v1";
    options.verify = false;
    return must(FeedClient::connect(options));
  }

 private:
  std::filesystem::path directory_;
  pid_t pid_ = 0;
  std::FILE* lines_ = nullptr;
  std::uint16_t port_ = 0;
};

std::string field(std::string_view json, std::string_view key) {
  const auto at = json.find(fmt::format("\"{}\":\"", key));
  if (at == std::string_view::npos) give_up(fmt::format("no {} in {}", key, json));
  const auto begin = at + key.size() + 4;
  return std::string(json.substr(begin, json.find('"', begin) - begin));
}

std::string await_text(FeedClient& client, std::string_view op) {
  const auto end = Clock::now() + patience;
  while (Clock::now() < end) {
    const auto message = must(client.next(100ms));
    if (message && message->is_text &&
        message->text().find(fmt::format("\"op\":\"{}\"", op)) != std::string_view::npos)
      return std::string(message->text());
  }
  give_up(fmt::format("no {} came", op));
}

std::uint64_t log_in(FeedClient& trade) {
  const std::string hello = await_text(trade, "hello");
  const std::string signature = sign(KeyAlgorithm::hmac_sha256, demo_key_secret,
                                     field(hello, "nonce"), field(hello, "session"));
  must(trade.send_text(
      fmt::format(R"({{"op":"auth","id":1,"key":"{}","alg":"hmac-sha256","sig":"{}"}})",
                  demo_key_id, signature)));
  return std::stoull(field(await_text(trade, "auth_ok"), "next_client_seq"));
}

// Half of the way there and back of ping and pong, one after the other.
Percentiles ping_pong(const Server& server, int count) {
  const auto client = server.connect("/v1/trade");
  await_text(*client, "hello");
  std::vector<std::int64_t> samples;
  for (int i = 0; i < count; ++i) {
    const std::int64_t sent = now_ns();
    must(client->send_text(R"({"op":"ping","id":1})"));
    while (!must(client->next(1000ms))) {
    }
    samples.push_back((now_ns() - sent) / 2);
    std::this_thread::sleep_for(25ms);  // under the limit of control messages
  }
  return Percentiles(std::move(samples));
}

struct Run {
  std::vector<std::int64_t> latencies;
  std::int64_t slip_ns_max = 0;  // how late the generator itself was
  double reached = 0;            // orders per second
};

std::vector<std::byte> order(std::uint64_t index, std::uint64_t client_seq) {
  WireOrder order;
  order.client_seq = client_seq;
  order.price = price_e9;
  order.qty = (index / 2 + 1) * lot_units;
  order.instrument_id = instrument;
  order.op = static_cast<std::uint8_t>(OrderOperation::new_order);
  order.side = index % 2 == 0 ? wire_buy : wire_sell;
  order.ord_type = static_cast<std::uint8_t>(OrderType::limit);
  order.tif = static_cast<std::uint8_t>(index % 2 == 0 ? TimeInForce::gtc : TimeInForce::ioc);
  return encode_order(order);
}

// Reads ticks until all `count` orders have been seen; received[i] is when order i's came.
void receive(FeedClient& market, std::uint64_t count, std::vector<std::int64_t>& received) {
  std::uint64_t seen = 0;
  auto last = Clock::now();
  while (seen < count) {
    const auto message = must(market.next(100ms));
    if (!message) {
      if (Clock::now() - last > patience)
        give_up(fmt::format("only {} of {} ticks came", seen, count));
      continue;
    }
    last = Clock::now();
    if (message->is_text) continue;
    const std::int64_t at = now_ns();
    const auto frame = read_frame(message->bytes);
    if (!frame) give_up("a frame does not verify");
    for (const wire::MboEvent& event : frame->mbo) {
      if (event.action != 'A' && event.action != 'E') continue;
      const std::uint64_t index = (event.size / lot_units - 1) * 2 + (event.action == 'E' ? 1 : 0);
      if (index >= count) give_up("a tick of no order of ours");
      received[index] = at;
      ++seen;
    }
  }
}

Run run(const Server& server, double rate, std::chrono::seconds duration) {
  const auto trade = server.connect("/v1/trade");
  const auto market = server.connect("/v1/md");
  std::uint64_t client_seq = log_in(*trade);
  must(market->send_text(
      R"({"op":"subscribe","id":1,"subs":[{"channel":"mbo","symbols":["ETH-USD"]}]})"));
  await_text(*market, "subscribed");

  const std::uint64_t warm = static_cast<std::uint64_t>(rate * warm_up.count()) & ~1ull;
  const std::uint64_t count =
      warm + (static_cast<std::uint64_t>(rate * static_cast<double>(duration.count())) & ~1ull);
  const double interval_ns = 1e9 / rate;
  std::vector<std::int64_t> received(count);
  std::thread receiver([&] { receive(*market, count, received); });

  Run result;
  const std::int64_t begin = now_ns() + 10'000'000;
  const auto intended = [&](std::uint64_t i) {
    return begin + static_cast<std::int64_t>(interval_ns * static_cast<double>(i));
  };
  std::int64_t last_sent = begin;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::vector<std::byte> bytes = order(i, client_seq++);
    while (true) {
      const std::int64_t left = intended(i) - now_ns();
      if (left <= 0) break;
      // Sleep as long as the kernel wakes us in time: the server needs this core too.
      if (left > spin_ns) std::this_thread::sleep_for(std::chrono::nanoseconds(left - spin_ns));
    }
    last_sent = now_ns();
    if (i >= warm) result.slip_ns_max = std::max(result.slip_ns_max, last_sent - intended(i));
    must(trade->send_binary(bytes));
    // Reports are read, so that the connection does not fill up.
    while (must(trade->next(0ms))) {
    }
  }
  receiver.join();
  for (std::uint64_t i = warm; i < count; ++i)
    result.latencies.push_back(received[i] - intended(i));
  result.reached = static_cast<double>(count - 1) * 1e9 / static_cast<double>(last_sent - begin);
  return result;
}

std::string us(std::int64_t ns) { return fmt::format("{:.1f}", static_cast<double>(ns) / 1000); }

// Median, least and greatest of each percentile over the runs.
void print_row(const std::string& name, const std::vector<Percentiles>& runs, double reached,
               std::int64_t slip_ns) {
  const auto cell = [&](auto value) {
    std::vector<std::int64_t> values;
    for (const Percentiles& one : runs) values.push_back(value(one));
    std::sort(values.begin(), values.end());
    return fmt::format("{:>9}", us(values[values.size() / 2]));
  };
  std::string row = fmt::format("{:<22}", name);
  for (const double percent : Percentiles::shown)
    row += cell([&](const Percentiles& p) { return p.at(percent); });
  row += cell([](const Percentiles& p) { return p.max(); });
  row += fmt::format("{:>10}{:>10.0f}{:>10}", runs.front().count(), reached, us(slip_ns));
  fmt::print("{}\n", row);
  std::fflush(stdout);
}

}  // namespace
}  // namespace bourse

int main(int argc, char** argv) {
  using namespace bourse;
  std::string binary = (std::filesystem::path(argv[0]).parent_path() / "../app/bourse").string();
  std::vector<double> rates = {1000, 10000, 50000};
  int seconds = 5;
  int runs = 5;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i];
    if (flag == "--binary")
      binary = argv[i + 1];
    else if (flag == "--rate")
      rates = {std::stod(argv[i + 1])};
    else if (flag == "--seconds")
      seconds = std::stoi(argv[i + 1]);
    else if (flag == "--runs")
      runs = std::stoi(argv[i + 1]);
    else
      give_up("flags: --binary FILE --rate ORDERS_PER_SECOND --seconds N --runs N");
  }
  fmt::print("{}\n", describe_machine());
  fmt::print(
      "order over wss (FlatBuffers) to its tick at another wss subscriber, TLS 1.3, loopback, open "
      "loop\n{} runs of {} s after {} s of warm-up; median of each percentile, microseconds\n\n",
      runs, seconds, warm_up.count());
  fmt::print("{:<22}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}{:>10}{:>10}{:>10}\n", "", "p50", "p90", "p99",
             "p99.9", "p99.99", "max", "samples", "reached/s", "slip max");
  for (const char* durability : {"memory", "disk"}) {
    {
      const Server server(binary, durability);
      print_row(fmt::format("{} ping/2", durability), {ping_pong(server, 200)}, 40, 0);
    }
    for (const double rate : rates) {
      std::vector<Percentiles> all;
      double reached = 0;
      std::int64_t slip = 0;
      for (int i = 0; i < runs; ++i) {
        const Server server(binary, durability);
        Run one = run(server, rate, std::chrono::seconds(seconds));
        reached = std::max(reached, one.reached);
        slip = std::max(slip, one.slip_ns_max);
        all.emplace_back(std::move(one.latencies));
      }
      print_row(fmt::format("{} {:.0f}/s", durability, rate), all, reached, slip);
    }
  }
  return 0;
}
