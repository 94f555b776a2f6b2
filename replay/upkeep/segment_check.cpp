#include "replay/upkeep/segment_check.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "replay/log/crc32c.h"          // crc32c
#include "replay/log/record.h"          // defines_instrument
#include "replay/log/record_scanner.h"  // RecordScanner
#include "replay/log/record_search.h"   // find_sound_record
#include "replay/log/recovery.h"        // hash_of
#include "replay/log/segment_ends.h"    // read_header, read_footer
#include "replay/log/segment_file.h"    // open_segment_file

namespace bourse {
namespace {

constexpr std::uint64_t progress_bytes = std::uint64_t{1} << 20;

// Bytes that hold no sound record, and the transactions that are missing there.
struct Gap {
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  Sequence first{0};
  Sequence last{0};
  bool unreadable = false;
};

class Check {
 public:
  Check(const DiskFile& file, SegmentCheck& check, const SegmentPromise& promise,
        const CheckProgress& progress, std::vector<Finding>& findings)
      : file_(file),
        check_(check),
        promise_(promise),
        progress_(progress),
        findings_(findings),
        file_name_(to_string(check.name)) {}

  void records(std::uint64_t file_bytes);
  void index();
  void hash();

 private:
  void report(FindingKind kind, std::uint64_t from, std::uint64_t to, std::string what) {
    findings_.push_back({.kind = kind,
                         .file = file_name_,
                         .from_byte = from,
                         .to_byte = to,
                         .first = Sequence{0},
                         .last = Sequence{0},
                         .what = std::move(what)});
    if (kind == FindingKind::damage) faults_ = true;
  }
  void load_index();
  void take(const RecordScanner& scanner);
  void check_entry(std::uint64_t offset, const RecordHeader& record);
  void close_gap(Sequence before) {
    if (open_gap_ && before >= gaps_.back().first) gaps_.back().last = before;
    open_gap_ = false;
  }
  void judge_gaps(std::uint64_t end, std::uint64_t data_end);
  void report_gap(const Gap& gap);

  const DiskFile& file_;
  SegmentCheck& check_;
  const SegmentPromise promise_;
  const CheckProgress& progress_;
  std::vector<Finding>& findings_;
  const std::string file_name_;
  bool faults_ = false;

  Sequence expected_{0};
  TimeNs last_time_{0};
  Epoch last_epoch_{0};
  std::uint64_t claim_ = 0;
  std::uint64_t records_end_ = 0;
  std::uint64_t definitions_end_ = segment_header_bytes;
  bool met_seal_ = false;
  std::vector<Gap> gaps_;
  bool open_gap_ = false;  // the last one waits for the transaction that follows it
  std::vector<IndexEntry> entries_;
  std::size_t next_entry_ = 0;
  std::uint64_t wrong_entries_ = 0;
};

void Check::load_index() {
  const SegmentFooter& footer = *check_.footer;
  entries_.resize(footer.index_count);
  const auto bytes = std::as_writable_bytes(std::span(entries_));
  const auto got = file_.read(bytes, footer.index_offset);
  if (!got) {
    entries_.clear();
    report(FindingKind::unreadable, footer.index_offset, footer.index_offset + bytes.size(),
           "the index cannot be read");
    return;
  }
  check_.index_sound = *got == bytes.size() && crc32c(0, bytes) == footer.index_crc32c;
  if (*check_.index_sound) return;
  entries_.clear();
  report(FindingKind::damage, footer.index_offset, footer.index_offset + bytes.size(),
         "the index is not sound; readers make it again from the records");
}

void Check::check_entry(std::uint64_t offset, const RecordHeader& record) {
  while (next_entry_ < entries_.size() && entries_[next_entry_].offset < offset) {
    ++next_entry_;  // names no transaction, unless it lies in a gap
    if (gaps_.empty()) ++wrong_entries_;
  }
  if (next_entry_ == entries_.size() || entries_[next_entry_].offset != offset) return;
  const IndexEntry& entry = entries_[next_entry_++];
  if (entry.time != record.time ||
      entry.sequence_delta != record.sequence.value() - check_.header->base_sequence.value()) {
    ++wrong_entries_;
  }
}

void Check::take(const RecordScanner& scanner) {
  const RecordHeader& record = scanner.header();
  const std::uint64_t offset = scanner.offset();
  if (record.epoch < last_epoch_ || record.time < last_time_) {
    report(FindingKind::damage, offset, scanner.offset_after(),
           record.epoch < last_epoch_ ? "the epoch goes back" : "time goes back");
  }
  last_epoch_ = record.epoch;
  last_time_ = record.time;
  if (record.type == RecordType::commit && record.length == sizeof(CommitRecord)) {
    CommitRecord commit;
    std::memcpy(&commit, scanner.bytes().data(), sizeof commit);
    claim_ = std::max(claim_, commit.durable_offset);
  }
  if (record.type != RecordType::transaction) return;
  check_entry(offset, record);
  if (defines_instrument(scanner.bytes())) definitions_end_ = scanner.offset_after();
  if (open_gap_) {
    close_gap(Sequence{record.sequence.value() - 1});
  } else if (record.sequence != expected_) {
    report(FindingKind::damage, offset, scanner.offset_after(),
           fmt::format("sequence {} stands where {} should", record.sequence.value(),
                       expected_.value()));
  }
  if (check_.transactions == 0) check_.first_time = record.time;
  ++check_.transactions;
  check_.last_sequence = record.sequence;
  check_.last_time = record.time;
  expected_ = next(record.sequence);
}

void Check::report_gap(const Gap& gap) {
  const std::uint64_t count = gap.last < gap.first ? 0 : gap.last.value() - gap.first.value() + 1;
  findings_.push_back({.kind = gap.unreadable ? FindingKind::unreadable : FindingKind::damage,
                       .file = file_name_,
                       .from_byte = gap.from,
                       .to_byte = gap.to,
                       .first = count > 0 ? gap.first : Sequence{0},
                       .last = count > 0 ? gap.last : Sequence{0},
                       .what = gap.unreadable ? "the device does not give these bytes"
                               : count > 0    ? fmt::format("{} transactions are damaged", count)
                                              : "a record that is no transaction is damaged"});
  if (!gap.unreadable) faults_ = true;
}

void Check::judge_gaps(std::uint64_t end, std::uint64_t data_end) {
  const bool is_sealed = check_.name.sealed;
  if (!is_sealed) {
    const std::uint64_t claim = std::max(claim_, promise_.offset);
    const std::uint64_t torn_from = gaps_.empty() ? end : gaps_.front().from;
    if (claim <= torn_from) {
      if (data_end > torn_from && promise_.read_until == 0) {
        report(FindingKind::note, torn_from, data_end,
               "a torn tail, of which nobody had been told: the next start keeps it aside");
      }
      return;
    }
    if (end < claim && (gaps_.empty() || gaps_.back().to < end)) {
      gaps_.push_back({.from = end, .to = claim, .first = expected_, .last = {}});
      open_gap_ = true;
    }
    close_gap(promise_.last_sequence);
  } else {
    close_gap(check_.footer ? check_.footer->last_sequence : promise_.last_sequence);
    if (check_.footer && check_.last_sequence < check_.footer->last_sequence && gaps_.empty()) {
      report(FindingKind::damage, check_.footer->seal_offset, 0,
             fmt::format("its footer promises sequence {}, its records end with {}",
                         check_.footer->last_sequence.value(), check_.last_sequence.value()));
    }
  }
  for (const Gap& gap : gaps_) report_gap(gap);
}

void Check::records(std::uint64_t file_bytes) {
  const SegmentHeader& header = *check_.header;
  expected_ = header.base_sequence;
  last_time_ = header.base_time;
  std::uint64_t limit = file_bytes;
  if (check_.footer) {
    load_index();
    faults_ = false;  // the index is none of the records
    limit = check_.footer->index_offset;
  } else if (promise_.read_until != 0) {
    limit = std::min(limit, promise_.read_until);
  }
  RecordScanner scanner(file_, header.salt);
  scanner.start(segment_header_bytes);
  std::uint64_t told = 0;
  std::uint64_t data_end = 0;
  std::uint64_t end = segment_header_bytes;
  for (;;) {
    const auto found = scanner.next();
    const std::uint64_t offset = scanner.offset();
    if (offset >= told + progress_bytes) {
      progress_(offset - told);
      told = offset;
    }
    if (offset >= limit) {
      end = limit;
      break;
    }
    if (found == RecordScanner::Found::record) {
      end = scanner.offset_after();
      if (scanner.header().type == RecordType::seal) {
        close_gap(scanner.header().sequence);
        met_seal_ = true;
        break;
      }
      take(scanner);
      continue;
    }
    end = offset;
    const RecordSearch search = find_sound_record(file_, header.salt, offset, limit);
    if (search.found == offset && found == RecordScanner::Found::unreadable) {
      // The scanner reads ahead; what it could not read lies further on.
      scanner.start(offset);
      continue;
    }
    const bool to_the_end = search.found >= limit;
    const int error =
        found == RecordScanner::Found::unreadable ? scanner.read_error() : search.read_error;
    if (check_.name.sealed || !to_the_end || error != 0) {
      gaps_.push_back({.from = offset,
                       .to = search.found,
                       .first = expected_,
                       .last = Sequence{0},
                       .unreadable = error != 0 && error != EBADMSG});
      open_gap_ = true;
    }
    data_end = std::max(data_end, search.data_end);
    if (to_the_end) break;
    scanner.start(search.found);
  }
  progress_(file_bytes > told ? file_bytes - told : 0);
  judge_gaps(end, data_end);
  if (check_.name.sealed && check_.footer && !met_seal_ && gaps_.empty()) {
    report(FindingKind::damage, end, check_.footer->index_offset,
           "the record that seals the segment is missing");
  }
  if (check_.footer && check_.footer->definitions_end != 0 && gaps_.empty() &&
      check_.footer->definitions_end != definitions_end_) {
    report(FindingKind::damage, check_.footer->seal_offset, 0,
           fmt::format("by its footer the definitions end at byte {}, by its records at {}",
                       check_.footer->definitions_end, definitions_end_));
  }
  check_.records_sound = !faults_ && std::ranges::none_of(gaps_, &Gap::unreadable);
  if (check_.index_sound.value_or(false)) {
    wrong_entries_ += gaps_.empty() ? entries_.size() - next_entry_ : 0;
    check_.index_sound = wrong_entries_ == 0;
    if (wrong_entries_ > 0) {
      report(FindingKind::damage, check_.footer->index_offset, 0,
             fmt::format("{} entries of the index do not name a transaction", wrong_entries_));
    }
  }
}

void Check::hash() {
  const SegmentFooter& footer = *check_.footer;
  const std::uint64_t end = footer.file_bytes - sizeof footer;
  const auto hash = hash_of(file_, file_name_, end);
  if (!hash) return;  // the records have said so
  check_.hash_sound = hash->digest() == footer.hash;
  if (!*check_.hash_sound) {
    report(FindingKind::damage, 0, end, "the hash over the segment is not that of its footer");
  }
}

}  // namespace

Finding finding_of(const Error& error, const std::string& file) {
  return {.kind = error.code == ExitCode::io_error ? FindingKind::unreadable : FindingKind::damage,
          .file = file,
          .from_byte = 0,
          .to_byte = 0,
          .first = Sequence{0},
          .last = Sequence{0},
          .what = error.what};
}

SegmentCheck check_segment(Disk& disk, const std::filesystem::path& directory,
                           const SegmentName& name, const PromiseOf& promise_of, CheckDepth depth,
                           const CheckProgress& progress, std::vector<Finding>& findings) {
  SegmentCheck check;
  check.name = name;
  const std::string file_name = to_string(name);
  const auto path = directory / file_name;
  const auto add = [&](const Error& error) { findings.push_back(finding_of(error, file_name)); };
  if (const auto as_it_is = disk.open(path, OpenMode::read)) {
    check.file_bytes = (*as_it_is)->size().value_or(0);
  }
  const auto add_whole = [&](const Error& error) {
    add(error);
    const Sequence last = promise_of(nullptr).last_sequence;
    if (last < name.base) return;
    findings.back().first = name.base;
    findings.back().last = last;
  };
  const auto file = open_segment_file(disk, directory, name);
  if (!file) {
    add_whole(file.error());
    return check;
  }
  const auto size = (*file)->size();
  if (!size) {
    add(disk_error(size.error(), "asking for the size of", path));
    return check;
  }
  const auto header = read_header(**file, path);
  if (!header) {
    // Without the salt in it no record can be told from garbage.
    add_whole(header.error());
    return check;
  }
  check.header = *header;
  if (const auto named = check_name(*header, path, name); !named) add(named.error());
  if (name.sealed) {
    const auto footer = read_footer(**file, path, *header);
    if (footer) {
      check.footer = *footer;
      check.last_sequence = footer->last_sequence;
      check.first_time = footer->first_time;
      check.last_time = footer->last_time;
      if (depth == CheckDepth::ends) return check;
    } else {
      add(footer.error());
    }
  }
  Check all(**file, check, promise_of(&*header), progress, findings);
  all.records(*size);
  if (check.footer) {
    all.hash();
    progress(*size);
  }
  return check;
}

}  // namespace bourse
