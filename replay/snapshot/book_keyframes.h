// Keyframes of the books: the public market written down so often that the book at any sequence is
// a short way from one of them. Another cursor on the log, with a market of its own.
//   Shape:  a passive object; step() follows a bounded number of transactions. A keyframe is due
//           after `every` transactions, but not before the log has grown by share_max times the
//           size of the last one: so they cost at most a twentieth of the log.
//   Owner:  one thread.
//   Errors: those of the cursor; a keyframe that cannot be written is left out and tried later.
#pragma once

#include <cstdint>

#include "matching/market_state.h"  // MarketState
#include "replay/log/log.h"         // Log, Cursor
#include "replay/result.h"          // Result

namespace bourse {

class BookKeyframes {
 public:
  static constexpr std::uint64_t share_max = 20;

  // Goes on after market.sequence(). `every` in transactions; 0: none are written.
  static Result<BookKeyframes> open(const Log& log, MarketState market, std::uint64_t every);

  // True: there may be more to do at once. `now` is for people.
  Result<bool> step(TimeNs now);

  Sequence position() const { return market_.sequence(); }
  std::uint64_t written_count() const { return written_; }

 private:
  BookKeyframes(const Log& log, Cursor cursor, MarketState market, std::uint64_t every);
  void remove_old() const;

  const Log* log_;
  Cursor cursor_;
  MarketState market_;
  std::uint64_t every_;
  Sequence last_;                  // of the last keyframe, or where it began
  std::uint64_t last_bytes_ = 0;   // of the last keyframe
  std::uint64_t bytes_since_ = 0;  // of the log, since then
  std::uint64_t written_ = 0;
};

}  // namespace bourse
