// What the engine tells when asked; nothing here changes it.
#include "matching/engine.h"

#include <algorithm>

#include "matching/engine_state.h"  // EngineState

namespace bourse {
namespace {

OpenOrder describe(const BookMemory& memory, Handle handle) {
  const Order& order = memory.orders[handle];
  const OrderDetails& details = memory.orders.details(handle);
  const bool is_somewhere = order.level != no_handle;
  return {.order_id = order.id,
          .account = order.account,
          .symbol = details.symbol,
          .price = is_somewhere && !order.is_waiting ? memory.ladders.levels[order.level].price
                                                     : order.price,
          .stop_price = details.stop_price,
          .leaves = order.leaves + details.reserve,
          .displayed = order.is_hidden() || order.is_waiting ? QuantityLots{0} : order.leaves,
          .filled = order.filled,
          .priority = details.priority.value,
          .client_sequence = details.client_sequence,
          .expire_at = details.expire_at,
          .group = order.group,
          .session = details.session,
          .side = order.side,
          .type = order.type,
          .time_in_force = order.time_in_force,
          .order_flags = order.flags,
          .is_waiting = order.is_waiting,
          .client_order_id =
              order.has_client_order_id ? memory.orders.client_order_id(handle) : ClientOrderId{}};
}

}  // namespace

Engine::Engine(const EngineLimits& limits) : state_(std::make_unique<EngineState>(limits)) {
  CHECK(limits.orders_max <= orders_most);
}
Engine::~Engine() = default;
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;

bool Engine::fits(const EpochBody& epoch) const {
  const EngineLimits& room = state_->memory_limits;
  return epoch.symbols_max <= room.symbols_max && epoch.accounts_max <= room.accounts_max &&
         epoch.orders_max <= room.orders_max;
}

std::uint64_t Engine::state_hash() const {
  const BookMemory& memory = state_->book_memory;
  return memory.hash.digest(state_->sequence.value(), state_->match_id.value(),
                            memory.ids.entry_count());
}

const EngineLimits& Engine::limits() const { return state_->limits; }

const InstrumentBody* Engine::instrument(SymbolId symbol) const {
  return state_->instruments.find(symbol);
}

SymbolId Engine::find_symbol(std::string_view symbol) const {
  return state_->instruments.find(symbol);
}

std::uint32_t Engine::symbol_count() const { return state_->instruments.count(); }

BestPrices Engine::best(SymbolId symbol) const {
  BestPrices best{no_price, no_price, QuantityLots{0}, QuantityLots{0}, 0, 0};
  const Book* const book = state_->book(symbol);
  if (book == nullptr) return best;
  const LadderMemory& ladders = state_->book_memory.ladders;
  const BookMemory& memory = state_->book_memory;
  if (const Handle bid = book->best_displayed(memory, Side::buy); bid != no_handle) {
    best.bid = ladders.levels[bid].price;
    best.bid_quantity = ladders.levels[bid].total;
    best.bid_orders = ladders.levels[bid].displayed.count;
  }
  if (const Handle ask = book->best_displayed(memory, Side::sell); ask != no_handle) {
    best.ask = ladders.levels[ask].price;
    best.ask_quantity = ladders.levels[ask].total;
    best.ask_orders = ladders.levels[ask].displayed.count;
  }
  return best;
}

QuantityLots Engine::depth_at(SymbolId symbol, Side side, PriceTicks price) const {
  const Book* const book = state_->book(symbol);
  if (book == nullptr || (side != Side::buy && side != Side::sell)) return QuantityLots{0};
  const InstrumentBody& instrument = *state_->instruments.find(symbol);
  if (price < instrument.price_min || price > instrument.price_max) return QuantityLots{0};
  const LadderMemory& ladders = state_->book_memory.ladders;
  const Handle level = book->ladder(side).find(ladders, book->key(side, price));
  return level == no_handle ? QuantityLots{0} : ladders.levels[level].total;
}

std::uint32_t Engine::open_orders() const { return state_->book_memory.ids.entry_count(); }

std::optional<OpenOrder> Engine::open_order(OrderId order) const {
  const Handle handle = state_->book_memory.find_order(order);
  if (handle == no_handle) return std::nullopt;
  return describe(state_->book_memory, handle);
}

ClientSequence Engine::last_client_sequence(AccountId account) const {
  const Accounts& accounts = state_->accounts;
  return accounts.knows(account) ? accounts[account].client_sequence : ClientSequence{0};
}

ExecSequence Engine::last_exec_sequence(AccountId account) const {
  const Accounts& accounts = state_->accounts;
  return accounts.knows(account) ? accounts[account].exec_sequence : ExecSequence{0};
}

RptSequence Engine::last_rpt_sequence(SymbolId symbol) const {
  const Book* const book = state_->book(symbol);
  return book == nullptr ? RptSequence{0} : book->last_rpt();
}

void Engine::visit_orders(SymbolId symbol, Side side, Orders which,
                          void (*visit)(void*, const OpenOrder&), void* to) const {
  Book* const book = state_->book(symbol);
  if (book == nullptr || (side != Side::buy && side != Side::sell)) return;
  const BookMemory& memory = state_->book_memory;
  const auto visit_queue = [&](const OrderQueue& queue) {
    for (QueuePlace at = queue.begin(memory.lines); at != no_place;
         at = OrderQueue::next(memory.lines, at)) {
      visit(to, describe(memory, order_at(memory.lines, at)));
    }
  };
  const Ladder& ladder = which == Orders::waiting ? book->stops(side) : book->ladder(side);
  for (Handle at = ladder.best(); at != no_handle; at = ladder.next_worse(memory.ladders, at)) {
    const Level& level = memory.ladders.levels[at];
    visit_queue(which == Orders::hidden ? level.hidden : level.displayed);
  }
  if (which != Orders::waiting) return;
  // Trailing stops and pegs that have no price to follow yet.
  for (Handle at = book->trading.oldest_follower; at != no_handle;
       at = memory.orders.following(at).next) {
    const Order& order = memory.orders[at];
    if (order.level == no_handle && order.side == side) visit(to, describe(memory, at));
  }
}

Trading Engine::trading(SymbolId symbol) const {
  const Book* const book = state_->book(symbol);
  return book == nullptr ? Trading{} : book->trading;
}

TimeNs Engine::due() const {
  const EngineState& state = *state_;
  if (state.first_sweeping || state.first_pending) return state.time;
  TimeNs first = never;
  for (const DueHeap* heap : {&state.orders_due, &state.accounts_due, &state.symbols_due}) {
    if (!heap->is_empty()) first = std::min(first, heap->first_time());
  }
  return first;
}

const Account* Engine::account(AccountId account) const {
  const Accounts& accounts = state_->accounts;
  return accounts.knows(account) ? &accounts[account] : nullptr;
}

std::int64_t Engine::position(AccountId account, SymbolId symbol) const {
  const Position* const position = state_->positions.find(account, symbol);
  return position == nullptr ? 0 : position->net;
}

void Engine::prefetch(const Command& command) const {
  state_->book_memory.ids.prefetch(command.order.order_id);
}

bool Engine::consistent() const {
  const BookMemory& memory = state_->book_memory;
  std::uint32_t order_count = 0;
  std::uint64_t hash = 0;
  for (std::uint32_t i = 1; i <= symbol_count(); ++i) {
    const SymbolId symbol{i};
    if (state_->book(symbol) == nullptr) continue;
    if (!state_->book(symbol)->consistent(memory)) return false;
    for (const Side side : {Side::buy, Side::sell}) {
      for (const Orders which : {Orders::displayed, Orders::hidden, Orders::waiting}) {
        for_each_order(
            symbol, side,
            [&](const OpenOrder& order) {
              ++order_count;
              const Handle handle = memory.find_order(order.order_id);
              if (handle != no_handle) hash ^= memory.orders.hash(handle);
            },
            which);
      }
    }
  }
  return order_count == memory.orders.live_count() && order_count == memory.ids.entry_count() &&
         hash == memory.hash.orders;
}

}  // namespace bourse
