// Any bytes at the readers of the log: the scanner, recovery, cursors and the text of transactions
// must answer, never crash, and never deliver a sequence twice or out of order.
//   Input:  one byte of mode, then either raw bytes that replace the records of the open segment,
//           or edits {file, offset, length, bytes}; checksums of edited records are made right
//           again if the mode says so, because a random input would never come past them.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "replay/log/log.h"                    // Log
#include "replay/log/record.h"                 // record_crc
#include "replay/log/record_scanner.h"         // RecordScanner
#include "replay/text/transaction_text.h"      // TransactionText
#include "tests/replay/sample_transactions.h"  // SampleTransactions
#include "tests/replay/simulated_disk.h"       // SimulatedDisk

namespace bourse {
namespace {

const std::filesystem::path directory = "log";

LogOptions options_on(SimulatedDisk& disk, bool read_only) {
  LogOptions options;
  options.directory = directory;
  options.segment_bytes = segment_bytes_min;
  options.tail_bytes = std::size_t{64} << 10;
  options.transaction_bytes_max = std::size_t{32} << 10;
  options.read_only = read_only;
  options.helper_thread = false;
  options.disk = &disk;
  return options;
}

struct RecordPlace {
  std::uint64_t offset;
  std::uint32_t length;
};

struct BaseFile {
  std::filesystem::path path;
  std::uint64_t salt = 0;
  std::vector<RecordPlace> records;
};

// A sound log of some segments, made once, and where its records lie.
struct Base {
  std::unique_ptr<SimulatedDisk> disk = std::make_unique<SimulatedDisk>();
  std::vector<BaseFile> files;

  Base() {
    const auto log = Log::open(options_on(*disk, false));
    auto writer = (*log)->tail().writer();
    SampleTransactions samples;
    for (std::uint64_t i = 1; i <= 150; ++i) {
      if (!writer.append(samples.make(i))) std::abort();
      if (i % 4 == 0) (*log)->journal().step();
    }
    const auto names = disk->list(directory);
    for (const std::string& name : *names) {
      if (!parse_segment_name(name)) continue;
      BaseFile base{.path = directory / name, .salt = 0, .records = {}};
      SegmentHeader header;
      std::memcpy(&header, disk->bytes_of(base.path).data(), sizeof header);
      base.salt = header.salt;
      const auto file = disk->open(base.path, OpenMode::read);
      RecordScanner scanner(**file, base.salt);
      scanner.start(segment_header_bytes);
      while (scanner.next() == RecordScanner::Found::record) {
        base.records.push_back({scanner.offset(), scanner.header().length});
      }
      files.push_back(std::move(base));
    }
  }
};

void fix_checksum(std::vector<std::byte>& all, const BaseFile& file, std::uint64_t at) {
  for (const RecordPlace& place : file.records) {
    if (at < place.offset || at >= place.offset + place.length) continue;
    std::uint32_t length = 0;
    std::memcpy(&length, all.data() + place.offset, sizeof length);
    if (length < sizeof(RecordHeader) || length > all.size() - place.offset) return;
    std::byte* const record = all.data() + place.offset;
    set_record_crc(record, record_crc({record, length}, file.salt, place.offset));
  }
}

void edit(SimulatedDisk& disk, const Base& base, std::span<const std::uint8_t> input, bool fix) {
  while (input.size() >= 4) {
    const BaseFile& file = base.files[input[0] % base.files.size()];
    auto& all = disk.bytes_of(file.path);
    const std::uint64_t at = (input[1] | std::uint64_t{input[2]} << 8) % all.size();
    const std::size_t length =
        std::min({std::size_t{1} + input[3] % 16, input.size() - 4, all.size() - at});
    std::memcpy(all.data() + at, input.data() + 4, length);
    if (fix) fix_checksum(all, file, at);
    input = input.subspan(4 + length);
  }
}

void read_everything(const Log& log) {
  auto cursor = log.cursor(log.earliest_sequence());
  if (!cursor) return;
  std::uint64_t expected = log.earliest_sequence().value();
  TransactionText table(TextFormat::table);
  TransactionText json(TextFormat::json);
  TransactionText csv(TextFormat::csv);
  std::string out;
  while (cursor->next() == Cursor::Next::transaction) {
    if (cursor->transaction().sequence().value() != expected++) std::abort();
    table.append(cursor->transaction(), out);
    json.append(cursor->transaction(), out);
    csv.append(cursor->transaction(), out);
    out.clear();
  }
  static_cast<void>(cursor->seek(SampleTransactions::time_of(75)));
  static_cast<void>(cursor->next());
}

}  // namespace
}  // namespace bourse

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bourse;
  static const Base base;
  if (size == 0) return 0;
  const std::uint8_t mode = data[0];
  const std::span<const std::uint8_t> input(data + 1, size - 1);
  const auto disk = base.disk->copy();
  if ((mode & 1) != 0) {
    auto& all = disk->bytes_of(base.files.back().path);
    all.resize(segment_header_bytes + input.size());
    if (!input.empty()) {
      std::memcpy(all.data() + segment_header_bytes, input.data(), input.size());
    }
  } else {
    edit(*disk, base, input, (mode & 2) != 0);
  }
  if ((mode & 4) != 0) static_cast<void>(disk->remove(directory / watermark_name));
  if (const auto tool = Log::open(options_on(*disk, true))) read_everything(**tool);
  if ((mode & 8) == 0) return 0;
  if (const auto log = Log::open(options_on(*disk, false))) read_everything(**log);
  return 0;
}
