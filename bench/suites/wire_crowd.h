// The parts of the wire suite that need many connections: latency, CPU and memory against the
// number of subscribers; healthy readers while a thousand others shake hands; readers beside one
// that is slow and one that is stuck.
//   Owner:  the main thread.
//   Errors: a run that is void becomes a warning of the section.
#pragma once

#include "bench/load/exchange_process.h"  // ExchangeProcess
#include "bench/suites/suite.h"           // SuiteOptions, BenchProgress, Section

namespace bourse {

void measure_subscribers(const ExchangeProcess& exchange, const SuiteOptions& options,
                         BenchProgress& progress, Section& out);
void measure_storm(const ExchangeProcess& exchange, const SuiteOptions& options,
                   BenchProgress& progress, Section& out);
void measure_laggards(const ExchangeProcess& exchange, const SuiteOptions& options,
                      BenchProgress& progress, Section& out);

}  // namespace bourse
