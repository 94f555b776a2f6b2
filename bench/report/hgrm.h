// The percentile distribution as the text that HdrHistogram's plotters read.
//   Shape:  Value Percentile TotalCount 1/(1-Percentile), one line a point.
//   Units:  microseconds.
//   Owner:  a pure function.
#pragma once

#include <string>

#include "bench/report/report.h"  // Distribution

namespace bourse {

std::string hgrm_text(const Distribution& distribution);

}  // namespace bourse
