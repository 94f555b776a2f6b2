// From one segment to the next: sealing, taking what was laid ahead, turning to the reserve.
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <span>
#include <utility>

#include "replay/log/journal_writer_state.h"  // JournalWriter::State
#include "replay/log/record.h"                // record_header

namespace bourse {

// The segment at hand cannot grow any more. If there is a reserve, that is the next one.
JournalWriter::Step JournalWriter::State::turn_to_reserve(int error, std::string_view operation) {
  parts.preallocator.report_full();
  if (parts.segment->is_empty()) return stop_segment(error, operation);
  if (prepared.file == nullptr && !take_reserve()) return stop_segment(error, operation);
  return roll(record_header(buffer.get() + sizeof(CommitRecord)).epoch);
}

bool JournalWriter::State::take_reserve() {
  parts.preallocator.report_full();
  auto reserve = parts.preallocator.take_reserve(bytes_at_first(0, parts.transaction_bytes_max));
  if (!reserve) return false;
  if (prepared.file != nullptr) parts.preallocator.put_back(std::move(prepared));
  prepared = std::move(*reserve);
  return true;
}

JournalWriter::Step JournalWriter::State::roll(Epoch epoch) {
  if (parts.segment) {
    if (const Step sealed = seal_segment(); sealed != Step::wrote) return sealed;
  }
  return make_segment(epoch);
}

JournalWriter::Step JournalWriter::State::seal_segment() {
  SegmentWriter& segment = *parts.segment;
  parts.preallocator.release_current();
  const auto footer = segment.seal();
  if (!footer) return stop_segment(footer.error(), "sealing");
  if (const auto named = parts.catalog.seal_newest(); !named) {
    return stop_segment(named.error(), "sealing");
  }
  if (const auto synced = parts.disk.sync_directory(parts.directory); !synced) {
    return stop_segment(is_disk_full(synced.error()) ? EIO : synced.error(), "sealing");
  }
  parts.marks.durable.store(last.last_sequence.value(), std::memory_order_release);
  parts.previous_header = segment.header();
  parts.previous_footer = *footer;
  parts.segment.reset();
  count(segments);
  return Step::wrote;
}

JournalWriter::Step JournalWriter::State::make_segment(Epoch epoch) {
  if (prepared.file == nullptr) {
    auto taken = parts.preallocator.take_next();
    if (taken) {
      prepared = std::move(*taken);
    } else if (!is_disk_full(taken.error()) || !take_reserve()) {
      return stop(taken.error(), "making a segment", parts.directory / next_segment_name);
    }
  }
  auto done = begin_segment(epoch);
  if (!done && is_disk_full(done.error()) && prepared.name != reserve_name && take_reserve()) {
    done = begin_segment(epoch);
  }
  if (!done) return stop(done.error(), "making a segment", parts.directory / prepared.name);
  return Step::wrote;
}

// What `prepared` holds becomes the segment; it stays there if it could not.
DiskResult<void> JournalWriter::State::begin_segment(Epoch epoch) {
  const SegmentHeader header =
      next_header(parts.previous_header ? &*parts.previous_header : nullptr,
                  parts.previous_footer ? &*parts.previous_footer : nullptr, parts.journal, epoch,
                  prepared.bytes);
  const SegmentName name{header.base_sequence, epoch, false};
  const auto header_bytes = std::as_bytes(std::span(&header, 1));
  DiskResult<void> done;
  if (const std::uint64_t first = bytes_at_first(prepared.bytes, parts.transaction_bytes_max);
      prepared.filled < first) {
    done = prepared.file->allocate(prepared.filled, first - prepared.filled);
  }
  if (done) done = prepared.file->write(header_bytes, 0);
  if (done) done = prepared.file->sync();
  if (done) {
    done = parts.disk.rename(parts.directory / prepared.name, parts.directory / to_string(name));
  }
  if (!done) return done;
  done = parts.disk.sync_directory(parts.directory);
  if (!done) return std::unexpected(is_disk_full(done.error()) ? EIO : done.error());

  StreamHash hash;
  hash.add(header_bytes);
  last.offset = last.definitions_end = segment_header_bytes;
  auto index = std::make_shared<SparseIndex>(SparseIndex::capacity_for(header.segment_bytes));
  parts.catalog.add(name, header.base_time, index);
  parts.segment.emplace(prepared.file, name, header, std::move(index), std::move(hash), last);
  parts.preallocator.set_current(prepared.zeros,
                                 std::max<std::uint64_t>(prepared.filled, segment_header_bytes),
                                 header.segment_bytes);
  prepared = {};
  durable_offset = segment_header_bytes;
  writeback_from = segment_header_bytes;
  return {};
}

}  // namespace bourse
