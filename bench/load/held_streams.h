// What the subscribers of a bench hold: orders, trades and best prices of every instrument. The
// hub encodes nothing that nobody holds.
//   Owner:  as its hub.
#pragma once

#include <cstdint>

#include "feed/market/hub.h"  // Hub
#include "feed/wire.h"        // Channel, stream_id
#include "matching/types.h"   // SymbolId

namespace bourse {

class HeldStreams {
 public:
  // There are instruments that are not held yet.
  bool wants(const Hub& hub) const { return hub.instruments().symbol_count() > held_; }
  // REQUIRES: the hub is flushed.
  void hold(Hub& hub) {
    while (wants(hub)) {
      const SymbolId symbol{++held_};
      if (hub.instruments().instrument(symbol) == nullptr) continue;
      for (const auto channel : {wire::Channel::mbo, wire::Channel::trade, wire::Channel::bbo})
        hub.acquire(wire::stream_id(channel, symbol));
    }
  }

 private:
  std::uint32_t held_ = 0;
};

}  // namespace bourse
