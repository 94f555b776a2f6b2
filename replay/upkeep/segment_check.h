// Everything that is wrong with one segment, not only the first: for `bourse journal verify`.
//   Shape:  header, footer, every record, the index and the hash over the file. Behind damage the
//           next sound record is looked for (its checksum covers its place), and the check goes on.
//   Units:  bytes in the (uncompressed) segment, sequences of the log.
//   Owner:  one thread.
//   Errors: none: what is wrong is a Finding. A read that fails is `unreadable`, never damage.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "replay/disk/directory.h"  // SegmentName
#include "replay/disk/disk.h"       // Disk
#include "replay/log/log_format.h"  // SegmentHeader, SegmentFooter
#include "replay/result.h"          // Error

namespace bourse {

enum class FindingKind : std::uint8_t {
  note = 1,        // worth knowing; nothing that was promised is missing
  damage = 2,      // what was acknowledged is not there, or is not what it was
  unreadable = 3,  // the device does not give it
};

struct Finding {
  FindingKind kind = FindingKind::damage;
  std::string file;  // in the directory; empty: the directory itself
  std::uint64_t from_byte = 0;
  std::uint64_t to_byte = 0;  // 0: the file as a whole
  // What cannot be read because of it; both 0: no transaction, or unknown.
  Sequence first{0};
  Sequence last{0};
  std::string what;
};

enum class CheckDepth : std::uint8_t {
  ends = 1,        // headers and footers, and the records of the open segment
  everything = 2,  // every byte
};

// Called with the number of bytes that have been looked at since the last call.
using CheckProgress = std::function<void(std::uint64_t)>;

// What is known of a segment from outside.
struct SegmentPromise {
  std::uint64_t offset = 0;   // open segment: all before it was promised to be there
  Sequence last_sequence{0};  // that it should hold; 0: not known
  // Of an exchange that is running: what lies behind is being written. 0: read to the end.
  std::uint64_t read_until = 0;
};

struct SegmentCheck {
  SegmentName name;
  std::optional<SegmentHeader> header;  // if it is sound
  std::optional<SegmentFooter> footer;  // likewise
  std::uint64_t file_bytes = 0;         // on the disk
  std::uint64_t transactions = 0;       // sound ones; 0 if not counted
  Sequence last_sequence{0};            // by the footer, else by the records; 0 if there is none
  TimeNs first_time{0};
  TimeNs last_time{0};
  // nullopt: not looked at.
  std::optional<bool> records_sound;
  std::optional<bool> index_sound;
  std::optional<bool> hash_sound;
};

// What is promised of the segment with this header; nullptr: its header is not sound.
using PromiseOf = std::function<SegmentPromise(const SegmentHeader*)>;

SegmentCheck check_segment(Disk& disk, const std::filesystem::path& directory,
                           const SegmentName& name, const PromiseOf& promise_of, CheckDepth depth,
                           const CheckProgress& progress, std::vector<Finding>& findings);

Finding finding_of(const Error& error, const std::string& file);

}  // namespace bourse
