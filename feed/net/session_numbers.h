// Session ids that no other gateway gives: from blocks that are granted from outside.
//   Shape:  half of the id says the block, the other half counts in it. Gateways' blocks have the
//           highest bit, so that they are none of the engine's own (1, 2, 3, ...).
//   Owner:  any thread.
//   Errors: none left: has_some() is false and connections wait until a block is granted.
#pragma once

#include <cstdint>
#include <mutex>

#include "matching/types.h"  // SessionId

namespace bourse {

class SessionNumbers {
 public:
  static constexpr std::uint32_t per_block = 1u << 16;
  static constexpr std::uint32_t first_block = 1u << 15;
  static constexpr std::uint32_t last_block = 0xfffe;  // 0xffffffff is the order flow's

  // Connections that are accepted after one look at has_some(), by all threads.
  static constexpr std::uint32_t accepted_at_once = 1024;

  // The next block; any thread.
  void grant(std::uint32_t block) {
    const std::lock_guard lock(mutex_);
    next_block_ = block;
    if (block_ == 0) turn();
  }
  // Half of the present block is used and there is no next one.
  bool wants_block() const {
    const std::lock_guard lock(mutex_);
    return next_block_ == 0 && (block_ == 0 || used_ > per_block / 2);
  }
  bool has_some() const {
    const std::lock_guard lock(mutex_);
    return block_ != 0 && (used_ < per_block - accepted_at_once || next_block_ != 0);
  }
  SessionId take() {  // REQUIRES: has_some()
    const std::lock_guard lock(mutex_);
    if (used_ == per_block) turn();
    return SessionId{block_ << 16 | used_++};
  }

 private:
  void turn() {
    block_ = next_block_;
    next_block_ = 0;
    used_ = 0;
  }

  mutable std::mutex mutex_;  // once per connection
  std::uint32_t block_ = 0;
  std::uint32_t next_block_ = 0;
  std::uint32_t used_ = 0;
};

}  // namespace bourse
