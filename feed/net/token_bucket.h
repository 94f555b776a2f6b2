// A rate with a burst: so many tokens per second are regained, at most `burst` are held.
//   Shape:  integers only: nanoseconds of credit.
//   Owner:  one thread; time comes from the caller and may stand still.
//   Errors: take() is false when there is no token; retry_after_ms() says when to try again.
#pragma once

#include <algorithm>
#include <cstdint>

#include "matching/types.h"  // TimeNs

namespace bourse {

class TokenBucket {
 public:
  // REQUIRES: per_second > 0, burst > 0.
  TokenBucket(std::uint32_t per_second, std::uint32_t burst)
      : token_ns_(std::max<std::int64_t>(1, ns_per_second / per_second)),
        credit_max_ns_(token_ns_ * burst),
        credit_ns_(credit_max_ns_) {}

  bool take(TimeNs now) {
    if (now > last_) {
      // The first call may be any time after the start: the bucket is full anyway.
      const std::int64_t passed = std::min(now.value() - last_.value(), credit_max_ns_);
      credit_ns_ = std::min(credit_ns_ + passed, credit_max_ns_);
      last_ = now;
    }
    if (credit_ns_ < token_ns_) return false;
    credit_ns_ -= token_ns_;
    return true;
  }
  std::uint32_t retry_after_ms() const {
    const std::int64_t missing_ns = std::max<std::int64_t>(0, token_ns_ - credit_ns_);
    return static_cast<std::uint32_t>(missing_ns / 1'000'000 + 1);
  }

 private:
  static constexpr std::int64_t ns_per_second = 1'000'000'000;

  std::int64_t token_ns_;
  std::int64_t credit_max_ns_;
  std::int64_t credit_ns_;
  TimeNs last_{0};
};

}  // namespace bourse
