#include "app/log_commands/journal_keep_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string_view>
#include <vector>

#include "app/config/keep_config.h"      // keep_policy
#include "app/terminal/complaint.h"      // complain, wants_json
#include "app/terminal/json_text.h"      // json_text
#include "app/terminal/progress_line.h"  // bytes_text
#include "app/threads/wall_clock.h"      // wall_clock_now
#include "replay/disk/directory.h"       // lock_directory
#include "replay/disk/file_copy.h"       // copy_file
#include "replay/log/recovery.h"         // recover
#include "replay/log/segment_keeper.h"   // SegmentKeeper
#include "replay/upkeep/log_check.h"     // check_log
#include "replay/upkeep/log_repair.h"    // repair_log

namespace bourse {
namespace {

// lock_directory() makes what is not there: a mistyped name must not become a directory.
Result<void> must_exist(const std::string& directory) {
  if (std::filesystem::is_directory(directory)) return {};
  return fail(ExitCode::file_missing, "there is no such directory", directory,
              "name the directory of a journal");
}

Result<KeeperCounters> compact(const CompactArguments& arguments) {
  if (auto there = must_exist(arguments.directory); !there) {
    return std::unexpected(std::move(there.error()));
  }
  const auto lock = lock_directory(posix_disk(), arguments.directory);
  if (!lock) return std::unexpected(lock.error());
  const auto found = recover(posix_disk(), arguments.directory, false);
  if (!found) return std::unexpected(found.error());
  if (found->damage) return std::unexpected(*found->damage);
  SegmentCatalog catalog(posix_disk(), arguments.directory);
  for (std::size_t i = 0; i < found->segments.size(); ++i) {
    catalog.add(found->segments[i], found->base_times[i]);
  }
  if (found->segments.empty()) return KeeperCounters{};
  Config::Journal limits;
  limits.retain_s = arguments.retain_s;
  limits.retain_bytes = arguments.retain_bytes;
  limits.compress_after_s = arguments.older_than_s;
  KeepPolicy policy = keep_policy(limits);
  policy.compress = true;
  SegmentKeeper keeper(posix_disk(), arguments.directory, policy, catalog,
                       found->last_header->journal);
  for (;;) {
    switch (keeper.step(wall_clock_now())) {
      case SegmentKeeper::Step::worked:
        continue;
      case SegmentKeeper::Step::failed:
        return std::unexpected(keeper.failure());
      case SegmentKeeper::Step::idle:
        return keeper.counters();
    }
  }
}

// Everything of the log, snapshots too; not the lock, and nothing that is none of the log's.
Result<std::uint64_t> copy_log(const std::filesystem::path& from, const std::filesystem::path& to) {
  Disk& disk = posix_disk();
  std::uint64_t bytes = 0;
  const auto copy = [&](const std::filesystem::path& name) -> Result<void> {
    const auto file = disk.open(from / name, OpenMode::read);
    if (!file) return std::unexpected(disk_error(file.error(), "opening", from / name));
    const auto copied = copy_file(disk, **file, from / name, to / name);
    if (!copied) return std::unexpected(copied.error());
    bytes += *copied;
    return {};
  };
  const auto listing = list_directory(disk, from);
  if (!listing) return std::unexpected(listing.error());
  std::vector<std::filesystem::path> names;
  for (const SegmentName& name : listing->segments) names.emplace_back(to_string(name));
  for (const std::string_view name : {watermark_name, manifest_name}) {
    if (disk.open(from / name, OpenMode::read)) names.emplace_back(name);
  }
  constexpr std::string_view folders[] = {"snap", "readers"};
  for (const std::string_view folder : folders) {
    const auto inside = disk.list(from / folder);
    if (!inside) continue;
    if (auto made = disk.make_directory(to / folder); !made) {
      return std::unexpected(disk_error(made.error(), "making", to / folder));
    }
    for (const std::string& name : *inside) names.push_back(std::filesystem::path(folder) / name);
  }
  for (const std::filesystem::path& name : names) {
    if (auto done = copy(name); !done) return std::unexpected(std::move(done.error()));
  }
  for (const std::string_view folder : folders) {
    if (std::filesystem::is_directory(to / folder)) {
      static_cast<void>(disk.sync_directory(to / folder));
    }
  }
  if (const auto synced = disk.sync_directory(to); !synced) {
    return std::unexpected(disk_error(synced.error(), "syncing", to));
  }
  return bytes;
}

Result<LogCheck> must_be_sound(const std::string& directory, bool is_locked_by_us) {
  auto check = check_log(
      posix_disk(), directory, CheckDepth::everything, [](std::uint64_t) {}, is_locked_by_us);
  if (!check || check->verdict() == ExitCode::ok) return check;
  return fail(check->verdict(), "the journal is not sound", directory,
              fmt::format("see: bourse journal verify {}", directory));
}

}  // namespace

int journal_compact_command(const CompactArguments& arguments) {
  const auto json = wants_json("journal compact", arguments.format);
  if (!json) return static_cast<int>(ExitCode::usage);
  const auto done = compact(arguments);
  if (!done) return complain("journal compact", done.error());
  if (*json) {
    fmt::print(R"({{"compressed":{},"raw_bytes":{},"compressed_bytes":{},"deleted":{},)"
               R"("deleted_bytes":{}}})"
               "\n",
               done->compressed, done->raw_bytes, done->compressed_bytes, done->deleted,
               done->deleted_bytes);
  } else {
    fmt::print("compressed  {} segments", done->compressed);
    if (done->compressed > 0) {
      fmt::print(
          ", {} to {}, {:.2f} times smaller", bytes_text(done->raw_bytes),
          bytes_text(done->compressed_bytes),
          static_cast<double>(done->raw_bytes) / static_cast<double>(done->compressed_bytes));
    }
    fmt::print("\ndeleted     {} segments, {}\n", done->deleted, bytes_text(done->deleted_bytes));
  }
  return static_cast<int>(std::fflush(stdout) == 0 ? ExitCode::ok : ExitCode::io_error);
}

int journal_repair_command(const RepairArguments& arguments) {
  const auto json = wants_json("journal repair", arguments.format);
  if (!json) return static_cast<int>(ExitCode::usage);
  if (auto there = must_exist(arguments.directory); !there)
    return complain("journal repair", there.error());
  const auto done = repair_log(posix_disk(), arguments.directory, arguments.from);
  if (!done) return complain("journal repair", done.error());
  for (const MendedFile& file : done->mended) {
    if (*json) {
      fmt::print(R"({{"mended":{},"kept_as":{},"how":{},"ranges":[)", json_text(file.file),
                 json_text(file.kept_as), json_text(file.how));
      std::string_view comma;
      for (const auto& [from, to] : file.ranges) {
        fmt::print("{}[{},{}]", comma, from, to);
        comma = ",";
      }
      fmt::print("]}}\n");
      continue;
    }
    fmt::print("mended: {}", file.file);
    if (!file.how.empty()) {
      fmt::print(", {}", file.how);
    } else if (file.ranges.empty()) {
      fmt::print(", taken whole");
    }
    for (const auto& [from, to] : file.ranges) fmt::print(", bytes {} to {}", from, to);
    if (!file.kept_as.empty()) fmt::print("; before: {}", file.kept_as);
    fmt::print("\n");
  }
  const ExitCode verdict = done->after.verdict();
  if (*json) {
    fmt::print(R"({{"verdict":"{}","mended":{}}})"
               "\n",
               verdict == ExitCode::ok ? "sound" : "damaged", done->mended.size());
  } else if (verdict == ExitCode::ok) {
    fmt::print("sound: sequences {} to {}\n", done->after.first.value(), done->after.last.value());
  } else {
    fmt::print("not all of it: see bourse journal verify {}\n", arguments.directory);
  }
  return static_cast<int>(std::fflush(stdout) == 0 ? verdict : ExitCode::io_error);
}

int journal_upgrade_command(const UpgradeArguments& arguments) {
  if (auto there = must_exist(arguments.directory); !there)
    return complain("journal upgrade", there.error());
  std::error_code error;
  if (std::filesystem::exists(arguments.to, error) &&
      !std::filesystem::is_empty(arguments.to, error)) {
    return complain("journal upgrade", {.code = ExitCode::cannot_create,
                                        .what = "there is something already",
                                        .where = arguments.to,
                                        .next = "name a new or empty directory"});
  }
  const auto lock = lock_directory(posix_disk(), arguments.directory);
  if (!lock) return complain("journal upgrade", lock.error());
  const auto before = must_be_sound(arguments.directory, true);
  if (!before) return complain("journal upgrade", before.error());
  if (const auto made = posix_disk().make_directory(arguments.to); !made) {
    return complain("journal upgrade", disk_error(made.error(), "making", arguments.to));
  }
  const auto copied = copy_log(arguments.directory, arguments.to);
  if (!copied) return complain("journal upgrade", copied.error());
  const auto after = must_be_sound(arguments.to, false);
  if (!after) return complain("journal upgrade", after.error());
  fmt::print("format {}.{} is the newest there is: copied unchanged and verified\n", format_major,
             format_minor);
  fmt::print("  {} -> {}: {} segments, sequences {} to {}, {}\n", arguments.directory, arguments.to,
             after->segments.size(), after->first.value(), after->last.value(),
             bytes_text(*copied));
  return static_cast<int>(std::fflush(stdout) == 0 ? ExitCode::ok : ExitCode::io_error);
}

}  // namespace bourse
