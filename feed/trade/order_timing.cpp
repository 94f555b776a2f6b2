#include "feed/trade/order_timing.h"

#include <cstddef>

#include "feed/control/json_writer.h"  // JsonWriter

namespace bourse {

OrderTiming::OrderTiming(StageClock& stages, OrderStages& measured, Follows follows,
                         std::optional<std::uint32_t> log)
    : stages_(stages), measured_(measured), tells_(follows == Follows::all_and_tells), log_(log) {
  stages_.join();
}

void OrderTiming::on_sent(ClientSequence client_sequence, TimeNs received, TimeNs gate) {
  if (sent_.size() >= waiting_max) sent_.pop_front();
  sent_.push_back({client_sequence, received, gate});
}

void OrderTiming::on_told(const ExecStream::Own& own, TimeNs encoded, Outbox& out) {
  // Commands of a session pass one gate: their transactions come in the order of sending.
  while (!sent_.empty()) {
    const Sent sent = sent_.front();
    // One that was sent before the one that is followed.
    if (!tells_ && own.client_sequence < sent.client_sequence) return;
    if (!own.client_sequence && sent.client_sequence) return;  // not one of these
    sent_.pop_front();
    if (sent.client_sequence != own.client_sequence) continue;
    // Another log's command is being followed on this connection: one place at a time.
    if (!tells_ && out.wants_sent_time()) return;
    if (told_.size() >= waiting_max) told_.pop_front();
    told_.push_back({sent, own, encoded});
    if (!tells_) out.watch_sent(own.out_bytes);
    return;
  }
}

bool OrderTiming::pump(Outbox& out) {
  const auto has_left = [&] {
    return tells_ ? told_.front().own.out_bytes <= out.sent_bytes() : bool{out.watched_time()};
  };
  while (!told_.empty() && has_left()) {
    const Told& told = told_.front();
    const OrderStages::Times times = {told.sent.received,
                                      told.sent.gate,
                                      told.own.time,
                                      stages_.matched.find(told.own.sequence),
                                      stages_.released.find(told.own.sequence),
                                      told.encoded,
                                      tells_ ? out.sent_time() : out.watched_time()};
    measured_.add(times);
    if (tells_) tell(told.own, times, out);
    told_.pop_front();
  }
  return tells_ && !told_.empty();
}

void OrderTiming::tell(const ExecStream::Own& own, const OrderStages::Times& times,
                       Outbox& out) const {
  JsonWriter json;
  json.open('{').key("op").text("timing");
  if (own.client_sequence) json.key("client_seq").wide(own.client_sequence.value());
  json.key("seq").wide(own.sequence.value());
  for (std::size_t i = 0; i < times.size(); ++i)
    if (times[i])
      json.key(OrderStages::names[i]).wide(static_cast<std::uint64_t>(times[i].value()));
  if (log_) json.key("log").number(*log_);
  out.append_text(json.close('}').view());
}

}  // namespace bourse
