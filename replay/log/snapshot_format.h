// The bytes of a snapshot file: what docs/JOURNAL.md says, as structs.
//   Shape:  SnapshotHeader | SnapshotSection ... | sections, each 8-aligned. Little-endian; every
//           offset is asserted. A section is an array of equal records of matching/engine_image.h,
//           or of the public market.
//   Units:  offsets in bytes from the start of the file; times in nanoseconds.
//   Owner:  values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "matching/command.h"       // InstrumentBody
#include "matching/types.h"         // Sequence, TimeNs, Epoch
#include "replay/log/log_format.h"  // Uuid, Hash128

namespace bourse {

inline constexpr std::array<char, 8> snapshot_magic{'B', 'O', 'U', 'R', 'S', 'N', 'A', 'P'};
inline constexpr std::uint16_t snapshot_major = 1;  // another major: not used
inline constexpr std::uint16_t snapshot_minor = 0;  // a later minor: readable
// Of the rules of the engine and its image: a snapshot of another version is not used, the log is
// executed again instead.
inline constexpr std::uint32_t snapshot_engine_version = 1;

// What a file holds, and how its name ends.
enum class SnapshotKind : std::uint8_t {
  state = 1,  // .snap: all sections
  books = 2,  // .book: the public market only; for readers of books, not for a start
};

struct SnapshotHeader {
  std::array<char, 8> magic;
  std::uint16_t major;
  std::uint16_t minor;
  std::uint32_t header_bytes;  // 160: where the table of the sections begins
  Uuid journal;                // whose state it is
  Sequence sequence;           // of the last transaction in it
  TimeNs time;                 // its time
  Epoch epoch;                 // its epoch
  std::uint32_t engine;        // snapshot_engine_version
  std::uint64_t state_hash;    // of the engine after it; 0 if nothing was ever executed
  TimeNs created_at;           // wall clock, for people
  std::uint64_t file_bytes;
  std::uint32_t section_count;
  std::uint32_t table_crc32c;           // of the table of the sections
  Hash128 hash;                         // XXH3-128 of all bytes behind the header
  std::uint64_t features_incompatible;  // a bit that a reader does not know: not used
  std::uint64_t features_compatible;    // may be ignored
  std::array<std::uint8_t, 36> reserved_;
  std::uint32_t crc32c;  // of the bytes before
};
static_assert(std::is_trivially_copyable_v<SnapshotHeader> && sizeof(SnapshotHeader) == 160);
static_assert(offsetof(SnapshotHeader, journal) == 16 && offsetof(SnapshotHeader, sequence) == 32);
static_assert(offsetof(SnapshotHeader, time) == 40 && offsetof(SnapshotHeader, epoch) == 48);
static_assert(offsetof(SnapshotHeader, engine) == 52 && offsetof(SnapshotHeader, state_hash) == 56);
static_assert(offsetof(SnapshotHeader, file_bytes) == 72 && offsetof(SnapshotHeader, hash) == 88);
static_assert(offsetof(SnapshotHeader, section_count) == 80);
static_assert(offsetof(SnapshotHeader, features_incompatible) == 104);
static_assert(offsetof(SnapshotHeader, crc32c) == 156);

enum class SnapshotSectionKind : std::uint32_t {
  engine = 1,           // one EngineCounters
  symbols = 2,          // SymbolImage, by id
  accounts = 3,         // AccountImage, by number
  positions = 4,        // PositionImage
  orders = 5,           // OrderImage, by account, oldest first
  pending = 6,          // ids of symbols with unfinished work, oldest first
  sweeping = 7,         // numbers of accounts with an unfinished mass cancel, oldest first
  busted_trades = 8,    // match ids of void trades, ascending
  market_symbols = 16,  // MarketSymbolImage, by id
  market_orders = 17,   // MarketOrderImage, as the symbols say
};

struct SnapshotSection {
  SnapshotSectionKind kind;  // unknown ones are passed over
  std::uint32_t record_bytes;
  std::uint64_t record_count;
  std::uint64_t offset;  // in the file, a multiple of 8
  std::uint32_t crc32c;  // of its bytes
  std::uint32_t reserved_;
};
static_assert(sizeof(SnapshotSection) == 32 && offsetof(SnapshotSection, offset) == 16);

// One symbol of the public market; its orders can be read without the rest of the file.
struct MarketSymbolImage {
  InstrumentBody instrument;
  RptSequence rpt_sequence;   // of its last public event
  std::uint64_t first_order;  // in the section of the orders
  std::uint32_t bid_orders;   // best level first, oldest of a level first
  std::uint32_t ask_orders;   // likewise, behind the bids
  SymbolId symbol;
  std::uint32_t crc32c;  // of its orders
  std::uint16_t status;  // trading status, an action code of docs/PROTOCOL.md
  std::uint8_t reserved_[6];
};
static_assert(sizeof(MarketSymbolImage) == 152 && offsetof(MarketSymbolImage, first_order) == 120);
static_assert(offsetof(MarketSymbolImage, status) == 144);

struct MarketOrderImage {
  OrderId order_id;
  PriceTicks price;
  QuantityLots quantity;  // displayed
};
static_assert(sizeof(MarketOrderImage) == 24);

}  // namespace bourse
