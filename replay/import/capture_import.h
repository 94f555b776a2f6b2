// Builds a journal from recorded websockets of Kraken, Binance or Coinbase.
//   Shape:  books of levels become books of orders: one order per level, with an id of its own from
//           the level's first appearance to its end; a change of its size is a modify, a trade is a
//           print beside the book, whose change the venue tells itself. Two passes: the first finds
//           the instruments and how many decimals their prices and sizes have, the second writes.
//   Units:  time: when the recorder received the line.
//   Owner:  one thread, until it is done.
//   Errors: a file that cannot be read or is no such recording (no journal is made); what comes
//           later is in the report: a damaged or cut line ends its file there (cut), and what the
//           venue gave to check is checked: Kraken's CRC32 of the ten best levels after each
//           change, Binance's update ids and the quote of the same id, Coinbase's sequence of a
//           connection.
#pragma once

#include <cstdint>

#include "replay/import/feed_import.h"  // FeedImportOptions, FeedImportReport
#include "replay/result.h"              // Result

namespace bourse {

enum class CaptureVenue : std::uint8_t { kraken = 1, binance = 2, coinbase = 3 };

Result<FeedImportReport> import_capture(CaptureVenue venue, const FeedImportOptions& options,
                                        const FeedImportGoOn& go_on = {});

}  // namespace bourse
