// Runs a suite in a process of its own, so that one that fails, breaks or does not end takes
// nothing of the others with it.
//   Shape:  the process gives its Section back as a report of one section in a file.
//   Units:  seconds.
//   Owner:  the main thread, before it has started another.
//   Errors: the suite's own; a process that broke; one that was ended because its time was over.
#pragma once

#include <chrono>

#include "bench/report/report.h"          // Section
#include "bench/suites/bench_progress.h"  // BenchProgress
#include "bench/suites/suite.h"           // Suite, SuiteOptions
#include "replay/result.h"                // Result

namespace bourse {

// What still runs at `killed_at` is killed, with all that it has started.
Result<Section> run_in_process(const Suite& suite, const SuiteOptions& options,
                               BenchProgress& progress,
                               std::chrono::steady_clock::time_point killed_at);

}  // namespace bourse
