#include "replay/log/snapshot_file.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "replay/log/crc32c.h"            // crc32c
#include "replay/log/snapshot_catalog.h"  // snapshot_path, snapshot_folder
#include "replay/log/stream_hash.h"       // StreamHash

namespace bourse {
namespace {

constexpr std::string_view unfinished_suffix = ".tmp";
// Written and handed to the disk in pieces, so that the journal's own syncs do not meet it all.
constexpr std::size_t piece_bytes = std::size_t{1} << 20;

struct MarketImage {
  std::vector<MarketSymbolImage> symbols;
  std::vector<MarketOrderImage> orders;
};

MarketImage image_of(const MarketState& market) {
  MarketImage image;
  for (std::uint32_t id = 1; id <= market.symbol_count(); ++id) {
    const SymbolId symbol{id};
    const DepthBook* const book = market.book(symbol);
    if (book == nullptr) continue;
    const std::size_t first = image.orders.size();
    MarketSymbolImage entry{.instrument = *market.instrument(symbol),
                            .rpt_sequence = book->last_rpt(),
                            .first_order = first,
                            .bid_orders = 0,
                            .ask_orders = 0,
                            .symbol = symbol,
                            .crc32c = 0,
                            .status = market.status(symbol),
                            .reserved_ = {}};
    for (const Side side : {Side::buy, Side::sell}) {
      book->for_each_order(side, [&](const DepthOrder& order) {
        image.orders.push_back({order.order_id, order.price, order.quantity});
        ++(side == Side::buy ? entry.bid_orders : entry.ask_orders);
      });
    }
    entry.crc32c = crc32c(0, std::as_bytes(std::span(image.orders).subspan(first)));
    image.symbols.push_back(entry);
  }
  return image;
}

class SnapshotWriter {
 public:
  template <class Record>
  void add(SnapshotSectionKind kind, const std::vector<Record>& records) {
    const auto bytes = std::as_bytes(std::span(records));
    sections_.push_back({.kind = kind,
                         .record_bytes = sizeof(Record),
                         .record_count = records.size(),
                         .offset = 0,
                         .crc32c = crc32c(0, bytes),
                         .reserved_ = 0});
    bytes_.push_back(bytes);
  }

  DiskResult<void> write(DiskFile& file, SnapshotHeader& header) {
    const std::uint64_t table_bytes = sections_.size() * sizeof(SnapshotSection);
    std::uint64_t at = sizeof header + table_bytes;
    for (std::size_t i = 0; i < sections_.size(); ++i) {
      sections_[i].offset = at;
      at += (bytes_[i].size() + 7) / 8 * 8;
    }
    const auto table = std::as_bytes(std::span(sections_));
    header.section_count = static_cast<std::uint32_t>(sections_.size());
    header.table_crc32c = crc32c(0, table);
    header.file_bytes = at;
    at_ = sizeof header;
    if (auto done = append(file, table); !done) return done;
    for (const auto& bytes : bytes_) {
      constexpr std::byte zeros[8]{};
      if (auto done = append(file, bytes); !done) return done;
      const std::size_t rest = (8 - bytes.size() % 8) % 8;
      if (auto done = append(file, std::span(zeros).first(rest)); !done) return done;
    }
    header.hash = hash_.digest();
    finish_header(header);
    return file.write(std::as_bytes(std::span(&header, 1)), 0);
  }

 private:
  DiskResult<void> append(DiskFile& file, std::span<const std::byte> bytes) {
    hash_.add(bytes);
    while (!bytes.empty()) {
      const auto piece = bytes.first(std::min(bytes.size(), piece_bytes));
      if (auto done = file.write(piece, at_); !done) return done;
      file.start_writeback(at_, piece.size());
      at_ += piece.size();
      bytes = bytes.subspan(piece.size());
    }
    return {};
  }

  std::vector<SnapshotSection> sections_;
  std::vector<std::span<const std::byte>> bytes_;
  StreamHash hash_;
  std::uint64_t at_ = 0;
};

DiskResult<void> write_file(Disk& disk, const std::filesystem::path& path, SnapshotWriter& writer,
                            SnapshotHeader& header) {
  const auto file = disk.open(path, OpenMode::create);
  if (!file) return std::unexpected(file.error());
  if (auto done = writer.write(**file, header); !done) return done;
  return (*file)->sync();
}

// Beside its name first, so that a name is always a whole file.
Result<SnapshotHeader> write_named(Disk& disk, const std::filesystem::path& directory,
                                   const SnapshotPlace& place, SnapshotKind kind,
                                   SnapshotWriter& writer) {
  const auto folder = directory / snapshot_folder;
  const auto path = snapshot_path(directory, place.sequence, kind);
  const std::filesystem::path unfinished = path.string() + std::string(unfinished_suffix);
  const auto fault = [&](int error, std::string_view operation) {
    static_cast<void>(disk.remove(unfinished));
    return std::unexpected(disk_error(error, operation, path));
  };
  if (const auto made = disk.make_directory(folder); !made) {
    return fault(made.error(), "making the folder of");
  }
  if (const auto synced = disk.sync_directory(directory); !synced) {
    return fault(synced.error(), "making the folder of");
  }
  static_cast<void>(disk.remove(unfinished));
  SnapshotHeader header{};
  header.journal = place.journal;
  header.sequence = place.sequence;
  header.time = place.time;
  header.epoch = place.epoch;
  header.state_hash = place.state_hash;
  header.created_at = place.created_at;
  if (const auto written = write_file(disk, unfinished, writer, header); !written) {
    return fault(written.error(), "writing");
  }
  if (const auto renamed = disk.rename(unfinished, path); !renamed) {
    return fault(renamed.error(), "naming");
  }
  if (const auto synced = disk.sync_directory(folder); !synced) {
    return fault(synced.error(), "naming");
  }
  return header;
}

}  // namespace

Result<SnapshotHeader> write_snapshot(Disk& disk, const std::filesystem::path& directory,
                                      const SnapshotPlace& place, const EngineImage& engine,
                                      const MarketState& market) {
  const std::vector<EngineCounters> counters{engine.counters};
  const MarketImage books = image_of(market);
  SnapshotWriter writer;
  writer.add(SnapshotSectionKind::engine, counters);
  writer.add(SnapshotSectionKind::symbols, engine.symbols);
  writer.add(SnapshotSectionKind::accounts, engine.accounts);
  writer.add(SnapshotSectionKind::positions, engine.positions);
  writer.add(SnapshotSectionKind::orders, engine.orders);
  writer.add(SnapshotSectionKind::pending, engine.pending);
  writer.add(SnapshotSectionKind::sweeping, engine.sweeping);
  writer.add(SnapshotSectionKind::busted_trades, engine.busted_trades);
  writer.add(SnapshotSectionKind::market_symbols, books.symbols);
  writer.add(SnapshotSectionKind::market_orders, books.orders);
  return write_named(disk, directory, place, SnapshotKind::state, writer);
}

Result<SnapshotHeader> write_books(Disk& disk, const std::filesystem::path& directory,
                                   const SnapshotPlace& place, const MarketState& market) {
  const MarketImage books = image_of(market);
  SnapshotWriter writer;
  writer.add(SnapshotSectionKind::market_symbols, books.symbols);
  writer.add(SnapshotSectionKind::market_orders, books.orders);
  return write_named(disk, directory, place, SnapshotKind::books, writer);
}

void remove_unfinished_snapshots(Disk& disk, const std::filesystem::path& directory) {
  const auto names = disk.list(directory / snapshot_folder);
  if (!names) return;
  for (const std::string& name : *names) {
    if (!name.ends_with(unfinished_suffix)) continue;
    static_cast<void>(disk.remove(directory / snapshot_folder / name));
  }
}

Result<EngineImage> engine_image_of(const SnapshotReader& snapshot) {
  EngineImage image;
  const auto counters = snapshot.records<EngineCounters>(SnapshotSectionKind::engine);
  if (!counters) return std::unexpected(counters.error());
  if (counters->size() != 1) return std::unexpected(snapshot.unusable("it has no counters"));
  image.counters = counters->front();
  const auto read = [&]<class Record>(SnapshotSectionKind kind,
                                      std::vector<Record>& into) -> Result<void> {
    auto records = snapshot.records<Record>(kind);
    if (!records) return std::unexpected(std::move(records.error()));
    into = std::move(*records);
    return {};
  };
  auto done = read(SnapshotSectionKind::symbols, image.symbols);
  if (done) done = read(SnapshotSectionKind::accounts, image.accounts);
  if (done) done = read(SnapshotSectionKind::positions, image.positions);
  if (done) done = read(SnapshotSectionKind::orders, image.orders);
  if (done) done = read(SnapshotSectionKind::pending, image.pending);
  if (done) done = read(SnapshotSectionKind::sweeping, image.sweeping);
  if (done) done = read(SnapshotSectionKind::busted_trades, image.busted_trades);
  if (!done) return std::unexpected(std::move(done.error()));
  return image;
}

namespace {

Result<void> fill(const SnapshotReader& snapshot, const MarketSymbolImage& symbol,
                  DepthBook& book) {
  const std::uint64_t count = std::uint64_t{symbol.bid_orders} + symbol.ask_orders;
  const auto orders = snapshot.some<MarketOrderImage>(SnapshotSectionKind::market_orders,
                                                      symbol.first_order, count, symbol.crc32c);
  if (!orders) return std::unexpected(orders.error());
  for (std::uint64_t i = 0; i < count; ++i) {
    const MarketOrderImage& order = (*orders)[i];
    const DepthError error = book.restore({.order_id = order.order_id,
                                           .price = order.price,
                                           .quantity = order.quantity,
                                           .side = i < symbol.bid_orders ? Side::buy : Side::sell});
    if (error != DepthError::none) {
      return std::unexpected(
          snapshot.unusable(fmt::format("an order does not fit its book: {}", to_string(error))));
    }
  }
  book.continue_after(symbol.rpt_sequence);
  return {};
}

}  // namespace

Result<MarketState> market_of(const SnapshotReader& snapshot) {
  const auto symbols = snapshot.records<MarketSymbolImage>(SnapshotSectionKind::market_symbols);
  if (!symbols) return std::unexpected(symbols.error());
  MarketState market;
  for (const MarketSymbolImage& symbol : *symbols) {
    DepthBook* const book = market.define(symbol.symbol, symbol.instrument);
    if (book == nullptr) return std::unexpected(snapshot.unusable("a symbol makes no sense"));
    market.set_status(symbol.symbol, symbol.status);
    if (auto filled = fill(snapshot, symbol, *book); !filled) {
      return std::unexpected(std::move(filled.error()));
    }
  }
  market.continue_after(snapshot.header().sequence);
  return market;
}

Result<std::optional<DepthBook>> book_of(const SnapshotReader& snapshot, SymbolId symbol) {
  const auto symbols = snapshot.records<MarketSymbolImage>(SnapshotSectionKind::market_symbols);
  if (!symbols) return std::unexpected(symbols.error());
  const auto found = std::ranges::find(*symbols, symbol, &MarketSymbolImage::symbol);
  if (found == symbols->end()) return std::optional<DepthBook>();
  DepthBook book(found->instrument.tick_size_e9, found->instrument.lot_size);
  if (auto filled = fill(snapshot, *found, book); !filled) {
    return std::unexpected(std::move(filled.error()));
  }
  return std::optional<DepthBook>(std::move(book));
}

}  // namespace bourse
