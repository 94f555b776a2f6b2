#include "feed/trade/trade_replies.h"

#include "feed/control/json_writer.h"    // JsonWriter
#include "feed/trade/field_reader.h"     // FieldReader
#include "feed/trade/order_questions.h"  // append_order_json
#include "replay/text/order_words.h"     // reject_name

namespace bourse {
namespace {

// Codes from 5000 to 5999 are the engine's words, also where the edge says them.
bool is_order_code(std::uint16_t code) { return code >= 5000 && code < 6000; }

void open_reply(JsonWriter& json, std::string_view op, std::string_view id) {
  json.open('{').key("op").text(op);
  if (!id.empty()) json.key("id").raw(id);
}

std::string close_reply(JsonWriter& json) {
  json.close('}');
  return std::string{json.view()};
}

}  // namespace

std::string error_reply(const TradeError& error) {
  JsonWriter json;
  open_reply(json, "error", error.id);
  std::string_view hint = "correct it and send it again with the same client_seq";
  if (is_order_code(error.code)) {
    json.key("code").number(error.code);
    json.key("name").text(reject_name(static_cast<RejectReason>(error.code)));
    json.key("msg").text(error.message).key("retryable").boolean(false);
  } else {
    const auto code = static_cast<ControlError>(error.code);
    write_error_fields(json, code, error.message);
    hint = info_of(code).hint;
  }
  if (error.client_seq != 0) json.key("client_seq").wide(error.client_seq);
  if (!error.cl_ord_id.empty()) json.key("cl_ord_id").text(error.cl_ord_id);
  if (error.retry_after_ms != 0) json.key("retry_after_ms").number(error.retry_after_ms);
  json.key("hint").text(hint);
  if (error.log) json.key("log").number(*error.log);
  return close_reply(json);
}

std::string auth_ok_reply(std::string_view id, const ApiKey& key, const AuthAnswer& answer) {
  JsonWriter json;
  open_reply(json, "auth_ok", id);
  json.key("key").text(key.id).key("account").number(key.account.value());
  json.key("scopes").open('[');
  for (const std::string_view scope : scope_names(key.scopes)) json.text(scope);
  json.close(']');
  json.key("next_client_seq").wide(answer.position.client_sequence.value() + 1);
  json.key("exec_head").wide(answer.position.exec_sequence.value());
  json.key("seq").wide(answer.told.value());
  if (answer.resumed) json.key("resumed").boolean(*answer.resumed);
  return close_reply(json);
}

std::string exec_replay_ok_reply(std::string_view id, Sequence told) {
  JsonWriter json;
  open_reply(json, "exec_replay_ok", id);
  json.key("seq").wide(told.value());
  return close_reply(json);
}

bool read_exec_resume(const JsonFields& json, std::string_view exec_key, const ExecRouter& router,
                      AccountId account, ExecResume& resume, TradeError& error) {
  FieldReader fields{json, error};
  const std::uint64_t exec_from = fields.integer(exec_key);
  const std::uint64_t from_seq = fields.integer("from_seq");
  if (!fields.ok()) return false;
  const std::uint64_t exec_next = router.account(account).exec_sequence.value() + 1;
  const std::uint64_t next_seq = router.position().value() + 1;
  if (exec_from > exec_next || from_seq > next_seq) {
    error.code = code_of(ControlError::seq_in_future);
    error.message = "the next exec_seq is " + std::to_string(exec_next) + ", the next seq " +
                    std::to_string(next_seq);
    return false;
  }
  resume.is_asked = fields.has(exec_key) || fields.has("from_seq");
  resume.wanted = ExecSequence{exec_from};
  // Without a sequence to begin at, the whole log is looked through; at the head nothing is.
  resume.sequence = Sequence{from_seq};
  if (from_seq == 0 && exec_from == exec_next) resume.sequence = Sequence{next_seq};
  return true;
}

std::string open_orders_reply(const ExecRouter& router, const OpenOrdersAsked& asked) {
  JsonWriter json;
  open_reply(json, "open_orders", asked.id);
  json.key("account").number(asked.account.value());
  json.key("seq").wide(router.position().value());
  json.key("complete").boolean(router.orders().is_complete());
  json.key("orders").open('[');
  std::uint32_t told = 0;
  OrderId last{0};
  bool is_cut = false;
  std::string text;
  router.orders().for_each(asked.account, [&](const OrderState& order) {
    if ((asked.below && order.order_id >= asked.below) ||
        (asked.symbol && order.symbol != asked.symbol) ||
        (asked.group && order.group != asked.group))
      return true;
    is_cut = told == asked.most;
    if (is_cut) return false;
    text.clear();
    append_order_json(order, router.instruments(), text);
    json.raw(text);
    last = order.order_id;
    ++told;
    return true;
  });
  json.close(']');
  if (is_cut) json.key("next_below").wide(last.value());
  return close_reply(json);
}

std::string pong_reply(std::string_view id, std::string_view t, TimeNs received, TimeNs sent) {
  JsonWriter json;
  open_reply(json, "pong", id);
  if (!t.empty()) json.key("t").raw(t);
  json.key("ts_recv").wide(static_cast<std::uint64_t>(received.value()));
  json.key("ts_send").wide(static_cast<std::uint64_t>(sent.value()));
  return close_reply(json);
}

}  // namespace bourse
