// What the load client writes down of what it was told: files of these records, one after another,
// which recorded.py reads and compares with the journal. Nothing is judged here.
//   Shape:  plain, little-endian, without implicit padding.
//   Units:  as on the wire (docs/PROTOCOL.md).
//   Owner:  values.
#pragma once

#include <cstdint>
#include <type_traits>

namespace bourse {

enum class ToldBy : std::uint8_t { report = 1, outcome = 2 };  // outcome: without prices and sizes

// One report of an account, in the order in which they came.
struct ToldReport {
  std::uint64_t exec_seq;
  std::uint64_t seq;
  std::uint64_t order_id;
  std::uint64_t client_seq;
  std::int64_t price;
  std::uint64_t qty;
  std::int64_t last_px;
  std::uint64_t last_qty;
  std::uint32_t flags;
  std::uint16_t reject_code;
  std::uint8_t exec_type;
  ToldBy told_by;
};

// A request of which was said that it never was executed, and never will be.
struct ToldRefusal {
  std::uint64_t client_seq;
  std::uint32_t account;
  std::uint16_t code;
  std::uint16_t times_sent;
};

// Frames of one subscriber that were chained to each other, with rpt_seq dense in all their rows.
struct ToldPiece {
  std::uint64_t prev_seq;  // of the first frame
  std::uint64_t first_seq;
  std::uint64_t last_seq;  // of the last frame
  std::uint64_t rows;
  std::uint64_t rpt_first;
  std::uint64_t rpt_last;
  std::uint32_t crc;  // zlib's CRC-32 of all rows
  std::uint32_t subscriber;
  std::uint32_t epoch;
  std::uint32_t frames;
};

static_assert(sizeof(ToldReport) == 72 && sizeof(ToldRefusal) == 16 && sizeof(ToldPiece) == 64);
static_assert(std::has_unique_object_representations_v<ToldReport> &&
              std::has_unique_object_representations_v<ToldRefusal> &&
              std::has_unique_object_representations_v<ToldPiece>);

}  // namespace bourse
