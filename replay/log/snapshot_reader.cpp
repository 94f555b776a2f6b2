#include "replay/log/snapshot_reader.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "replay/log/crc32c.h"            // crc32c
#include "replay/log/snapshot_catalog.h"  // snapshot_path
#include "replay/log/stream_hash.h"       // StreamHash

namespace bourse {
namespace {

constexpr std::uint32_t sections_max = 64;
constexpr std::size_t chunk_bytes = std::size_t{1} << 20;

std::uint32_t crc_of(const SnapshotHeader& header) {
  return crc32c(0, std::as_bytes(std::span(&header, 1)).first(offsetof(SnapshotHeader, crc32c)));
}

}  // namespace

void finish_header(SnapshotHeader& header) {
  header.magic = snapshot_magic;
  header.major = snapshot_major;
  header.minor = snapshot_minor;
  header.header_bytes = sizeof header;
  header.engine = snapshot_engine_version;
  header.crc32c = crc_of(header);
}

Error SnapshotReader::unusable(std::string why) const {
  return Error{.code = ExitCode::data_damaged,
               .what = "the snapshot cannot be used: " + std::move(why),
               .where = path_.string(),
               .next = "an older one and more of the log do as well; remove this file"};
}

std::unexpected<Error> SnapshotReader::no_section(SnapshotSectionKind kind) const {
  return std::unexpected(
      unusable(fmt::format("it has no section {} as this version of bourse knows it",
                           static_cast<std::uint32_t>(kind))));
}

Result<std::shared_ptr<const SnapshotReader>> SnapshotReader::open(
    Disk& disk, const std::filesystem::path& directory, Sequence sequence, SnapshotKind kind) {
  std::shared_ptr<SnapshotReader> reader(new SnapshotReader);
  reader->path_ = snapshot_path(directory, sequence, kind);
  auto file = disk.open(reader->path_, OpenMode::read);
  if (!file) return std::unexpected(disk_error(file.error(), "opening", reader->path_));
  reader->file_ = std::move(*file);
  auto checked = reader->check(sequence);
  if (checked) checked = reader->check_sections();
  if (!checked) return std::unexpected(std::move(checked.error()));
  return std::shared_ptr<const SnapshotReader>(std::move(reader));
}

Result<void> SnapshotReader::check(Sequence sequence) {
  const auto size = file_->size();
  if (!size) return std::unexpected(disk_error(size.error(), "asking for the size of", path_));
  const auto got = file_->read(std::as_writable_bytes(std::span(&header_, 1)), 0);
  if (!got) return std::unexpected(disk_error(got.error(), "reading", path_));
  const auto refuse = [this](std::string why) { return std::unexpected(unusable(std::move(why))); };
  if (*got < sizeof header_ || header_.magic != snapshot_magic) {
    return refuse("it does not begin like a snapshot");
  }
  if (header_.major != snapshot_major) {
    return refuse(fmt::format("it is written in format {}.{}, this program reads {}.x",
                              header_.major, header_.minor, snapshot_major));
  }
  if (crc_of(header_) != header_.crc32c || header_.header_bytes != sizeof header_) {
    return refuse("its header is not sound");
  }
  if (header_.features_incompatible != 0) {
    return refuse(fmt::format("it uses features that this program does not know ({:#x})",
                              header_.features_incompatible));
  }
  if (header_.engine != snapshot_engine_version) {
    return refuse(fmt::format("it is of version {} of the engine, this is version {}",
                              header_.engine, snapshot_engine_version));
  }
  if (header_.sequence != sequence) {
    return refuse(
        fmt::format("by its header it is the state after sequence {}", header_.sequence.value()));
  }
  if (header_.file_bytes != *size) {
    return refuse(fmt::format("it has {} bytes instead of {}", *size, header_.file_bytes));
  }
  if (header_.section_count > sections_max) return refuse("its header is not sound");
  return {};
}

Result<void> SnapshotReader::check_sections() {
  sections_.resize(header_.section_count);
  const auto bytes = std::as_writable_bytes(std::span(sections_));
  if (auto done = read(bytes, sizeof header_, header_.table_crc32c); !done) return done;
  for (const SnapshotSection& section : sections_) {
    const bool fits =
        section.record_bytes != 0 && section.offset % 8 == 0 &&
        section.offset <= header_.file_bytes &&
        section.record_count <= (header_.file_bytes - section.offset) / section.record_bytes;
    if (!fits) return std::unexpected(unusable("a section lies outside of the file"));
  }
  return {};
}

Result<void> SnapshotReader::read(std::span<std::byte> into, std::uint64_t offset,
                                  std::uint32_t crc) const {
  const auto got = file_->read(into, offset);
  if (!got) return std::unexpected(disk_error(got.error(), "reading", path_));
  if (*got != into.size() || crc32c(0, into) != crc) {
    return std::unexpected(
        unusable(fmt::format("bytes {} to {} are not sound", offset, offset + into.size())));
  }
  return {};
}

const SnapshotSection* SnapshotReader::section(SnapshotSectionKind kind) const {
  const auto found = std::ranges::find(sections_, kind, &SnapshotSection::kind);
  return found == sections_.end() ? nullptr : &*found;
}

Result<void> SnapshotReader::verify() const {
  StreamHash hash;
  std::vector<std::byte> chunk(std::min<std::uint64_t>(chunk_bytes, header_.file_bytes));
  for (std::uint64_t at = sizeof header_; at < header_.file_bytes;) {
    const auto got = file_->read(chunk, at);
    if (!got) return std::unexpected(disk_error(got.error(), "reading", path_));
    if (*got == 0) break;
    hash.add(std::span<const std::byte>(chunk).first(*got));
    at += *got;
  }
  if (hash.digest() != header_.hash) {
    return std::unexpected(unusable("its bytes are not those that were written"));
  }
  return {};
}

}  // namespace bourse
