#include "replay/log/registered_readers.h"

#include <array>
#include <charconv>
#include <cstring>
#include <span>

namespace bourse {

Result<std::vector<RegisteredReader>> registered_readers(Disk& disk,
                                                         const std::filesystem::path& directory) {
  std::vector<RegisteredReader> out;
  const auto folder = directory / readers_folder;
  const auto names = disk.list(folder);
  if (!names) {
    if (names.error() == ENOENT) return out;
    return std::unexpected(disk_error(names.error(), "listing", folder));
  }
  for (const std::string& name : *names) {
    const auto file = disk.open(folder / name, OpenMode::read);
    if (!file && file.error() == ENOENT) continue;  // gone meanwhile
    if (!file) return std::unexpected(disk_error(file.error(), "opening", folder / name));
    std::array<char, 32> text{};
    const auto got = (*file)->read(std::as_writable_bytes(std::span(text)), 0);
    if (!got) return std::unexpected(disk_error(got.error(), "reading", folder / name));
    std::uint64_t needs = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + *got, needs);
    const bool is_number =
        error == std::errc{} && (end == text.data() + *got || *end == '\n' || *end == '\r');
    out.push_back({.name = name, .needs = Sequence{is_number ? needs : 0}});
  }
  return out;
}

// Not synced: what a power cut takes back keeps more than is needed.
Result<void> register_reader(Disk& disk, const std::filesystem::path& directory,
                             const RegisteredReader& reader) {
  const auto folder = directory / readers_folder;
  const auto making = directory / (reader.name + ".reader.tmp");
  const std::string text = std::to_string(reader.needs.value()) + "\n";
  auto done = disk.make_directory(folder);
  if (done) {
    auto file = disk.open(making, OpenMode::open_or_create);
    if (!file) return std::unexpected(disk_error(file.error(), "opening", making));
    done = (*file)->truncate(0);
    if (done) done = (*file)->write(std::as_bytes(std::span(text)), 0);
  }
  if (done) done = disk.rename(making, folder / reader.name);
  if (!done) return std::unexpected(disk_error(done.error(), "registering", folder / reader.name));
  return {};
}

Result<void> forget_reader(Disk& disk, const std::filesystem::path& directory,
                           const std::string& name) {
  const auto folder = directory / readers_folder;
  auto done = disk.remove(folder / name);
  if (done) done = disk.sync_directory(folder);
  if (!done) return std::unexpected(disk_error(done.error(), "removing", folder / name));
  return {};
}

}  // namespace bourse
