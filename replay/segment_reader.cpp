#include "replay/segment_reader.h"

#include <cstring>
#include <span>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "replay/crc32c.h"          // crc32c
#include "replay/damage.h"          // damage_error
#include "replay/record_scanner.h"  // RecordScanner

namespace bourse {
namespace {

template <class T>
std::uint32_t crc_before_last_field(const T& value) {
  return crc32c(0, std::as_bytes(std::span(&value, 1)).first(offsetof(T, crc32c)));
}

Result<void> check_header(const SegmentHeader& header, const std::filesystem::path& path,
                          const SegmentName& name) {
  if (header.magic != segment_magic) {
    // A start that was zeroed or garbled would look the same; the name says it was ours.
    return std::unexpected(
        damage_error(path, 0, sizeof header.magic, "it does not begin like a segment of a log"));
  }
  if (header.major != format_major) {
    return fail(ExitCode::bad_config,
                fmt::format("the log is written in format {}.{}, this program reads {}.x",
                            header.major, header.minor, format_major),
                path.string(), "use the version of bourse that wrote it");
  }
  if (crc_before_last_field(header) != header.crc32c ||
      header.header_bytes != segment_header_bytes) {
    return std::unexpected(
        damage_error(path, 0, segment_header_bytes, "the header of the segment is not sound"));
  }
  if (header.features_incompatible != 0) {
    return fail(ExitCode::bad_config,
                fmt::format("the log uses features that this program does not know ({:#x})",
                            header.features_incompatible),
                path.string(), "use the version of bourse that wrote it, or a later one");
  }
  if (header.base_sequence != name.base || header.epoch != name.epoch) {
    const SegmentName right{header.base_sequence, header.epoch, name.sealed};
    return std::unexpected(damage_error(
        path, 0, 0, fmt::format("by its header the segment is called {}", to_string(right))));
  }
  return {};
}

}  // namespace

void finish_header(SegmentHeader& header) {
  header.magic = segment_magic;
  header.major = format_major;
  header.minor = format_minor;
  header.header_bytes = segment_header_bytes;
  header.index_every = index_every_bytes;
  header.crc32c = crc_before_last_field(header);
}

void finish_footer(SegmentFooter& footer) {
  footer.magic = footer_magic;
  footer.crc32c = crc_before_last_field(footer);
}

Result<std::shared_ptr<SegmentReader>> SegmentReader::open(
    Disk& disk, const std::filesystem::path& directory, const SegmentName& name,
    std::shared_ptr<const SparseIndex> live_index) {
  std::shared_ptr<SegmentReader> reader(new SegmentReader);
  reader->path_ = directory / to_string(name);
  reader->name_ = name;
  reader->index_ = std::move(live_index);
  auto file = disk.open(reader->path_, OpenMode::read);
  if (!file) return std::unexpected(disk_error(file.error(), "opening", reader->path_));
  reader->file_ = std::move(*file);
  SegmentHeader& header = reader->header_;
  const auto got = reader->file_->read(std::as_writable_bytes(std::span(&header, 1)), 0);
  if (!got) return std::unexpected(disk_error(got.error(), "reading", reader->path_));
  if (*got < sizeof header) {
    return std::unexpected(damage_error(reader->path_, *got, sizeof header,
                                        "the file ends inside of the segment's header"));
  }
  if (auto checked = check_header(header, reader->path_, name); !checked) {
    return std::unexpected(std::move(checked.error()));
  }
  if (name.sealed) {
    if (auto checked = reader->check_footer(); !checked) {
      return std::unexpected(std::move(checked.error()));
    }
  }
  return reader;
}

Result<void> SegmentReader::check_footer() {
  const auto size = file_->size();
  if (!size) return std::unexpected(disk_error(size.error(), "asking for the size of", path_));
  SegmentFooter footer{};
  if (*size < segment_header_bytes + sizeof(SealRecord) + sizeof footer) {
    return std::unexpected(damage_error(path_, *size, 0, "the sealed segment has been cut"));
  }
  const std::uint64_t at = *size - sizeof footer;
  const auto got = file_->read(std::as_writable_bytes(std::span(&footer, 1)), at);
  if (!got) return std::unexpected(disk_error(got.error(), "reading", path_));
  const bool sound = *got == sizeof footer && footer.magic == footer_magic &&
                     crc_before_last_field(footer) == footer.crc32c;
  if (!sound) {
    return std::unexpected(
        damage_error(path_, at, *size, "the footer of the sealed segment is not sound"));
  }
  const std::uint64_t index_end =
      footer.index_offset + std::uint64_t{footer.index_count} * sizeof(IndexEntry);
  if (footer.file_bytes != *size || index_end != at ||
      footer.seal_offset + sizeof(SealRecord) != footer.index_offset ||
      footer.last_sequence < header_.base_sequence) {
    return std::unexpected(
        damage_error(path_, at, *size, "the sealed segment is not as long as its footer says"));
  }
  footer_ = footer;
  return {};
}

std::shared_ptr<const SparseIndex> SegmentReader::load_index() const {
  std::vector<IndexEntry> entries(footer_->index_count);
  const auto bytes = std::as_writable_bytes(std::span(entries));
  const auto got = file_->read(bytes, footer_->index_offset);
  if (!got || *got != bytes.size() || crc32c(0, bytes) != footer_->index_crc32c) return nullptr;
  auto index = std::make_shared<SparseIndex>(entries.size());
  for (const IndexEntry& entry : entries) index->append(entry);
  return index;
}

Result<std::shared_ptr<const SparseIndex>> SegmentReader::build_index() const {
  const auto size = file_->size();
  if (!size) return std::unexpected(disk_error(size.error(), "asking for the size of", path_));
  auto index = std::make_shared<SparseIndex>(SparseIndex::capacity_for(*size));
  RecordScanner scanner(*file_, header_.salt);
  scanner.start(segment_header_bytes);
  for (;;) {
    const auto found = scanner.next();
    if (found == RecordScanner::Found::unreadable) {
      return std::unexpected(disk_error(scanner.read_error(), "reading", path_));
    }
    // What lies behind the first record that is not sound, nobody can reach.
    if (found != RecordScanner::Found::record || scanner.offset() >= *size) return index;
    const RecordHeader& header = scanner.header();
    if (header.type != RecordType::transaction || !index->is_due(scanner.offset())) continue;
    index->append({.sequence_delta = static_cast<std::uint32_t>(header.sequence.value() -
                                                                header_.base_sequence.value()),
                   .offset = static_cast<std::uint32_t>(scanner.offset()),
                   .time = header.time});
  }
}

Result<std::shared_ptr<const SparseIndex>> SegmentReader::index() const {
  const std::lock_guard lock(index_lock_);
  if (index_ == nullptr && footer_) index_ = load_index();
  if (index_ == nullptr) {
    auto built = build_index();
    if (!built) return std::unexpected(std::move(built.error()));
    // An index of a segment that another process is still writing would soon be short: an entry is
    // enough to begin from, so it is kept anyway; reading goes on from its last one.
    index_ = std::move(*built);
  }
  return index_;
}

}  // namespace bourse
