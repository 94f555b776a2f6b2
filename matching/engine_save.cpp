// From the engine to its image.
#include <algorithm>
#include <cstring>

#include "matching/engine.h"
#include "matching/engine_image.h"  // EngineImage
#include "matching/engine_state.h"  // EngineState

namespace bourse {
namespace {

EngineCounters counters_of(const EngineState& state) {
  const StateHash& hash = state.book_memory.hash;
  return {.sequence = state.sequence,
          .time = state.time,
          .match_id = state.match_id,
          .symbols_max = state.limits.symbols_max,
          .accounts_max = state.limits.accounts_max,
          .orders_max = state.limits.orders_max,
          .accounts_counted = state.accounts_counted,
          .has_epoch = state.has_epoch,
          .hash_orders = hash.orders,
          .hash_accounts = hash.accounts,
          .hash_symbols = hash.symbols,
          .hash_instruments = hash.instruments,
          .hash_epochs = hash.epochs,
          .hash_administration = hash.administration,
          .hash_trades = hash.trades};
}

SymbolImage symbol_of(const EngineState& state, SymbolId symbol) {
  const Book& book = state.books[symbol.value() - 1];
  const Trading& t = book.trading;
  return {.instrument = *state.instruments.find(symbol),
          .rules = t.rules,
          .rpt_sequence = book.last_rpt(),
          .due_at = state.symbols_due.time_of(symbol.value()),
          .change_at = t.change_at,
          .resume_change_at = t.resume_change_at,
          .indicative_at = t.indicative_at,
          .last_trade = t.last_trade,
          .trade_low = t.trade_low,
          .trade_high = t.trade_high,
          .peg_bid = t.peg_bid,
          .peg_ask = t.peg_ask,
          .uncross_price = t.uncross_price,
          .told_price = t.told_price,
          .told_quantity = t.told_quantity,
          .told_surplus = t.told_surplus,
          .phase = t.phase,
          .next_phase = t.next_phase,
          .phase_after_uncross = t.phase_after_uncross,
          .resume_next_phase = t.resume_next_phase,
          .sweep = static_cast<std::uint8_t>(t.sweep),
          .sweep_side = t.sweep_side,
          .sweep_cause = t.sweep_cause,
          .told_side = t.told_side,
          .is_uncrossing = t.is_uncrossing,
          .is_settling = t.is_settling,
          .is_delisted = t.is_delisted,
          .pegs_stand = t.pegs_stand,
          .reserved_ = {}};
}

AccountImage account_of(const EngineState& state, AccountId number) {
  const Account& a = state.accounts[number];
  return {.client_sequence = a.client_sequence,
          .exec_sequence = a.exec_sequence,
          .quantity_max = a.quantity_max,
          .notional_max = a.notional_max,
          .position_max = a.position_max,
          .tokens_e9 = a.tokens_e9,
          .tokens_at = a.tokens_at,
          .dead_man_at = state.accounts_due.time_of(number.value()),
          .account = number,
          .open_orders_max = a.open_orders_max,
          .orders_per_second = a.orders_per_second,
          .orders_burst = a.orders_burst,
          .sweep_group = a.sweep_group,
          .sweep_session = a.sweep_session,
          .sweep_symbol = a.sweep_symbol,
          .dead_man_group = a.dead_man_group,
          .dead_man_session = a.dead_man_session,
          .status = a.status,
          .sweep_side = a.sweep_side,
          .sweep_cause = a.sweep_cause,
          .sweep_on_disconnect_only = a.sweep_on_disconnect_only,
          .is_limited = a.is_limited,
          .tracks_positions = a.tracks_positions,
          .reserved_ = {}};
}

OrderImage order_of(const BookMemory& memory, Handle handle) {
  const Order& order = memory.orders[handle];
  const OrderDetails& details = memory.orders.details(handle);
  const Following& following = memory.orders.following(handle);  // of some orders only
  const bool trails = order.type == OrderType::trailing_stop && order.is_waiting;
  return {.order_id = order.id,
          .leaves = order.leaves,
          .reserve = details.reserve,
          .filled = order.filled,
          .client_sequence = details.client_sequence,
          .priority = details.priority.value,
          .price = order.price,
          .stop_price = details.stop_price,
          .display_quantity = details.display_quantity,
          .expire_at = details.expire_at,
          .extreme = trails ? following.extreme : no_price,
          .place = order.level == no_handle ? no_price : memory.level_of(handle).price,
          .account = order.account,
          .group = order.group,
          .session = details.session,
          .symbol = details.symbol,
          .follows_as = 0,
          .side = order.side,
          .type = order.type,
          .time_in_force = order.time_in_force,
          .flags = order.flags,
          .self_trade_prevention = order.self_trade_prevention,
          .peg = order.type == OrderType::pegged ? following.peg : PegReference::none,
          .is_waiting = order.is_waiting,
          .reserved_ = {},
          .client_order_id =
              order.has_client_order_id ? memory.orders.client_order_id(handle) : ClientOrderId{}};
}

}  // namespace

EngineLimits EngineImage::limits() const {
  EngineLimits limits{counters.symbols_max, counters.accounts_max, counters.orders_max};
  limits.symbols_max = std::max(limits.symbols_max, static_cast<std::uint32_t>(symbols.size()));
  limits.accounts_max = std::max(limits.accounts_max, counters.accounts_counted);
  limits.orders_max = std::max(limits.orders_max, static_cast<std::uint32_t>(orders.size()));
  return limits;
}

void Engine::save(EngineImage& image) const {
  const EngineState& state = *state_;
  const BookMemory& memory = state.book_memory;
  image.counters = counters_of(state);
  image.symbols.clear();
  image.accounts.clear();
  image.positions.clear();
  image.orders.clear();
  image.pending.clear();
  image.sweeping.clear();
  image.busted_trades.clear();

  for (std::uint32_t id = 1; id <= state.instruments.count(); ++id) {
    image.symbols.push_back(state.instruments.find(SymbolId{id}) != nullptr
                                ? symbol_of(state, SymbolId{id})
                                : SymbolImage{});
  }
  std::vector<std::uint32_t> image_of(memory.orders.touched_count());  // by handle
  image.orders.reserve(memory.orders.live_count());
  for (std::uint32_t number = 1; number <= state.memory_limits.accounts_max; ++number) {
    const AccountId account{number};
    const AccountImage known = account_of(state, account);
    AccountImage unknown{};
    unknown.account = account;
    if (std::memcmp(&known, &unknown, sizeof known) != 0) image.accounts.push_back(known);
    for (QueuePlace place = state.accounts[account].open.begin(memory.lines); place != no_place;
         place = OrderQueue::next(memory.lines, place)) {
      const Handle at = order_at(memory.lines, place);
      image_of[at] = static_cast<std::uint32_t>(image.orders.size());
      image.orders.push_back(order_of(memory, at));
    }
  }
  for (std::uint32_t id = 1; id <= state.instruments.count(); ++id) {
    std::uint32_t place = 0;
    for (Handle at = state.books[id - 1].trading.oldest_follower; at != no_handle;
         at = memory.orders.following(at).next) {
      image.orders[image_of[at]].follows_as = ++place;
    }
  }
  state.positions.for_each([&](const Position& position) {
    image.positions.push_back({.net = position.net,
                               .account = AccountId{static_cast<std::uint32_t>(position.key >> 32)},
                               .symbol = SymbolId{static_cast<std::uint32_t>(position.key)}});
  });
  std::ranges::sort(image.positions, {},
                    [](const PositionImage& p) { return std::pair(p.account, p.symbol); });
  for (SymbolId at = state.first_pending; at;
       at = state.books[at.value() - 1].trading.next_pending) {
    image.pending.push_back(at);
  }
  for (AccountId at = state.first_sweeping; at; at = state.accounts[at].next_sweeping) {
    image.sweeping.push_back(at);
  }
  state.busted_trades.for_each([&](MatchId trade) { image.busted_trades.push_back(trade); });
  std::ranges::sort(image.busted_trades);
}

}  // namespace bourse
