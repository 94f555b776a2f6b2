// One run of the pipeline in one process: from a gate to a client over TLS, each stage the one that
// ships, on threads as in the exchange.
//   way       gate -> sequencer, engine -> log's tail -> journal -> hub -> frame -> TLS record ->
//             socket -> client, who decrypts and verifies
//   Units:    nanoseconds of the wall clock, which is the sequencer's.
//   Owner:    the calling thread sends; four more belong to the run.
//   Errors:   a log that cannot be written, a connection that breaks.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "bench/report/report.h"    // OpenRun
#include "matching/command.h"       // Command
#include "replay/log/durability.h"  // Durability
#include "replay/result.h"          // Result

namespace bourse {

struct PipelineLoad {
  Durability durability = Durability::memory;
  double rate = 0;
  std::uint64_t warm_up = 0;  // commands
  std::uint64_t count = 0;    // with those
};

struct PipelineRun {
  OpenRun received;  // of the commands that made a public event
  OpenRun logged;    // of all: executed, the transaction in the log's tail
  std::vector<std::pair<std::string, std::vector<std::int64_t>>> stages;
};

// REQUIRES: the commands of make_order_stream() from sequence 2 on, at least `count`.
Result<PipelineRun> run_pipeline(const std::filesystem::path& directory,
                                 const std::vector<Command>& commands, const PipelineLoad& load);

// The baseline: a deque behind a mutex, a thread that sleeps on a condition, the std::map book.
OpenRun run_pipeline_twin(const std::vector<Command>& commands, const PipelineLoad& load);

}  // namespace bourse
