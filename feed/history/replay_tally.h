// What was played since the last place, counted: the result that a replay ends with.
//   Shape:  counts of the log's transactions, and the digest of what the connection was sent.
//   Owner:  one session.
//   Errors: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "feed/control/json_writer.h"    // JsonWriter
#include "feed/history/replay_digest.h"  // ReplayDigest
#include "matching/transaction.h"        // TransactionView
#include "matching/types.h"              // Sequence

namespace bourse {

// The other execute of an auction match is not a trade of its own.
inline bool is_trade(const PublicEvent& event) {
  const bool matches = event.kind == EventKind::execute || event.kind == EventKind::trade;
  return matches && (event.flags & event_flags::auction_other_side) == 0;
}

class ReplayTally {
 public:
  void begin(Sequence first) {
    *this = ReplayTally();
    first_ = first;
  }
  void add(const TransactionView& transaction) {
    ++transactions_;
    for (const PublicEvent& event : transaction.public_events()) {
      ++events_;
      trades_ += is_trade(event) ? 1 : 0;
    }
  }
  void add_messages(std::span<const std::byte> messages) { digest_.add_messages(messages); }

  std::uint64_t transactions() const { return transactions_; }
  std::uint64_t events() const { return events_; }
  // One JSON object: the range, the counts, the digest.
  std::string summary(Sequence to) const;
  // The message end_of_replay: the summary and the hash of each stream.
  void write_end(JsonWriter& json, Sequence to) const;

 private:
  Sequence first_{0};
  std::uint64_t transactions_ = 0;
  std::uint64_t events_ = 0;  // of the whole market, as are trades_
  std::uint64_t trades_ = 0;
  ReplayDigest digest_;
};

}  // namespace bourse
