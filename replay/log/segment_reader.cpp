#include "replay/log/segment_reader.h"

#include <span>
#include <utility>
#include <vector>

#include "replay/log/crc32c.h"          // crc32c
#include "replay/log/record_scanner.h"  // RecordScanner
#include "replay/log/segment_ends.h"    // read_header, read_footer
#include "replay/log/segment_file.h"    // open_segment_file

namespace bourse {

Result<std::shared_ptr<SegmentReader>> SegmentReader::open(
    Disk& disk, const std::filesystem::path& directory, const SegmentName& name,
    std::shared_ptr<const SparseIndex> live_index) {
  std::shared_ptr<SegmentReader> reader(new SegmentReader);
  reader->path_ = directory / to_string(name);
  reader->name_ = name;
  reader->index_ = std::move(live_index);
  auto file = open_segment_file(disk, directory, name);
  if (!file) return std::unexpected(std::move(file.error()));
  reader->file_ = std::move(*file);
  auto header = read_header(*reader->file_, reader->path_);
  if (!header) return std::unexpected(std::move(header.error()));
  reader->header_ = *header;
  if (auto checked = check_name(*header, reader->path_, name); !checked) {
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
  auto footer = read_footer(*file_, path_, header_);
  if (!footer) return std::unexpected(std::move(footer.error()));
  footer_ = *footer;
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
