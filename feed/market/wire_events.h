// Public events, best prices and books in the words of the wire.
//   Shape:  free functions: one event of the house in, one struct of feed/wire.h out.
//   Units:  ticks and lots in, 1e-9 and 10^qty_exponent out.
//   Owner:  none.
//   Errors: none.
#pragma once

#include <cstdint>

#include "feed/instrument_table.h"      // Instrument
#include "feed/market/level_changes.h"  // LevelChange
#include "feed/wire.h"                  // MboEvent, ...
#include "matching/depth_book.h"        // DepthBook
#include "matching/engine.h"            // BestPrices
#include "matching/event.h"             // PublicEvent
#include "matching/types.h"             // RptSequence

namespace bourse {

wire::MboEvent mbo_event(const PublicEvent& e, const Instrument& instrument, std::uint64_t seq,
                         std::uint64_t time);
// Of an execution or a print.
wire::Trade trade_event(const PublicEvent& e, const Instrument& instrument, std::uint64_t seq,
                        std::uint64_t time);
// A correction: the trade of this match id shall not have been.
wire::Trade void_event(const PublicEvent& e, const Instrument& instrument, std::uint64_t seq,
                       std::uint64_t time);
wire::Status status_event(const PublicEvent& e, std::uint64_t seq, std::uint64_t time);
wire::Imbalance imbalance_event(const PublicEvent& e, const Instrument& instrument,
                                std::uint64_t seq, std::uint64_t time);
wire::Bbo bbo_event(const Instrument& instrument, const BestPrices& best, std::uint64_t seq,
                    std::uint64_t time, RptSequence rpt, std::uint16_t flags);
wire::LevelUpdate level_event(const Instrument& instrument, const LevelChange& change,
                              std::uint64_t seq, std::uint64_t time, RptSequence rpt);
// What empties the levels that a client has.
wire::LevelUpdate level_clear(const Instrument& instrument, std::uint64_t seq, std::uint64_t time,
                              RptSequence rpt);
wire::Depth10 depth10_event(const Instrument& instrument, const DepthBook& book, std::uint64_t seq,
                            std::uint64_t time, std::uint16_t flags);
wire::BookCheck check_event(const Instrument& instrument, const DepthBook& book, std::uint64_t seq);

}  // namespace bourse
