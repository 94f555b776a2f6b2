// The streams of one session: what each was told last and where its frames come from.
//   Shape:  a dense array in order of subscription and an index by kind of stream (the upper byte
//           of its id) and instrument: O(1).
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
  skipping = 5,    // was too slow: a Gap tells what it misses, then a snapshot or live
};

// What becomes of a stream whose session is too slow.
enum class OnSlow : std::uint8_t { catchup = 0, conflate = 1, skip = 2, disconnect = 3 };

struct Stream {
  std::uint32_t id;
  StreamPhase phase;
  OnSlow on_slow = OnSlow::catchup;
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
    const auto& column = columns_[column_of_[id >> 24]];
    const std::uint32_t symbol = wire::symbol_of(id).value();
    if (symbol >= column.size() || column[symbol] == 0) return nullptr;
    return &streams_[column[symbol] - 1];
  }

  // Any stream of the instrument.
  bool has(SymbolId symbol) const {
    return std::any_of(columns_.begin(), columns_.end(), [symbol](const auto& column) {
      return symbol.value() < column.size() && column[symbol.value()] != 0;
    });
  }

  std::size_t size() const { return streams_.size(); }
  std::vector<Stream>::iterator begin() { return streams_.begin(); }
  std::vector<Stream>::iterator end() { return streams_.end(); }

 private:
  static constexpr std::size_t kinds_max = 256;
  using Column = std::vector<std::uint32_t>;  // by symbol id: 1 + place in streams_; 0 = no

  std::vector<Stream> streams_;
  std::array<std::uint8_t, kinds_max> column_of_{};
  std::vector<Column> columns_{1};  // the first one is that of all kinds that never were
};

}  // namespace bourse
