#include "replay/log/manifest.h"

#include <cstring>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "replay/disk/directory.h"  // manifest_name
#include "replay/log/crc32c.h"      // crc32c
#include "replay/log/damage.h"      // damage_error

namespace bourse {
namespace {

std::uint32_t crc_of(const ManifestRecord& record) {
  return crc32c(0, std::as_bytes(std::span(&record, 1)).first(offsetof(ManifestRecord, crc32c)));
}

bool is_sound(const ManifestRecord& record, std::uint64_t index) {
  return record.magic == manifest_magic && record.number == index + 1 &&
         record.crc32c == crc_of(record);
}

}  // namespace

Result<Manifest> read_manifest(Disk& disk, const std::filesystem::path& directory) {
  Manifest manifest;
  const auto path = directory / manifest_name;
  const auto file = disk.open(path, OpenMode::read);
  if (!file) {
    if (file.error() == ENOENT) return manifest;
    return std::unexpected(disk_error(file.error(), "opening", path));
  }
  std::optional<std::uint64_t> unsound;  // the first one
  for (std::uint64_t i = 0;; ++i) {
    ManifestRecord record{};
    const auto got =
        (*file)->read(std::as_writable_bytes(std::span(&record, 1)), i * sizeof record);
    if (!got) return std::unexpected(disk_error(got.error(), "reading", path));
    if (*got < sizeof record) return manifest;
    if (!is_sound(record, i)) {
      if (!unsound) unsound = i;
      continue;
    }
    // Each is synced before the next one is written: only the last one can be torn.
    if (unsound) {
      return std::unexpected(damage_error(path, *unsound * sizeof record, i * sizeof record,
                                          "a record in the middle of MANIFEST is not sound"));
    }
    const std::uint64_t expected = manifest.first_number();
    if (record.type != ManifestType::segment_deleted || record.segment_number != expected) {
      return std::unexpected(damage_error(path, i * sizeof record, (i + 1) * sizeof record,
                                          fmt::format("it should tell of segment {}", expected)));
    }
    manifest.last = record;
    manifest.bytes = (i + 1) * sizeof record;
  }
}

Result<std::vector<ManifestRecord>> sound_manifest_records(Disk& disk,
                                                           const std::filesystem::path& directory) {
  std::vector<ManifestRecord> records;
  const auto path = directory / manifest_name;
  const auto file = disk.open(path, OpenMode::read);
  if (!file) {
    if (file.error() == ENOENT) return records;
    return std::unexpected(disk_error(file.error(), "opening", path));
  }
  for (std::uint64_t i = 0;; ++i) {
    ManifestRecord record{};
    const auto got =
        (*file)->read(std::as_writable_bytes(std::span(&record, 1)), i * sizeof record);
    if (!got) return std::unexpected(disk_error(got.error(), "reading", path));
    if (*got < sizeof record) return records;
    if (is_sound(record, i)) records.push_back(record);
  }
}

Result<void> write_manifest(Disk& disk, const std::filesystem::path& path,
                            std::vector<ManifestRecord> records) {
  for (std::size_t i = 0; i < records.size(); ++i) {
    records[i].magic = manifest_magic;
    records[i].type = ManifestType::segment_deleted;
    records[i].number = static_cast<std::uint32_t>(i + 1);
    records[i].crc32c = crc_of(records[i]);
  }
  const auto file = disk.open(path, OpenMode::open_or_create);
  if (!file) return std::unexpected(disk_error(file.error(), "making", path));
  auto done = (*file)->truncate(0);
  if (done) done = (*file)->write(std::as_bytes(std::span(records)), 0);
  if (done) done = (*file)->sync();
  if (!done) return std::unexpected(disk_error(done.error(), "writing", path));
  return {};
}

Result<void> append_manifest(Disk& disk, const std::filesystem::path& directory,
                             ManifestRecord record) {
  const auto path = directory / manifest_name;
  const auto so_far = read_manifest(disk, directory);
  if (!so_far) return std::unexpected(so_far.error());
  record.magic = manifest_magic;
  record.type = ManifestType::segment_deleted;
  record.number = static_cast<std::uint32_t>(so_far->bytes / sizeof record + 1);
  record.crc32c = crc_of(record);
  auto file = disk.open(path, OpenMode::open_or_create);
  if (!file) return std::unexpected(disk_error(file.error(), "opening", path));
  auto done = (*file)->truncate(so_far->bytes);  // a torn record goes
  if (done) done = (*file)->write(std::as_bytes(std::span(&record, 1)), so_far->bytes);
  if (done) done = (*file)->sync();
  if (done) done = disk.sync_directory(directory);
  if (!done) return std::unexpected(disk_error(done.error(), "writing", path));
  return {};
}

}  // namespace bourse
