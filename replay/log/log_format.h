// The bytes of the log on disk: what docs/JOURNAL.md says, as structs.
//   Shape:  segment = SegmentHeader 4096 | records ... | SealRecord | IndexEntry ... |
//   SegmentFooter.
//           An open segment has zeros after its last record. Everything is little-endian and
//           8-aligned; every offset is asserted.
//   Units:  offsets and lengths in bytes from the start of the file; times in nanoseconds.
//   Owner:  values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "matching/transaction.h"  // RecordHeader, transaction_bytes_max
#include "matching/types.h"        // Sequence, TimeNs, Epoch
#include "replay/disk/uuid.h"      // Uuid

namespace bourse {

inline constexpr std::uint16_t format_major = 1;  // another major: refused
inline constexpr std::uint16_t format_minor = 0;  // a later minor: readable
inline constexpr std::array<char, 8> segment_magic{'B', 'O', 'U', 'R', 'S', 'L', 'O', 'G'};
inline constexpr std::array<char, 8> footer_magic{'B', 'O', 'U', 'R', 'S', 'E', 'N', 'D'};
inline constexpr std::array<char, 8> watermark_magic{'B', 'O', 'U', 'R', 'S', 'W', 'M', '1'};

inline constexpr std::uint32_t index_every_bytes = 16u << 10;
inline constexpr std::uint64_t segment_bytes_min = 16u << 10;
inline constexpr std::uint64_t segment_bytes_max = std::uint64_t{2} << 30;  // offsets fit 32 bits

struct Hash128 {  // XXH3, 128 bits
  std::uint64_t low;
  std::uint64_t high;
  friend bool operator==(const Hash128&, const Hash128&) = default;
};

struct SegmentHeader {
  std::array<char, 8> magic;  // segment_magic
  std::uint16_t major;
  std::uint16_t minor;
  std::uint32_t header_bytes;           // 4096: where the records begin
  Uuid journal;                         // the same in every segment of one log
  std::uint64_t number;                 // dense from 1
  Sequence base_sequence;               // of the first transaction in it
  Epoch epoch;                          // in which it was made
  std::uint32_t index_every;            // bytes per IndexEntry
  TimeNs base_time;                     // no transaction in it is older
  TimeNs created_at;                    // wall clock, for people
  std::uint64_t segment_bytes;          // it is sealed before it grows beyond
  std::uint64_t salt;                   // random; goes into the checksum of each record
  Sequence previous_last_sequence;      // of the segment before; 0 in the first
  std::uint64_t previous_bytes;         // its size, sealed
  Hash128 previous_hash;                // as its footer says
  std::uint64_t features_incompatible;  // a bit that a reader does not know: refused
  std::uint64_t features_compatible;    // may be ignored
  std::array<std::uint8_t, 3956> reserved_;
  std::uint32_t crc32c;  // of all bytes before it
};
inline constexpr std::uint32_t segment_header_bytes = 4096;
static_assert(sizeof(SegmentHeader) == segment_header_bytes && alignof(SegmentHeader) == 8);
static_assert(std::is_trivially_copyable_v<SegmentHeader>);
static_assert(offsetof(SegmentHeader, major) == 8 && offsetof(SegmentHeader, minor) == 10);
static_assert(offsetof(SegmentHeader, header_bytes) == 12 &&
              offsetof(SegmentHeader, journal) == 16);
static_assert(offsetof(SegmentHeader, number) == 32);
static_assert(offsetof(SegmentHeader, base_sequence) == 40 && offsetof(SegmentHeader, epoch) == 48);
static_assert(offsetof(SegmentHeader, index_every) == 52);
static_assert(offsetof(SegmentHeader, base_time) == 56);
static_assert(offsetof(SegmentHeader, created_at) == 64);
static_assert(offsetof(SegmentHeader, segment_bytes) == 72 && offsetof(SegmentHeader, salt) == 80);
static_assert(offsetof(SegmentHeader, previous_last_sequence) == 88);
static_assert(offsetof(SegmentHeader, previous_bytes) == 96);
static_assert(offsetof(SegmentHeader, previous_hash) == 104);
static_assert(offsetof(SegmentHeader, features_incompatible) == 120);
static_assert(offsetof(SegmentHeader, features_compatible) == 128);
static_assert(offsetof(SegmentHeader, reserved_) == 136 && offsetof(SegmentHeader, crc32c) == 4092);

// The first record of every group that was written together. What it says was known before the
// group was written: all before durable_offset was on the disk. This tells a torn tail from damage.
struct CommitRecord {
  RecordHeader header;           // sequence and time: of the last transaction before it
  std::uint64_t durable_offset;  // in this segment
  Sequence durable_sequence;
  std::uint64_t group_number;  // dense from 1 over the whole log
  std::uint32_t group_bytes;   // this record and all of its group
  std::uint32_t reserved_;
};
static_assert(sizeof(CommitRecord) == 64 && std::is_trivially_copyable_v<CommitRecord>);
static_assert(offsetof(CommitRecord, durable_offset) == 32);
static_assert(offsetof(CommitRecord, durable_sequence) == 40);
static_assert(offsetof(CommitRecord, group_number) == 48);
static_assert(offsetof(CommitRecord, group_bytes) == 56);

// The last record of a finished segment; its index and footer follow directly.
struct SealRecord {
  RecordHeader header;  // sequence and time: of the last transaction
  std::uint64_t index_offset;
  std::uint32_t index_count;
  std::uint32_t reserved_;
};
static_assert(sizeof(SealRecord) == 48 && std::is_trivially_copyable_v<SealRecord>);
static_assert(offsetof(SealRecord, index_offset) == 32 && offsetof(SealRecord, index_count) == 40);

// Names the first transaction and then about one in index_every bytes; ascending.
struct IndexEntry {
  std::uint32_t sequence_delta;  // sequence - base_sequence
  std::uint32_t offset;          // of the record
  TimeNs time;                   // of the transaction
};
static_assert(sizeof(IndexEntry) == 16 && std::is_trivially_copyable_v<IndexEntry>);
static_assert(offsetof(IndexEntry, offset) == 4 && offsetof(IndexEntry, time) == 8);

struct SegmentFooter {        // the last bytes of a sealed segment
  std::array<char, 8> magic;  // footer_magic
  std::uint64_t file_bytes;
  std::uint64_t seal_offset;  // of the SealRecord: where the records end
  std::uint64_t index_offset;
  std::uint32_t index_count;
  std::uint32_t index_crc32c;
  Sequence last_sequence;
  TimeNs first_time;
  TimeNs last_time;
  std::uint64_t group_number;  // of the last group
  Epoch last_epoch;
  std::uint32_t definitions_end;  // behind the last definition; 4096: there is none; 0: not known
  Hash128 hash;                   // of all bytes before the footer
  std::uint32_t reserved_too_;
  std::uint32_t crc32c;  // of all bytes of the footer before it
};
static_assert(sizeof(SegmentFooter) == 104 && std::is_trivially_copyable_v<SegmentFooter>);
static_assert(offsetof(SegmentFooter, file_bytes) == 8 &&
              offsetof(SegmentFooter, seal_offset) == 16);
static_assert(offsetof(SegmentFooter, index_offset) == 24);
static_assert(offsetof(SegmentFooter, index_count) == 32);
static_assert(offsetof(SegmentFooter, index_crc32c) == 36);
static_assert(offsetof(SegmentFooter, last_sequence) == 40);
static_assert(offsetof(SegmentFooter, first_time) == 48 &&
              offsetof(SegmentFooter, last_time) == 56);
static_assert(offsetof(SegmentFooter, group_number) == 64);
static_assert(offsetof(SegmentFooter, last_epoch) == 72 && offsetof(SegmentFooter, hash) == 80);
static_assert(offsetof(SegmentFooter, definitions_end) == 76);
static_assert(offsetof(SegmentFooter, crc32c) == 100);

// One of the three slots of the watermark file: how far the log was on the disk, said outside of
// the segments, so that damage to the very last group is seen as damage.
struct WatermarkSlot {
  std::array<char, 8> magic;  // watermark_magic
  std::uint16_t major;
  std::uint16_t minor;
  std::uint8_t durability;  // 1 memory, 2 disk
  std::uint8_t reserved_[3];
  Uuid journal;
  Uuid boot;              // of the machine: the page cache lives as long
  std::uint64_t counter;  // the newest slot counts
  std::uint64_t segment_number;
  std::uint64_t durable_offset;
  Sequence durable_sequence;
  std::uint64_t written_offset;  // given to the page cache
  Sequence written_sequence;
  Sequence released_sequence;
  std::uint64_t reserved_too_;
  std::uint32_t reserved_last_;
  std::uint32_t crc32c;  // of all bytes before it
};
inline constexpr std::uint64_t watermark_slots = 3;
inline constexpr std::uint64_t watermark_slot_bytes = 4096;  // distance of the slots
static_assert(sizeof(WatermarkSlot) == 120 && std::is_trivially_copyable_v<WatermarkSlot>);
static_assert(offsetof(WatermarkSlot, major) == 8 && offsetof(WatermarkSlot, durability) == 12);
static_assert(offsetof(WatermarkSlot, journal) == 16 && offsetof(WatermarkSlot, boot) == 32);
static_assert(offsetof(WatermarkSlot, counter) == 48);
static_assert(offsetof(WatermarkSlot, segment_number) == 56);
static_assert(offsetof(WatermarkSlot, durable_offset) == 64);
static_assert(offsetof(WatermarkSlot, durable_sequence) == 72);
static_assert(offsetof(WatermarkSlot, written_offset) == 80);
static_assert(offsetof(WatermarkSlot, written_sequence) == 88);
static_assert(offsetof(WatermarkSlot, released_sequence) == 96);
static_assert(offsetof(WatermarkSlot, crc32c) == 116);

inline constexpr std::size_t record_bytes_max = transaction_bytes_max;
static_assert(record_bytes_max % 8 == 0 && sizeof(CommitRecord) < record_bytes_max);

}  // namespace bourse
