// Any bytes at TransactionView::parse(): it refuses them or gives a view that stays inside them,
// and a market state survives whatever such a view says.

#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "matching/check.h"         // CHECK
#include "matching/market_state.h"  // MarketState
#include "matching/transaction.h"   // TransactionView

namespace {

using namespace bourse;

// As they are, and with the fields set right that random bytes never hit.
void parse_and_use(std::span<const std::byte> bytes) {
  const auto view = TransactionView::parse(bytes);
  if (!view) return;
  CHECK(view->bytes().size() <= bytes.size());
  std::uint64_t sum = view->sequence().value() + view->state_hash() + view->epoch().value();
  const Command command = view->command();
  CHECK(command.type == view->command_type());
  for (const PublicEvent& event : view->public_events()) sum += event.order_id.value();
  for (std::size_t i = 0; i < view->exec_count(); ++i) {
    sum += view->exec_event(i).order_id.value();
  }
  volatile std::uint64_t used = sum;
  static_cast<void>(used);

  MarketState state(Sequence{view->sequence().value() - 1});
  InstrumentBody instrument{};
  instrument.tick_size_e9 = INT64_MAX;
  instrument.lot_size = UINT64_MAX;
  for (const PublicEvent& event : view->public_events()) {
    if (event.symbol.value() < 64) static_cast<void>(state.define(event.symbol, instrument));
  }
  static_cast<void>(state.apply(*view));
  for (std::uint32_t i = 1; i <= state.symbol_count(); ++i) {
    const DepthBook* const book = state.book(SymbolId{i});
    if (book == nullptr) continue;
    std::uint64_t orders = 0;
    for (Side side : {Side::buy, Side::sell}) {
      book->for_each_order(side, [&orders](const DepthOrder&) { ++orders; });
    }
    CHECK(orders == book->order_count());
    static_cast<void>(book->best());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::uint64_t> words((size + 7) / 8);
  if (size > 0) std::memcpy(words.data(), data, size);
  parse_and_use(std::as_bytes(std::span(words)).first(size));

  // A body behind right headers: as many public events as fit.
  constexpr std::size_t head_bytes = sizeof(RecordHeader) + sizeof(TransactionHeader) + 120;
  const std::size_t event_count = size / sizeof(PublicEvent);
  std::vector<std::uint64_t> record((head_bytes + event_count * sizeof(PublicEvent)) / 8);
  RecordHeader header{};
  header.length = static_cast<std::uint32_t>(record.size() * 8);
  header.sequence = Sequence{1};
  header.type = RecordType::transaction;
  header.version = 1;
  TransactionHeader transaction{};
  transaction.public_count = static_cast<std::uint32_t>(event_count);
  transaction.command_bytes = 120;
  transaction.exec_bytes = 104;
  auto* const to = reinterpret_cast<std::uint8_t*>(record.data());
  std::memcpy(to, &header, sizeof header);
  std::memcpy(to + sizeof header, &transaction, sizeof transaction);
  if (event_count > 0) std::memcpy(to + head_bytes, data, event_count * sizeof(PublicEvent));
  const bool is_parsed = TransactionView::parse(std::as_bytes(std::span(record))).has_value();
  CHECK(is_parsed);
  parse_and_use(std::as_bytes(std::span(record)));
  return 0;
}
