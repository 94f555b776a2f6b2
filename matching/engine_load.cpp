// From an image to the engine. An image comes from a file, so nothing in it is believed: every
// number is checked before it is used, and the hashes must come out as they were.
#include <algorithm>
#include <cstring>
#include <numeric>

#include "matching/cancels.h"  // pend_sweep
#include "matching/engine.h"
#include "matching/engine_image.h"  // EngineImage
#include "matching/engine_state.h"  // EngineState
#include "matching/followers.h"     // start_following
#include "matching/open_orders.h"   // open_order
#include "matching/phase_change.h"  // pend

namespace bourse {
namespace {

constexpr bool is_flag(std::uint8_t value) { return value <= 1; }

class Loading {
 public:
  Loading(EngineState& state, const EngineImage& image) : state_(state), image_(image) {}

  std::string_view run() {
    std::string_view wrong = counters();
    if (wrong.empty()) wrong = symbols();
    if (wrong.empty()) wrong = accounts();
    if (wrong.empty()) wrong = positions();
    if (wrong.empty()) wrong = orders();
    if (wrong.empty()) wrong = queues();
    if (wrong.empty()) wrong = unfinished_work();
    if (wrong.empty()) wrong = busted_trades();
    if (wrong.empty()) wrong = hashes();
    return wrong;
  }

 private:
  std::string_view counters();
  std::string_view symbols();
  std::string_view accounts();
  std::string_view positions();
  std::string_view orders();
  std::string_view queues();
  std::string_view unfinished_work();
  std::string_view busted_trades();
  std::string_view hashes();
  static bool is_gap(const SymbolImage& symbol);
  static bool is_sound(const SymbolImage& symbol);
  bool is_sound(const OrderImage& order);
  bool has_room_for(const OrderImage& order);
  static void restore(Trading& trading, const SymbolImage& symbol);
  Handle take(const OrderImage& image);

  EngineState& state_;
  const EngineImage& image_;
  std::vector<Handle> handles_;  // of image_.orders
};

std::string_view Loading::counters() {
  const EngineCounters& c = image_.counters;
  const EngineLimits room = state_.memory_limits;
  const EngineLimits needed = image_.limits();
  if (needed.symbols_max > room.symbols_max || needed.accounts_max > room.accounts_max ||
      needed.orders_max > room.orders_max) {
    return "it needs an engine with larger limits";
  }
  if (c.has_epoch > 1) return "the counters make no sense";
  state_.limits = {c.symbols_max, c.accounts_max, c.orders_max};
  state_.accounts_counted = c.accounts_counted;
  state_.has_epoch = c.has_epoch != 0;
  state_.sequence = c.sequence;
  state_.time = c.time;
  state_.match_id = c.match_id;
  return {};
}

// The place of an id that is not of this engine.
bool Loading::is_gap(const SymbolImage& symbol) {
  const SymbolImage none{};
  return std::memcmp(&symbol, &none, sizeof none) == 0;
}

bool Loading::is_sound(const SymbolImage& s) {
  return check_instrument(s.instrument) == RejectReason::none && s.phase >= Phase::pre_open &&
         s.phase <= Phase::closed && s.next_phase <= Phase::closed &&
         s.phase_after_uncross <= Phase::closed && s.resume_next_phase <= Phase::closed &&
         s.sweep <= 2 && s.sweep_side <= Side::sell && s.told_side <= Side::sell &&
         s.sweep_cause <= MassCancelCause::administrator && is_flag(s.is_uncrossing) &&
         is_flag(s.is_settling) && is_flag(s.is_delisted) && is_flag(s.pegs_stand) &&
         (s.is_uncrossing == 0 ||
          (s.uncross_price >= s.instrument.price_min && s.uncross_price <= s.instrument.price_max &&
           s.phase_after_uncross != Phase::none));
}

std::string_view Loading::symbols() {
  SymbolId id{0};
  for (const SymbolImage& symbol : image_.symbols) {
    id = SymbolId{id.value() + 1};
    if (is_gap(symbol)) continue;
    if (!is_sound(symbol)) return "a symbol makes no sense";
    if (state_.instruments.find(symbol.instrument.symbol_view())) return "a symbol is there twice";
    state_.instruments.add(id, symbol.instrument, state_.book_memory.hash);
    Book& book = state_.book_of(id);
    book.define(id, symbol.instrument);
    book.continue_after(symbol.rpt_sequence, state_.book_memory.hash);
    if (symbol.due_at) state_.symbols_due.set(id.value(), symbol.due_at, id.value());
  }
  if (state_.instruments.count() != image_.symbols.size()) return "a symbol makes no sense";
  return {};
}

std::string_view Loading::accounts() {
  AccountId last{0};
  for (const AccountImage& image : image_.accounts) {
    const bool good = image.account > last && state_.accounts.knows(image.account) &&
                      image.status <= AccountStatus::killed && image.sweep_side <= Side::sell &&
                      image.sweep_cause <= MassCancelCause::administrator &&
                      image.sweep_symbol.value() <= state_.instruments.count() &&
                      is_flag(image.sweep_on_disconnect_only) && is_flag(image.is_limited) &&
                      is_flag(image.tracks_positions);
    if (!good) return "an account makes no sense";
    last = image.account;
    Account& a = state_.accounts[image.account];
    StateHash& hash = state_.book_memory.hash;
    state_.accounts.use_client_sequence(image.account, image.client_sequence, hash);
    hash.accounts += a.weight * image.exec_sequence.value();
    a.exec_sequence = image.exec_sequence;
    a.open_orders_max = image.open_orders_max;
    a.status = image.status;
    a.tracks_positions = image.tracks_positions != 0;
    a.orders_per_second = image.orders_per_second;
    a.quantity_max = image.quantity_max;
    a.notional_max = image.notional_max;
    a.position_max = image.position_max;
    a.tokens_e9 = image.tokens_e9;
    a.tokens_at = image.tokens_at;
    a.orders_burst = image.orders_burst;
    a.sweep_group = image.sweep_group;
    a.sweep_session = image.sweep_session;
    a.sweep_symbol = image.sweep_symbol;
    a.dead_man_group = image.dead_man_group;
    a.dead_man_session = image.dead_man_session;
    a.sweep_side = image.sweep_side;
    a.sweep_cause = image.sweep_cause;
    a.sweep_on_disconnect_only = image.sweep_on_disconnect_only != 0;
    a.note_limits();
    const std::uint32_t number = image.account.value();
    if (image.dead_man_at) state_.accounts_due.set(number, image.dead_man_at, number);
  }
  return {};
}

std::string_view Loading::positions() {
  for (const PositionImage& image : image_.positions) {
    const bool good = state_.accounts.knows(image.account) &&
                      state_.instruments.find(image.symbol) != nullptr &&
                      state_.positions.find(image.account, image.symbol) == nullptr;
    Position* const position =
        good ? state_.positions.find_or_add(image.account, image.symbol) : nullptr;
    if (position == nullptr) return "a position makes no sense";
    position->net = image.net;
  }
  return {};
}

bool Loading::is_sound(const OrderImage& o) {
  if (!o.order_id || state_.instruments.find(o.symbol) == nullptr) return false;
  if (!state_.accounts.knows(o.account)) return false;
  const InstrumentBody& instrument = *state_.instruments.find(o.symbol);
  const bool is_stop = o.type == OrderType::stop || o.type == OrderType::stop_limit ||
                       o.type == OrderType::trailing_stop;
  const bool is_priced = o.place != no_price;
  const bool stands =
      is_priced && o.place >= instrument.price_min && o.place <= instrument.price_max;
  const bool follows =
      o.type == OrderType::pegged || (o.type == OrderType::trailing_stop && o.is_waiting != 0);
  const auto small = [](QuantityLots quantity) { return quantity <= quantity_most; };
  return (o.side == Side::buy || o.side == Side::sell) && o.type != OrderType::none &&
         o.type <= OrderType::pegged && o.time_in_force != TimeInForce::none &&
         o.time_in_force <= TimeInForce::gtd &&
         o.self_trade_prevention <= SelfTradePrevention::decrement &&
         (o.type == OrderType::pegged) == (o.peg != PegReference::none) &&
         o.peg <= PegReference::midpoint && is_flag(o.is_waiting) &&
         (o.is_waiting == 0 || is_stop) && (o.follows_as != 0) == follows &&
         (stands || (!is_priced && follows)) && o.leaves != QuantityLots{0} && small(o.leaves) &&
         small(o.reserve) &&
         (o.reserve == QuantityLots{0} || o.display_quantity != QuantityLots{0}) &&
         o.leaves + o.reserve <= quantity_most && small(o.filled) &&
         (o.place == o.price ||
          !is_plain_order(o.type, o.time_in_force, o.flags, o.display_quantity));
}

// Once tracked, each pair of an account and a symbol with an open order has a position.
bool Loading::has_room_for(const OrderImage& order) {
  return !state_.accounts[order.account].tracks_positions ||
         state_.positions.find(order.account, order.symbol) != nullptr;
}

Handle Loading::take(const OrderImage& image) {
  OrderPool& pool = state_.book_memory.orders;
  const Handle handle = pool.take();
  Order& order = pool[handle];
  order = {};
  order.id = image.order_id;
  order.leaves = image.leaves;
  order.filled = image.filled;
  order.price = image.price;
  order.level = no_handle;
  order.place = order.account_place = no_place;
  order.account = image.account;
  order.group = image.group;
  order.side = image.side;
  order.type = image.type;
  order.time_in_force = image.time_in_force;
  order.flags = image.flags;
  order.self_trade_prevention = image.self_trade_prevention;
  order.is_plain =
      is_plain_order(image.type, image.time_in_force, image.flags, image.display_quantity);
  order.is_waiting = image.is_waiting != 0;
  order.has_client_order_id = !image.client_order_id.empty();
  OrderDetails& details = pool.details(handle);
  details = {};
  details.client_sequence = image.client_sequence;
  details.priority = Priority{image.priority};
  details.stop_price = image.stop_price;
  details.display_quantity = image.display_quantity;
  details.expire_at = image.expire_at;
  details.session = image.session;
  details.symbol = image.symbol;
  details.reserve = image.reserve;
  if (order.has_client_order_id) pool.set_client_order_id(handle, image.client_order_id);
  if (order.is_plain) return handle;
  Following& following = pool.following(handle);
  following = {};
  following.extreme = image.extreme;
  following.next = following.prev = no_handle;
  following.peg = image.peg;
  return handle;
}

std::string_view Loading::orders() {
  BookMemory& memory = state_.book_memory;
  handles_.reserve(image_.orders.size());
  for (const OrderImage& image : image_.orders) {
    if (!is_sound(image) || !has_room_for(image)) return "an order makes no sense";
    if (memory.find_order(image.order_id) != no_handle) return "an order is there twice";
    const Handle handle = take(image);
    handles_.push_back(handle);
    open_order(state_, state_.book_of(image.symbol), handle);
    memory.orders.identify(handle, image.symbol, image.place);
    memory.hash.orders ^= memory.orders.hash(handle);
  }
  return {};
}

// The queues are in the order of the priorities, the followers of a symbol in that of their places.
std::string_view Loading::queues() {
  BookMemory& memory = state_.book_memory;
  std::vector<std::uint32_t> by_priority(image_.orders.size());
  std::iota(by_priority.begin(), by_priority.end(), 0u);
  std::ranges::sort(by_priority, {}, [&](std::uint32_t i) { return image_.orders[i].priority; });
  std::vector<std::uint32_t> followers;
  std::uint64_t last = 0;
  for (const std::uint32_t i : by_priority) {
    const OrderImage& image = image_.orders[i];
    if (image.priority <= last) return "two orders have the same priority";
    last = image.priority;
    Book& book = state_.book_of(image.symbol);
    if (image.is_waiting != 0 || image.type == OrderType::pegged) followers.push_back(i);
    if (image.place == no_price) continue;
    if (image.is_waiting != 0) {
      book.wait(memory, handles_[i], image.place);
    } else {
      book.append(memory, handles_[i], image.place);
    }
  }
  std::ranges::stable_sort(followers, {},
                           [&](std::uint32_t i) { return image_.orders[i].follows_as; });
  for (const std::uint32_t i : followers) {
    Book& book = state_.book_of(image_.orders[i].symbol);
    start_following(memory, book.trading, handles_[i]);
  }
  for (std::size_t i = 0; i < image_.symbols.size(); ++i) {
    if (state_.instruments.is_defined(static_cast<std::uint32_t>(i)))
      restore(state_.books[i].trading, image_.symbols[i]);
  }
  return {};
}

void Loading::restore(Trading& t, const SymbolImage& symbol) {
  t.phase = symbol.phase;
  t.next_phase = symbol.next_phase;
  t.phase_after_uncross = symbol.phase_after_uncross;
  t.resume_next_phase = symbol.resume_next_phase;
  t.rules = symbol.rules;
  t.is_uncrossing = symbol.is_uncrossing != 0;
  t.is_settling = symbol.is_settling != 0;
  t.is_delisted = symbol.is_delisted != 0;
  t.pegs_stand = symbol.pegs_stand != 0;
  t.sweep = Trading::Sweep{symbol.sweep};
  t.sweep_side = symbol.sweep_side;
  t.sweep_cause = symbol.sweep_cause;
  t.last_trade = symbol.last_trade;
  t.trade_low = symbol.trade_low;
  t.trade_high = symbol.trade_high;
  t.peg_bid = symbol.peg_bid;
  t.peg_ask = symbol.peg_ask;
  t.uncross_price = symbol.uncross_price;
  t.change_at = symbol.change_at;
  t.resume_change_at = symbol.resume_change_at;
  t.indicative_at = symbol.indicative_at;
  t.told_price = symbol.told_price;
  t.told_quantity = symbol.told_quantity;
  t.told_surplus = symbol.told_surplus;
  t.told_side = symbol.told_side;
  t.note_rules();
}

std::string_view Loading::unfinished_work() {
  for (const SymbolId symbol : image_.pending) {
    Book* const book = state_.book(symbol);
    if (book == nullptr || book->trading.is_pending) return "unfinished work of no symbol";
    pend(state_, *book);
  }
  for (const AccountId account : image_.sweeping) {
    if (!state_.accounts.knows(account) || state_.accounts[account].is_sweeping) {
      return "an unfinished mass cancel of no account";
    }
    pend_sweep(state_, account);
  }
  return {};
}

std::string_view Loading::busted_trades() {
  BustedTrades& known = state_.busted_trades;
  for (const MatchId trade : image_.busted_trades) {
    const bool good = trade && trade <= image_.counters.match_id && !known.is_full();
    if (!good || known.knows(trade)) return "a void trade that was none";
    known.add(trade);
  }
  return {};
}

std::string_view Loading::hashes() {
  const EngineCounters& c = image_.counters;
  StateHash& hash = state_.book_memory.hash;
  if (hash.orders != c.hash_orders || hash.accounts != c.hash_accounts ||
      hash.symbols != c.hash_symbols) {
    return "its orders, accounts and symbols do not give its hash";
  }
  hash.instruments = c.hash_instruments;
  hash.epochs = c.hash_epochs;
  hash.administration = c.hash_administration;
  hash.trades = c.hash_trades;
  return {};
}

}  // namespace

std::string_view Engine::load(const EngineImage& image) {
  CHECK(state_->sequence == Sequence{0});
  return Loading(*state_, image).run();
}

}  // namespace bourse
