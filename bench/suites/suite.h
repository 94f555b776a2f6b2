// What every suite of `bourse bench` is given, and what it gives back.
//   Shape:  a suite is a function from Suite to Section; it says how long it will take, so that the
//           progress of several suites is one bar.
//   Units:  rates per second, durations in seconds, bounds in nanoseconds.
//   Owner:  the main thread.
//   Errors: what the world refuses (a disk, a process) ends the suite with an Error.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "bench/report/report.h"          // Section
#include "bench/suites/bench_progress.h"  // BenchProgress
#include "replay/log/durability.h"        // Durability
#include "replay/result.h"                // Result

namespace bourse {

struct SuiteOptions {
  std::vector<double> rates;           // empty: the suite's own
  std::vector<std::uint32_t> clients;  // subscribers; empty: the suite's own
  std::vector<Durability> durabilities = {Durability::memory, Durability::disk};
  double seconds = 1;    // of a run
  double warm_up = 0.5;  // before it, not counted
  std::uint64_t runs = 5;
  std::uint64_t seed = 23;
  double bound_ns = 0;  // of p99.9 while looking for the highest rate; 0: the suite's own
  bool curves = true;   // cost curves and the search for the highest rate too
  std::vector<std::string> parts;   // of wire: its names in bourse_bench.cpp; empty: all
  std::filesystem::path directory;  // of logs, on the disk that is to be measured
  std::filesystem::path exchange;   // the executable `bourse`
};

using SuiteFunction = Result<Section> (*)(const SuiteOptions&, BenchProgress&);

struct Suite {
  std::string_view name;
  SuiteFunction run;
  double (*seconds)(const SuiteOptions&);  // about
};

Result<Section> run_book_suite(const SuiteOptions& options, BenchProgress& progress);
double book_suite_seconds(const SuiteOptions& options);
Result<Section> run_log_suite(const SuiteOptions& options, BenchProgress& progress);
double log_suite_seconds(const SuiteOptions& options);
Result<Section> run_frame_suite(const SuiteOptions& options, BenchProgress& progress);
double frame_suite_seconds(const SuiteOptions& options);
Result<Section> run_pipeline_suite(const SuiteOptions& options, BenchProgress& progress);
double pipeline_suite_seconds(const SuiteOptions& options);
Result<Section> run_replay_suite(const SuiteOptions& options, BenchProgress& progress);
double replay_suite_seconds(const SuiteOptions& options);
Result<Section> run_wire_suite(const SuiteOptions& options, BenchProgress& progress);
double wire_suite_seconds(const SuiteOptions& options);

inline constexpr Suite suites[] = {
    {"book", run_book_suite, book_suite_seconds},
    {"log", run_log_suite, log_suite_seconds},
    {"frame", run_frame_suite, frame_suite_seconds},
    {"pipeline", run_pipeline_suite, pipeline_suite_seconds},
    {"replay", run_replay_suite, replay_suite_seconds},
    {"wire", run_wire_suite, wire_suite_seconds},
};

}  // namespace bourse
