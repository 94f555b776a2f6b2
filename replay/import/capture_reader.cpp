#include "replay/import/capture_reader.h"

namespace bourse {

CapturedMessage& CapturedLine::add(CapturedMessage::Kind kind, TimeNs time) {
  if (count == messages.size()) messages.emplace_back();
  CapturedMessage& message = messages[count++];
  message.kind = kind;
  message.time = time;
  message.symbol.clear();
  message.levels.clear();
  message.trades.clear();
  message.beyond = 0;
  message.first_id = message.last_id = 0;
  message.checksum.reset();
  message.depth = 0;
  message.price_decimals = message.size_decimals = 0;
  return message;
}

void CapturedLine::clear() {
  count = 0;
  sequence.reset();
  connection.clear();
}

}  // namespace bourse
