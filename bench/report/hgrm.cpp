#include "bench/report/hgrm.h"

#include <fmt/format.h>

#include <cmath>

namespace bourse {

std::string hgrm_text(const Distribution& distribution) {
  std::string out = fmt::format("{:>12} {:>14} {:>10} {:>14}\n\n", "Value", "Percentile",
                                "TotalCount", "1/(1-Percentile)");
  for (const CurvePoint& point : distribution.quantiles) {
    const double share = point.x / 100;
    const auto count =
        static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(distribution.count)));
    out += fmt::format("{:>12.3f} {:>14.12f} {:>10}", point.y / 1e3, share, count);
    out += share < 1 ? fmt::format(" {:>14.2f}\n", 1 / (1 - share)) : "\n";
  }
  const double most = distribution.quantiles.empty() ? 0 : distribution.quantiles.back().y / 1e3;
  out += fmt::format("#[Max     = {:>12.3f}, Total count    = {:>12}]\n", most, distribution.count);
  return out;
}

}  // namespace bourse
