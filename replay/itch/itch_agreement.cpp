#include "replay/itch/itch_agreement.h"

#include <algorithm>

namespace bourse {
namespace {

// Rounded down, so that 100.00 % means all of them.
std::string percent(std::uint64_t part, std::uint64_t whole) {
  const std::uint64_t hundredths = whole == 0 ? 0 : part * 10'000 / whole;
  const std::uint64_t fraction = hundredths % 100;
  return std::to_string(hundredths / 100) + (fraction < 10 ? ".0" : ".") +
         std::to_string(fraction) + " %";
}

}  // namespace

std::string_view to_string(ItchDisagreement reason) {
  switch (reason) {
    case ItchDisagreement::none:
      return "none";
    case ItchDisagreement::order_unknown:
      return "the order came before the file";
    case ItchDisagreement::not_best_price:
      return "Nasdaq passed over a better displayed price";
    case ItchDisagreement::not_oldest:
      return "Nasdaq passed over an older order at the same price";
    case ItchDisagreement::cross:
      return "part of an auction";
    case ItchDisagreement::foreign_order:
      return "an order of somebody else stood in front";
    case ItchDisagreement::earlier_disagreement:
      return "the queues differ since an earlier disagreement";
    case ItchDisagreement::refused:
      return "the engine refused the order";
  }
  return "?";
}

std::string ItchAgreement::text(std::size_t lines_max) const {
  if (executions == 0) return "no executions of displayed orders\n";
  std::string out = std::to_string(agreed) + " of " + std::to_string(executions) + " executions (" +
                    percent(agreed, executions) + ") hit the same order as Nasdaq\n";
  for (std::size_t i = 1; i < itch_disagreement_count; ++i) {
    if (disagreed[i] == 0) continue;
    out += "  " + std::to_string(disagreed[i]) +
           " did not: " + std::string(to_string(static_cast<ItchDisagreement>(i))) + '\n';
  }
  const std::size_t lines = std::min(lines_max, records.size());
  for (std::size_t i = 0; i < lines; ++i) {
    const ItchDisagreementRecord& record = records[i];
    out += "  message " + std::to_string(record.message) + ": order " +
           std::to_string(record.reference) + ", " + std::to_string(record.quantity.value()) +
           " shares, of which the same " + std::to_string(record.agreed.value());
    if (record.hit_reference != 0 && record.hit_reference != record.reference) {
      out += ", order " + std::to_string(record.hit_reference) + " first";
    }
    out += ": " + std::string(to_string(record.reason)) + '\n';
  }
  if (lines < disagreements()) {
    out += "  and " + std::to_string(disagreements() - lines) + " more\n";
  }
  return out;
}

}  // namespace bourse
