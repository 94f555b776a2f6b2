#include "app/commands/tail_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <thread>

#include "app/terminal/complaint.h"        // complain
#include "app/terminal/market_follower.h"  // MarketFollower
#include "app/terminal/terminal.h"         // LiveTerminal, is_terminal
#include "app/terminal/tick_text.h"        // tick_line, tick_json
#include "feed/net/feed_client.h"          // FeedClient
#include "replay/result.h"                 // Result

namespace bourse {
namespace {

using namespace std::chrono_literals;
constexpr auto redraw_interval = 100ms;
constexpr auto backoff_first = 100ms;
constexpr auto backoff_max = 10s;
constexpr std::uint16_t close_normal = 1000;
constexpr auto stale_after = 3s;  // heartbeats come every second

volatile std::sig_atomic_t interrupted = 0;

class Tail {
 public:
  explicit Tail(const TailArguments& arguments)
      : arguments_(arguments),
        on_screen_(arguments.format.empty() && is_terminal(STDOUT_FILENO)),
        follower_(arguments.symbol, channels()) {}

  int run() {
    if (on_screen_) terminal_ = std::make_unique<LiveTerminal>();
    auto backoff = backoff_first;
    while (!is_over_) {
      const std::uint64_t before = ticks_;
      const Result<void> followed = follow_one_connection();
      if (is_over_) break;
      const bool is_final = followed ? false : followed.error().code == ExitCode::usage;
      if (is_final || !arguments_.reconnect || !ever_connected_) {
        terminal_.reset();
        if (followed) return 0;  // the server said goodbye
        return complain("tail", followed.error());
      }
      if (ticks_ != before) backoff = backoff_first;
      say(followed ? "the server has closed the connection" : followed.error().text());
      std::this_thread::sleep_for(backoff);
      backoff = std::min<std::chrono::milliseconds>(backoff * 4, backoff_max);
      if (interrupted != 0 || (terminal_ && terminal_->quit_pressed())) break;
    }
    return 0;
  }

 private:
  std::vector<std::string> channels() const {
    if (on_screen_) return {"mbo", "trade"};
    if (!arguments_.channels.empty()) return arguments_.channels;
    return {"trade", "bbo"};
  }

  void say(const std::string& text) {
    status_ = text;
    if (terminal_)
      redraw();
    else
      fmt::print(stderr, "bourse tail: {}; reconnecting\n", text);
  }

  static std::string default_url() {
    const char* from_environment = std::getenv("BOURSE_URL");
    return from_environment != nullptr ? from_environment : "wss://127.0.0.1:9443";
  }

  Result<void> follow_one_connection() {
    auto address = FeedAddress::parse(arguments_.url.empty() ? default_url() : arguments_.url);
    if (!address) return std::unexpected(address.error());
    FeedClientOptions options;
    options.address = *address;
    options.subprotocol = "bourse.fb.v1";
    options.ca_file = arguments_.ca_file;
    const bool is_loopback =
        address->host == "127.0.0.1" || address->host == "localhost" || address->host == "::1";
    options.verify = !arguments_.insecure && !(is_loopback && arguments_.ca_file.empty());
    auto client = FeedClient::connect(options);
    if (!client) return std::unexpected(client.error());
    ever_connected_ = true;
    if (auto sent = (*client)->send_text(follower_.subscribe_request(arguments_.from_sequence));
        !sent)
      return sent;
    const Result<void> followed = follow(**client);
    if (is_over_) (*client)->close();
    // The server has told all there is: a replay has come to its end.
    if (!followed && (*client)->close_code() == close_normal) is_over_ = true;
    return followed;
  }

  Result<void> follow(FeedClient& client) {
    auto last_message = std::chrono::steady_clock::now();
    auto last_drawn = last_message;
    while (true) {
      const auto message = client.next(redraw_interval);
      if (interrupted != 0 || (terminal_ && terminal_->quit_pressed())) is_over_ = true;
      if (is_over_) return {};
      if (!message) return std::unexpected(message.error());
      const auto now = std::chrono::steady_clock::now();
      if (*message) {
        last_message = now;
        if (auto followed = take(**message); !followed) return followed;
      }
      status_ = now - last_message > stale_after ? "STALE: nothing heard for 3 s"
                : follower_.is_catching_up()     ? "catching up"
                                                 : "live";
      if (terminal_ && now - last_drawn >= redraw_interval) {
        last_drawn = now;
        redraw();
      }
    }
  }

  Result<void> take(const FeedClient::Message& message) {
    if (message.is_text) return follower_.on_text(message.text());
    auto followed = follower_.on_frame(message.bytes, [this](const Tick& tick) { print(tick); });
    // A reader that has gone away (| head) is a normal end.
    if (!terminal_ && std::fflush(stdout) != 0) is_over_ = true;
    return followed;
  }

  void print(const Tick& tick) {
    if (is_over_) return;
    ++ticks_;
    if (!terminal_) {
      const TickStyle style{follower_.symbol(), follower_.price_decimals_shown(),
                            follower_.quantity_decimals()};
      const std::string line =
          arguments_.format == "json" ? tick_json(tick, style) : tick_line(tick, style);
      std::fwrite(line.data(), 1, line.size(), stdout);
      std::fputc('\n', stdout);
    }
    if (arguments_.count != 0 && ticks_ >= arguments_.count) is_over_ = true;
  }

  void redraw() {
    terminal_->show(book_screen(follower_, status_, terminal_->size(), wants_color()));
  }

  const TailArguments& arguments_;
  const bool on_screen_;
  MarketFollower follower_;
  std::unique_ptr<LiveTerminal> terminal_;
  std::string status_;
  std::uint64_t ticks_ = 0;
  bool is_over_ = false;
  bool ever_connected_ = false;
};

}  // namespace

int tail_command(const TailArguments& arguments) {
  if (!arguments.format.empty() && arguments.format != "lines" && arguments.format != "json")
    return complain("tail", {ExitCode::usage, fmt::format("--format {}: unknown", arguments.format),
                             "", "lines or json"});
  std::signal(SIGINT, [](int) { interrupted = 1; });
  std::signal(SIGTERM, [](int) { interrupted = 1; });
  std::signal(SIGPIPE, SIG_IGN);
  return Tail(arguments).run();
}

}  // namespace bourse
