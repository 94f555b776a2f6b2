// Any bytes instead of a compressed segment, its table, its index or MANIFEST: every reader
// answers, never crashes, and no transaction comes twice, out of order or with other bytes.
//   Input:  one byte of mode: which file, whole or edited; then its bytes, or edits {offset,
//           length, bytes}.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "replay/log/log.h"                    // Log
#include "replay/log/manifest.h"               // read_manifest
#include "replay/log/segment_keeper.h"         // SegmentKeeper
#include "replay/upkeep/log_check.h"           // check_log
#include "tests/replay/sample_transactions.h"  // SampleTransactions
#include "tests/replay/simulated_disk.h"       // SimulatedDisk

namespace bourse {
namespace {

const std::filesystem::path directory = "log";

LogOptions options_on(SimulatedDisk& disk, bool read_only) {
  LogOptions options;
  options.directory = directory;
  options.segment_bytes = std::uint64_t{32} << 10;
  options.tail_bytes = std::size_t{64} << 10;
  options.transaction_bytes_max = std::size_t{32} << 10;
  options.read_only = read_only;
  options.helper_thread = false;
  options.disk = &disk;
  return options;
}

// A sound log whose first segment was deleted and whose others are compressed, made once.
struct Base {
  std::unique_ptr<SimulatedDisk> disk = std::make_unique<SimulatedDisk>();
  std::vector<std::filesystem::path> files;  // MANIFEST and what is compressed

  Base() {
    const auto log = Log::open(options_on(*disk, false));
    auto writer = (*log)->tail().writer();
    SampleTransactions samples;
    for (std::uint64_t i = 1; i <= 500; ++i) {
      if (!writer.append(samples.make(i))) std::abort();
      if (i % 4 == 0) (*log)->journal().step();
    }
    const auto keeper =
        (*log)->keeper({.compress = true,
                        .retain_bytes = std::uint64_t{100} << 10,
                        .snapshot = []() -> Result<Sequence> { return Sequence{400}; }});
    while (keeper->step(TimeNs{std::numeric_limits<std::int64_t>::max()}) ==
           SegmentKeeper::Step::worked) {
    }
    const auto names = disk->list(directory);
    for (const std::string& name : *names) {
      const auto segment = parse_segment_name(name);
      if (name == manifest_name || (segment && segment->compressed)) {
        files.push_back(directory / name);
      }
    }
    if (files.size() < 3) std::abort();
  }
};

void edit(std::vector<std::byte>& all, std::span<const std::uint8_t> input) {
  while (input.size() >= 3 && !all.empty()) {
    const std::uint64_t at = (input[0] | std::uint64_t{input[1]} << 8) % all.size();
    const std::size_t length =
        std::min({std::size_t{1} + input[2] % 16, input.size() - 3, all.size() - at});
    std::memcpy(all.data() + at, input.data() + 3, length);
    input = input.subspan(3 + length);
  }
}

void read_everything(const Log& log) {
  auto cursor = log.cursor(log.earliest_sequence());
  if (!cursor) return;
  SampleTransactions samples;
  std::uint64_t expected = log.earliest_sequence().value();
  while (cursor->next() == Cursor::Next::transaction) {
    if (cursor->transaction().sequence().value() != expected++) std::abort();
    if (!samples.matches(cursor->transaction())) std::abort();
  }
  static_cast<void>(cursor->seek(SampleTransactions::time_of(300)));
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
  auto& all = disk->bytes_of(base.files[(mode >> 2) % base.files.size()]);
  if ((mode & 1) != 0) {
    const auto bytes = std::as_bytes(input);
    all.assign(bytes.begin(), bytes.end());
  } else {
    edit(all, input);
  }
  static_cast<void>(read_manifest(*disk, directory));
  static_cast<void>(check_log(*disk, directory, CheckDepth::everything));
  if (const auto tool = Log::open(options_on(*disk, true))) read_everything(**tool);
  if ((mode & 2) == 0) return 0;
  if (const auto log = Log::open(options_on(*disk, false))) read_everything(**log);
  return 0;
}
