#include "app/exchange/participants.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "app/threads/wall_clock.h"  // wall_clock_now

namespace bourse {
namespace {

constexpr std::chrono::milliseconds demo_pause{1};
constexpr std::chrono::microseconds full_gate_pause{20};
constexpr std::int64_t due_pause_ns_max = 10'000'000;  // so that a stop is noticed

// Shows the flow what has happened; false: nothing new.
bool learn(ItchFlow& flow, Cursor& log, std::optional<Error>& error) {
  bool is_new = false;
  while (true) {
    switch (log.next()) {
      case Cursor::Next::transaction:
        flow.on_transaction(log.transaction());
        is_new = true;
        break;
      case Cursor::Next::at_head:
        return is_new;
      case Cursor::Next::failed:
        error = log.error();
        return is_new;
    }
  }
}

}  // namespace

std::optional<Error> run_demo_market(DemoMarket& market, const StopFlag& stop) {
  while (!stop() && !market.failed()) {
    market.step(wall_clock_now());
    std::this_thread::sleep_for(demo_pause);
  }
  return market.failed();
}

std::optional<Error> run_itch_flow(ItchFlow& flow, Gate gate, Cursor log, BroadcastRing& tail,
                                   WaitMode wait, const StopFlag& stop) {
  Waiter waiter(wait, tail.arrivals());
  const auto has_answers = [&] { return tail.head() >= log.position() || stop(); };
  std::optional<Error> error;
  Command command{};
  bool has_command = false;
  while (!stop()) {
    const bool learned = learn(flow, log, error);
    if (error) return error;
    if (learned) waiter.worked();
    if (has_command) {
      has_command = !gate.try_push(command);
      if (has_command) std::this_thread::sleep_for(full_gate_pause);
      continue;
    }
    const TimeNs now = wall_clock_now();
    switch (flow.next(now, command)) {
      case ItchFlow::Next::command:
        has_command = !gate.try_push(command);
        break;
      case ItchFlow::Next::end:
        if (flow.is_answered()) return std::nullopt;
        [[fallthrough]];
      case ItchFlow::Next::wait_for_answer:
        if (!learned) waiter.wait(has_answers);
        break;
      case ItchFlow::Next::not_due:
        std::this_thread::sleep_for(std::chrono::nanoseconds(
            std::clamp<std::int64_t>(flow.due().value() - now.value(), 0, due_pause_ns_max)));
        break;
      case ItchFlow::Next::failed:
        return flow.error();
    }
  }
  return std::nullopt;
}

}  // namespace bourse
