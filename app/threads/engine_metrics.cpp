#include "app/threads/engine_metrics.h"

#include <cstddef>
#include <functional>
#include <string>
#include <utility>

namespace bourse {

void export_engine_metrics(Metrics& metrics, const Sequencer& sequencer,
                           const MetricLabels& log_labels) {
  using Kind = Metrics::Kind;
  const auto number = [](auto value) { return static_cast<double>(value); };
  metrics.sampled(Kind::counter, "bourse_commands_total", "commands executed since the start",
                  log_labels, [&sequencer, number] { return number(sequencer.command_count()); });
  metrics.sampled(Kind::counter, "bourse_blocked_total", "times the engine waited for the journal",
                  log_labels, [&sequencer, number] { return number(sequencer.blocked_count()); });
  for (std::size_t gate = 0; gate < sequencer.gate_count(); ++gate) {
    MetricLabels labels = log_labels;
    labels.emplace_back("ring", std::string(sequencer.gate_status(gate).name));
    metrics.sampled(
        Kind::gauge, "bourse_ring_depth", "commands that wait in a gate", labels,
        [&sequencer, gate, number] { return number(sequencer.gate_status(gate).waiting); });
    metrics.sampled(
        Kind::gauge, "bourse_ring_depth_max", "commands that a gate has room for", labels,
        [&sequencer, gate, number] { return number(sequencer.gate_status(gate).capacity); });
  }
}

}  // namespace bourse
