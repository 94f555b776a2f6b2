// A report as a terminal shows it.
//   Owner:  pure functions.
#pragma once

#include <string>

#include "bench/report/report.h"  // BenchReport, Section

namespace bourse {

std::string machine_table(const Machine& machine);
// What is known before the first run is printed too: names, mix, what is left out.
std::string section_head(const Section& section);
std::string section_table(const Section& section);
std::string expects_table(const BenchReport& report);

}  // namespace bourse
