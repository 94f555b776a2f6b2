// Where in the log the command of a client sequence lies, for the newest ones: a retry is answered
// with what became of the first attempt.
//   Shape:  a fixed table, each slot holds the last (account, client sequence) that fell into it;
//           what was pushed out is found in the log (order_questions.h), only more slowly.
//   Owner:  one io thread. All memory is taken in the constructor and touched when used.
//   Errors: none; find() is 0 for what is not kept.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include "matching/pages.h"  // ZeroedPages
#include "matching/types.h"  // AccountId, ClientSequence, Sequence

namespace bourse {

class OutcomeIndex {
 public:
  explicit OutcomeIndex(std::uint32_t slots)
      : mask_(std::bit_ceil(std::max(slots, 1u)) - 1),
        slots_(take_zeroed_pages<Slot>(std::size_t{mask_} + 1)) {}

  void note(AccountId account, ClientSequence client, Sequence sequence) {
    count_ += slot(account, client).account == 0;
    slot(account, client) = {client.value(), sequence.value(), account.value(), 0};
  }
  Sequence find(AccountId account, ClientSequence client) const {
    const Slot& found = slot(account, client);
    const bool is_it = found.account == account.value() && found.client == client.value();
    return Sequence{is_it ? found.sequence : 0};
  }
  std::uint64_t count() const { return count_; }  // of those that are kept

 private:
  struct Slot {
    std::uint64_t client;
    std::uint64_t sequence;
    std::uint32_t account;  // 0: free
    std::uint32_t reserved;
  };
  // The client sequences of one account are neighbours: they never push each other out early.
  Slot& slot(AccountId account, ClientSequence client) const {
    const std::uint64_t start = account.value() * 0x9e3779b97f4a7c15u >> 32;
    return slots_[(start + client.value()) & mask_];
  }

  std::uint64_t mask_;
  ZeroedPages<Slot> slots_;
  std::uint64_t count_ = 0;
};

}  // namespace bourse
