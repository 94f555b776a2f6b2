// Which segments there are, and which of them holds a sequence or a time.
//   Shape:  ascending entries under one lock that is taken per segment, not per transaction. An
//           open file and its index are shared by all cursors that are in the same segment.
//   Owner:  add() and seal_newest() belong to the journal thread (or to recovery), rename() and
//           remove_oldest() to the keeper of segments; all else to any thread.
//   Errors: those of SegmentReader::open(); a sequence that no segment can hold is nullptr.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "replay/disk/directory.h"      // SegmentName
#include "replay/disk/disk.h"           // Disk
#include "replay/log/segment_reader.h"  // SegmentReader
#include "replay/result.h"              // Result

namespace bourse {

class SegmentCatalog {
 public:
  SegmentCatalog(Disk& disk, std::filesystem::path directory)
      : disk_(disk), directory_(std::move(directory)) {}

  void add(const SegmentName& name, TimeNs base_time,
           std::shared_ptr<const SparseIndex> live_index = nullptr);
  // Gives the newest segment its sealed name, on the disk and here at once.
  DiskResult<void> seal_newest();

  // The segment with this base and epoch has another name from now on: it was compressed.
  void rename(const SegmentName& name);
  // The oldest one is about to be deleted: from now on nobody finds it here.
  void remove_oldest();  // REQUIRES: size() > 1

  struct Listed {
    SegmentName name;
    TimeNs base_time;
  };
  std::vector<Listed> segments() const;

  // Looks for what another process has made, sealed, compressed or deleted meanwhile.
  Result<void> refresh();

  Sequence earliest() const;
  Sequence sealed() const;  // the last sequence in a sealed segment; 0 if there is none
  std::size_t size() const;
  // The segment whose range holds `sequence`; the newest one holds everything from its base on.
  Result<std::shared_ptr<const SegmentReader>> holding(Sequence sequence);
  // The last segment that begins before `time`, or the first one of all.
  Result<std::shared_ptr<const SegmentReader>> holding(TimeNs time);

 private:
  struct Entry {
    SegmentName name;
    TimeNs base_time;  // nothing in it is older
    std::shared_ptr<const SparseIndex> live_index;
    std::weak_ptr<const SegmentReader> reader;
    std::shared_ptr<const SegmentReader> kept{};  // so that seeks to and fro need not open it again
    std::uint64_t kept_at = 0;
  };
  Result<std::shared_ptr<const SegmentReader>> open(std::size_t index);

  Disk& disk_;
  const std::filesystem::path directory_;
  void keep(Entry& entry, std::shared_ptr<const SegmentReader> reader);

  mutable std::mutex lock_;
  std::vector<Entry> entries_;
  std::uint64_t opened_ = 0;  // readers so far
};

}  // namespace bourse
