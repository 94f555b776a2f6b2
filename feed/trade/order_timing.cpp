#include "feed/trade/order_timing.h"

#include <cstdint>
#include <string_view>

#include "feed/control/json_writer.h"  // JsonWriter

namespace bourse {

void OrderTiming::on_sent(ClientSequence client_sequence, TimeNs received, TimeNs gate) {
  if (sent_.size() >= waiting_max) sent_.pop_front();
  sent_.push_back({client_sequence, received, gate});
}

void OrderTiming::on_told(const ExecStream::Own& own, TimeNs encoded) {
  // Commands of a session pass one gate: their transactions come in the order of sending.
  while (!sent_.empty()) {
    const Sent sent = sent_.front();
    if (!own.client_sequence && sent.client_sequence) return;  // not one of these
    sent_.pop_front();
    if (sent.client_sequence != own.client_sequence) continue;
    if (told_.size() >= waiting_max) told_.pop_front();
    told_.push_back({sent, own, encoded});
    return;
  }
}

bool OrderTiming::pump(Outbox& out) {
  while (!told_.empty() && told_.front().own.out_bytes <= out.sent_bytes()) {
    const Told& told = told_.front();
    JsonWriter json;
    const auto stage = [&json](std::string_view name, TimeNs time) {
      if (time) json.key(name).wide(static_cast<std::uint64_t>(time.value()));
    };
    json.open('{').key("op").text("timing");
    if (told.own.client_sequence) json.key("client_seq").wide(told.own.client_sequence.value());
    json.key("seq").wide(told.own.sequence.value());
    stage("recv", told.sent.received);
    stage("gate", told.sent.gate);
    stage("sequenced", told.own.time);
    stage("matched", stages_.matched.find(told.own.sequence));
    stage("released", stages_.released.find(told.own.sequence));
    stage("encoded", told.encoded);
    stage("written", out.sent_time());
    out.append_text(json.close('}').view());
    told_.pop_front();
  }
  return !told_.empty();
}

}  // namespace bourse
