// Follows one symbol on a market-data connection as any client should: checks the chain of every
// stream, rebuilds the book from snapshot and events, and knows where to resume.
//   Shape:   passive; text and binary messages in, ticks out. Book prices are wire prices (1e-9),
//            quantities wire sizes: the book only compares and adds.
//   Owner:   one thread.
//   Errors:  a broken chain, a frame that does not verify or an event that does not fit the book is
//            an Error: reconnect and resume from resume_sequence().
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "feed/market/market_frames.h"  // FrameView
#include "feed/wire.h"                  // MboEvent, Trade, ...
#include "matching/depth_book.h"        // DepthBook
#include "replay/result.h"              // Result

namespace bourse {

// One thing that happened, for printing. Exactly one of them is set.
struct Tick {
  const wire::MboEvent* mbo = nullptr;
  const wire::Trade* trade = nullptr;
  const wire::Bbo* bbo = nullptr;
  const wire::Status* status = nullptr;
  const wire::Imbalance* imbalance = nullptr;
};

class MarketFollower {
 public:
  static constexpr std::size_t trades_kept = 64;

  MarketFollower(std::string symbol, std::vector<std::string> channels);

  // The subscribe message: from `from` (0 = live) or, after a break, from where it stands.
  std::string subscribe_request(std::uint64_t from) const;
  Result<void> on_text(std::string_view text);
  // Calls visit(Tick) for each event that was not delivered before.
  template <class Visit>
  Result<void> on_frame(std::span<const std::byte> frame, Visit visit) {
    const std::optional<FrameView> view = read_frame(frame);
    if (!view) return fail(ExitCode::data_damaged, "a frame does not verify", symbol_);
    if (auto followed = follow(*view); !followed) return followed;
    for (const auto& event : view->mbo)
      if ((event.flags & event_flags::snapshot) == 0) visit(Tick{.mbo = &event});
    for (const auto& trade : view->trade) visit(Tick{.trade = &trade});
    for (const auto& bbo : view->bbo) visit(Tick{.bbo = &bbo});
    for (const auto& status : view->status) visit(Tick{.status = &status});
    for (const auto& imbalance : view->imbalance) visit(Tick{.imbalance = &imbalance});
    return {};
  }

  const std::string& symbol() const { return symbol_; }
  const DepthBook& book() const { return book_; }
  bool has_book() const { return has_book_; }
  const std::deque<wire::Trade>& trades() const { return trades_; }  // newest first
  std::uint64_t last_sequence() const { return last_sequence_; }
  std::uint64_t last_time_ns() const { return last_time_ns_; }
  std::uint64_t journal_sequence() const { return journal_sequence_; }  // of the last heartbeat
  bool is_catching_up() const { return catching_up_; }
  int quantity_decimals() const { return -quantity_exponent_; }
  int price_decimals_shown() const { return price_decimals_; }

 private:
  struct Stream {
    std::string channel;
    std::uint64_t at = 0;        // last_seq that was taken whole or in part
    std::uint64_t complete = 0;  // last_seq of which nothing more follows
  };

  Result<void> follow(const FrameView& frame);
  Result<void> follow_chain(const FrameView& frame);
  Result<void> follow_book(const FrameView& frame);

  std::string symbol_;
  std::vector<std::string> channels_;
  std::map<std::uint32_t, Stream> streams_;
  DepthBook book_;
  bool has_book_ = false;
  std::deque<wire::Trade> trades_;
  std::uint64_t last_sequence_ = 0;
  std::uint64_t last_time_ns_ = 0;
  std::uint64_t log_ = 0;  // that has the symbol
  std::uint64_t journal_sequence_ = 0;
  bool catching_up_ = false;
  int quantity_exponent_ = 0;
  int price_decimals_ = 2;
};

}  // namespace bourse
