// A report as JSON, and back: what `bourse bench compare` reads.
//   Shape:  one object, format "bourse-bench-1"; docs/BENCHMARKS.md names its parts.
//   Owner:  pure functions.
//   Errors: a file that cannot be read, is no JSON or no report, with where and why.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "bench/report/report.h"  // BenchReport
#include "replay/result.h"        // Result

namespace bourse {

std::string report_json(const BenchReport& report);
Result<BenchReport> parse_report(std::string_view json, const std::string& where);
Result<BenchReport> read_report(const std::filesystem::path& file);

}  // namespace bourse
