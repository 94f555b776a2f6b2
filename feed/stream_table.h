// The streams of one session: what each was told last and where its frames come from.
//   Shape:  a dense array in order of subscription and an index by channel and instrument: O(1).
//   Owner:  one session.
//   Errors: none; what is not subscribed is nullptr.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "feed/wire.h"  // Channel, stream_id

namespace bourse {

enum class StreamPhase : std::uint8_t {
  live = 1,        // frames come from the hub's frame log
  snapshot = 2,    // waits for its snapshot, then live
  replay = 3,      // a CatchUp feeds it, then live
  conflating = 4,  // was too slow: its next frame stands for all that it missed, then live
};

struct Stream {
  std::uint32_t id;
  StreamPhase phase;
  bool is_first = true;    // its next live frame is chained to `told` whatever it says itself
  bool has_sent = false;   // since the last heartbeat
  std::uint64_t told = 0;  // last_seq of the last frame; before the first: the start - 1
};

class StreamTable {
 public:
  // Pointers hold until the next add() or remove(). REQUIRES for add(): not there.
  Stream& add(std::uint32_t id, StreamPhase phase, std::uint64_t told);
  void remove(std::uint32_t id);
  Stream* find(std::uint32_t id) {
    const auto& column = index_[id >> 24 & channel_mask];
    const std::uint32_t symbol = wire::symbol_of(id).value();
    if (symbol >= column.size() || column[symbol] == 0) return nullptr;
    return &streams_[column[symbol] - 1];
  }

  // Any stream of the instrument.
  bool has(SymbolId symbol) const {
    return std::any_of(index_.begin(), index_.end(), [symbol](const auto& column) {
      return symbol.value() < column.size() && column[symbol.value()] != 0;
    });
  }

  std::size_t size() const { return streams_.size(); }
  std::vector<Stream>::iterator begin() { return streams_.begin(); }
  std::vector<Stream>::iterator end() { return streams_.end(); }

 private:
  static constexpr std::uint32_t channel_mask = 15;  // all channels that exist are below 16

  std::vector<Stream> streams_;
  std::array<std::vector<std::uint32_t>, channel_mask + 1> index_;  // 1 + place in streams_; 0 = no
};

}  // namespace bourse
