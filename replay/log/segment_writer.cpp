#include "replay/log/segment_writer.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <random>
#include <utility>

#include "matching/check.h"             // CHECK
#include "replay/log/crc32c.h"          // crc32c
#include "replay/log/record.h"          // record_crc, record_header
#include "replay/log/segment_reader.h"  // finish_header, finish_footer

namespace bourse {
namespace {

constexpr std::uint64_t first_seal_bytes = std::uint64_t{4} << 10;  // behind one group

TimeNs wall_clock() {
  return TimeNs{std::chrono::duration_cast<std::chrono::nanoseconds>(
                    std::chrono::system_clock::now().time_since_epoch())
                    .count()};
}

std::uint64_t random_word() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

void stamp_record(std::byte* record, std::uint32_t length, std::uint64_t salt,
                  std::uint64_t offset) {
  set_record_crc(record, record_crc({record, length}, salt, offset));
}

// Fills in checksums, three at a time.
class Stamper {
 public:
  Stamper(std::byte* group, std::uint64_t offset, std::uint64_t salt)
      : group_(group), offset_(offset), salt_(salt) {}
  void add(std::size_t at, std::uint32_t length) {
    at_[count_] = at;
    waiting_[count_] = {group_ + at, length, offset_ + at};
    if (++count_ < waiting_.size()) return;
    const auto crcs = record_crcs(waiting_, salt_);
    for (std::size_t i = 0; i < crcs.size(); ++i) set_record_crc(group_ + at_[i], crcs[i]);
    count_ = 0;
  }
  void finish() {
    for (std::size_t i = 0; i < count_; ++i) {
      stamp_record(group_ + at_[i], waiting_[i].length, salt_, waiting_[i].offset);
    }
  }

 private:
  std::byte* const group_;
  const std::uint64_t offset_;
  const std::uint64_t salt_;
  std::array<RecordPlace, 3> waiting_{};
  std::array<std::size_t, 3> at_{};
  std::size_t count_ = 0;
};

}  // namespace

SegmentWriter::SegmentWriter(std::shared_ptr<DiskFile> file, const SegmentName& name,
                             const SegmentHeader& header, std::shared_ptr<SparseIndex> index,
                             StreamHash hash, const SegmentPosition& position)
    : file_(std::move(file)),
      name_(name),
      header_(header),
      index_(std::move(index)),
      hash_(std::move(hash)),
      position_(position) {
  due_.reserve(record_bytes_max / index_every_bytes + 2);
}

std::uint64_t SegmentWriter::seal_bytes(std::size_t group_bytes) const {
  // A group adds at most one index entry, and one more for each index_every bytes of it.
  const std::size_t entries = index_->entries().size() + group_bytes / index_every_bytes + 1;
  return sizeof(SealRecord) + entries * sizeof(IndexEntry) + sizeof(SegmentFooter);
}

bool SegmentWriter::has_room(std::size_t group_bytes) const {
  return position_.offset + group_bytes + seal_bytes(group_bytes) <= header_.segment_bytes;
}

std::size_t SegmentWriter::fitting(std::span<const std::byte> records) const {
  if (has_room(sizeof(CommitRecord) + records.size())) return records.size();
  std::size_t fits = 0;
  while (fits < records.size()) {
    const std::size_t more = fits + record_header(records.data() + fits).length;
    const bool must_take = fits == 0 && is_empty();
    if (!must_take && !has_room(sizeof(CommitRecord) + more)) break;
    fits = more;
  }
  return fits;
}

DiskResult<void> SegmentWriter::write_group(std::span<std::byte> group,
                                            std::uint64_t durable_offset,
                                            Sequence durable_sequence) {
  CHECK(group.size() > sizeof(CommitRecord));
  SegmentPosition after = position_;
  ++after.group_number;
  std::uint64_t due_from = 0;  // no further entry before this offset
  if (const auto entries = index_->entries(); !entries.empty()) {
    due_from = std::uint64_t{entries.back().offset} + index_every_bytes;
  }
  due_.clear();
  Stamper stamper(group.data(), position_.offset, header_.salt);
  for (std::size_t at = sizeof(CommitRecord); at < group.size();) {
    const RecordHeader header = record_header(group.data() + at);
    CHECK(header.length <= group.size() - at);
    CHECK(header.sequence == next(after.last_sequence));
    const std::uint64_t offset = position_.offset + at;
    stamper.add(at, header.length);
    if (after.last_sequence.value() + 1 == header_.base_sequence.value()) {
      after.first_time = header.time;
    }
    if (offset >= due_from) {
      due_from = offset + index_every_bytes;
      due_.push_back({.sequence_delta = static_cast<std::uint32_t>(header.sequence.value() -
                                                                   header_.base_sequence.value()),
                      .offset = static_cast<std::uint32_t>(offset),
                      .time = header.time});
    }
    after.last_sequence = header.sequence;
    after.last_time = header.time;
    after.last_epoch = header.epoch;
    if (defines_instrument(group.subspan(at, header.length))) [[unlikely]] {
      after.definitions_end = static_cast<std::uint32_t>(offset + header.length);
    }
    at += header.length;
  }
  stamper.finish();
  const CommitRecord commit{
      .header = {.length = sizeof(CommitRecord),
                 .crc32c = 0,
                 .sequence = position_.last_sequence,
                 .time = position_.last_time,
                 .epoch = after.last_epoch,
                 .type = RecordType::commit,
                 .version = 1,
                 .flags = 0},
      .durable_offset = durable_offset,
      .durable_sequence = durable_sequence,
      .group_number = after.group_number,
      .group_bytes = static_cast<std::uint32_t>(group.size()),
      .reserved_ = 0,
  };
  std::memcpy(group.data(), &commit, sizeof commit);
  stamp_record(group.data(), sizeof commit, header_.salt, position_.offset);

  if (const auto written = file_->write(group, position_.offset); !written) return written;
  hash_.add(group);
  for (const IndexEntry& entry : due_) index_->append(entry);
  after.offset += group.size();
  position_ = after;
  return {};
}

std::uint64_t SegmentWriter::seal_end() const {
  return position_.offset + sizeof(SealRecord) + index_->entries().size_bytes() +
         sizeof(SegmentFooter);
}

DiskResult<SegmentFooter> SegmentWriter::seal() {
  const auto entries = index_->entries();
  const auto index_bytes = std::as_bytes(entries);
  const std::uint64_t index_offset = position_.offset + sizeof(SealRecord);
  const SealRecord seal{.header = {.length = sizeof(SealRecord),
                                   .crc32c = 0,
                                   .sequence = position_.last_sequence,
                                   .time = position_.last_time,
                                   .epoch = position_.last_epoch,
                                   .type = RecordType::seal,
                                   .version = 1,
                                   .flags = 0},
                        .index_offset = index_offset,
                        .index_count = static_cast<std::uint32_t>(entries.size()),
                        .reserved_ = 0};
  std::vector<std::byte> tail(sizeof seal + index_bytes.size() + sizeof(SegmentFooter));
  std::memcpy(tail.data(), &seal, sizeof seal);
  stamp_record(tail.data(), sizeof seal, header_.salt, position_.offset);
  if (!index_bytes.empty()) {
    std::memcpy(tail.data() + sizeof seal, index_bytes.data(), index_bytes.size());
  }
  // A copy: sealing may be tried again.
  StreamHash hash = hash_.copy();
  hash.add(std::span(tail).first(tail.size() - sizeof(SegmentFooter)));
  SegmentFooter footer{.magic = {},
                       .file_bytes = position_.offset + tail.size(),
                       .seal_offset = position_.offset,
                       .index_offset = index_offset,
                       .index_count = seal.index_count,
                       .index_crc32c = crc32c(0, index_bytes),
                       .last_sequence = position_.last_sequence,
                       .first_time = position_.first_time,
                       .last_time = position_.last_time,
                       .group_number = position_.group_number,
                       .last_epoch = position_.last_epoch,
                       .definitions_end = position_.definitions_end,
                       .hash = hash.digest(),
                       .reserved_too_ = 0,
                       .crc32c = 0};
  finish_footer(footer);
  std::memcpy(tail.data() + tail.size() - sizeof footer, &footer, sizeof footer);
  if (auto done = file_->write(tail, position_.offset); !done) {
    return std::unexpected(done.error());
  }
  if (auto done = file_->truncate(footer.file_bytes); !done) {
    return std::unexpected(done.error());
  }
  if (auto done = file_->sync(); !done) return std::unexpected(done.error());
  return footer;
}

SegmentHeader next_header(const SegmentHeader* previous, const SegmentFooter* footer,
                          const Uuid& journal, Epoch epoch, std::uint64_t segment_bytes) {
  SegmentHeader header{};
  header.journal = journal;
  header.number = 1;
  header.base_sequence = Sequence{1};
  if (previous != nullptr) {
    CHECK(footer != nullptr);
    header.number = previous->number + 1;
    header.base_sequence = next(footer->last_sequence);
    header.base_time = footer->last_time;
    header.previous_last_sequence = footer->last_sequence;
    header.previous_bytes = footer->file_bytes;
    header.previous_hash = footer->hash;
  }
  header.epoch = epoch;
  header.created_at = wall_clock();
  header.segment_bytes = segment_bytes;
  header.salt = random_word();
  finish_header(header);
  return header;
}

std::uint64_t bytes_at_first(std::uint64_t segment_bytes, std::size_t record_max) {
  constexpr std::uint64_t around = segment_header_bytes + sizeof(CommitRecord) + first_seal_bytes;
  return std::clamp<std::uint64_t>(segment_bytes, around + record_max, around + record_bytes_max);
}

}  // namespace bourse
