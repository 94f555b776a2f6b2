#include "replay/export/export_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "replay/dbn/dbn_metadata.h"  // dbn_date

namespace bourse {
namespace {

constexpr std::int64_t day_ns = 86'400'000'000'000;

// Behind the name and before all of its extensions that say what the file is.
std::filesystem::path with_part(const std::filesystem::path& path, const std::string& part) {
  std::filesystem::path stem = path.filename();
  std::string extensions;
  if (stem.extension() == ".zst") {
    extensions = ".zst";
    stem = stem.stem();
  }
  extensions = stem.extension().string() + extensions;
  return path.parent_path() / (stem.stem().string() + "." + part + extensions);
}

// A symbol as a part of a name: what a path could not have becomes an underscore.
std::string as_name(std::string_view symbol) {
  std::string name(symbol);
  std::ranges::replace(name, '/', '_');
  return name;
}

}  // namespace

std::uint64_t ExportFiles::key_of(const RowHead& head) const {
  switch (options_.split) {
    case ExportSplit::symbol:
      return head.symbol.value();
    case ExportSplit::day:
      return static_cast<std::uint64_t>(head.time.value() / day_ns);
    case ExportSplit::size:
      return current_ != nullptr && current_->output->bytes_in() >= options_.split_bytes
                 ? parts_ + 1
                 : parts_;
    case ExportSplit::none:
      break;
  }
  return 0;
}

std::filesystem::path ExportFiles::path_of(std::uint64_t key) const {
  switch (options_.split) {
    case ExportSplit::symbol: {
      const SymbolId symbol{static_cast<std::uint32_t>(key)};
      const ExportInstrument* const found = scope_.find(symbol);
      return with_part(options_.path,
                       found == nullptr ? std::to_string(key) : as_name(found->body.symbol_view()));
    }
    case ExportSplit::day: {
      const std::uint32_t date = dbn_date(static_cast<std::int64_t>(key) * day_ns);
      return with_part(options_.path, fmt::format("{:04}-{:02}-{:02}", date / 10'000,
                                                  date / 100 % 100, date % 100));
    }
    case ExportSplit::size:
      return with_part(options_.path, fmt::format("{:04}", key));
    case ExportSplit::none:
      break;
  }
  return options_.path;
}

bool ExportFiles::make_room() {
  if (open_count_ < files_open_max) return true;
  File* oldest = nullptr;
  for (auto& [key, file] : files_) {
    if (file.output->is_parked()) continue;
    if (oldest == nullptr || file.used < oldest->used) oldest = &file;
  }
  if (oldest == nullptr) return true;
  --open_count_;
  if (oldest->output->park()) return true;
  error_ = oldest->output->error();
  return false;
}

ExportFiles::File* ExportFiles::open(std::uint64_t key) {
  // Parts by size and days come one after the other: the one before is complete.
  const bool one_by_one = options_.split == ExportSplit::size || options_.split == ExportSplit::day;
  if (one_by_one && current_ != nullptr) {
    if (!finish(*current_)) return nullptr;
    files_.clear();
    open_count_ = 0;
  }
  current_ = nullptr;
  auto found = files_.find(key);
  if (found == files_.end()) {
    if (!make_room()) return nullptr;
    auto made = OutputFile::create(path_of(key), options_.replace);
    if (!made) {
      error_ = made.error();
      return nullptr;
    }
    ++open_count_;
    found = files_.emplace(key, File{std::move(*made), {}, 0}).first;
    found->second.summary.path = found->second.output->path();
    const std::span<const ExportInstrument> all(scope_.instruments);
    const ExportInstrument* const own = options_.split == ExportSplit::symbol
                                            ? scope_.find(SymbolId{static_cast<std::uint32_t>(key)})
                                            : nullptr;
    encoder_.begin(own == nullptr ? all : std::span(own, 1), found->second.output->buffer());
  } else if (found->second.output->is_parked()) {
    if (!make_room()) return nullptr;
    ++open_count_;
  }
  current_ = &found->second;
  current_key_ = key;
  if (options_.split == ExportSplit::size) parts_ = key;
  return current_;
}

bool ExportFiles::write(const RowRef& row) {
  const RowHead& head = head_of(row);
  const std::uint64_t key = key_of(head);
  if (current_ == nullptr || key != current_key_) {
    if (open(key) == nullptr) return false;
  }
  if (!encoder_.encode(row, current_->output->buffer())) {
    error_ = encoder_.error();
    return false;
  }
  if (!current_->output->settle()) {
    error_ = current_->output->error();
    return false;
  }
  current_->used = ++rows_;
  ExportedFile& summary = current_->summary;
  if (summary.rows++ == 0) summary.first = head.sequence;
  summary.last = std::max(summary.last, head.sequence);
  return true;
}

bool ExportFiles::finish(File& file) {
  const std::string head = encoder_.head(file.summary.rows);
  const bool finished = (head.empty() || file.output->overwrite(head)) && file.output->finish();
  if (!finished) {
    error_ = file.output->error();
    return false;
  }
  done_.push_back(file.summary);
  return true;
}

bool ExportFiles::finish() {
  if (files_.empty() && options_.split == ExportSplit::none && open(0) == nullptr) return false;
  for (auto& [key, file] : files_) {
    if (!finish(file)) return false;
  }
  files_.clear();
  current_ = nullptr;
  std::ranges::sort(done_, {}, &ExportedFile::path);
  return true;
}

}  // namespace bourse
