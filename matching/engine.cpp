#include "matching/engine.h"

#include <algorithm>

#include "matching/engine_state.h"  // EngineState
#include "matching/matcher.h"       // Taker, match, expire
#include "matching/order_entry.h"   // check_new_order, check_amend
#include "matching/reports.h"       // add_report, add_rejection, add_public_event

namespace bourse {
namespace {

std::uint64_t worst_key_taken(const Book& book, Side side, PriceTicks price) {
  return price == no_price ? 0 : book.key(opposite(side), price);
}

void place(EngineState& state, Book& book, Handle handle, Side side, PriceTicks price) {
  state.book_memory.orders.details(handle).priority =
      Priority::of(state.sequence, state.placed_count++);
  book.place(state.book_memory, handle, side, price);
}

// What is left of a matched order takes its place in the book.
void rest(EngineState& state, Book& book, Handle handle, const Taker& taker, EventBuffer& out) {
  BookMemory& memory = state.book_memory;
  memory.orders[handle].leaves = taker.leaves;
  memory.orders.details(handle).filled = taker.filled;
  place(state, book, handle, taker.first_report.side, taker.first_report.price);
  add_public_event(state, book, out, EventKind::add, memory.level_of(handle),
                   taker.first_report.order_id, taker.leaves);
}

void apply_new_order(EngineState& state, const Command& command, EventBuffer& out) {
  const auto reject = [&](RejectReason reason) { add_rejection(state, out, command, reason); };
  Book* const book = state.book(command.symbol);
  if (book == nullptr) return reject(RejectReason::unknown_instrument);
  const RejectReason entry = check_new_order(command, *state.instruments.find(command.symbol));
  if (entry != RejectReason::none) return reject(entry);
  BookMemory& memory = state.book_memory;
  const OrderBody& body = command.order;
  if (memory.find_order(body.order_id) != no_handle) {
    return reject(RejectReason::duplicate_order_id);
  }
  const bool may_rest = body.type == OrderType::limit && body.time_in_force == TimeInForce::gtc;
  if (may_rest && memory.orders.live_count() >= state.limits.orders_max) {
    return reject(RejectReason::book_full);
  }
  if ((command.order_flags & order_flags::post_only) != 0 &&
      book->crosses(memory, body.side, body.price)) {
    return reject(RejectReason::would_cross);
  }

  Taker taker{.first_report = report_of_command(state, out, command),
              .key_min = worst_key_taken(*book, body.side, body.price)};
  if (body.time_in_force == TimeInForce::fok &&
      !book->can_fill(memory, opposite(body.side), taker.key_min, body.quantity,
                      matches_per_command_max)) {
    return expire(state, taker, out);
  }
  match(state, *book, taker, out);
  if (taker.leaves == QuantityLots{0}) return;
  if (!may_rest || taker.match_count == matches_per_command_max) return expire(state, taker, out);

  const Handle handle = memory.orders.take();
  Order& order = memory.orders[handle];
  order.id = body.order_id;
  order.account = command.account;
  OrderDetails& details = memory.orders.details(handle);
  details.client_sequence = command.client_sequence;
  details.group = body.group;
  details.session = command.session;
  details.type = body.type;
  details.time_in_force = body.time_in_force;
  details.order_flags = command.order_flags;
  details.has_client_order_id = !body.client_order_id.empty();
  if (details.has_client_order_id) details.client_order_id = body.client_order_id;
  memory.ids.insert(body.order_id, handle);
  rest(state, *book, handle, taker, out);
}

// The target of a cancel or an amend; no_handle unless it is open and the account's own.
Handle find_target(const EngineState& state, const Command& command) {
  const BookMemory& memory = state.book_memory;
  const Handle handle = memory.find_order(command.order.order_id);
  if (handle == no_handle) return no_handle;
  if (memory.orders[handle].account != command.account) return no_handle;
  const SymbolId symbol = memory.level_of(handle).symbol;
  return command.symbol == SymbolId{0} || command.symbol == symbol ? handle : no_handle;
}

void apply_cancel(EngineState& state, const Command& command, EventBuffer& out) {
  const Handle handle = find_target(state, command);
  if (handle == no_handle) {
    return add_rejection(state, out, command, RejectReason::unknown_order);
  }
  BookMemory& memory = state.book_memory;
  const Level& level = memory.level_of(handle);
  const OrderId id = memory.orders[handle].id;
  Book& book = state.books[level.symbol.value() - 1];
  PublicEvent& event = add_public_event(state, book, out, EventKind::cancel, level, id,
                                        memory.orders[handle].leaves);
  event.aux = static_cast<std::uint64_t>(CancelReason::requested);
  event.leaves = QuantityLots{0};
  ExecEvent& report = report_of_order(state, out, level, handle, ExecType::canceled);
  report.status = OrderStatus::canceled;
  report.leaves = QuantityLots{0};
  book.take_out(memory, handle);
  memory.forget(id, handle);
}

// An amended order that meets the other side at its new price: taken out, matched like a new one
// under its old id, and what is left rests again.
void match_amended(EngineState& state, Book& book, Handle handle, const ExecEvent& report,
                   EventBuffer& out) {
  BookMemory& memory = state.book_memory;
  PublicEvent& event =
      add_public_event(state, book, out, EventKind::cancel, memory.level_of(handle),
                       report.order_id, memory.orders[handle].leaves);
  event.aux = static_cast<std::uint64_t>(CancelReason::amended);
  event.leaves = QuantityLots{0};
  book.take_out(memory, handle);
  Taker taker{.first_report = report, .key_min = worst_key_taken(book, report.side, report.price)};
  match(state, book, taker, out);
  if (taker.leaves == QuantityLots{0}) return memory.forget(report.order_id, handle);
  if (taker.match_count == matches_per_command_max) {
    expire(state, taker, out);
    return memory.forget(report.order_id, handle);
  }
  rest(state, book, handle, taker, out);
}

void apply_amend(EngineState& state, const Command& command, EventBuffer& out) {
  const auto reject = [&](RejectReason reason) { add_rejection(state, out, command, reason); };
  const Handle handle = find_target(state, command);
  if (handle == no_handle) return reject(RejectReason::unknown_order);
  BookMemory& memory = state.book_memory;
  const Level& level = memory.level_of(handle);
  const Side side = level.side;
  const RejectReason entry = check_amend(command, *state.instruments.find(level.symbol));
  if (entry != RejectReason::none) return reject(entry);
  Book& book = *state.book(level.symbol);
  Order& order = memory.orders[handle];
  const OrderDetails& details = memory.orders.details(handle);
  const OrderBody& body = command.order;
  const bool meets = body.price != level.price && book.crosses(memory, side, body.price);
  if (meets && (details.order_flags & order_flags::post_only) != 0) {
    return reject(RejectReason::would_cross);
  }

  ExecEvent& report = report_of_order(state, out, level, handle, ExecType::replaced);
  report.price = body.price;
  report.quantity = details.filled + body.quantity;
  report.leaves = body.quantity;
  if (meets) return match_amended(state, book, handle, report, out);

  const bool keeps_place = body.price == level.price && body.quantity <= order.leaves &&
                           (command.order_flags & order_flags::lose_priority) == 0;
  PublicEvent& event =
      add_public_event(state, book, out, EventKind::modify, level, order.id, body.quantity);
  event.flags = keeps_place ? event_flags::priority_kept : event_flags::priority_lost;
  event.price = body.price;
  event.aux = order.leaves.value();
  if (!keeps_place) {
    book.take_out(memory, handle);
    order.leaves = body.quantity;
    place(state, book, handle, side, body.price);
  } else if (body.quantity < order.leaves) {
    book.reduce(memory, handle, order.leaves - body.quantity, QuantityLots{0});
  }
}

void apply_define_instrument(EngineState& state, const Command& command, EventBuffer& out) {
  const auto reject = [&](RejectReason reason) { add_rejection(state, out, command, reason); };
  const InstrumentBody& body = command.instrument;
  const RejectReason entry = check_instrument(body);
  if (entry != RejectReason::none) return reject(entry);
  if (const SymbolId known = state.instruments.find(body.symbol_view()); known) {
    // Said again at every start, so that saying the same twice is not an event.
    if (std::memcmp(state.instruments.find(known), &body, sizeof body) != 0) {
      reject(RejectReason::instrument_exists);
    }
    return;
  }
  if (state.instruments.count() >= state.limits.symbols_max) {
    return reject(RejectReason::book_full);
  }
  const SymbolId symbol{state.instruments.count() + 1};
  if (command.symbol && command.symbol != symbol) return reject(RejectReason::bad_instrument);
  state.instruments.add(body, state.book_memory.hash);
  Book& book = *state.book(symbol);
  book.define(symbol, body);
  PublicEvent& event = out.add_public();
  event = {};
  event.kind = EventKind::definition;
  event.symbol = symbol;
  event.price = no_price;
  event.rpt_sequence = book.next_rpt(state.book_memory.hash);
}

void apply_open_epoch(EngineState& state, const Command& command, EventBuffer& out) {
  const EpochBody& body = command.epoch;
  const EngineLimits& room = state.memory_limits;
  if (body.symbols_max > room.symbols_max || body.accounts_max > room.accounts_max ||
      body.orders_max > room.orders_max) {
    return add_rejection(state, out, command, RejectReason::book_full);
  }
  state.limits = {body.symbols_max, body.accounts_max, body.orders_max};
  // An account that was counted once goes on to be counted, although it may send no more.
  state.accounts_counted =
      state.has_epoch ? std::max(state.accounts_counted, body.accounts_max) : body.accounts_max;
  state.has_epoch = true;
  std::uint64_t& epochs = state.book_memory.hash.epochs;
  for (const std::uint32_t word :
       {body.epoch.value(), body.symbols_max, body.accounts_max, body.orders_max}) {
    epochs = mix64(epochs + word + hash_weights[0]);
  }
}

// The checks that every trader's command meets first, whatever it asks.
RejectReason check_trader(EngineState& state, const Command& command) {
  if (!state.takes(command.account)) return RejectReason::unknown_account;
  if (command.client_sequence) {
    if (command.client_sequence <= state.accounts.last_client_sequence(command.account)) {
      return RejectReason::duplicate_client_sequence;
    }
    // Used up whatever the answer is: a repetition of a refused command is a repetition too.
    state.accounts.use_client_sequence(command.account, command.client_sequence,
                                       state.book_memory.hash);
  }
  const TimeNs until = command.order.valid_until;
  if (until && command.time > until) return RejectReason::expired_valid_until;
  return RejectReason::none;
}

void apply_trader(EngineState& state, const Command& command, EventBuffer& out) {
  if (const RejectReason reason = check_trader(state, command); reason != RejectReason::none) {
    const bool duplicate = reason == RejectReason::duplicate_client_sequence;
    return add_rejection(state, out, command, reason, duplicate ? exec_flags::duplicate : 0);
  }
  switch (command.type) {
    case CommandType::new_order:
      return apply_new_order(state, command, out);
    case CommandType::amend:
      return apply_amend(state, command, out);
    default:
      return apply_cancel(state, command, out);
  }
}

}  // namespace

void Engine::apply(const Command& command, EventBuffer& out) {
  EngineState& state = *state_;
  CHECK(command.type != CommandType::imported);
  DCHECK(command.sequence > state.sequence);
  out.clear();
  state.sequence = command.sequence;
  state.placed_count = 0;
  switch (command.type) {
    case CommandType::new_order:
    case CommandType::amend:
    case CommandType::cancel:
      apply_trader(state, command, out);
      break;
    case CommandType::define_instrument:
      apply_define_instrument(state, command, out);
      break;
    case CommandType::open_epoch:
      apply_open_epoch(state, command, out);
      break;
    default:
      add_rejection(state, out, command, RejectReason::bad_field);
  }
  // A command touches one symbol, so the last event is the last of its symbol.
  if (!out.public_events().empty()) out.public_events().back().flags |= event_flags::last;
}

}  // namespace bourse
