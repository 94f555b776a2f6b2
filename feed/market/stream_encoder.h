// Transactions in, frames out: public events are sorted into streams, and each stream's events of a
// burst leave as frames that are chained by prev_seq. Used by the hub and by catch-up alike.
//   Shape:  a burst is whole transactions of one epoch. All streams of a channel share a pool of
//           events; a flush walks each touched stream's list. What takes no more than the event
//           itself (mbo, trade, status, imbalance, every change of bbo) is made here from
//           transactions; events of the other streams are handed in by DerivedStreams.
//   Units:  ticks and lots in, wire prices and sizes out.
//   Owner:  one thread. Allocates until its pools have the size of the largest burst.
//   Errors: events of instruments that the table does not know are our own bug: CHECK.
//   Rules:  a frame holds whole transactions; only one that is larger than a frame is divided, and
//           all of its frames but the last carry `partial`. Only streams that are wanted cost
//           anything.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "feed/instrument_table.h"      // InstrumentTable
#include "feed/market/event_pool.h"     // EventPool, EventList
#include "feed/market/market_frames.h"  // FrameWriter
#include "feed/wire.h"                  // MboEvent, ...
#include "matching/engine.h"            // BestPrices
#include "matching/transaction.h"       // TransactionView

namespace bourse {

struct EncodedFrame {
  std::uint32_t stream_id;
  std::uint64_t first_seq;
  std::uint64_t last_seq;
  std::uint8_t flags;
  bool is_last;                      // of this flush
  std::span<const std::byte> bytes;  // hold until the next call
};

class StreamEncoder {
 public:
  // A burst of so many events should be flushed; a transaction may go beyond.
  static constexpr std::size_t burst_events_max = 8192;

  explicit StreamEncoder(const InstrumentTable& instruments) : instruments_(&instruments) {}

  // Encodes this stream, from the first event after `last_seq` on. REQUIRES: nothing of it is due.
  void want(std::uint32_t stream, std::uint64_t last_seq);
  void forget(std::uint32_t stream);
  bool wants(std::uint32_t stream) const;
  // last_seq of the stream's newest frame, or what want() was told.
  std::uint64_t last_seq(std::uint32_t stream) const;

  // The epoch of what comes before the first transaction. REQUIRES: empty.
  void continue_epoch(Epoch epoch) { epoch_ = epoch.value(); }
  // The next transaction in order. REQUIRES: same epoch as the burst so far.
  void add(const TransactionView& transaction);
  // Best prices of a symbol after the transaction just added; ignored if they have not changed.
  void add_best(SymbolId symbol, const BestPrices& best, RptSequence rpt);
  // What the stream's subscribers know: no event comes of it.
  void assume_best(SymbolId symbol, const BestPrices& best);
  // An event of a stream of any other channel or shape; dropped if it is not wanted or not new.
  template <class Event>
  void add_event(std::uint32_t id, const Event& event) {
    if (Stream* const stream = find(id); stream != nullptr && event.seq > stream->last_seq)
      push(*stream, id, event);
  }

  bool empty() const { return touched_.empty(); }
  bool is_full() const { return events_count_ >= burst_events_max; }

  // begin_flush(), then next() until it says false. `ts_pub` 0: the time of the frame's last event.
  // `flags` are set on every frame, flush_last on the last one.
  void begin_flush(TimeNs ts_pub, std::uint8_t flags);
  bool next(EncodedFrame& out);

 private:
  static constexpr std::size_t channels_count = 16;
  struct Stream {
    std::uint64_t last_seq = 0;
    EventList due;
    bool is_wanted = false;
  };
  struct KnownBest {
    BestPrices best{};
    bool is_known = false;
  };

  Stream* find(std::uint32_t id);
  const Stream* find(std::uint32_t id) const { return const_cast<StreamEncoder*>(this)->find(id); }
  Stream* wanted(wire::Channel channel, SymbolId symbol);
  template <class Event>
  void push(Stream& stream, std::uint32_t id, const Event& event) {
    if (stream.due.empty()) touched_.push_back(id);
    std::get<EventPool<Event>>(pools_).append(stream.due, event);
    ++events_count_;
  }
  template <class Event, class Write>
  void cut(std::uint32_t id, Stream& stream, Write write, EncodedFrame& out);

  const InstrumentTable* instruments_;
  FrameWriter writer_;
  // By channel and symbol id; variants, which are few and looked up once a burst, by stream id.
  std::array<std::vector<Stream>, channels_count> streams_;
  std::unordered_map<std::uint32_t, Stream> variants_;
  std::vector<KnownBest> best_;         // symbol id - 1
  std::vector<std::uint32_t> touched_;  // stream ids of the burst, in order of their first event
  std::size_t flushed_ = 0;             // of touched_
  std::size_t events_count_ = 0;        // of the burst
  std::tuple<EventPool<wire::MboEvent>, EventPool<wire::LevelUpdate>, EventPool<wire::Bbo>,
             EventPool<wire::Trade>, EventPool<wire::Depth10>, EventPool<wire::Bar>,
             EventPool<wire::Stat>, EventPool<wire::Status>, EventPool<wire::Imbalance>,
             EventPool<wire::BookCheck>>
      pools_;
  std::uint64_t seq_ = 0;  // of the transaction added last
  std::uint64_t time_ = 0;
  std::uint32_t epoch_ = 0;
  std::uint64_t ts_pub_ = 0;
  std::uint8_t flags_ = 0;
};

}  // namespace bourse
