// What the journal thread knows, and the parts of its work: groups in journal_writer.cpp, the turn
// from one segment to the next in journal_roll.cpp.
//   Owner:  the journal thread; what any thread may read is atomic, and `failure` has its lock.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>

#include "replay/log/journal_writer.h"  // JournalWriter, JournalParts

namespace bourse {

struct JournalWriter::State {
  explicit State(JournalParts from)
      : parts(std::move(from)),
        buffer(std::make_unique_for_overwrite<std::byte[]>(buffer_bytes)),
        boot(parts.disk.boot()) {
    if (parts.segment) {
      durable_offset = parts.segment->position().offset;
      last = parts.segment->position();
    } else if (parts.previous_footer) {
      const SegmentFooter& footer = *parts.previous_footer;
      last = {.offset = 0,
              .last_sequence = footer.last_sequence,
              .last_time = footer.last_time,
              .last_epoch = footer.last_epoch,
              .group_number = footer.group_number,
              .definitions_end = segment_header_bytes};
    }
  }

  static constexpr std::size_t buffer_bytes = sizeof(CommitRecord) + record_bytes_max;

  Step step();
  Step write_what_waits();
  Step write_group(std::size_t bytes);
  Step release_what_is_written();
  Step tell();
  Step roll(Epoch epoch);
  Step seal_segment();
  Step make_segment(Epoch epoch);
  DiskResult<void> begin_segment(Epoch epoch);
  bool take_reserve();
  Step turn_to_reserve(int error, std::string_view operation);
  DiskResult<void> make_room(std::size_t group_bytes);
  DiskResult<void> sync_segment();
  DiskResult<void> write_watermark();
  Step stop(int error, std::string_view operation, const std::filesystem::path& path);
  Step stop_segment(int error, std::string_view operation);

  using Counter = std::atomic<std::uint64_t>;

  // Only the journal thread counts: no locked addition.
  static void count(Counter& counter, std::uint64_t more = 1) {
    counter.store(counter.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
  }

  JournalParts parts;
  std::unique_ptr<std::byte[]> buffer;  // room for a CommitRecord, then what peek() copies
  const Uuid boot;
  SegmentPosition last;              // of the newest segment, open or sealed
  std::uint64_t durable_offset = 0;  // in the open segment
  std::uint64_t writeback_from = 0;
  std::uint64_t unreleased_bytes = 0;  // written since the last release
  bool is_burst = false;               // more waited than one group takes
  Preallocator::Prepared prepared;     // kept when making a segment has to be tried again

  // Written by the journal thread (release: publishes `failure`), read by any thread (acquire).
  std::atomic<JournalState> state{JournalState::writing};  // never degraded: see state()
  mutable std::mutex failure_lock;                         // cold
  Error failure;

  // Written by the journal thread, read by any thread; relaxed, they publish nothing.
  Counter groups{0};
  Counter transactions{0};
  Counter bytes_written{0};
  Counter segments{0};
  Counter unprepared{0};
  SyncTimes sync_times;
  GroupSizes group_sizes;
};

}  // namespace bourse
