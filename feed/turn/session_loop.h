// The turn of one io thread: accepts, hands what sessions bring to their conversations, lets the
// stage take news from the log, and sweeps sessions so that their bytes go out.
//   Shape:  a template over the Stage, which knows what is talked about; nothing is called through
//           a pointer. One turn = sockets, new connections, requests and messages, the stage's
//           news, timers, sweep. A sweep goes over all sessions when there was news, else only over
//           those that have something due. The thread sleeps in epoll when nothing is due.
//   Owner:  the thread that calls run(); wake() and stop() may be called by any thread.
//   Errors: listen() tells what is wrong with address or port; a broken connection ends alone.
//
// A Stage has:
//   using Conversation = ...;  // or a std::variant of such: on_open(Outbox&), on_text(string_view,
//                              // Outbox&), on_binary(span, Outbox&), bool pump(Outbox&, TimeNs),
//                              // on_timer(TimeNs, Outbox&), perhaps on_received(TimeNs), and
//                              // int64_t due_ns() const: when to be pumped next, steady clock
//   std::span<const std::string_view> subprotocols(std::string_view path);  // empty: no endpoint
//   void open(const HttpRequest&, SessionInfo, std::optional<Conversation>& into);
//   HttpAnswer answer(const HttpRequest&);
//   bool serves() const;            // false: connections wait to be accepted
//   std::string farewell() const;   // perhaps: the last message of every session
//   bool has_news() const;          // something advance() would take in
//   int64_t due_ns() const;         // optional: when to call advance() at the latest
//   bool advance(TimeNs now);       // takes it in, a bounded piece; true: sweep all sessions
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "feed/feed_options.h"         // FeedOptions
#include "feed/net/conversation.h"     // with, ClockedSeats
#include "feed/net/egress.h"           // Egress
#include "feed/net/http_message.h"     // HttpRequest, http_error
#include "feed/net/reactor.h"          // Reactor
#include "feed/net/seat.h"             // Seat
#include "feed/net/seat_table.h"       // SeatTable
#include "feed/net/session.h"          // Session, ReadyList
#include "feed/net/session_info.h"     // SessionInfo
#include "feed/net/session_metrics.h"  // SessionMetrics
#include "feed/net/session_numbers.h"  // SessionNumbers
#include "feed/net/upgrade.h"          // decide_upgrade
#include "feed/turn/door.h"            // Door, Listener, TlsContext
#include "feed/wall_clock.h"           // wall_clock_now
#include "matching/types.h"            // TimeNs, SessionId

namespace bourse {

struct LoopNumber {  // of this io thread: session ids differ between them
  std::uint32_t index = 0;
  std::uint32_t count = 1;
  SessionNumbers* granted = nullptr;  // nullptr: this process gives them all
};

template <class Stage>
class SessionLoop {
 public:
  using Conversation = typename Stage::Conversation;

  SessionLoop(Stage& stage, const FeedOptions& options, TlsContext context, Metrics& metrics,
              LoopNumber number = {}, ConnectionLimits* limits = nullptr)
      : stage_(stage),
        options_(options),
        metrics_(metrics),
        number_(number),
        door_(reactor_, options, std::move(context), metrics_, limits) {}
  ~SessionLoop() { end_all(); }

  // port 0: any free one.
  Result<void> listen(std::uint16_t port, Listener::Sharing sharing) {
    return door_.listen(options_.host, port, sharing);
  }
  std::uint16_t port() const { return door_.port(); }

  // Until stop(). Then every session is told, and has limits.drain_ms to take what is due to it.
  void run() {
    while (turn()) {
    }
    end_all();
  }
  // Websocket close code: 1001 going away, 1012 restart.
  void stop(std::uint16_t close_code = 1001) {
    stop_code_.store(close_code, std::memory_order_relaxed);
    reactor_.wake();
  }
  void wake() { reactor_.wake(); }
  // Any thread: connections that come from now on are shown this certificate.
  void use(TlsContext context) { door_.use(std::move(context)); }

  // One turn; false once the loop has stopped.
  bool turn() {
    const auto has_news = [this] {
      return stage_.has_news() || (stop_code_.load(std::memory_order_relaxed) != 0 && !draining_);
    };
    if (!ready_.empty() || !due_.empty() || visitors_wait())
      reactor_.poll();
    else
      reactor_.wait(std::max(wake_ns() - steady_now_ns(), std::int64_t{0}), has_news);
    const std::int64_t now_ns = reactor_.now_ns();
    utc_ = wall_clock_now();
    accept();
    take_ready();
    if (stage_.advance(utc_)) sweep_all_ = true;
    run_timers(now_ns);
    clocked_.for_due(now_ns, [this](Seat& seat) {
      if (is_pumpable(seat)) mark_due(seat);
    });
    sweep();
    if (stop_code_.load(std::memory_order_relaxed) != 0 && !draining_) begin_drain(now_ns);
    return !draining_ || (!seats_.empty() && now_ns < drain_deadline_ns_);
  }

  std::size_t connections() const { return seats_.size(); }
  std::uint64_t records() const { return egress_.records(); }  // of TLS, sent

 private:
  static constexpr int rounds_per_turn = 16;
  static constexpr std::int64_t timer_period_ns = 100'000'000;
  static constexpr std::size_t seats_per_timer_slice = 256;
  static constexpr std::size_t timer_slices_max = 10;
  static constexpr std::size_t http_reserve_connections = 64;

  using Seat = bourse::Seat<Conversation>;

  // While the socket is full the stage's own log keeps what is due: nothing is copied for it.
  bool is_pumpable(Seat& seat) const {
    return seat.state() == Session::State::open && !seat.wire().pending() &&
           !seat.outbox().close_requested() &&
           seat.outbox().size() < options_.limits.outbox_low_bytes;
  }
  std::int64_t wake_ns() const {
    std::int64_t latest = next_timer_ns_;
    if constexpr (requires { stage_.due_ns(); }) latest = std::min(latest, stage_.due_ns());
    return clocked_.wake_ns(latest, [this](Seat& seat) { return is_pumpable(seat); });
  }

  void mark_due(Seat& seat) {
    if (seat.is_due) return;
    seat.is_due = true;
    due_.push_back(&seat);
  }

  bool visitors_wait() const { return door_.is_waiting() && stage_.serves(); }
  void accept() {
    if (!visitors_wait()) return;
    for (const Accepted& one : door_.take()) {
      auto seat = std::make_unique<Seat>(reactor_, ready_, door_.context(), options_, one.fd,
                                         one.peer, next_id());
      if (seats_.size() >= options_.limits.connections_count + http_reserve_connections)
        seat->cut(Ending::stopped, true);
      seats_.add(std::move(seat));
    }
    metrics_.connections.set(static_cast<std::int64_t>(seats_.size()));
  }

  SessionId next_id() {
    if (number_.granted != nullptr) return number_.granted->take();
    return SessionId{static_cast<std::uint32_t>(++sessions_made_ * number_.count + number_.index)};
  }

  void take_ready() {  // bounded: the sweep gets its turn
    handshakes_left_ = options_.limits.handshakes_per_turn_count;
    for (int round = 0; round < rounds_per_turn && !ready_.empty(); ++round) {
      if (round > 0) reactor_.poll();
      bool only_deferred = true;
      for (Session* session : ready_.take())
        only_deferred &= !take_news(static_cast<Seat&>(*session));
      if (only_deferred) break;
    }
  }

  // False if all of it was put back for the next turn.
  bool take_news(Seat& seat) {
    unsigned news = seat.take_news();
    if ((news & Session::news_handshake) != 0) {
      if (handshakes_left_ == 0) {
        seat.put_back(news);
        return false;
      }
      --handshakes_left_;
      seat.step_handshake();
      if (seat.state() == Session::State::request) metrics_.handshakes.add();
    }
    if ((news & Session::news_request) != 0) on_request(seat);
    if ((news & Session::news_opened) != 0) on_opened(seat);
    if ((news & Session::news_message) != 0) on_message(seat);
    if (seat.state() == Session::State::gone)
      bury(seat);
    else if ((news & ~Session::news_handshake) != 0)
      mark_due(seat);
    return true;
  }

  void on_request(Seat& seat) {
    metrics_.http_requests.add();
    const HttpRequest& request = seat.request();
    const auto subprotocols = stage_.subprotocols(request.path);
    if (subprotocols.empty() && !request.is_upgrade) {
      answer(seat, request);
      return;
    }
    UpgradeDecision decision =
        decide_upgrade(request, subprotocols, seat.wire().peer_name(), options_);
    if (!decision.refusal && (draining_ || open_count_ >= options_.limits.connections_count))
      decision.refusal =
          draining_ ? http_error(503, "shutting_down", 9003, "the server is shutting down",
                                 "connect again in a moment")
                    : http_error(503, "overloaded", 9002, "too many connections", "try later");
    if (decision.refusal) {
      seat.answer(*decision.refusal);
      return;
    }
    ++open_count_;
    stage_.open(request, seat.info(decision.subprotocol), seat.conversation);
    clocked_.add(seat);
    seat.upgrade(decision.subprotocol);
  }

  // Plain HTTP: answered at once, or by a conversation that takes its time.
  void answer(Seat& seat, const HttpRequest& request) {
    if (!seat.may_ask(utc_)) return metrics_.http_refused.add();
    const bool is_full = draining_ || open_count_ >= options_.limits.connections_count;
    if constexpr (requires { stage_.begin_http(request, SessionInfo{}, seat.conversation, true); })
      if (stage_.begin_http(request, seat.info(""), seat.conversation, is_full)) {
        ++open_count_;
        return;
      }
    seat.answer(stage_.answer(request));
  }
  bool serve_http(Seat& seat) {
    const HttpServed served = seat.serve_http(utc_, draining_);
    if (served.is_over) end_conversation(seat);
    return served.is_more;
  }
  void end_conversation(Seat& seat) {
    if (!seat.conversation) return;
    --open_count_;
    clocked_.remove(seat);
    seat.conversation.reset();
  }

  void on_opened(Seat& seat) {
    if (seat.state() != Session::State::open) return;
    metrics_.upgrades.add();
    with(*seat.conversation, [&](auto& c) { c.on_open(seat.outbox()); });
    if (draining_) say_shutdown(seat);
    seat.read_next();
  }

  void on_message(Seat& seat) {
    if (seat.state() != Session::State::open) return;
    metrics_.messages_in.add();
    Outbox& outbox = seat.outbox();
    if (!outbox.close_requested()) seat.hear();
    // Who asks and does not read the answers is not heard until he does.
    seat.reading_paused = outbox.size() >= options_.limits.outbox_high_bytes;
    if (!seat.reading_paused) seat.read_next();
  }

  void run_timers(std::int64_t now_ns) {
    if (now_ns < next_timer_ns_) return;
    const std::size_t slices =
        std::min(seats_.size() / seats_per_timer_slice + 1, timer_slices_max);
    next_timer_ns_ = now_ns + timer_period_ns / static_cast<std::int64_t>(slices);
    timer_slice_ = (timer_slice_ + 1) % slices;
    for (std::size_t i = timer_slice_; i < seats_.size(); i += slices) {
      Seat& seat = seats_[i];
      seat.on_timer(now_ns);
      if (seat.state() != Session::State::open || seat.outbox().close_requested()) {
        if (seat.conversation) mark_due(seat);
        continue;
      }
      with(*seat.conversation, [&](auto& c) { c.on_timer(utc_, seat.outbox()); });
      if (!seat.outbox().empty() || seat.outbox().close_requested()) mark_due(seat);
    }
    if (timer_slice_ == 0) metrics_.measure(seats_);
  }

  void sweep() {
    if (!sweep_all_ && due_.empty()) return;
    const std::int64_t began_ns = steady_now_ns();
    const std::uint64_t records = egress_.records(), bytes = egress_.plain_bytes();
    std::swap(due_, sweeping_);
    for (Seat* seat : sweeping_) seat->is_due = false;
    if (std::exchange(sweep_all_, false)) {
      for (const auto& seat : seats_) serve(*seat);
    } else {
      for (Seat* seat : sweeping_) serve(*seat);
    }
    sweeping_.clear();
    egress_.flush();
    metrics_.records_out.add(egress_.records() - records);
    metrics_.bytes_out.add(egress_.plain_bytes() - bytes);
    if (egress_.records() != records) metrics_.sweep.observe_ns(steady_now_ns() - began_ns);
  }

  void serve(Seat& seat) {
    // First: then there is room for more, and nobody else would fill it.
    const bool is_full = seat.wire().pending() && !egress_.resume(seat);
    Outbox& outbox = seat.outbox();
    bool more = false;
    const bool is_open = seat.state() == Session::State::open;
    if (is_pumpable(seat))
      more = with(*seat.conversation, [&](auto& c) { return c.pump(outbox, utc_); });
    const bool is_http =
        seat.state() == Session::State::request || seat.state() == Session::State::streaming;
    if (is_http && seat.conversation) more = serve_http(seat);
    if (!is_full) more |= egress_.add(seat);
    if (is_open && outbox.empty() && outbox.close_requested())
      seat.close(outbox.close_requested()->code, outbox.close_requested()->reason);
    if (seat.reading_paused && outbox.size() < options_.limits.outbox_low_bytes) {
      seat.reading_paused = false;
      seat.read_next();
    }
    if (more && !seat.wire().pending() && seat.state() != Session::State::gone) mark_due(seat);
  }

  // What is due is told first, as far as it has room: then where everything stands.
  void say_shutdown(Seat& seat) {
    Outbox& outbox = seat.outbox();
    seat.pump_up_to(options_.limits.outbox_low_bytes, utc_);
    if constexpr (requires { stage_.farewell(); }) outbox.append_text(stage_.farewell());
    outbox.request_close(stop_code_.load(std::memory_order_relaxed), "shutdown");
    mark_due(seat);
  }

  void begin_drain(std::int64_t now_ns) {
    draining_ = true;
    drain_deadline_ns_ = now_ns + std::int64_t{options_.limits.drain_ms} * 1'000'000;
    door_.close();
    for (const auto& seat : seats_) {
      if (seat->state() == Session::State::open)
        say_shutdown(*seat);
      else if (seat->conversation)
        mark_due(*seat);
      else if (seat->state() != Session::State::leaving)
        seat->cut(Ending::stopped, false);
    }
  }

  void bury(Seat& seat) {
    if (seats_.has(seat)) {
      metrics_.ended[static_cast<std::size_t>(seat.ending())]->add();
      door_.left(seat.peer());
      end_conversation(seat);
      seats_.remove(seat);
    }
    if (seat.is_due) {
      std::erase(due_, &seat);
      seat.is_due = false;
    }
    seats_.forget_released();
  }

  void end_all() {
    for (const auto& seat : seats_) seat->cut(Ending::stopped, false);
    // The handlers of closed sockets come back at once, each with its error.
    while (!seats_.all_forgotten()) {
      reactor_.poll();
      for (Session* session : ready_.take()) {
        session->take_news();
        bury(static_cast<Seat&>(*session));
      }
    }
    door_.close();
  }

  Stage& stage_;
  const FeedOptions& options_;
  SessionMetrics metrics_;
  LoopNumber number_;
  Reactor reactor_;
  Door door_;
  ReadyList ready_;
  SeatTable<Seat> seats_;
  std::vector<Seat*> due_;
  ClockedSeats<Seat> clocked_;
  std::vector<Seat*> sweeping_;
  Egress egress_;
  TimeNs utc_{0};
  std::int64_t next_timer_ns_ = 0;
  std::size_t timer_slice_ = 0;
  std::size_t open_count_ = 0;
  std::uint32_t handshakes_left_ = 0;
  std::uint64_t sessions_made_ = 0;
  std::int64_t drain_deadline_ns_ = 0;
  bool sweep_all_ = false;
  bool draining_ = false;
  // 0 = run on. Written by whoever stops, read by the loop; stop() rings the bell, whose exchange
  // publishes it.
  std::atomic<std::uint16_t> stop_code_{0};
};

}  // namespace bourse
