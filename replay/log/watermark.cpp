#include "replay/log/watermark.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <utility>

#include "replay/disk/directory.h"  // watermark_name
#include "replay/log/crc32c.h"      // crc32c
#include "replay/log/damage.h"      // damage_error

namespace bourse {
namespace {

using SlotBytes = std::array<std::byte, sizeof(WatermarkSlot)>;

std::uint32_t slot_crc(const SlotBytes& bytes) {
  return crc32c(0, std::span(bytes).first(offsetof(WatermarkSlot, crc32c)));
}

std::optional<WatermarkSlot> parse(const SlotBytes& bytes) {
  WatermarkSlot slot;
  std::memcpy(&slot, bytes.data(), sizeof slot);
  if (slot.magic != watermark_magic || slot_crc(bytes) != slot.crc32c) return std::nullopt;
  return slot;
}

struct Slots {
  std::optional<NewestSlot> newest;
  std::uint64_t used = 0;  // slots that are not all zero
};

DiskResult<Slots> read_slots(const DiskFile& file) {
  Slots slots;
  for (std::uint64_t i = 0; i < watermark_slots; ++i) {
    SlotBytes bytes{};
    const auto got = file.read(bytes, i * watermark_slot_bytes);
    if (!got) return std::unexpected(got.error());
    if (std::ranges::any_of(bytes, [](std::byte b) { return b != std::byte{0}; })) {
      ++slots.used;
    }
    const auto slot = parse(bytes);
    if (slot && (!slots.newest || slot->counter > slots.newest->slot.counter)) {
      slots.newest = NewestSlot{*slot, i};
    }
  }
  return slots;
}

}  // namespace

DiskResult<std::unique_ptr<WatermarkWriter>> WatermarkWriter::open(
    Disk& disk, const std::filesystem::path& directory, const std::optional<NewestSlot>& newest) {
  auto writing = disk.open(directory / watermark_name, OpenMode::open_or_create);
  if (!writing) return std::unexpected(writing.error());
  // Each slot has its place from the start: a full disk does not keep the watermark from moving.
  if (const auto room = (*writing)->allocate(0, watermark_slots * watermark_slot_bytes); !room) {
    return std::unexpected(room.error());
  }
  auto syncing = disk.open(directory / watermark_name, OpenMode::write);
  if (!syncing) return std::unexpected(syncing.error());
  // The newest slot may have come from a page cache: it must be safe before another is garbled. It
  // is written again, because a cache that has failed to write it takes it for clean.
  if (newest) {
    const auto bytes = std::as_bytes(std::span(&newest->slot, 1));
    if (auto put = (*writing)->write(bytes, newest->index * watermark_slot_bytes); !put) {
      return std::unexpected(put.error());
    }
  }
  if (const auto synced = (*syncing)->sync(); !synced) return std::unexpected(synced.error());
  return std::unique_ptr<WatermarkWriter>(
      new WatermarkWriter(std::move(*writing), std::move(*syncing), newest));
}

// Turns begin at 3, so that there is always one before.
WatermarkWriter::WatermarkWriter(std::unique_ptr<DiskFile> writing,
                                 std::unique_ptr<DiskFile> syncing,
                                 const std::optional<NewestSlot>& newest)
    : writing_(std::move(writing)),
      syncing_(std::move(syncing)),
      counter_(newest ? newest->slot.counter : 0),
      turn_(watermark_slots + (newest ? newest->index + 1 : 0)),
      safe_(turn_.load(std::memory_order_relaxed) - 1) {}

DiskResult<void> WatermarkWriter::write(WatermarkSlot slot) {
  ++counter_;
  slot.magic = watermark_magic;
  slot.major = format_major;
  slot.minor = format_minor;
  slot.counter = counter_;
  SlotBytes bytes{};
  std::memcpy(bytes.data(), &slot, sizeof slot);
  slot.crc32c = slot_crc(bytes);
  std::memcpy(bytes.data(), &slot, sizeof slot);
  const std::uint64_t turn = turn_.load(std::memory_order_relaxed);
  auto written = writing_->write(bytes, turn % watermark_slots * watermark_slot_bytes);
  if (written && safe_.load(std::memory_order_acquire) + 1 >= turn) {
    turn_.store(turn + 1, std::memory_order_release);
  }
  return written;
}

DiskResult<void> WatermarkWriter::sync() {
  const std::uint64_t turn = turn_.load(std::memory_order_acquire);
  auto synced = syncing_->sync();
  if (synced) safe_.store(turn - 1, std::memory_order_release);
  return synced;
}

std::optional<WatermarkSlot> newest_slot(const DiskFile& file) {
  const auto slots = read_slots(file);
  if (!slots || !slots->newest) return std::nullopt;
  return slots->newest->slot;
}

Result<std::optional<NewestSlot>> read_watermark(Disk& disk, const std::filesystem::path& directory,
                                                 bool is_first_start) {
  const auto path = directory / watermark_name;
  const auto file = disk.open(path, OpenMode::read);
  if (!file) {
    if (file.error() == ENOENT) return std::nullopt;
    return std::unexpected(disk_error(file.error(), "opening the watermark", path));
  }
  const auto slots = read_slots(**file);
  if (!slots) return std::unexpected(disk_error(slots.error(), "reading the watermark", path));
  if (slots->newest && slots->newest->slot.major != format_major) {
    return fail(ExitCode::bad_config, "the log was written in another format", path.string(),
                "use the version of bourse that wrote it");
  }
  if (slots->newest || slots->used <= (is_first_start ? 1u : 0u)) return slots->newest;
  Error error = damage_error(path, 0, watermark_slots * watermark_slot_bytes,
                             "none of the watermarks is sound");
  error.next =
      "the segments may be whole, but their end cannot be proven. Check them with: bourse replay "
      "DIRECTORY --verify; if you accept their end as it is, move this file away and start again";
  return std::unexpected(std::move(error));
}

}  // namespace bourse
