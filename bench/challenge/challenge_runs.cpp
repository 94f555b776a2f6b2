#include "bench/challenge/challenge_runs.h"

#include <time.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <span>
#include <thread>

#include "bench/measure/machine.h"  // pin_to_core
#include "matching/check.h"         // CHECK
#include "matching/event.h"         // EventBuffer
#include "matching/pages.h"         // Pages, take_pages, touch_pages
#include "matching/state_hash.h"    // hash_weights

namespace bourse {
namespace {

using Clock = std::chrono::steady_clock;

constexpr EngineLimits limits{.symbols_max = 1, .accounts_max = 1, .orders_max = 1u << 20};

double cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double ns_per_message(double seconds, const std::vector<me_msg_t>& messages) {
  return seconds * 1e9 / static_cast<double>(messages.size());
}

// A report as the public harness keeps it.
struct KeptReport {
  std::uint8_t type;
  std::uint8_t side;
  std::uint32_t quantity;
  std::uint64_t sequence;
  std::uint64_t order_id;
  std::int64_t price;
  std::uint64_t maker;
  std::uint64_t taker;
  std::uint64_t reserved;
};
static_assert(sizeof(KeptReport) == 56);

void digest_reports(std::span<const KeptReport> kept, HandOff& result) {
  for (const KeptReport& r : kept) {
    const std::uint64_t quantity = r.quantity;
    const std::uint64_t kind = r.type + std::uint64_t{r.side} * 13;
    const std::uint64_t fields = r.order_id + r.maker * 3 + r.sequence * 5 +
                                 static_cast<std::uint64_t>(r.price) * 7 + quantity * 11 + kind;
    result.digest = (result.digest ^ fields) * hash_weights[0];
    result.trade_count += r.type == 1 ? 1 : 0;
  }
  result.report_count = kept.size();
}

void dispatch(const me_msg_t& message) {
  if (message.type == 0) {
    engine_on_new_order(&message.new_order);
  } else if (message.type == 1) {
    engine_on_cancel(&message.cancel);
  } else {
    engine_on_modify(&message.modify);
  }
}

struct Market {
  Engine engine{limits};
  EventBuffer events;
  Command command = first_challenge_command();

  Market() { engine.apply(define_challenge_symbol(1), events); }
  void apply(const me_msg_t& message) {
    translate_challenge(message, command);
    engine.apply(command, events);
  }
};

}  // namespace

HandOff run_hand_off(const std::vector<me_msg_t>& messages) {
  constexpr std::uint32_t reports_in_flight = 1 << 20;
  constexpr std::uint32_t drain_most = 256;
  const transport_t* const transport = engine_get_transport();
  void* const sink = transport->create(reports_in_flight);
  engine_init(23, transport, sink);
  // In large pages, touched before: the system's pages are not what is measured.
  const std::size_t kept_max = messages.size() * 2 + 1024;
  const Pages<KeptReport> kept = take_pages<KeptReport>(kept_max);
  touch_pages(kept.get(), kept_max);
  std::size_t kept_count = 0;
  // Written by the sender after its last flush (release: publishes the reports before it), read by
  // the drain (acquire): once it is set, an empty ring is empty for good.
  std::atomic<bool> sent{false};
  // Set by the drain when it stands on its core.
  std::atomic<bool> drains{false};
  std::thread drain([&] {
    pin_to_core(1);
    std::vector<me_report_t> reports(drain_most);
    drains.store(true, std::memory_order_release);
    for (;;) {
      const bool last_round = sent.load(std::memory_order_acquire);
      const std::uint32_t count = transport->drain(sink, reports.data(), drain_most);
      for (std::uint32_t i = 0; i < count; ++i) {
        const me_report_t& r = reports[i];
        CHECK(kept_count < kept_max);
        kept[kept_count++] = {r.type,     r.side,        r.quantity,       r.sequence_number,
                              r.order_id, r.price_ticks, r.maker_order_id, r.taker_order_id,
                              0};
      }
      if (count == 0 && last_round) return;
      if (count == 0) __builtin_ia32_pause();
    }
  });
  while (!drains.load(std::memory_order_acquire)) std::this_thread::yield();
  HandOff result;
  // The harness stops 64 times to look at the book; the runs between are one batch each.
  const std::size_t batch = messages.size() / 65 + 1;
  const Clock::time_point start = Clock::now();
  for (std::size_t at = 0; at < messages.size(); at += batch) {
    engine_on_batch(&messages[at],
                    static_cast<std::uint32_t>(std::min(batch, messages.size() - at)));
  }
  engine_flush();
  transport->flush(sink);
  result.seconds = seconds_since(start);
  sent.store(true, std::memory_order_release);
  drain.join();
  result.drained_seconds = seconds_since(start);
  engine_shutdown();
  transport->destroy(sink);
  digest_reports({kept.get(), kept_count}, result);
  return result;
}

double matcher_ns_per_message(const std::vector<me_msg_t>& messages) {
  engine_init(23, nullptr, nullptr);
  const double start = cpu_seconds();
  engine_on_batch(messages.data(), static_cast<std::uint32_t>(messages.size()));
  engine_flush();
  const double seconds = cpu_seconds() - start;
  engine_shutdown();
  return ns_per_message(seconds, messages);
}

double full_path_ns_per_message(const std::vector<me_msg_t>& messages) {
  Market market;
  std::uint64_t hashes = 0;
  const double start = cpu_seconds();
  for (const me_msg_t& message : messages) {
    market.apply(message);
    hashes ^= market.engine.state_hash();
  }
  const double seconds = cpu_seconds() - start;
  if (hashes == 0) std::puts("");  // nobody may leave the hashes out
  return ns_per_message(seconds, messages);
}

std::uint32_t most_open_orders(const std::vector<me_msg_t>& messages) {
  Market market;
  std::uint32_t most = 0;
  for (const me_msg_t& message : messages) {
    market.apply(message);
    most = std::max(most, market.engine.open_orders());
  }
  return most;
}

void time_operations(const std::vector<me_msg_t>& messages, const CycleClock& clock,
                     OperationTimes& times) {
  engine_init(23, nullptr, nullptr);
  for (const me_msg_t& message : messages) {
    const std::uint64_t begun = CycleClock::begin();
    dispatch(message);
    const std::uint64_t cycles = CycleClock::end() - begun;
    times.matcher[message.type].push_back(clock.net_ns(cycles));
  }
  engine_shutdown();
  Market market;
  std::uint64_t hashes = 0;
  for (const me_msg_t& message : messages) {
    const std::uint64_t begun = CycleClock::begin();
    market.apply(message);
    hashes ^= market.engine.state_hash();
    const std::uint64_t cycles = CycleClock::end() - begun;
    times.full_path[message.type].push_back(clock.net_ns(cycles));
  }
  if (hashes == 0) std::puts("");
}

Command define_challenge_symbol(std::uint32_t number) {
  Command define{};
  define.type = CommandType::define_instrument;
  define.sequence = Sequence{number};
  std::snprintf(define.instrument.symbol, sizeof define.instrument.symbol, "C%u", number);
  define.instrument.tick_size_e9 = 5'000'000;
  define.instrument.lot_size = 1;
  define.instrument.quantity_min = QuantityLots{1};
  define.instrument.quantity_max = QuantityLots{1u << 31};
  define.instrument.price_min = PriceTicks{0};
  define.instrument.price_max = PriceTicks{1u << 31};
  return define;
}

Command first_challenge_command() {
  Command first{};
  first.sequence = Sequence{1};
  first.symbol = SymbolId{1};
  first.account = AccountId{1};
  first.order.type = OrderType::limit;
  first.order.time_in_force = TimeInForce::gtc;
  return first;
}

void translate_challenge(const me_msg_t& m, Command& c) {
  c.sequence = next(c.sequence);
  if (m.type == 0) {
    c.type = CommandType::new_order;
    c.order_flags = 0;
    c.order.order_id = OrderId{m.new_order.order_id};
    c.order.price = PriceTicks{m.new_order.price_ticks};
    c.order.quantity = QuantityLots{m.new_order.quantity};
    c.order.side = m.new_order.side == 0 ? Side::buy : Side::sell;
    c.order.time_in_force = m.new_order.ioc != 0 ? TimeInForce::ioc : TimeInForce::gtc;
  } else if (m.type == 1) {
    c.type = CommandType::cancel;
    c.order.order_id = OrderId{m.cancel.order_id};
  } else {
    c.type = CommandType::amend;
    c.order_flags = order_flags::lose_priority;
    c.order.order_id = OrderId{m.modify.order_id};
    c.order.price = PriceTicks{m.modify.new_price_ticks};
    c.order.quantity = QuantityLots{m.modify.new_quantity};
  }
}

}  // namespace bourse
