#include "matching/accounts.h"

namespace bourse {

Accounts::Accounts(std::uint32_t accounts_max)
    : accounts_(std::make_unique_for_overwrite<Account[]>(std::size_t{accounts_max} + 1)),
      accounts_max_(accounts_max) {
  for (std::uint64_t i = 0; i <= accounts_max; ++i) {
    accounts_[i] = {ClientSequence{0}, ExecSequence{0}, mix64(~i) | 1, 0};
  }
}

}  // namespace bourse
