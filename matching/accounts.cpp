#include "matching/accounts.h"

#include <algorithm>

namespace bourse {
namespace {

constexpr std::uint64_t token_e9 = 1'000'000'000;

}  // namespace

Accounts::Accounts(std::uint32_t accounts_max)
    : accounts_(take_pages<Account>(std::size_t{accounts_max} + 1)), accounts_max_(accounts_max) {
  for (std::uint64_t i = 0; i <= accounts_max; ++i) {
    accounts_[i] = {};
    accounts_[i].weight = mix64(~i) | 1;
  }
}

bool Accounts::take_token(Account& a, TimeNs now) const {
  // Billionths of an order per nanosecond: exactly orders_per_second, so nothing is rounded.
  const std::uint64_t room = std::max(a.orders_burst, 1u) * token_e9;
  const auto passed = static_cast<std::uint64_t>(now.value() - a.tokens_at.value());
  const std::uint64_t missing = room - std::min(room, a.tokens_e9);
  const bool refills = passed > missing / a.orders_per_second;
  a.tokens_e9 = refills ? room : a.tokens_e9 + passed * a.orders_per_second;
  a.tokens_at = now;
  if (a.tokens_e9 < token_e9) return false;
  a.tokens_e9 -= token_e9;
  return true;
}

}  // namespace bourse
