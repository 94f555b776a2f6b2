#include "replay/itch/itch_flow.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "replay/itch/itch_day.h"  // date_in_path, new_york_midnight

namespace bourse {
namespace {

std::uint64_t time_of_day_ns(std::span<const std::byte> message) {
  itch::MessageHeader header;
  itch::FieldReader read(message.data() + 1);
  itch::MessageHeader::fields(header, read);
  return header.timestamp.ns;
}

// Why the engine refused the command itself; none if it did not.
RejectReason refusal(const TransactionView& transaction) {
  for (std::size_t i = 0; i < transaction.exec_count(); ++i) {
    const ExecEvent exec = transaction.exec_event(i);
    if (exec.type == ExecType::rejected || exec.type == ExecType::cancel_rejected) {
      return exec.reject_reason;
    }
  }
  return RejectReason::none;
}

}  // namespace

Result<ItchFlow> ItchFlow::open(ItchFlowOptions options) {
  auto reader = ItchReader::open(options.file);
  if (!reader) return std::unexpected(reader.error());
  const std::string date = date_in_path(options.file);
  TimeNs midnight{0};  // without a date the client's clock tells the time of day alone
  if (!date.empty()) midnight = new_york_midnight(date).value_or(midnight);
  return ItchFlow(std::move(options), std::move(*reader), midnight);
}

ItchFlow::ItchFlow(ItchFlowOptions options, ItchReader reader, TimeNs midnight)
    : options_(std::move(options)),
      reader_(std::move(reader)),
      nasdaq_(options_.symbols),
      midnight_(midnight) {}

ItchFlow::Next ItchFlow::next(TimeNs now, Command& command) {
  for (;;) {
    if (!error_.what.empty()) return Next::failed;
    if (!planned_.empty()) {
      if (in_flight_.size() >= options_.in_flight_max) return Next::wait_for_answer;
      const Step step = planned_.front();
      const Made made = make(step, command);
      if (made == Made::wait) return Next::wait_for_answer;
      planned_.pop_front();
      if (made == Made::command) {
        in_flight_.push_back(step);
        return Next::command;
      }
      let_go(step.reference);
      continue;
    }
    if (!has_message_) {
      const ItchReader::Next read = reader_.next();
      if (read == ItchReader::Next::end) return Next::end;
      if (read == ItchReader::Next::failed) {
        error_ = reader_.error();
        continue;
      }
      has_message_ = true;
      message_ns_ = time_of_day_ns(reader_.message());
    }
    if (!is_due(now)) return Next::not_due;
    has_message_ = false;
    plan();
  }
}

bool ItchFlow::is_due(TimeNs now) {
  if (options_.speed <= 0) return true;
  if (!start_) {
    start_ = now;
    start_ns_ = message_ns_;
  }
  const std::uint64_t since_start = message_ns_ > start_ns_ ? message_ns_ - start_ns_ : 0;
  const double wait_ns = static_cast<double>(since_start) / options_.speed;
  due_ = TimeNs{start_->value() + static_cast<std::int64_t>(wait_ns)};
  return now >= due_;
}

// Follows the message in Nasdaq's own book and turns what it caused there into steps.
void ItchFlow::plan() {
  const std::span<const std::byte> message = reader_.message();
  const char type = static_cast<char>(message[0]);
  const bool is_execution =
      type == itch::OrderExecuted::type || type == itch::OrderExecutedWithPrice::type;
  if (is_execution) judge(message);
  ItchOutcome outcome = nasdaq_.apply(message, events_);
  if (outcome == ItchOutcome::not_listed) {
    if (nasdaq_.list_missing(events_) == ItchOutcome::events) {
      for (const PublicEvent& event : events_.public_events()) plan_event(event);
    }
    outcome = nasdaq_.apply(message, events_);
  }
  for (const PublicEvent& event : events_.public_events()) plan_event(event);
  if (is_execution && outcome == ItchOutcome::refused &&
      nasdaq_.fault() == ItchFault::unknown_reference) {
    const auto execution = itch::decode<itch::OrderExecuted>(message.data());
    report_.agreement.disagree({.message = reader_.messages(),
                                .reference = execution.order_reference_number,
                                .hit_reference = 0,
                                .quantity = QuantityLots{execution.executed_shares},
                                .agreed = QuantityLots{0},
                                .reason = ItchDisagreement::order_unknown});
  }
}

// Before the execution is followed: is it the order that price and time would choose?
void ItchFlow::judge(std::span<const std::byte> message) {
  // The reference stands at the same place in both messages.
  const auto execution = itch::decode<itch::OrderExecuted>(message.data());
  verdict_ = ItchDisagreement::none;
  const SymbolId stock = nasdaq_.directory().symbol(execution.header.stock_locate);
  if (!stock) return;
  const ItchBook book = nasdaq_.book(stock);
  const auto order = book.find(OrderId{execution.order_reference_number});
  if (!order) return;
  resting_price_ = order->price;
  const DepthOrder first = *book.first(order->side);
  if (first.order_id != order->order_id) {
    verdict_ = first.price == order->price ? ItchDisagreement::not_oldest
                                           : ItchDisagreement::not_best_price;
  }
}

void ItchFlow::plan_event(const PublicEvent& event) {
  Step step{.kind = StepKind::define,
            .side = event.side,
            .verdict = ItchDisagreement::none,
            .stock = event.symbol,
            .message = reader_.messages(),
            .reference = event.order_id.value(),
            .price = event.price,
            .quantity = event.quantity,
            .match = event.aux};
  switch (event.kind) {
    case EventKind::definition: {
      const std::string& name = nasdaq_.directory().name(event.symbol);
      const auto known =
          std::ranges::find(options_.defined, name, &std::pair<std::string, SymbolId>::first);
      symbols_.push_back(known == options_.defined.end() ? SymbolId{0} : known->second);
      if (known == options_.defined.end()) planned_.push_back(step);
      return;
    }
    case EventKind::add:
      step.kind = StepKind::add;
      return push(step);
    case EventKind::execute: {
      step.kind = StepKind::take;
      const bool is_cross = (event.flags & event_flags::auction) != 0;
      step.verdict = is_cross ? ItchDisagreement::cross : verdict_;
      // An execution at a price of its own must still be able to reach the order.
      step.price = event.side == Side::buy ? std::min(event.price, resting_price_)
                                           : std::max(event.price, resting_price_);
      break;
    }
    case EventKind::cancel:
      step.kind = event.aux == static_cast<std::uint64_t>(CancelReason::reduced) && event.leaves
                      ? StepKind::reduce
                      : StepKind::cancel;
      break;
    default:
      return;
  }
  if (!event.leaves) links_[step.reference].is_done = true;
  push(step);
}

void ItchFlow::push(const Step& step) {
  ++links_[step.reference].steps;
  planned_.push_back(step);
}

ItchFlow::Made ItchFlow::make(const Step& step, Command& command) {
  command = {};
  command.session = options_.session;
  command.account = step.kind == StepKind::take ? options_.taker : options_.maker;
  command.client_time = TimeNs{midnight_.value() + static_cast<std::int64_t>(message_ns_)};
  if (step.kind == StepKind::define) {
    command.type = CommandType::define_instrument;
    command.instrument = itch_instrument(nasdaq_.directory().name(step.stock));
    ++report_.instruments;
    return Made::command;
  }
  command.symbol = engine_symbol(step.stock);
  if (!command.symbol) return Made::wait;
  command.type = CommandType::new_order;
  command.order.side = step.side;
  command.order.type = OrderType::limit;
  command.order.price = step.price;
  command.order.quantity = step.quantity;
  if (step.kind == StepKind::add) {
    command.order.time_in_force = TimeInForce::gtc;
    static_cast<void>(command.order.client_order_id.assign(std::to_string(step.reference)));
    links_[step.reference].price = step.price;
    ++report_.orders;
    return Made::command;
  }
  if (step.kind == StepKind::take) {
    command.order.side = opposite(step.side);
    command.order.time_in_force = TimeInForce::ioc;
    static_cast<void>(command.order.client_order_id.assign("m" + std::to_string(step.match)));
    ++report_.takers;
    return Made::command;
  }
  return make_change(step, command);
}

ItchFlow::Made ItchFlow::make_change(const Step& step, Command& command) {
  const Link& link = links_[step.reference];
  if (link.is_gone) {
    ++report_.gone_before;
    return Made::skip;
  }
  if (!link.order_id) return Made::wait;
  command.order.order_id = link.order_id;
  command.order.time_in_force = TimeInForce::gtc;
  command.order.price = link.price;
  if (step.kind == StepKind::reduce) {
    if (link.steps > 1) return Made::wait;  // what is in flight may still change the rest
    if (link.leaves > step.quantity) {
      command.type = CommandType::amend;
      command.order.quantity = link.leaves - step.quantity;
      ++report_.amends;
      return Made::command;
    }
  }
  command.type = CommandType::cancel;
  ++report_.cancels;
  return Made::command;
}

bool ItchFlow::is_own(const Command& command) const {
  return command.session == options_.session &&
         (command.account == options_.maker || command.account == options_.taker);
}

void ItchFlow::on_transaction(const TransactionView& transaction) {
  const bool own = !in_flight_.empty() && is_own(transaction.command());
  if (own) {
    answer(in_flight_.front(), transaction);
  }
  for (const PublicEvent& event : transaction.public_events()) follow(event, own);
  if (own) {
    let_go(in_flight_.front().reference);
    in_flight_.pop_front();
  }
}

void ItchFlow::answer(const Step& step, const TransactionView& transaction) {
  const RejectReason refused = refusal(transaction);
  if (refused != RejectReason::none) ++report_.rejected;
  switch (step.kind) {
    case StepKind::define: {
      const auto events = transaction.public_events();
      if (!events.empty()) {
        symbols_[step.stock.value() - 1] = events.front().symbol;
        return;
      }
      // Without an event and without a refusal it had been defined before: then it belongs into
      // ItchFlowOptions::defined.
      error_ = {ExitCode::cannot_create,
                refused == RejectReason::none ? "the engine has this instrument already"
                                              : "the engine refused the instrument, reason " +
                                                    std::to_string(static_cast<unsigned>(refused)),
                nasdaq_.directory().name(step.stock),
                "raise engine.symbols_max, choose fewer symbols, or start with an empty journal"};
      return;
    }
    case StepKind::add: {
      Link& link = links_[step.reference];
      link.order_id = transaction.command().order.order_id;
      link.is_gone = true;
      for (const PublicEvent& event : transaction.public_events()) {
        if (event.kind == EventKind::execute) {
          ++report_.traded_on_entry;
          if (!references_.contains(event.order_id.value())) link.met_stranger = true;
        } else if (event.kind == EventKind::add) {
          link.is_gone = false;
          link.leaves = event.quantity;
          references_.emplace(link.order_id.value(), step.reference);
        }
      }
      return;
    }
    case StepKind::take:
      return answer_take(step, transaction);
    case StepKind::cancel:
    case StepKind::reduce:
      return;  // follow() sees what it did
  }
}

void ItchFlow::answer_take(const Step& step, const TransactionView& transaction) {
  const Link& link = links_[step.reference];
  ItchDisagreementRecord record{.message = step.message,
                                .reference = step.reference,
                                .hit_reference = 0,
                                .quantity = step.quantity,
                                .agreed = QuantityLots{0},
                                .reason = step.verdict};
  bool met_stranger = link.met_stranger;
  for (const PublicEvent& event : transaction.public_events()) {
    if (event.kind != EventKind::execute) continue;
    const auto hit = references_.find(event.order_id.value());
    if (hit == references_.end()) {
      met_stranger = true;
    } else if (record.hit_reference == 0) {
      record.hit_reference = hit->second;
    }
    if (link.order_id && event.order_id == link.order_id) record.agreed += event.quantity;
  }
  if (record.agreed == step.quantity) return report_.agreement.agree();
  if (refusal(transaction) != RejectReason::none) {
    record.reason = ItchDisagreement::refused;
  } else if (record.reason == ItchDisagreement::none) {
    record.reason =
        met_stranger ? ItchDisagreement::foreign_order : ItchDisagreement::earlier_disagreement;
  }
  report_.agreement.disagree(record);
}

void ItchFlow::follow(const PublicEvent& event, bool own) {
  const auto found = references_.find(event.order_id.value());
  if (found == references_.end()) return;
  Link& link = links_[found->second];
  switch (event.kind) {
    case EventKind::execute:
      if (!own) link.met_stranger = true;
      link.leaves = event.leaves;
      break;
    case EventKind::cancel:
      link.leaves = event.leaves;
      break;
    case EventKind::modify:
    case EventKind::add:
      link.leaves = event.quantity;
      break;
    default:
      return;
  }
  link.is_gone = !link.leaves;
  if (link.is_gone && link.is_done && link.steps == 0) {
    links_.erase(found->second);
    references_.erase(found);
  }
}

// One step of the order is over; an order that is over on both sides is forgotten.
void ItchFlow::let_go(std::uint64_t reference) {
  const auto found = links_.find(reference);
  if (found == links_.end()) return;
  Link& link = found->second;
  if (link.steps > 0) --link.steps;
  if (link.steps != 0 || !link.is_gone || !link.is_done) return;
  references_.erase(link.order_id.value());
  links_.erase(found);
}

ItchFlowReport ItchFlow::report() const {
  ItchFlowReport report = report_;
  report.messages = reader_.messages();
  report.feed = nasdaq_.counts();
  for (const auto& [reference, link] : links_) {
    if (link.is_done && !link.is_gone && link.order_id) ++report.left_behind;
  }
  return report;
}

std::string ItchFlowReport::text() const {
  const auto number = [](std::uint64_t value) { return std::to_string(value); };
  std::string out = number(messages) + " messages: " + number(orders) + " orders, " +
                    number(takers) + " takers, " + number(cancels) + " cancels, " + number(amends) +
                    " amends, " + number(instruments) + " instruments\n";
  out += agreement.text(20);
  out += number(feed.trades) + " prints of hidden orders and " + number(feed.crosses) +
         " crosses are no orders here\n";
  out += number(feed.fault(ItchFault::unknown_reference)) + " unknown references, " +
         number(feed.crossed) + " times crossed at Nasdaq\n";
  if (rejected != 0) out += number(rejected) + " commands refused by the engine\n";
  if (traded_on_entry != 0) {
    out += number(traded_on_entry) + " matches of orders that did not match at Nasdaq\n";
  }
  if (gone_before != 0) out += number(gone_before) + " changes of orders that were gone here\n";
  if (left_behind != 0) out += number(left_behind) + " orders rest here that are gone at Nasdaq\n";
  return out;
}

}  // namespace bourse
