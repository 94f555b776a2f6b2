#include "tests/chaos/order_sender.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "feed/control/auth.h"  // sign
#include "matching/event.h"     // ExecType

namespace bourse {
namespace {

constexpr std::int64_t pause_ns = 100'000'000;              // after a no that may pass
constexpr std::int64_t unanswered_max_ns = 15'000'000'000;  // perhaps another one knows more
constexpr std::size_t questions_max = 32;                   // of the 64 that a session may have
constexpr std::size_t faults_max = 20;

// The market: around 100.00 in ticks of 0.01, lots of 0.01.
constexpr std::int64_t tick_e9 = 10'000'000;
constexpr std::int64_t middle_ticks = 10'000;
constexpr std::uint64_t lot_units = 1'000'000;
constexpr std::size_t resting_min = 64;
constexpr std::size_t resting_max = 1500;

// Codes of errors at the edge, docs/PROTOCOL.md.
constexpr std::uint64_t other_request = 5011;
constexpr std::uint64_t passed_over = 5012;
constexpr std::uint64_t outcome_unknown = 9006;
constexpr std::uint64_t refusals[] = {6001, 6002, 9002, 9003, 9004, 9005};

constexpr std::pair<std::string_view, ExecType> exec_words[] = {
    {"accepted", ExecType::accepted},         {"fill", ExecType::fill},
    {"partial_fill", ExecType::partial_fill}, {"canceled", ExecType::canceled},
    {"replaced", ExecType::replaced},         {"rejected", ExecType::rejected},
    {"expired", ExecType::expired},           {"restated", ExecType::restated},
    {"triggered", ExecType::triggered},       {"cancel_rejected", ExecType::cancel_rejected}};

constexpr std::uint32_t flag_duplicate = 1;

}  // namespace

OrderSender::OrderSender(Crowd& crowd, SenderOptions options)
    : Wanderer(crowd, "/v1/trade", "bourse.fb.v1"), options_(std::move(options)) {}

// What it sends.
bool OrderSender::may_send(std::int64_t now) const {
  return is_open() && is_admitted_ && again_.empty() && asked_again_.empty() &&
         pending_.size() < options_.window && now >= not_before_ns_;
}

bool OrderSender::send() {
  const std::uint64_t client_seq = next_client_seq_++;
  Pending& pending = pending_[client_seq];
  pending.order = make_order();
  pending.order.client_seq = client_seq;
  const bool is_order = pending.order.op == static_cast<std::uint8_t>(OrderOperation::new_order);
  if (!is_order) cancels_[pending.order.order_id] = client_seq;
  ++(is_order ? totals_.orders : totals_.cancels);
  put(client_seq);
  return is_order;
}

void OrderSender::put(std::uint64_t client_seq) {
  Pending& pending = pending_.at(client_seq);
  if (pending.times_sent++ > 0) ++totals_.sent_again;
  connection().put(WsOpcode::binary, encode_order(pending.order));
}

void OrderSender::flush() {
  if (!is_open() || !is_admitted_) return;
  while (!again_.empty() && asked_again_.size() < questions_max && now() >= not_before_ns_) {
    const std::uint64_t client_seq = *again_.begin();
    again_.erase(again_.begin());
    asked_again_.insert(client_seq);
    put(client_seq);
  }
  connection().flush();
}

bool OrderSender::take_a_resting_one(WireOrder& cancel) {
  while (!oldest_.empty()) {
    const auto found = resting_.find(oldest_.front());
    oldest_.pop_front();
    if (found == resting_.end()) continue;
    cancel.op = static_cast<std::uint8_t>(OrderOperation::cancel);
    cancel.order_id = found->first;
    cancel.instrument_id = found->second;
    resting_.erase(found);
    return true;
  }
  return false;
}

// Of sixteen seven rest, seven take, and two are cancels of the oldest order.
WireOrder OrderSender::make_order() {
  WireOrder order;
  const std::uint64_t draw = random()();
  const std::uint64_t kind = draw % 16;
  if (kind < 2 && resting_.size() > resting_min && take_a_resting_one(order)) return order;
  const bool takes = kind >= 9 || resting_.size() > resting_max;
  const bool buys = (draw >> 8) % 2 == 0;
  const auto away = static_cast<std::int64_t>((draw >> 16) % 20);
  const std::int64_t worse = takes ? -1 - away : away;  // than the middle
  order.op = static_cast<std::uint8_t>(OrderOperation::new_order);
  order.instrument_id = 1 + static_cast<std::uint32_t>((draw >> 32) % options_.symbols);
  order.price = (middle_ticks + (buys ? -worse : worse)) * tick_e9;
  order.qty = (1 + (draw >> 24) % 4) * lot_units;
  order.side = buys ? wire_buy : wire_sell;
  order.ord_type = static_cast<std::uint8_t>(OrderType::limit);
  order.tif = static_cast<std::uint8_t>(takes ? TimeInForce::ioc : TimeInForce::gtc);
  return order;
}

// What it hears.
void OrderSender::on_lost() {
  is_admitted_ = false;
  asked_again_.clear();
  again_.clear();
}

void OrderSender::on_quiet() {
  if (!pending_.empty() && now() - answered_ns_ > unanswered_max_ns) return leave();
  static constexpr std::string_view ping = R"({"op":"ping","id":"ping","t":"1"})";
  connection().send(WsOpcode::text, std::as_bytes(std::span(ping)));
}

std::string OrderSender::text_of(const char* key) const {
  const JsonField* const found = fields_.find(key);
  return found == nullptr ? std::string() : std::string(found->value);
}

std::uint64_t OrderSender::number_of(const char* key) const {
  const JsonField* const found = fields_.find(key);
  return found == nullptr ? 0 : fields_.integer(*found).value_or(0);
}

void OrderSender::on_text(std::string_view text) {
  if (!fields_.parse(text)) return note(std::string(text));
  const std::string op = text_of("op");
  if (op == "hello") return on_hello();
  if (op == "auth_ok") return on_admitted();
  if (op == "error") return on_error(text);
  if (op == "outcome") return on_outcome();
}

void OrderSender::on_hello() {
  const std::string signature =
      sign(KeyAlgorithm::hmac_sha256, options_.secret, text_of("nonce"), text_of("session"));
  std::string place = fmt::format(R"("exec_from":"{}")", exec_last_ + 1);
  if (whole_seq_ > 0) place += fmt::format(R"(,"from_seq":"{}")", whole_seq_ + 1);
  const std::string request =
      fmt::format(R"({{"op":"auth","id":"auth","key":"{}","alg":"hmac-sha256","sig":"{}",{}}})",
                  options_.key, signature, place);
  connection().send(WsOpcode::text, std::as_bytes(std::span(request)));
}

void OrderSender::on_admitted() {
  is_admitted_ = true;
  answered_ns_ = now();
  next_client_seq_ = std::max(next_client_seq_, number_of("next_client_seq"));
  for (const auto& [client_seq, pending] : pending_) again_.insert(client_seq);
}

void OrderSender::on_error(std::string_view text) {
  const std::uint64_t code = number_of("code");
  const std::uint64_t client_seq = number_of("client_seq");
  const auto found = pending_.find(client_seq);
  if (code == outcome_unknown) {
    ++totals_.in_doubt;
    return;
  }
  if (client_seq == 0 || code == other_request) {
    // Of the session: a gateway that is not so far yet, one that is full.
    static constexpr std::uint64_t passing[] = {4002, 3005, 6001, 9002, 9003, 9005};
    if (std::ranges::find(passing, code) == std::end(passing)) note(std::string(text));
    return leave();
  }
  if (found == pending_.end()) return;
  const bool is_refusal = std::ranges::find(refusals, code) != std::end(refusals);
  if (!is_refusal && code != passed_over) return note(std::string(text));
  if (is_refusal) not_before_ns_ = now() + pause_ns;
  if (is_refusal && found->second.times_sent > 1) {
    // This time nothing has happened; what became of the time before is still to be asked.
    asked_again_.erase(client_seq);
    again_.insert(client_seq);
    return;
  }
  const ToldRefusal refusal{.client_seq = client_seq,
                            .account = options_.account,
                            .code = static_cast<std::uint16_t>(code),
                            .times_sent = found->second.times_sent};
  std::fwrite(&refusal, sizeof refusal, 1, options_.refusals);
  ++totals_.refused;
  forget(client_seq);
}

void OrderSender::answer(std::uint64_t client_seq) {
  answered_ns_ = now();
  if (forget(client_seq)) ++totals_.answered;
}

bool OrderSender::forget(std::uint64_t client_seq) {
  const auto found = pending_.find(client_seq);
  if (found == pending_.end()) return false;
  if (found->second.order.op == static_cast<std::uint8_t>(OrderOperation::cancel))
    cancels_.erase(found->second.order.order_id);
  pending_.erase(found);
  again_.erase(client_seq);
  asked_again_.erase(client_seq);
  return true;
}

void OrderSender::on_binary(std::span<const std::byte> payload) {
  const auto frame = read_exec_frame(aligned_.of(payload));
  if (!frame) return;  // of the system
  for (const WireReport& report : frame->reports) on_report(report);
  if ((frame->flags & wire::frame_flags::partial) == 0) whole_seq_ = frame->last_seq;
}

void OrderSender::on_report(const WireReport& r) {
  if (r.exec_seq <= exec_last_) return;  // of a transaction that had come in part
  exec_last_ = r.exec_seq;
  last_seq_ = std::max(last_seq_, r.seq);
  const ToldReport told{.exec_seq = r.exec_seq,
                        .seq = r.seq,
                        .order_id = r.order_id,
                        .client_seq = r.client_seq,
                        .price = r.price,
                        .qty = r.qty,
                        .last_px = r.last_px,
                        .last_qty = r.last_qty,
                        .flags = r.flags,
                        .reject_code = r.reject_code,
                        .exec_type = r.exec_type,
                        .told_by = ToldBy::report};
  std::fwrite(&told, sizeof told, 1, options_.reports);
  const auto type = static_cast<ExecType>(r.exec_type);
  switch (type) {
    case ExecType::accepted:
      ++totals_.accepted;
      answer(r.client_seq);
      if (r.tif == static_cast<std::uint8_t>(TimeInForce::gtc)) {
        resting_[r.order_id] = r.instrument_id;
        oldest_.push_back(r.order_id);
      }
      break;
    case ExecType::rejected:
    case ExecType::cancel_rejected:
      // A duplicate is answered by the outcome that follows.
      if ((r.flags & flag_duplicate) == 0) answer(r.client_seq);
      break;
    case ExecType::fill:
    case ExecType::expired:
      resting_.erase(r.order_id);
      break;
    case ExecType::canceled: {
      resting_.erase(r.order_id);
      const auto cancel = cancels_.find(r.order_id);
      if (cancel != cancels_.end()) answer(cancel->second);
      break;
    }
    default:
      break;
  }
}

// The objects of "reports":[{...},{...}]; no text in them has a brace.
void OrderSender::on_outcome() {
  ++totals_.outcomes;
  const std::uint64_t client_seq = number_of("client_seq");
  const std::string reports = text_of("reports");
  for (std::size_t at = reports.find('{'); at != std::string::npos;) {
    const std::size_t end = reports.find('}', at);
    if (end == std::string::npos) break;
    on_outcome_report(std::string_view(reports).substr(at, end + 1 - at));
    at = reports.find('{', end);
  }
  answer(client_seq);
}

void OrderSender::on_outcome_report(std::string_view text) {
  if (!fields_.parse(text)) return note(std::string(text));
  const std::string word = text_of("exec_type");
  const auto* const known =
      std::ranges::find(exec_words, word, [](const auto& one) { return one.first; });
  if (known == std::end(exec_words)) return note(std::string(text));
  const ToldReport told{.exec_seq = number_of("exec_seq"),
                        .seq = number_of("seq"),
                        .order_id = number_of("order_id"),
                        .client_seq = number_of("client_seq"),
                        .price = 0,
                        .qty = 0,
                        .last_px = 0,
                        .last_qty = 0,
                        .flags = static_cast<std::uint32_t>(number_of("flags")),
                        .reject_code = static_cast<std::uint16_t>(number_of("reject_code")),
                        .exec_type = static_cast<std::uint8_t>(known->second),
                        .told_by = ToldBy::outcome};
  std::fwrite(&told, sizeof told, 1, options_.reports);
  last_seq_ = std::max(last_seq_, told.seq);
}

void OrderSender::note(std::string what) {
  if (faults_.size() < faults_max) faults_.push_back(std::move(what));
}

}  // namespace bourse
