// Any bytes as a snapshot: reader, image, engine and books must answer, never crash, and what is
// accepted must be a consistent state.
//   Input:  one byte of mode, then edits {offset of 2 bytes, length, bytes} of a sound snapshot; or
//           raw bytes instead of it. If the mode says so, checksums and hashes are made right
//           again, as a faulty writer would have.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <span>
#include <vector>

#include "replay/log/crc32c.h"            // crc32c
#include "replay/log/snapshot_catalog.h"  // verify_snapshot
#include "replay/log/snapshot_file.h"     // write_snapshot
#include "replay/log/stream_hash.h"       // StreamHash
#include "tests/matching/recipe.h"        // RecipeMarket
#include "tests/matching/twins.h"         // Twins
#include "tests/replay/simulated_disk.h"  // SimulatedDisk

namespace bourse {
namespace {

const std::filesystem::path directory = "log";
constexpr Sequence sequence{77};

struct Base {
  SimulatedDisk disk;
  std::vector<std::byte> bytes;

  Base() {
    Twins twins(RecipeMarket::limits(), 1u << 30);
    for (const Command& command : RecipeMarket::definitions()) twins.apply(command, TimeNs{1});
    std::mt19937_64 random(5);
    for (int i = 0; i < 300 || twins.engine().open_orders() < 10; ++i) {
      Recipe recipe;
      for (std::uint8_t& byte : recipe) byte = static_cast<std::uint8_t>(random());
      twins.apply(recipe);
    }
    EngineImage image;
    twins.engine().save(image);
    MarketState market;
    for (std::uint32_t id = 1; id <= twins.engine().symbol_count(); ++id) {
      const InstrumentBody* const instrument = twins.engine().instrument(SymbolId{id});
      if (instrument == nullptr) continue;
      DepthBook* const book = market.define(SymbolId{id}, *instrument);
      for (const Side side : {Side::buy, Side::sell}) {
        twins.engine().for_each_order(SymbolId{id}, side, [&](const OpenOrder& order) {
          book->restore({order.order_id, order.price, order.displayed, side});
        });
      }
    }
    const auto written = write_snapshot(disk, directory,
                                        {.journal = {},
                                         .sequence = sequence,
                                         .time = TimeNs{1},
                                         .epoch = Epoch{1},
                                         .state_hash = twins.engine().state_hash(),
                                         .created_at = TimeNs{1}},
                                        image, market);
    if (!written) std::fputs(written.error().text().c_str(), stderr);
    if (!written || image.orders.empty()) std::abort();
    bytes = disk.bytes_of(snapshot_path(directory, sequence));
  }
};

template <class T>
T at(const std::vector<std::byte>& bytes, std::size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

void make_sums_right(std::vector<std::byte>& bytes) {
  if (bytes.size() < sizeof(SnapshotHeader)) return;
  auto header = at<SnapshotHeader>(bytes, 0);
  const std::size_t sections = std::min<std::size_t>(
      header.section_count, (bytes.size() - sizeof header) / sizeof(SnapshotSection));
  for (std::size_t i = 0; i < sections; ++i) {
    const std::size_t place = sizeof header + i * sizeof(SnapshotSection);
    auto section = at<SnapshotSection>(bytes, place);
    const std::uint64_t size = section.record_bytes * section.record_count;
    if (section.offset > bytes.size() || size > bytes.size() - section.offset) continue;
    section.crc32c = crc32c(0, std::span(bytes).subspan(section.offset, size));
    std::memcpy(bytes.data() + place, &section, sizeof section);
  }
  header.table_crc32c =
      crc32c(0, std::span(bytes).subspan(sizeof header, sections * sizeof(SnapshotSection)));
  StreamHash hash;
  hash.add(std::span<const std::byte>(bytes).subspan(sizeof header));
  header.hash = hash.digest();
  header.crc32c =
      crc32c(0, std::as_bytes(std::span(&header, 1)).first(offsetof(SnapshotHeader, crc32c)));
  std::memcpy(bytes.data(), &header, sizeof header);
}

}  // namespace
}  // namespace bourse

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bourse;
  static Base base;
  if (size == 0) return 0;
  const std::uint8_t mode = data[0];
  std::span<const std::uint8_t> input(data + 1, size - 1);
  auto& bytes = base.disk.bytes_of(snapshot_path(directory, sequence));
  bytes = base.bytes;
  if ((mode & 1) != 0) {
    bytes.resize(input.size());
    if (!input.empty()) std::memcpy(bytes.data(), input.data(), input.size());
  } else {
    while (input.size() >= 4) {
      const std::size_t offset = (input[0] | std::size_t{input[1]} << 8) % bytes.size();
      const std::size_t length =
          std::min({std::size_t{1} + input[2] % 16, input.size() - 3, bytes.size() - offset});
      std::memcpy(bytes.data() + offset, input.data() + 3, length);
      input = input.subspan(3 + length);
    }
  }
  if ((mode & 2) != 0) make_sums_right(bytes);
  static_cast<void>(verify_snapshot(base.disk, directory, sequence, {}));
  const auto reader = SnapshotReader::open(base.disk, directory, sequence);
  if (!reader) return 0;
  static_cast<void>((*reader)->verify());
  static_cast<void>(market_of(**reader));
  static_cast<void>(book_of(**reader, SymbolId{1}));
  const auto image = engine_image_of(**reader);
  if (!image) return 0;
  Engine engine(RecipeMarket::limits());
  if (!engine.load(*image).empty()) return 0;
  if (!engine.consistent()) std::abort();
  static EventBuffer events;
  Command command{};
  command.type = CommandType::clock;
  command.sequence = next(image->counters.sequence);
  command.time = image->counters.time;
  if (command.sequence != Sequence{0}) engine.apply(command, events);
  return 0;
}
