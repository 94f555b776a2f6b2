#include "replay/snapshot/definitions.h"

#include <utility>

#include "matching/market_state.h"         // MarketSymbolImage
#include "replay/log/snapshot_reader.h"    // SnapshotReader
#include "replay/snapshot/book_history.h"  // snapshot_before

namespace bourse {
namespace {

// So many transactions are read before it is asked again whether the rest can be passed over.
constexpr std::uint64_t read_at_once = 64;

void learn(const TransactionView& transaction, std::vector<Definition>& known) {
  for (const PublicEvent& event : transaction.public_events()) {
    if (event.kind != EventKind::definition) continue;
    known.push_back({event.symbol, transaction.command().instrument});
  }
}

// What the newest sound snapshot before `from` knows, and its sequence; 0: there is none.
Result<Sequence> learn_from_snapshot(const Log& log, Sequence from,
                                     std::vector<Definition>& known) {
  for (Sequence below = from;;) {
    const auto snapshot = snapshot_before(log, below);
    if (!snapshot) return std::unexpected(snapshot.error());
    if (*snapshot == nullptr) return Sequence{0};
    const auto symbols =
        (*snapshot)->records<MarketSymbolImage>(SnapshotSectionKind::market_symbols);
    below = (*snapshot)->header().sequence;
    if (!symbols) continue;
    for (const MarketSymbolImage& symbol : *symbols) {
      known.push_back({symbol.symbol, symbol.instrument});
    }
    return below;
  }
}

}  // namespace

Result<std::vector<Definition>> definitions_before(const Log& log, Sequence from) {
  std::vector<Definition> known;
  const auto snapshot = learn_from_snapshot(log, from, known);
  if (!snapshot) return std::unexpected(snapshot.error());
  Sequence at = std::max(next(*snapshot), log.earliest_sequence());
  if (at >= from) return known;
  auto cursor = log.cursor(at);
  if (!cursor) return std::unexpected(cursor.error());
  while (at < from) {
    const auto past = log.past_definitions(at);
    if (!past) return std::unexpected(past.error());
    if (*past > at) {
      at = *past;
      continue;
    }
    if (cursor->position() != at) {
      if (auto placed = cursor->seek(at); !placed) return std::unexpected(placed.error());
    }
    for (std::uint64_t i = 0; i < read_at_once && cursor->position() < from; ++i) {
      const Cursor::Next found = cursor->next();
      if (found == Cursor::Next::failed) return std::unexpected(cursor->error());
      if (found == Cursor::Next::at_head) return known;
      const CommandType type = cursor->transaction().command_type();
      const bool defines =
          type == CommandType::define_instrument || type == CommandType::change_instrument;
      if (defines) learn(cursor->transaction(), known);
    }
    at = cursor->position();
  }
  return known;
}

}  // namespace bourse
