#include "tests/matching/reference_book.h"

namespace bourse {

void ReferenceBook::apply(const Command& command) {
  publics.clear();
  execs.clear();
  ClientSequence& last = client_[command.account];
  if (command.client_sequence && command.client_sequence <= last) {
    refuse(command, RejectReason::duplicate_client_sequence, exec_flags::duplicate);
  } else {
    if (command.client_sequence) last = command.client_sequence;
    const TimeNs until = command.order.valid_until;
    if (until && command.time > until) {
      refuse(command, RejectReason::expired_valid_until);
    } else if (command.type == CommandType::new_order) {
      apply_new(command);
    } else if (command.type == CommandType::cancel) {
      apply_cancel(command);
    } else {
      apply_amend(command);
    }
  }
  if (!publics.empty()) publics.back().flags |= event_flags::last;
}

void ReferenceBook::refuse(const Command& command, RejectReason reason, std::uint32_t flags) {
  const OrderBody& order = command.order;
  ExecEvent report{};
  report.type = ExecType::cancel_rejected;
  report.order_id = order.order_id;
  report.client_sequence = command.client_sequence;
  report.account = command.account;
  report.symbol = command.symbol;
  report.group = order.group;
  report.client_order_id = order.client_order_id;
  report.price = command.type == CommandType::cancel ? no_price : order.price;
  report.quantity = command.type == CommandType::cancel ? QuantityLots{0} : order.quantity;
  report.last_price = no_price;
  report.reject_reason = reason;
  report.flags = flags;
  if (command.type == CommandType::new_order) {
    report.type = ExecType::rejected;
    report.status = OrderStatus::rejected;
    report.side = order.side;
    report.order_type = order.type;
    report.time_in_force = order.time_in_force;
  }
  tell(report);
}

// What the instrument does not allow; fields that no trader can send are left to the scenarios.
RejectReason ReferenceBook::wrong(const Command& command, bool is_new) const {
  const InstrumentBody& body = instruments_.at(command.symbol);
  const OrderBody& order = command.order;
  const bool market = is_new && order.type == OrderType::market;
  if (is_new && (command.order_flags & order_flags::post_only) != 0 &&
      (market || order.time_in_force != TimeInForce::gtc)) {
    return RejectReason::bad_field;
  }
  if (order.price == no_price && !market) return RejectReason::bad_field;
  if (order.price != no_price && (order.price < body.price_min || order.price > body.price_max)) {
    return RejectReason::price_collar;
  }
  if (order.quantity < body.quantity_min) return RejectReason::bad_lot;
  if (order.quantity > body.quantity_max) return RejectReason::max_quantity;
  return RejectReason::none;
}

void ReferenceBook::apply_new(const Command& command) {
  const OrderBody& order = command.order;
  if (!instruments_.contains(command.symbol)) {
    return refuse(command, RejectReason::unknown_instrument);
  }
  if (const auto reason = wrong(command, true); reason != RejectReason::none) {
    return refuse(command, reason);
  }
  if (where_.contains(order.order_id)) return refuse(command, RejectReason::duplicate_order_id);
  const bool may_rest = order.type == OrderType::limit && order.time_in_force == TimeInForce::gtc;
  const bool post_only = (command.order_flags & order_flags::post_only) != 0;
  if (may_rest && where_.size() >= orders_max_) return refuse(command, RejectReason::book_full);
  if (post_only && crosses(command.symbol, order.side, order.price)) {
    return refuse(command, RejectReason::would_cross);
  }
  ExecEvent report{};
  report.type = ExecType::accepted;
  report.status = OrderStatus::open;
  report.order_id = order.order_id;
  report.client_sequence = command.client_sequence;
  report.account = command.account;
  report.symbol = command.symbol;
  report.group = order.group;
  report.client_order_id = order.client_order_id;
  report.price = order.price;
  report.quantity = report.leaves = order.quantity;
  report.last_price = no_price;
  report.side = order.side;
  report.order_type = order.type;
  report.time_in_force = order.time_in_force;
  tell(report);

  std::uint64_t matches = 0;
  if (order.time_in_force == TimeInForce::fok) {
    std::uint64_t there = 0;
    std::uint64_t needed_matches = 0;
    for (const auto& [at, level] : levels(command.symbol, opposite(order.side))) {
      if (!meets(order.side, order.price, at)) break;
      for (const Resting& maker : level) {
        if (there < order.quantity.value()) ++needed_matches;
        there += maker.report.leaves.value();
      }
    }
    if (there < order.quantity.value() || needed_matches > matches_per_command_max) {
      return expire(report, 0);
    }
  }
  trade(report, matches);
  if (report.leaves == QuantityLots{0}) return;
  if (!may_rest || matches == matches_per_command_max) return expire(report, matches);
  rest(report, post_only, EventKind::add, 0);
}

void ReferenceBook::trade(ExecEvent& taker, std::uint64_t& matches) {
  Levels& others = levels(taker.symbol, opposite(taker.side));
  while (taker.leaves != QuantityLots{0} && matches < matches_per_command_max && !others.empty() &&
         meets(taker.side, taker.price, others.begin()->first)) {
    Level& level = others.begin()->second;
    ExecEvent& maker = level.front().report;
    const QuantityLots quantity = std::min(taker.leaves, maker.leaves);
    ++matches;
    ++match_id_;
    const auto fill = [&](ExecEvent report, Liquidity liquidity) {
      report.liquidity = liquidity;
      report.match_id = MatchId{match_id_};
      report.last_price = maker.price;
      report.last_quantity = quantity;
      report.type = report.leaves.value() == 0 ? ExecType::fill : ExecType::partial_fill;
      tell(report);
    };
    for (ExecEvent* side : {&taker, &maker}) {
      side->filled += quantity;
      side->leaves -= quantity;
      side->status =
          side->leaves.value() == 0 ? OrderStatus::filled : OrderStatus::partially_filled;
    }
    fill(taker, Liquidity::taker);
    fill(maker, Liquidity::maker);
    PublicEvent event = event_of(maker, EventKind::execute);
    event.quantity = quantity;
    event.aux = match_id_;
    event.taker_order_id = taker.order_id;
    show(event);
    if (maker.leaves == QuantityLots{0}) take_out(OrderId{maker.order_id});
  }
}

PublicEvent ReferenceBook::event_of(const ExecEvent& report, EventKind kind) {
  PublicEvent event{};
  event.kind = kind;
  event.side = report.side;
  event.symbol = report.symbol;
  event.order_id = report.order_id;
  event.price = report.price;
  event.quantity = event.leaves = report.leaves;
  return event;
}

void ReferenceBook::rest(const ExecEvent& report, bool post_only, EventKind kind,
                         std::uint64_t aux) {
  const std::int64_t at = key(report.side, report.price);
  levels(report.symbol, report.side)[at].push_back({report, post_only});
  where_[report.order_id] = {report.symbol, report.side, at};
  PublicEvent event = event_of(report, kind);
  event.aux = aux;
  if (kind == EventKind::modify) event.flags = event_flags::priority_lost;
  show(event);
}

void ReferenceBook::expire(ExecEvent report, std::uint64_t matches) {
  report.type = ExecType::expired;
  report.status = OrderStatus::expired;
  report.leaves = QuantityLots{0};
  if (matches == 0) report.reject_reason = RejectReason::no_liquidity;
  if (matches == matches_per_command_max) report.reject_reason = RejectReason::book_full;
  tell(report);
}

ReferenceBook::Resting ReferenceBook::take_out(OrderId id) {
  const Place place = where_.at(id);
  Levels& side = levels(place.symbol, place.side);
  Level& level = side.at(place.key);
  const auto found =
      std::ranges::find_if(level, [&](const Resting& r) { return r.report.order_id == id; });
  const Resting order = *found;
  level.erase(found);
  if (level.empty()) side.erase(place.key);
  where_.erase(id);
  return order;
}

void ReferenceBook::apply_cancel(const Command& command) {
  const OrderId id = command.order.order_id;
  if (!where_.contains(id)) return refuse(command, RejectReason::unknown_order);
  const Place place = where_[id];
  Level& level = levels(place.symbol, place.side).at(place.key);
  const auto found =
      std::ranges::find_if(level, [&](const Resting& r) { return r.report.order_id == id; });
  if (found->report.account != command.account ||
      (command.symbol && command.symbol != place.symbol)) {
    return refuse(command, RejectReason::unknown_order);
  }
  ExecEvent report = take_out(id).report;
  PublicEvent event = event_of(report, EventKind::cancel);
  event.aux = static_cast<std::uint64_t>(CancelReason::requested);
  event.leaves = QuantityLots{0};
  show(event);
  report.type = ExecType::canceled;
  report.status = OrderStatus::canceled;
  report.leaves = QuantityLots{0};
  tell(report);
}

void ReferenceBook::apply_amend(const Command& command) {
  const OrderBody& body = command.order;
  const OrderId id = body.order_id;
  if (!where_.contains(id)) return refuse(command, RejectReason::unknown_order);
  const Place place = where_[id];
  Level& level = levels(place.symbol, place.side).at(place.key);
  const auto found =
      std::ranges::find_if(level, [&](const Resting& r) { return r.report.order_id == id; });
  if (found->report.account != command.account ||
      (command.symbol && command.symbol != place.symbol)) {
    return refuse(command, RejectReason::unknown_order);
  }
  Command on_its_symbol = command;
  on_its_symbol.symbol = place.symbol;
  if (const auto reason = wrong(on_its_symbol, false); reason != RejectReason::none) {
    return refuse(command, reason);
  }
  const bool meets_somebody =
      body.price != found->report.price && crosses(place.symbol, place.side, body.price);
  if (meets_somebody && found->post_only) return refuse(command, RejectReason::would_cross);

  const ExecEvent before = found->report;
  ExecEvent report = before;
  report.price = body.price;
  report.leaves = body.quantity;
  report.quantity = before.filled + body.quantity;
  ExecEvent told = report;
  told.type = ExecType::replaced;
  tell(told);
  const bool post_only = found->post_only;
  if (meets_somebody) {
    PublicEvent event = event_of(before, EventKind::cancel);
    event.aux = static_cast<std::uint64_t>(CancelReason::amended);
    event.leaves = QuantityLots{0};
    show(event);
    take_out(id);
    std::uint64_t matches = 0;
    trade(report, matches);
    if (report.leaves == QuantityLots{0}) return;
    if (matches == matches_per_command_max) return expire(report, matches);
    return rest(report, post_only, EventKind::add, 0);
  }
  const bool keeps = body.price == before.price && body.quantity <= before.leaves &&
                     (command.order_flags & order_flags::lose_priority) == 0;
  if (!keeps) {
    take_out(id);
    return rest(report, post_only, EventKind::modify, before.leaves.value());
  }
  found->report = report;
  PublicEvent event = event_of(report, EventKind::modify);
  event.flags = event_flags::priority_kept;
  event.aux = before.leaves.value();
  show(event);
}

}  // namespace bourse
