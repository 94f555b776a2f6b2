#include "matching/sequencer.h"

#include <algorithm>

#include "matching/check.h"        // CHECK, note_sequence
#include "matching/transaction.h"  // encode, transaction_bytes_max

namespace bourse {
namespace {

constexpr std::uint16_t reject_code_first = 5000;

}  // namespace

Sequencer::Sequencer(Engine& engine, BroadcastRing::Writer log, MarketViews::Writer views,
                     const Start& start)
    : engine_(engine),
      log_(std::move(log)),
      views_(std::move(views)),
      epoch_(start.epoch),
      last_(start.last),
      last_time_(start.last_time),
      scratch_(std::make_unique<std::uint64_t[]>(transaction_bytes_max / sizeof(std::uint64_t))),
      last_trades_(std::make_unique<LastTrade[]>(std::size_t{views_.symbols_max()} + 1)),
      last_sequence_(start.last.value()) {
  static_assert(transaction_bytes_max % sizeof(std::uint64_t) == 0);
  CHECK(log_.last() == start.last);
  CHECK(log_.ring().record_bytes_max() >= transaction_bytes_max);
  for (std::uint32_t i = 0; i <= views_.symbols_max(); ++i) {
    last_trades_[i] = {no_price, QuantityLots{0}};
  }
  for (std::uint32_t i = 1; i <= engine_.symbol_count(); ++i) publish_top(SymbolId{i});
  due_.store(engine_.due().value(), std::memory_order_relaxed);
}

Gate Sequencer::add_gate(std::string name, std::size_t capacity) {
  auto [gate, reader] = Gate::make(capacity, commands_waiting_, gate_state_);
  gates_.push_back({std::move(name), std::move(reader)});
  return std::move(gate);
}

// Asked before the engine executes: what it has decided must find its place in the log.
bool Sequencer::make_room() {
  if (log_.has_room(transaction_bytes_max)) return true;
  if (!is_blocked()) count(blocked_count_);
  is_blocked_.store(true, std::memory_order_relaxed);
  return false;
}

std::size_t Sequencer::poll(TimeNs now, std::size_t budget) {
  std::size_t executed = 0;
  std::size_t empty_in_a_row = 0;
  for (;;) {
    executed += execute_due(now, budget - executed);
    if (executed == budget || empty_in_a_row == gates_.size()) return executed;
    SpscRing<Command>::Reader& gate = gates_[turn_].reader;
    const Command* const command = gate.front();
    if (command == nullptr) {
      ++empty_in_a_row;
    } else {
      empty_in_a_row = 0;
      if (!make_room()) return executed;  // it stays this gate's turn
      execute(*command, now);
      gate.pop();
      ++executed;
    }
    if (++turn_ == gates_.size()) turn_ = 0;
  }
}

std::size_t Sequencer::execute_due(TimeNs now, std::size_t budget) {
  std::size_t executed = 0;
  while (executed < budget && engine_.due() <= std::max(last_time_, now)) [[unlikely]] {
    if (!make_room()) break;
    Command clock{};
    clock.type = CommandType::clock;
    execute(clock, now);
    ++executed;
  }
  return executed;
}

bool Sequencer::submit(const Command& command, TimeNs now) {
  if (!log_.has_room(transaction_bytes_max)) return false;
  execute(command, now);
  return true;
}

bool Sequencer::has_work(TimeNs now) {
  return engine_.due() <= now || std::ranges::any_of(gates_, [](NamedGate& gate) {
           return gate.reader.front() != nullptr;
         });
}

void Sequencer::execute(const Command& given, TimeNs now) {
  last_ = next(last_);
  last_time_ = std::max(last_time_, now);
  note_sequence(last_.value());

  Command command = given;
  command.sequence = last_;
  command.time = last_time_;
  if (command.type == CommandType::new_order) command.order.order_id = OrderId{last_.value()};

  engine_.apply(command, events_);
  const std::span<std::byte> scratch{reinterpret_cast<std::byte*>(scratch_.get()),
                                     transaction_bytes_max};
  const std::size_t bytes = encode(command, events_, epoch_, engine_.state_hash(), scratch);
  const bool appended = log_.append(scratch.first(bytes));
  CHECK(appended);

  last_sequence_.store(last_.value(), std::memory_order_release);
  count(command_count_);
  count_rejects();
  publish_tops();
  is_blocked_.store(false, std::memory_order_relaxed);
  due_.store(engine_.due().value(), std::memory_order_relaxed);
}

void Sequencer::publish_tops() {
  for (const PublicEvent& event : events_.public_events()) {
    CHECK(event.symbol.value() <= views_.symbols_max());
    if (event.kind == EventKind::execute || event.kind == EventKind::trade) {
      last_trades_[event.symbol.value()] = {event.price, event.quantity};
    }
    if ((event.flags & event_flags::last) != 0) publish_top(event.symbol);
  }
}

void Sequencer::publish_top(SymbolId symbol) {
  const LastTrade& trade = last_trades_[symbol.value()];
  views_.publish(symbol, {.sequence = last_,
                          .prices = engine_.best(symbol),
                          .last_price = trade.price,
                          .last_quantity = trade.quantity});
}

void Sequencer::count_rejects() {
  for (const ExecEvent& event : events_.exec_events()) {
    if (event.type != ExecType::rejected && event.type != ExecType::cancel_rejected) continue;
    count(rejected_counts_[reject_slot(event.reject_reason)]);
  }
}

std::size_t Sequencer::reject_slot(RejectReason reason) {
  const auto code = static_cast<std::uint16_t>(reason);
  const std::size_t slot = static_cast<std::size_t>(code) - reject_code_first;
  return code >= reject_code_first && slot < reject_slots - 1 ? slot : reject_slots - 1;
}

std::uint64_t Sequencer::rejected_count(RejectReason reason) const {
  return rejected_counts_[reject_slot(reason)].load(std::memory_order_relaxed);
}

Sequencer::GateStatus Sequencer::gate_status(std::size_t index) const {
  const NamedGate& gate = gates_[index];
  return {gate.name, gate.reader.capacity(), gate.reader.size_approx(),
          gate.reader.popped_approx()};
}

}  // namespace bourse
