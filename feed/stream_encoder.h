// Transactions in, frames out: public events are sorted into streams, and each stream's events of a
// burst leave as frames that are chained by prev_seq. Used by the hub and by catch-up alike.
//   Shape:  a burst is whole transactions of one epoch. All streams share pools of events; a flush
//           walks each touched stream's list. Streams: those of `channels` x instrument.
//   Units:  ticks and lots in, wire prices and sizes out.
//   Owner:  one thread. Allocates until its pools have the size of the largest burst.
//   Errors: events of instruments that the table does not know are our own bug: CHECK.
//   Rules:  a frame holds whole transactions; only one that is larger than a frame is divided, and
//           all of its frames but the last carry `partial`.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "feed/instrument_table.h"  // InstrumentTable
#include "feed/market_frames.h"     // FrameWriter
#include "feed/wire.h"              // MboEvent, ...
#include "matching/engine.h"        // BestPrices
#include "matching/transaction.h"   // TransactionView

namespace bourse {

struct EncodedFrame {
  std::uint32_t stream_id;
  std::uint64_t first_seq;
  std::uint64_t last_seq;
  std::uint8_t flags;
  bool is_last;                      // of this flush
  std::span<const std::byte> bytes;  // hold until the next call
};

wire::Bbo bbo_event(const Instrument& instrument, const BestPrices& best, std::uint64_t seq,
                    std::uint64_t time, RptSequence rpt, std::uint16_t flags);

class StreamEncoder {
 public:
  static constexpr std::array<wire::Channel, 5> channels = {
      wire::Channel::mbo, wire::Channel::trade, wire::Channel::bbo, wire::Channel::status,
      wire::Channel::imbalance};
  // A burst of so many events should be flushed; a transaction may go beyond.
  static constexpr std::size_t burst_events_max = 8192;

  explicit StreamEncoder(const InstrumentTable& instruments) : instruments_(&instruments) {}

  // Encodes every stream (the hub).
  void want_all() { wants_all_ = true; }
  // Encodes this stream, from the first event after `last_seq` on (catch-up).
  void want(std::uint32_t stream, std::uint64_t last_seq);
  void forget(std::uint32_t stream);
  // last_seq of the stream's newest frame, or what want() was told.
  std::uint64_t last_seq(std::uint32_t stream) const;

  // The next transaction in order. REQUIRES: same epoch as the burst so far.
  void add(const TransactionView& transaction);
  // Best prices of a symbol after the transaction just added; ignored if they have not changed.
  void add_best(SymbolId symbol, const BestPrices& best, RptSequence rpt);
  // What the stream's subscribers know: no event comes of it.
  void assume_best(SymbolId symbol, const BestPrices& best);

  bool empty() const { return touched_.empty(); }
  bool is_full() const { return mbo_.events.size() + trade_.events.size() >= burst_events_max; }

  // begin_flush(), then next() until it says false. `ts_pub` 0: the time of the frame's last event.
  // `flags` are set on every frame, flush_last on the last one.
  void begin_flush(TimeNs ts_pub, std::uint8_t flags);
  bool next(EncodedFrame& out);

 private:
  static constexpr std::uint32_t none = ~std::uint32_t{0};
  template <class Event>
  struct Pool {
    std::vector<Event> events;
    std::vector<std::uint32_t> next;  // the stream's following event
    std::vector<Event> gathered;
  };
  struct Stream {
    std::uint64_t last_seq = 0;
    std::uint32_t first = none;  // in the pool of its channel
    std::uint32_t last = none;
    bool is_wanted = false;
  };
  struct KnownBest {
    BestPrices best{};
    bool is_known = false;
  };

  Stream* wanted(wire::Channel channel, SymbolId symbol, std::uint64_t seq);
  template <class Event>
  void push(Pool<Event>& pool, Stream* stream, std::uint32_t id, const Event& event);
  void add_trade(const PublicEvent& event, const Instrument& instrument);
  void add_bust(const PublicEvent& event, const Instrument& instrument);
  void add_status(const PublicEvent& event);
  void add_imbalance(const PublicEvent& event, const Instrument& instrument);
  template <class Event, class Write>
  void cut(Pool<Event>& pool, std::uint32_t id, Stream& stream, Write write, EncodedFrame& out);

  const InstrumentTable* instruments_;
  FrameWriter writer_;
  bool wants_all_ = false;
  std::vector<Stream> streams_;         // (symbol id - 1) * channels.size() + index of channel
  std::vector<KnownBest> best_;         // symbol id - 1
  std::vector<std::uint32_t> touched_;  // stream ids of the burst, in order of their first event
  std::size_t flushed_ = 0;             // of touched_
  Pool<wire::MboEvent> mbo_;
  Pool<wire::Trade> trade_;
  Pool<wire::Bbo> bbo_;
  Pool<wire::Status> status_;
  Pool<wire::Imbalance> imbalance_;
  std::uint64_t seq_ = 0;  // of the transaction added last
  std::uint64_t time_ = 0;
  std::uint32_t epoch_ = 0;
  std::uint64_t ts_pub_ = 0;
  std::uint8_t flags_ = 0;
};

}  // namespace bourse
