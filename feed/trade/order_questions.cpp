#include "feed/trade/order_questions.h"

#include <cstring>
#include <utility>

#include "feed/trade/exec_json.h"      // append_exec_json
#include "feed/trade/trade_replies.h"  // error_reply
#include "replay/text/decimal.h"       // price_text, quantity_text
#include "replay/text/order_words.h"   // side_name, ...

namespace bourse {
namespace {

void open_answer(JsonWriter& json, std::string_view op, const std::string& id) {
  json.open('{').key("op").text(op);
  if (!id.empty()) json.key("id").raw(id);
}

// The client sequence that a transaction of this account has used up; 0: none.
ClientSequence used_by(const TransactionView& view, AccountId account) {
  if (view.exec_count() == 0 || !comes_from_a_trader(view.command_type())) return {};
  const Command command = view.command();
  if (command.account != account || !command.client_sequence) return {};
  const ExecEvent decision = view.exec_event(0);
  const bool was_repeated = decision.account == account &&
                            decision.reject_reason == RejectReason::duplicate_client_sequence;
  return was_repeated ? ClientSequence{} : command.client_sequence;
}

bool is_over(const ExecEvent& event) {
  return event.status == OrderStatus::filled || event.status == OrderStatus::canceled ||
         event.status == OrderStatus::rejected || event.status == OrderStatus::expired;
}

}  // namespace

bool same_request(const Command& first, const Command& retry) {
  Command a = first, b = retry;
  for (Command* const command : {&a, &b}) {
    command->sequence = {};
    command->time = {};
    command->client_time = {};
    command->session = {};
    switch (command->type) {
      case CommandType::new_order:
        command->order.order_id = {};  // stamped
        [[fallthrough]];
      case CommandType::amend:
      case CommandType::cancel:
        command->order.valid_until = {};
        break;
      case CommandType::mass_cancel:
        if (command->mass_cancel.session) command->mass_cancel.session = SessionId{1};
        break;
      case CommandType::cancel_after:
        if (command->cancel_after.session) command->cancel_after.session = SessionId{1};
        break;
      default:
        break;
    }
  }
  if (a.type == CommandType::cancel && (!a.symbol || !b.symbol)) a.symbol = b.symbol;
  return std::memcmp(&a, &b, sizeof a) == 0;
}

OrderQuestions::OrderQuestions(const ExecRouter& router, const Log& log, AccountId account,
                               std::optional<std::uint32_t> named)
    : router_(router), log_(log), account_(account), named_(named) {}

bool OrderQuestions::ask(OrderQuestion question) {
  if (waiting_.size() >= waiting_max) return false;
  waiting_.push_back(std::move(question));
  return true;
}

bool OrderQuestions::pump(Outbox& out) {
  for (std::size_t count = 0; count < transactions_per_pump_max && !waiting_.empty(); ++count) {
    switch (step(out)) {
      case Step::more:
        break;
      case Step::waits:
        return false;
      case Step::answered:
        waiting_.pop_front();
        stage_ = Stage::begin;
        break;
    }
  }
  if (waiting_.empty()) cursor_.reset();
  return !waiting_.empty();
}

OrderQuestions::Step OrderQuestions::step(Outbox& out) {
  switch (stage_) {
    case Stage::begin:
      return begin(out);
    case Stage::search:
      return search(out);
    case Stage::follow:
      return follow(out);
  }
  return Step::answered;
}

bool OrderQuestions::seek(Sequence sequence, Outbox& out) {
  if (cursor_ && cursor_->position() == sequence) return true;
  if (cursor_) {
    if (auto sought = cursor_->seek(sequence); !sought)
      return refuse_unreadable(sought.error(), out), false;
    return true;
  }
  auto made = log_.cursor(sequence);
  if (!made) return refuse_unreadable(made.error(), out), false;
  cursor_.emplace(std::move(*made));
  return true;
}

OrderQuestions::Step OrderQuestions::begin(Outbox& out) {
  const OrderQuestion& asked = waiting_.front();
  last_.reset();
  is_reading_ = false;
  if (!asked.client_sequence) {
    if (const OrderState* const open = router_.orders().find(account_, asked.order))
      return tell_open(*open, out);
    const Sequence birth{asked.order.value()};
    if (!birth || birth > router_.position())
      return refuse(code_of(RejectReason::unknown_order),
                    "no order " + std::to_string(birth.value()) + " of this account", out);
    if (birth < log_.earliest_sequence())
      return refuse(code_of(ControlError::seq_expired),
                    "the log no longer has the beginning of this order", out);
    if (!seek(birth, out)) return Step::answered;
    stage_ = Stage::follow;
    return Step::more;
  }
  stage_ = Stage::search;
  low_ = log_.earliest_sequence();
  high_ = next(router_.position());
  if (const Sequence known = router_.outcomes().find(account_, asked.client_sequence);
      known && known >= low_) {
    low_ = known;
    high_ = next(known);
  }
  return Step::more;
}

OrderQuestions::Step OrderQuestions::search(Outbox& out) {
  const ClientSequence wanted = waiting_.front().client_sequence;
  if (low_ >= high_) {
    if (log_.earliest_sequence() > Sequence{1})
      return refuse(code_of(ControlError::seq_expired),
                    "the log no longer has client_seq " + std::to_string(wanted.value()), out);
    return refuse(code_of(RejectReason::client_sequence_gap),
                  "client_seq " + std::to_string(wanted.value()) +
                      " was never used, and the account is beyond it",
                  out);
  }
  if (!is_reading_) {
    middle_ = Sequence{low_.value() + (high_.value() - low_.value()) / 2};
    if (!seek(middle_, out)) return Step::answered;
    is_reading_ = true;
  }
  const auto narrow = [this](Sequence low, Sequence high) {
    low_ = low;
    high_ = high;
    is_reading_ = false;
    return Step::more;
  };
  if (cursor_->position() >= high_) return narrow(low_, middle_);
  switch (cursor_->next()) {
    case Cursor::Next::at_head:
      return Step::waits;  // the router has seen it, so it will be there
    case Cursor::Next::failed:
      return refuse_unreadable(cursor_->error(), out);
    case Cursor::Next::transaction:
      break;
  }
  const TransactionView& view = cursor_->transaction();
  const ClientSequence used = used_by(view, account_);
  if (!used) return Step::more;
  if (used == wanted) return tell_outcome(view, out);
  return used > wanted ? narrow(low_, middle_) : narrow(cursor_->position(), high_);
}

OrderQuestions::Step OrderQuestions::follow(Outbox& out) {
  const OrderQuestion& asked = waiting_.front();
  if (cursor_->position() > router_.position()) return tell_last(out);
  switch (cursor_->next()) {
    case Cursor::Next::at_head:
      return Step::waits;
    case Cursor::Next::failed:
      return refuse_unreadable(cursor_->error(), out);
    case Cursor::Next::transaction:
      break;
  }
  reports_.clear();
  append_reports(cursor_->transaction(), account_, reports_);
  const bool is_birth = cursor_->transaction().sequence().value() == asked.order.value();
  for (const Report& report : reports_)
    if (report.event.order_id == asked.order && report.event.type != ExecType::cancel_rejected)
      last_ = report;
  if (is_birth && !last_) return tell_last(out);  // not an order of this account
  return last_ && is_over(last_->event) ? tell_last(out) : Step::more;
}

OrderQuestions::Step OrderQuestions::tell_outcome(const TransactionView& view, Outbox& out) {
  OrderQuestion& asked = waiting_.front();
  const Command first = view.command();
  if (!asked.is_retry && first.type == CommandType::new_order &&
      view.exec_event(0).type != ExecType::rejected) {
    asked.order = OrderId{view.sequence().value()};
    asked.client_sequence = {};
    stage_ = Stage::begin;
    return Step::more;
  }
  if (asked.is_comparable && !same_request(first, asked.command))
    return refuse(code_of(RejectReason::duplicate_client_sequence),
                  "client_seq " + std::to_string(asked.client_sequence.value()) +
                      " was used for another request, seq " +
                      std::to_string(view.sequence().value()),
                  out);
  reports_.clear();
  append_reports(view, account_, reports_);
  JsonWriter json;
  open_answer(json, "outcome", asked.id);
  json.key("client_seq").wide(asked.client_sequence.value());
  if (asked.is_retry) json.key("duplicate").boolean(true);
  json.key("seq").wide(view.sequence().value());
  json.key("ts_event").wide(static_cast<std::uint64_t>(view.time().value()));
  json.key("reports_total").number(static_cast<std::uint32_t>(reports_.size()));
  json.key("reports").open('[');
  if (reports_.size() > reports_told_max) reports_.resize(reports_told_max);
  std::string text;
  for (const Report& report : reports_) {
    text.clear();
    append_exec_json(report, true, router_.instruments(), text);
    json.raw(with_log(text));
  }
  return tell(json.close(']'), out);
}

// A report, which names its log as those of the stream do.
const std::string& OrderQuestions::with_log(std::string& report) const {
  if (named_) report.insert(report.size() - 1, ",\"log\":" + std::to_string(*named_));
  return report;
}

// The answer, but for its end.
OrderQuestions::Step OrderQuestions::tell(JsonWriter& json, Outbox& out) const {
  if (named_) json.key("log").number(*named_);
  out.append_text(json.close('}').view());
  return Step::answered;
}

OrderQuestions::Step OrderQuestions::tell_open(const OrderState& state, Outbox& out) {
  std::string order;
  append_order_json(state, router_.instruments(), order);
  JsonWriter json;
  open_answer(json, "order_status", waiting_.front().id);
  json.key("order_id").wide(state.order_id.value()).key("open").boolean(true);
  return tell(json.key("order").raw(order), out);
}

OrderQuestions::Step OrderQuestions::tell_last(Outbox& out) {
  const OrderQuestion& asked = waiting_.front();
  if (!last_)
    return refuse(code_of(RejectReason::unknown_order),
                  "no order " + std::to_string(asked.order.value()) + " of this account", out);
  std::string report;
  append_exec_json(*last_, true, router_.instruments(), report);
  JsonWriter json;
  open_answer(json, "order_status", asked.id);
  json.key("order_id").wide(asked.order.value()).key("open").boolean(!is_over(last_->event));
  return tell(json.key("report").raw(with_log(report)), out);
}

OrderQuestions::Step OrderQuestions::refuse(std::uint16_t code, std::string message, Outbox& out) {
  const OrderQuestion& asked = waiting_.front();
  out.append_text(error_reply({.code = code,
                               .message = std::move(message),
                               .id = asked.id,
                               .client_seq = asked.client_sequence.value(),
                               .log = named_}));
  return Step::answered;
}

OrderQuestions::Step OrderQuestions::refuse_unreadable(const Error& error, Outbox& out) {
  cursor_.reset();
  return refuse(code_of(ControlError::journal_unavailable), error.text(), out);
}

void append_order_json(const OrderState& state, const InstrumentTable& instruments,
                       std::string& out) {
  JsonWriter json;
  json.open('{').key("order_id").wide(state.order_id.value());
  json.key("status").text(order_status_name(state.status));
  if (state.client_sequence) json.key("client_seq").wide(state.client_sequence.value());
  if (!state.client_order_id.empty()) json.key("cl_ord_id").text(state.client_order_id.view());
  json.key("instrument_id").number(state.symbol.value());
  if (const InstrumentBody* const instrument = instruments.find(state.symbol)) {
    const QuantityLots total{state.filled.value() + state.leaves.value()};
    json.key("symbol").text(instrument->symbol_view());
    if (state.price != no_price) json.key("price").text(price_text(state.price, *instrument));
    json.key("qty").text(quantity_text(total, *instrument));
    json.key("cum_qty").text(quantity_text(state.filled, *instrument));
    json.key("leaves_qty").text(quantity_text(state.leaves, *instrument));
  }
  json.key("side").text(side_name(state.side)).key("ord_type").text(order_type_name(state.type));
  json.key("tif").text(time_in_force_name(state.time_in_force));
  if (state.group) json.key("group").number(state.group.value());
  json.close('}');
  out += json.view();
}

}  // namespace bourse
