#include "feed/history/replay_tally.h"

#include "feed/market/subscribe_plan.h"  // channel_name
#include "feed/wire.h"                   // channel_of

namespace bourse {

std::string ReplayTally::summary(Sequence to) const {
  JsonWriter json;
  json.open('{').key("from_seq").wide(first_.value()).key("to_seq").wide(to.value());
  json.key("transactions").wide(transactions_).key("events").wide(events_);
  json.key("trades").wide(trades_).key("delivered").wide(digest_.events());
  json.key("digest").text(digest_.text()).close('}');
  return std::string(json.view());
}

void ReplayTally::write_end(JsonWriter& json, Sequence to) const {
  json.open('{').key("op").text("end_of_replay").key("summary").raw(summary(to));
  json.key("digests").open('[');
  for (const ReplayDigest::StreamHash& one : digest_.streams()) {
    json.open('{').key("stream").number(one.stream);
    json.key("channel").text(channel_name(wire::channel_of(one.stream)));
    json.key("events").wide(one.events).key("sha256").text(hex_text(one.hash)).close('}');
  }
  json.close(']').close('}');
}

}  // namespace bourse
