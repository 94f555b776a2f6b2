#include "replay/log/segment_catalog.h"

#include <algorithm>
#include <utility>

#include "matching/check.h"  // CHECK

namespace bourse {
namespace {

constexpr std::uint64_t readers_kept = 8;  // each a descriptor and an index of 0.1 % of its segment

}  // namespace

void SegmentCatalog::add(const SegmentName& name, TimeNs base_time,
                         std::shared_ptr<const SparseIndex> live_index) {
  const std::lock_guard lock(lock_);
  CHECK(entries_.empty() || entries_.back().name.base < name.base);
  entries_.push_back({name, base_time, std::move(live_index), {}});
}

DiskResult<void> SegmentCatalog::seal_newest() {
  const std::lock_guard lock(lock_);
  CHECK(!entries_.empty());
  Entry& entry = entries_.back();
  SegmentName sealed = entry.name;
  sealed.sealed = true;
  auto renamed = disk_.rename(directory_ / to_string(entry.name), directory_ / to_string(sealed));
  if (!renamed) return renamed;
  // Readers that have the file open go on reading it: a renamed file is the same file.
  entry.name = sealed;
  entry.live_index.reset();
  entry.kept.reset();
  return {};
}

void SegmentCatalog::rename(const SegmentName& name) {
  const std::lock_guard lock(lock_);
  const auto known =
      std::ranges::find(entries_, name.base, [](const Entry& e) { return e.name.base; });
  CHECK(known != entries_.end() && known->name.epoch == name.epoch);
  known->name = name;
  known->kept.reset();  // the file that it has open may be removed
}

void SegmentCatalog::remove_oldest() {
  const std::lock_guard lock(lock_);
  CHECK(entries_.size() > 1);
  entries_.erase(entries_.begin());
}

std::vector<SegmentCatalog::Listed> SegmentCatalog::segments() const {
  const std::lock_guard lock(lock_);
  std::vector<Listed> out;
  out.reserve(entries_.size());
  for (const Entry& entry : entries_) out.push_back({entry.name, entry.base_time});
  return out;
}

Result<void> SegmentCatalog::refresh() {
  auto listing = list_directory(disk_, directory_);
  if (!listing) return std::unexpected(std::move(listing.error()));
  const std::lock_guard lock(lock_);
  if (!listing->segments.empty()) {
    const Sequence oldest = listing->segments.front().base;
    std::erase_if(entries_, [oldest](const Entry& e) { return e.name.base < oldest; });
  }
  for (const SegmentName& name : listing->segments) {
    const auto known =
        std::ranges::find(entries_, name.base, [](const Entry& e) { return e.name.base; });
    if (known != entries_.end()) {
      known->name = name;
      continue;
    }
    if (!entries_.empty() && name.base < entries_.back().name.base) continue;
    auto reader = SegmentReader::open(disk_, directory_, name);
    if (!reader) return std::unexpected(std::move(reader.error()));
    entries_.push_back({name, (*reader)->header().base_time, nullptr, {}});
  }
  return {};
}

Sequence SegmentCatalog::earliest() const {
  const std::lock_guard lock(lock_);
  return entries_.empty() ? Sequence{1} : entries_.front().name.base;
}

Sequence SegmentCatalog::sealed() const {
  const std::lock_guard lock(lock_);
  // Of the newest segment only its own footer tells where it ends; all others end before it.
  return entries_.empty() ? Sequence{0} : Sequence{entries_.back().name.base.value() - 1};
}

std::size_t SegmentCatalog::size() const {
  const std::lock_guard lock(lock_);
  return entries_.size();
}

void SegmentCatalog::keep(Entry& entry, std::shared_ptr<const SegmentReader> reader) {
  entry.kept = std::move(reader);
  entry.kept_at = ++opened_;
  for (Entry& other : entries_) {
    if (other.kept_at + readers_kept <= opened_) other.kept.reset();
  }
}

Result<std::shared_ptr<const SegmentReader>> SegmentCatalog::open(std::size_t index) {
  Entry& entry = entries_[index];
  if (auto reader = entry.reader.lock()) return reader;
  auto reader = SegmentReader::open(disk_, directory_, entry.name, entry.live_index);
  if (!reader) return std::unexpected(std::move(reader.error()));
  entry.reader = *reader;
  // Of a segment that another process writes the index would soon be short.
  if ((*reader)->footer() || entry.live_index != nullptr) keep(entry, *reader);
  return std::shared_ptr<const SegmentReader>(std::move(*reader));
}

Result<std::shared_ptr<const SegmentReader>> SegmentCatalog::holding(Sequence sequence) {
  const std::lock_guard lock(lock_);
  const auto above =
      std::ranges::upper_bound(entries_, sequence, {}, [](const Entry& e) { return e.name.base; });
  if (above == entries_.begin()) return std::shared_ptr<const SegmentReader>();
  return open(static_cast<std::size_t>(above - entries_.begin()) - 1);
}

Result<std::shared_ptr<const SegmentReader>> SegmentCatalog::holding(TimeNs time) {
  const std::lock_guard lock(lock_);
  if (entries_.empty()) return std::shared_ptr<const SegmentReader>();
  const auto at = std::ranges::lower_bound(entries_, time, {}, &Entry::base_time);
  const auto index = static_cast<std::size_t>(at - entries_.begin());
  return open(index == 0 ? 0 : index - 1);
}

}  // namespace bourse
