#include "feed/market/wire_events.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <limits>

#include "matching/auction_terms.h"  // unpack
#include "replay/log/crc32c.h"       // crc32c

namespace bourse {
namespace {

std::uint8_t action_letter(EventKind kind) {
  switch (kind) {
    case EventKind::add:
      return 'A';
    case EventKind::modify:
      return 'M';
    case EventKind::cancel:
      return 'C';
    case EventKind::execute:
      return 'E';
    case EventKind::trade:
      return 'T';
    case EventKind::clear:
      return 'R';
    default:
      return 'N';  // status, definition, imbalance, bust: they move rpt_seq and nothing else
  }
}

std::uint8_t side_letter(Side side) {
  return side == Side::buy ? 'B' : side == Side::sell ? 'A' : 'N';
}

std::uint8_t auction_letter(Phase phase) {
  return phase == Phase::opening_auction ? 'O' : phase == Phase::closing_auction ? 'C' : 'V';
}

}  // namespace

wire::MboEvent mbo_event(const PublicEvent& e, const Instrument& instrument, std::uint64_t seq,
                         std::uint64_t time) {
  // A modify's aux is a size, and leaves the house in the units of sizes.
  std::uint64_t aux =
      e.kind == EventKind::modify ? instrument.wire_size(QuantityLots{e.aux}) : e.aux;
  // The order of an event without a resting order is the aggressor.
  OrderId order = e.kind == EventKind::trade ? e.taker_order_id : e.order_id;
  if (e.kind == EventKind::imbalance) {  // about no order; the rest of its aux has its own channel
    order = OrderId{0};
    aux = static_cast<std::uint64_t>(unpack(e).phase);
  }
  return {.seq = seq,
          .ts_event = time,
          .order_id = order.value(),
          .price = instrument.wire_price(e.price),
          .size = instrument.wire_size(e.quantity),
          .aux = aux,
          .rpt_seq = e.rpt_sequence.value(),
          .instrument_id = e.symbol.value(),
          .action = action_letter(e.kind),
          .side = side_letter(e.side),
          .flags = e.flags};
}

wire::Bbo bbo_event(const Instrument& instrument, const BestPrices& best, std::uint64_t seq,
                    std::uint64_t time, RptSequence rpt, std::uint16_t flags) {
  return {.seq = seq,
          .ts_event = time,
          .bid_px = instrument.wire_price(best.bid),
          .ask_px = instrument.wire_price(best.ask),
          .bid_sz = instrument.wire_size(best.bid_quantity),
          .ask_sz = instrument.wire_size(best.ask_quantity),
          .rpt_seq = rpt.value(),
          .instrument_id = instrument.id.value(),
          .bid_ct = best.bid_orders,
          .ask_ct = best.ask_orders,
          .flags = flags,
          .reserved = 0};
}

wire::Trade trade_event(const PublicEvent& e, const Instrument& instrument, std::uint64_t seq,
                        std::uint64_t time) {
  const bool is_book = e.kind == EventKind::execute;
  const bool is_auction = (e.flags & event_flags::auction) != 0;
  // An execution's side is the maker's, a trade's is the aggressor's. We tell the latter. Nobody is
  // the aggressor of an auction.
  const Side aggressor = is_auction                        ? Side::none
                         : is_book && e.side != Side::none ? opposite(e.side)
                                                           : e.side;
  return {.seq = seq,
          .ts_event = time,
          .price = instrument.wire_price(e.price),
          .size = instrument.wire_size(e.quantity),
          .match_id = e.aux,
          .maker_order_id = e.order_id.value(),
          .taker_order_id = e.taker_order_id.value(),
          .rpt_seq = e.rpt_sequence.value(),
          .instrument_id = e.symbol.value(),
          .kind = static_cast<std::uint8_t>(is_auction ? 'A'
                                            : is_book  ? 'B'
                                                       : 'X'),
          .side = side_letter(aggressor),
          .flags = e.flags};
}

wire::Trade void_event(const PublicEvent& e, const Instrument& instrument, std::uint64_t seq,
                       std::uint64_t time) {
  return {.seq = seq,
          .ts_event = time,
          .price = instrument.wire_price(e.price),
          .size = instrument.wire_size(e.quantity),
          .match_id = e.aux,
          .maker_order_id = 0,
          .taker_order_id = 0,
          .rpt_seq = e.rpt_sequence.value(),
          .instrument_id = e.symbol.value(),
          .kind = 'V',
          .side = side_letter(Side::none),
          .flags = e.flags};
}

wire::Imbalance imbalance_event(const PublicEvent& e, const Instrument& instrument,
                                std::uint64_t seq, std::uint64_t time) {
  const AuctionTerms terms = unpack(e);
  return {.seq = seq,
          .ts_event = time,
          .ts_auction = static_cast<std::uint64_t>(terms.ends_at.value()),
          .ref_price = instrument.wire_price(terms.reference),
          .clear_price = instrument.wire_price(e.price),
          .upper_collar = instrument.wire_price(terms.upper_collar),
          .lower_collar = instrument.wire_price(terms.lower_collar),
          .paired_qty = instrument.wire_size(e.quantity),
          .imbalance_qty = instrument.wire_size(e.leaves),
          .instrument_id = e.symbol.value(),
          .side = side_letter(e.side),
          .auction_type = auction_letter(terms.phase),
          .auction_status = static_cast<std::uint8_t>(e.price != no_price),
          .freeze = 0};
}

wire::Status status_event(const PublicEvent& e, std::uint64_t seq, std::uint64_t time) {
  constexpr std::uint64_t trading = 7;
  return {.seq = seq,
          .ts_event = time,
          .rpt_seq = e.rpt_sequence.value(),
          .instrument_id = e.symbol.value(),
          .action = static_cast<std::uint16_t>(e.aux),
          .reason = 0,
          .trading_event = 0,
          .is_trading = static_cast<std::uint8_t>(e.aux == trading ? 'Y' : 'N'),
          .is_quoting = '~',
          .flags = e.flags,
          .reserved = 0};
}

wire::LevelUpdate level_event(const Instrument& instrument, const LevelChange& change,
                              std::uint64_t seq, std::uint64_t time, RptSequence rpt) {
  constexpr std::size_t place_max = std::numeric_limits<std::uint16_t>::max();
  return {.seq = seq,
          .ts_event = time,
          .price = instrument.wire_price(change.level.price),
          .size = instrument.wire_size(change.level.quantity),
          .rpt_seq = rpt.value(),
          .instrument_id = instrument.id.value(),
          .count = change.level.orders,
          .action = change.action,
          .side = side_letter(change.side),
          .flags = change.flags,
          .level = static_cast<std::uint16_t>(std::min(change.place, place_max)),
          .reserved = 0};
}

wire::LevelUpdate level_clear(const Instrument& instrument, std::uint64_t seq, std::uint64_t time,
                              RptSequence rpt) {
  return {.seq = seq,
          .ts_event = time,
          .price = wire::price_none,
          .size = 0,
          .rpt_seq = rpt.value(),
          .instrument_id = instrument.id.value(),
          .count = 0,
          .action = 'R',
          .side = 'N',
          .flags = 0,
          .level = 0,
          .reserved = 0};
}

wire::Depth10 depth10_event(const Instrument& instrument, const DepthBook& book, std::uint64_t seq,
                            std::uint64_t time, std::uint16_t flags) {
  wire::Depth10 event{};
  event.seq = seq;
  event.ts_event = time;
  event.rpt_seq = book.last_rpt().value();
  event.instrument_id = instrument.id.value();
  event.flags = flags;
  for (wire::LevelPair& pair : event.levels) pair.bid_px = pair.ask_px = wire::price_none;
  DepthLevel levels[std::size(event.levels)];
  const std::size_t bids = book.levels(Side::buy, levels);
  for (std::size_t i = 0; i < bids; ++i) {
    event.levels[i].bid_px = instrument.wire_price(levels[i].price);
    event.levels[i].bid_sz = instrument.wire_size(levels[i].quantity);
    event.levels[i].bid_ct = levels[i].orders;
  }
  const std::size_t asks = book.levels(Side::sell, levels);
  for (std::size_t i = 0; i < asks; ++i) {
    event.levels[i].ask_px = instrument.wire_price(levels[i].price);
    event.levels[i].ask_sz = instrument.wire_size(levels[i].quantity);
    event.levels[i].ask_ct = levels[i].orders;
  }
  return event;
}

wire::BookCheck check_event(const Instrument& instrument, const DepthBook& book,
                            std::uint64_t seq) {
  constexpr std::size_t top_levels = 10;
  constexpr std::size_t level_bytes = 20;
  std::byte packed[2 * top_levels * level_bytes];
  std::size_t size = 0;
  const auto pack = [&](const auto& value) {
    std::memcpy(packed + size, &value, sizeof value);
    size += sizeof value;
  };
  for (const Side side : {Side::buy, Side::sell}) {
    DepthLevel levels[top_levels];
    const std::size_t count = book.levels(side, levels);
    for (std::size_t i = 0; i < count; ++i) {
      pack(instrument.wire_price(levels[i].price));
      pack(instrument.wire_size(levels[i].quantity));
      pack(levels[i].orders);
    }
  }
  return {.seq = seq,
          .rpt_seq = book.last_rpt().value(),
          .book_hash = book.book_hash(),
          .instrument_id = instrument.id.value(),
          .crc32c_top10 = crc32c(0, {packed, size}),
          .bid_levels = static_cast<std::uint32_t>(book.level_count(Side::buy)),
          .ask_levels = static_cast<std::uint32_t>(book.level_count(Side::sell))};
}

}  // namespace bourse
