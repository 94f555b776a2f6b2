// A report as one page that needs nothing else: tables, plots drawn here, and the environment.
//   Owner:  pure functions.
#pragma once

#include <string>

#include "bench/report/report.h"  // BenchReport

namespace bourse {

std::string report_html(const BenchReport& report);
// Latency by percentile of the section's rows, on the scale of nines, as a file of its own.
std::string percentile_plot(const Section& section);

}  // namespace bourse
