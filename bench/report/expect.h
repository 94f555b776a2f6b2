// `--expect 'p99<250us'`: a bound that the figures must keep, so that a build can fail for them.
//   Shape:  [suite:]percentile<time or <=; time in ns, us, ms or s. Also [suite:]reached>=99%.
//           It must hold for the median of the runs of every row of ours; twins do not count.
//   Owner:  pure functions.
//   Errors: what cannot be understood, with an example; a suite that has no rows is not met.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "bench/report/report.h"  // BenchReport, ExpectResult
#include "replay/result.h"        // Result

namespace bourse {

struct Expect {
  std::string text;
  std::string suite;       // empty: every suite
  std::size_t percentile;  // index of shown_name(); shown_count: the share of the rate reached
  bool is_upper;           // < or <=
  bool takes_equal;        // <= or >=
  double bound;            // ns, or percent
};

Result<Expect> parse_expect(std::string_view text);
// "250us" in nanoseconds; `default_unit_ns` 0: a unit is needed.
Result<double> parse_time(std::string_view text, double default_unit_ns);

ExpectResult check(const Expect& expect, const BenchReport& report);

}  // namespace bourse
