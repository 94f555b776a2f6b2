#include "replay/disk/directory.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace bourse {
namespace {

constexpr std::size_t base_digits = 20;
constexpr std::size_t epoch_digits = 8;
constexpr std::string_view sealed_suffix = ".seg";
constexpr std::string_view open_suffix = ".open";
constexpr std::string_view compressed_suffix = ".seg.zst";

template <class Int>
bool parse_digits(std::string_view text, int base, Int& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

std::string to_string(const SegmentName& name) {
  return fmt::format("{:020}-{:08x}{}", name.base.value(), name.epoch.value(),
                     name.compressed ? compressed_suffix
                     : name.sealed   ? sealed_suffix
                                     : open_suffix);
}

std::optional<SegmentName> parse_segment_name(std::string_view name) {
  constexpr std::size_t stem = base_digits + 1 + epoch_digits;
  if (name.size() <= stem || name[base_digits] != '-') return std::nullopt;
  const std::string_view suffix = name.substr(stem);
  const bool is_compressed = suffix == compressed_suffix;
  if (!is_compressed && suffix != sealed_suffix && suffix != open_suffix) return std::nullopt;
  std::uint64_t base = 0;
  std::uint32_t epoch = 0;
  if (!parse_digits(name.substr(0, base_digits), 10, base) ||
      !parse_digits(name.substr(base_digits + 1, epoch_digits), 16, epoch)) {
    return std::nullopt;
  }
  const SegmentName parsed{Sequence{base}, Epoch{epoch}, suffix != open_suffix, is_compressed};
  if (to_string(parsed) != name) return std::nullopt;  // a sign, capitals
  return parsed;
}

Result<DirectoryListing> list_directory(Disk& disk, const std::filesystem::path& directory) {
  const auto names = disk.list(directory);
  if (!names) return std::unexpected(disk_error(names.error(), "reading the directory", directory));
  DirectoryListing listing;
  for (const std::string& name : *names) {
    if (const auto segment = parse_segment_name(name)) {
      listing.segments.push_back(*segment);
    } else if (name == watermark_name) {
      listing.has_watermark = true;
    } else if (name == next_segment_name) {
      listing.has_next_segment = true;
    } else if (name == reserve_name) {
      listing.has_reserve = true;
    } else if (name != lock_name && name != manifest_name &&
               name.find(".torn.") == std::string::npos && !name.ends_with(unfinished_suffix)) {
      listing.strangers.push_back(name);
    }
  }
  std::ranges::sort(listing.segments);
  const auto twins = std::ranges::unique(listing.segments, [](const auto& a, const auto& b) {
    return a.base == b.base && a.epoch == b.epoch && a.sealed && b.sealed;
  });
  listing.segments.erase(twins.begin(), twins.end());
  std::ranges::sort(listing.strangers);
  if (listing.segments.empty() && !listing.strangers.empty()) {
    return fail(ExitCode::bad_config,
                fmt::format("this is no log: there is no segment in it, but '{}'{}",
                            listing.strangers.front(),
                            listing.strangers.size() > 1
                                ? fmt::format(" and {} more", listing.strangers.size() - 1)
                                : std::string()),
                directory.string(), "name a new or empty directory, or that of a log");
  }
  return listing;
}

Result<std::unique_ptr<DiskFile>> lock_directory(Disk& disk,
                                                 const std::filesystem::path& directory) {
  if (const auto made = disk.make_directory(directory); !made) {
    return std::unexpected(disk_error(made.error(), "making the directory", directory));
  }
  const auto path = directory / lock_name;
  auto file = disk.open(path, OpenMode::open_or_create);
  if (!file) return std::unexpected(disk_error(file.error(), "opening the lock", path));
  if (const auto locked = (*file)->try_lock(); !locked) {
    if (locked.error() != EAGAIN && locked.error() != EACCES) {
      return std::unexpected(disk_error(locked.error(), "locking", path));
    }
    return fail(ExitCode::busy, "another exchange is running on this log", directory.string(),
                "stop it first, or name another directory");
  }
  return std::move(*file);
}

bool is_directory_in_use(Disk& disk, const std::filesystem::path& directory) {
  const auto file = disk.open(directory / lock_name, OpenMode::read);
  return file && (*file)->is_locked_by_another();
}

}  // namespace bourse
