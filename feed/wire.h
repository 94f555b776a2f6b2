// The structs of schemas/market_data.fbs as the rest of the house sees them: the bytes that lie in
// a frame's vector.
//   Shape:  frozen, little-endian, 8-aligned, no implicit padding; market_frames.cpp asserts that
//           each offset is the one of the generated code.
//   Units:  seq, prev_seq, ...: sequences of the log. ts_...: nanoseconds UTC. Prices in 1e-9 of
//           the quote currency (price_none = none). Sizes in 10^qty_exponent of the base currency.
//           Sides and actions are ASCII letters, see docs/PROTOCOL.md.
//   Owner:  values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "matching/types.h"  // SymbolId

namespace bourse::wire {

enum class Channel : std::uint8_t {
  none = 0,
  mbo = 1,
  level = 2,
  bbo = 3,
  trade = 4,
  depth10 = 5,
  bar = 6,
  stat = 7,
  status = 8,
  definition = 9,
  imbalance = 10,
  check = 11,
  system = 12,
  exec = 13,
};

// Bits of FrameHeader::flags.
namespace frame_flags {
inline constexpr std::uint8_t snapshot = 1;
inline constexpr std::uint8_t snapshot_begin = 2;
inline constexpr std::uint8_t snapshot_end = 4;
inline constexpr std::uint8_t replay = 8;       // read from the log for this connection
inline constexpr std::uint8_t conflated = 16;   // stands for all of (prev_seq, last_seq]
inline constexpr std::uint8_t flush_last = 32;  // nothing more up to last_seq on this connection
inline constexpr std::uint8_t heartbeat = 64;
inline constexpr std::uint8_t partial = 128;  // more frames of the same last_seq follow
}  // namespace frame_flags

enum class SystemCode : std::uint16_t {
  heartbeat = 0,
  subscribe_ack = 1,
  slow_reader = 2,
  replay_completed = 3,
  end_of_interval = 4,
  gap = 5,
  caught_up = 6,
  snapshot_begin = 7,
  snapshot_end = 8,
  epoch_change = 9,
  server_shutdown = 10,
  end_of_replay = 11,
  clock_tick = 12,
  error = 13,
  stale = 14,    // a gateway has not heard of the engine for a while: what it tells may be old
  current = 15,  // it has again, and has caught up
};

inline constexpr std::int64_t price_none = std::numeric_limits<std::int64_t>::max();
inline constexpr std::size_t frame_bytes_max = 65536;
inline constexpr std::uint32_t instrument_id_max = (1u << 24) - 1;

// The canonical stream of a channel and an instrument. Other depths, intervals and rates have
// streams of their own, with this bit set: feed/market/stream_shape.h.
inline constexpr std::uint32_t variant_bit = 1u << 31;
constexpr std::uint32_t stream_id(Channel channel, SymbolId symbol) {
  return static_cast<std::uint32_t>(channel) << 24 | symbol.value();
}
Channel channel_of(std::uint32_t stream);
constexpr SymbolId symbol_of(std::uint32_t stream) { return SymbolId{stream & instrument_id_max}; }

struct FrameHeader {
  std::uint64_t prev_seq;  // last_seq of the stream's frame before; 0 in a snapshot
  std::uint64_t first_seq;
  std::uint64_t last_seq;
  std::uint64_t ts_pub;  // when the frame was built
  std::uint32_t stream_id;
  std::uint16_t epoch;
  Channel channel;
  std::uint8_t flags;  // frame_flags::...
};

struct MboEvent {
  std::uint64_t seq;
  std::uint64_t ts_event;
  std::uint64_t order_id;
  std::int64_t price;
  std::uint64_t size;
  std::uint64_t aux;
  std::uint64_t rpt_seq;
  std::uint32_t instrument_id;
  std::uint8_t action;  // A M C E T R N
  std::uint8_t side;    // B A N
  std::uint16_t flags;  // event_flags::... of matching/event.h
};

struct LevelUpdate {
  std::uint64_t seq;
  std::uint64_t ts_event;
  std::int64_t price;
  std::uint64_t size;  // of all orders at the price from now on; 0: the level is gone
  std::uint64_t rpt_seq;
  std::uint32_t instrument_id;
  std::uint32_t count;  // orders at the price
  std::uint8_t action;  // N new, C change, D delete, R clear
  std::uint8_t side;    // B A, N for R
  std::uint16_t flags;  // event_flags::last, snapshot; level_flags::...
  std::uint16_t level;  // better levels of its side, at most 65535
  std::uint16_t reserved;
};

// Bits of LevelUpdate::flags besides last and snapshot.
namespace level_flags {
inline constexpr std::uint16_t window_in = 2048;   // was in the book, has come among the best
inline constexpr std::uint16_t window_out = 4096;  // is in the book, no longer among the best
}  // namespace level_flags

struct Bbo {
  std::uint64_t seq;
  std::uint64_t ts_event;
  std::int64_t bid_px;
  std::int64_t ask_px;
  std::uint64_t bid_sz;
  std::uint64_t ask_sz;
  std::uint64_t rpt_seq;
  std::uint32_t instrument_id;
  std::uint32_t bid_ct;
  std::uint32_t ask_ct;
  std::uint16_t flags;
  std::uint16_t reserved;
};

struct Trade {
  std::uint64_t seq;
  std::uint64_t ts_event;
  std::int64_t price;
  std::uint64_t size;
  std::uint64_t match_id;
  std::uint64_t maker_order_id;
  std::uint64_t taker_order_id;
  std::uint64_t rpt_seq;
  std::uint32_t instrument_id;
  std::uint8_t kind;  // B book, A auction, X print off the displayed book, V void, I implied
  std::uint8_t side;  // of the aggressor: B A N
  std::uint16_t flags;
};

struct LevelPair {
  std::int64_t bid_px;  // price_none where there is no such level
  std::int64_t ask_px;
  std::uint64_t bid_sz;
  std::uint64_t ask_sz;
  std::uint32_t bid_ct;
  std::uint32_t ask_ct;
};

// A table on the wire: the vector of levels always has ten entries.
struct Depth10 {
  std::uint64_t seq;
  std::uint64_t ts_event;
  std::uint64_t rpt_seq;
  std::uint32_t instrument_id;
  std::uint16_t flags;
  std::uint16_t reserved;
  LevelPair levels[10];  // best first
};

struct Bar {
  std::uint64_t seq;  // CLOSED: of the transaction that closed it
  std::uint64_t ts_open;
  std::uint64_t ts_close;  // of the interval: the first nanosecond that is not in it
  std::int64_t open;
  std::int64_t high;
  std::int64_t low;
  std::int64_t close;
  std::uint64_t volume;
  std::uint64_t buy_volume;  // of buying aggressors
  std::int64_t turnover;     // price x volume in the quote currency, 1e-9
  std::int64_t vwap;
  std::uint32_t interval_ms;
  std::uint32_t trades;
  std::uint32_t instrument_id;
  std::uint16_t flags;  // bar_flags::...
  std::uint16_t reserved;
};

namespace bar_flags {
inline constexpr std::uint16_t closed = 1;
inline constexpr std::uint16_t snapshot = 2;
inline constexpr std::uint16_t empty = 4;  // no trade; the prices are the last trade's
}  // namespace bar_flags

struct Stat {
  std::uint64_t seq;
  std::uint64_t ts_event;
  std::uint64_t ts_ref;  // where its window begins
  std::int64_t price;
  std::int64_t quantity;
  std::uint32_t instrument_id;
  std::uint16_t stat_type;     // docs/PROTOCOL.md has the table
  std::uint8_t update_action;  // 1: new value
  std::uint8_t flags;
  std::uint64_t reserved;
};

struct BookCheck {
  std::uint64_t seq;
  std::uint64_t rpt_seq;
  std::uint64_t book_hash;
  std::uint32_t instrument_id;
  std::uint32_t crc32c_top10;
  std::uint32_t bid_levels;
  std::uint32_t ask_levels;
};

struct Status {
  std::uint64_t seq;
  std::uint64_t ts_event;
  std::uint64_t rpt_seq;
  std::uint32_t instrument_id;
  std::uint16_t action;  // DBN status action
  std::uint16_t reason;
  std::uint16_t trading_event;
  std::uint8_t is_trading;  // Y N ~
  std::uint8_t is_quoting;  // Y N ~
  std::uint16_t flags;
  std::uint16_t reserved;
};

struct Imbalance {
  std::uint64_t seq;
  std::uint64_t ts_event;
  std::uint64_t ts_auction;  // when it ends; 0: not told
  std::int64_t ref_price;
  std::int64_t clear_price;  // at which it would match now; price_none: nothing would
  std::int64_t upper_collar;
  std::int64_t lower_collar;
  std::uint64_t paired_qty;     // that would match
  std::uint64_t imbalance_qty;  // that would be left at that price
  std::uint32_t instrument_id;
  std::uint8_t side;            // of what would be left: B A N
  std::uint8_t auction_type;    // O opening, C closing, V volatility
  std::uint8_t auction_status;  // 1: something would match, 0: nothing
  std::uint8_t freeze;
};

struct StreamPosition {
  std::uint64_t last_seq;
  std::uint32_t stream_id;
  std::uint32_t reserved;
};

struct Gap {
  std::uint64_t from_seq;
  std::uint64_t to_seq;
  std::uint32_t stream_id;
  std::uint8_t reason;
  std::uint8_t recoverable;
  std::uint16_t reserved;
};

static_assert(sizeof(FrameHeader) == 40 && alignof(FrameHeader) == 8);
static_assert(sizeof(MboEvent) == 64 && alignof(MboEvent) == 8);
static_assert(sizeof(LevelUpdate) == 56 && alignof(LevelUpdate) == 8);
static_assert(sizeof(Bbo) == 72 && alignof(Bbo) == 8);
static_assert(sizeof(Trade) == 72 && alignof(Trade) == 8);
static_assert(sizeof(LevelPair) == 40 && alignof(LevelPair) == 8);
static_assert(sizeof(Bar) == 104 && alignof(Bar) == 8);
static_assert(sizeof(Stat) == 56 && alignof(Stat) == 8);
static_assert(sizeof(BookCheck) == 40 && alignof(BookCheck) == 8);
static_assert(sizeof(Status) == 40 && alignof(Status) == 8);
static_assert(sizeof(Imbalance) == 80 && alignof(Imbalance) == 8);
static_assert(sizeof(StreamPosition) == 16 && alignof(StreamPosition) == 8);
static_assert(sizeof(Gap) == 24 && alignof(Gap) == 8);
static_assert(std::has_unique_object_representations_v<FrameHeader> &&
                  std::has_unique_object_representations_v<MboEvent> &&
                  std::has_unique_object_representations_v<LevelUpdate> &&
                  std::has_unique_object_representations_v<Bbo> &&
                  std::has_unique_object_representations_v<Trade> &&
                  std::has_unique_object_representations_v<Depth10> &&
                  std::has_unique_object_representations_v<Bar> &&
                  std::has_unique_object_representations_v<Stat> &&
                  std::has_unique_object_representations_v<BookCheck> &&
                  std::has_unique_object_representations_v<Status> &&
                  std::has_unique_object_representations_v<Imbalance> &&
                  std::has_unique_object_representations_v<StreamPosition> &&
                  std::has_unique_object_representations_v<Gap>,
              "a struct of the wire has implicit padding");

}  // namespace bourse::wire
