// XXH3-128 over bytes that come in pieces: the hash of a segment grows with each group.
//   Owner:  one thread.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "replay/log/log_format.h"  // Hash128

struct XXH3_state_s;

namespace bourse {

class StreamHash {
 public:
  StreamHash();
  void add(std::span<const std::byte> bytes);
  Hash128 digest() const;  // of all bytes so far; more may follow
  StreamHash copy() const;

 private:
  struct Free {
    void operator()(XXH3_state_s* state) const;
  };
  std::unique_ptr<XXH3_state_s, Free> state_;
};

}  // namespace bourse
