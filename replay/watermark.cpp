#include "replay/watermark.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <utility>

#include "replay/crc32c.h"     // crc32c
#include "replay/damage.h"     // damage_error
#include "replay/directory.h"  // watermark_name

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
  std::optional<WatermarkSlot> newest;
  bool is_blank = true;
};

DiskResult<Slots> read_slots(const DiskFile& file) {
  Slots slots;
  for (std::uint64_t i = 0; i < 2; ++i) {
    SlotBytes bytes{};
    const auto got = file.read(bytes, i * watermark_slot_bytes);
    if (!got) return std::unexpected(got.error());
    if (std::ranges::any_of(bytes, [](std::byte b) { return b != std::byte{0}; })) {
      slots.is_blank = false;
    }
    const auto slot = parse(bytes);
    if (slot && (!slots.newest || slot->counter > slots.newest->counter)) slots.newest = slot;
  }
  return slots;
}

}  // namespace

DiskResult<WatermarkWriter> WatermarkWriter::open(Disk& disk,
                                                  const std::filesystem::path& directory,
                                                  std::uint64_t last_counter) {
  auto file = disk.open(directory / watermark_name, OpenMode::open_or_create);
  if (!file) return std::unexpected(file.error());
  return WatermarkWriter(std::move(*file), last_counter);
}

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
  return file_->write(bytes, (counter_ % 2) * watermark_slot_bytes);
}

std::optional<WatermarkSlot> newest_slot(const DiskFile& file) {
  const auto slots = read_slots(file);
  return slots ? slots->newest : std::nullopt;
}

Result<std::optional<WatermarkSlot>> read_watermark(Disk& disk,
                                                    const std::filesystem::path& directory) {
  const auto path = directory / watermark_name;
  const auto file = disk.open(path, OpenMode::read);
  if (!file) {
    if (file.error() == ENOENT) return std::nullopt;
    return std::unexpected(disk_error(file.error(), "opening the watermark", path));
  }
  const auto slots = read_slots(**file);
  if (!slots) return std::unexpected(disk_error(slots.error(), "reading the watermark", path));
  if (slots->newest && slots->newest->major != format_major) {
    return fail(ExitCode::bad_config, "the log was written in another format", path.string(),
                "use the version of bourse that wrote it");
  }
  if (slots->newest || slots->is_blank) return slots->newest;
  Error error = damage_error(path, 0, 2 * watermark_slot_bytes, "neither watermark is sound");
  error.next =
      "the segments may be whole, but their end cannot be proven. Check them with: bourse replay "
      "DIRECTORY --verify; if you accept their end as it is, move this file away and start again";
  return std::unexpected(std::move(error));
}

}  // namespace bourse
