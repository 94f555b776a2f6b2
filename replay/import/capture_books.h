// The books of a recording while it is imported: levels become orders, and what the venue gave to
// check is checked.
//   Shape:  a hash table from level to order id per instrument.
//   Owner:  one thread; the market must outlive it.
//   Errors: those of the journal; what is wrong in the data is counted in the checks.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "replay/import/capture_reader.h"   // CapturedLine
#include "replay/import/feed_import.h"      // FeedCheck
#include "replay/import/imported_market.h"  // ImportedMarket
#include "replay/result.h"                  // Result

namespace bourse {

class CaptureBooks {
 public:
  explicit CaptureBooks(ImportedMarket& market) : market_(market) {}

  // REQUIRES: defined in the market under this id.
  void define(const std::string& name, SymbolId symbol);
  // `where`: of the line, for what is wrong.
  Result<void> take(const CapturedLine& line, const std::string& where);
  void report(FeedImportReport& report) const;

 private:
  struct Book {
    SymbolId symbol{0};
    std::int64_t price_step = 1;                          // 1e-9
    std::uint64_t size_step = 1;                          // 1e-8
    std::unordered_map<std::int64_t, OrderId> orders[2];  // by price in ticks; bids, asks
    bool has_snapshot = false;
    std::uint64_t last_id = 0;           // Binance
    bool has_followed = false;           // the first update after the snapshot has come
    std::vector<CapturedMessage> early;  // updates before the snapshot
    std::map<std::uint64_t, CapturedMessage> quotes;  // of ids that are still to come
    std::optional<CapturedMessage> quote;             // of the last id that was reached
  };

  Book* book_of(const std::string& name);
  Result<void> take(const CapturedMessage& message, const std::string& where);
  Result<void> take_snapshot(Book& book, const CapturedMessage& message, const std::string& where);
  Result<void> take_update(Book& book, const CapturedMessage& message, const std::string& where);
  Result<void> take_trades(Book& book, const CapturedMessage& message);
  void take_quote(Book& book, const CapturedMessage& message);
  bool follows(Book& book, const CapturedMessage& message, const std::string& where);
  Result<void> set_level(Book& book, const CapturedLevel& level);
  Result<void> keep_depth(Book& book, std::size_t depth);
  void compare_quote(const Book& book, const CapturedMessage& quote, const std::string& where);
  std::uint32_t checksum(const Book& book, const CapturedMessage& message) const;

  ImportedMarket& market_;
  std::unordered_map<std::string, Book> books_;
  std::string only_;  // the one symbol of messages that name none; empty: none or several
  std::unordered_map<std::string, std::uint64_t> sequences_;  // by connection: the last one
  std::uint64_t next_order_ = 1;
  std::uint64_t next_match_ = 1;
  FeedCheck checksums_{.name = "checksums"};
  FeedCheck updates_{.name = "update_ids"};
  FeedCheck quotes_{.name = "quotes"};
  FeedCheck lines_{.name = "sequences"};
  std::uint64_t snapshots_ = 0;
  std::uint64_t changes_ = 0;
  std::uint64_t trades_ = 0;
  std::uint64_t unknown_levels_ = 0;  // removed, though they were not there
  std::uint64_t older_updates_ = 0;   // than the snapshot
  std::uint64_t beyond_ = 0;
  std::uint64_t no_book_ = 0;  // updates that never got a snapshot
};

}  // namespace bourse
