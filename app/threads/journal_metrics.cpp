#include "app/threads/journal_metrics.h"

#include <functional>
#include <utility>

namespace bourse {
namespace {

constexpr double ns_per_second = 1e9;

template <class Counts>
Metrics::Distribution distribution_of(const Counts& counts, double per_unit) {
  Metrics::Distribution out;
  for (std::size_t i = 0; i < Counts::buckets_count; ++i) {
    if (i + 1 < Counts::buckets_count)
      out.bounds.push_back(static_cast<double>(Counts::bound(i)) / per_unit);
    out.counts.push_back(counts.count(i));
  }
  out.sum = static_cast<double>(counts.sum()) / per_unit;
  return out;
}

}  // namespace

void export_journal_metrics(Metrics& metrics, Log& log, const MetricLabels& labels) {
  using Kind = Metrics::Kind;
  const auto sampled = [&](Kind kind, const char* name, const char* help, auto value) {
    metrics.sampled(kind, name, help, labels, [value] { return static_cast<double>(value()); });
  };
  const JournalWriter& journal = log.journal();
  sampled(Kind::gauge, "bourse_sequence", "last sequence of the log",
          [&log] { return log.tail().head().value(); });
  sampled(Kind::gauge, "bourse_released_sequence", "last sequence that may leave the process",
          [&log] { return log.released_sequence().value(); });
  sampled(Kind::gauge, "bourse_durable_sequence", "last sequence that is on the disk for certain",
          [&journal] { return journal.marks().durable.load(std::memory_order_relaxed); });
  sampled(Kind::gauge, "bourse_journal_state",
          "1 writing, 2 degraded (disk full, cancels only), 3 stalled (no room at all), 4 failed",
          [&journal] { return static_cast<int>(journal.state()); });
  sampled(Kind::counter, "bourse_journal_degraded_total", "times the disk was found full",
          [&journal] { return journal.counters().degraded; });
  sampled(Kind::gauge, "bourse_journal_reserve_bytes", "laid and kept for a full disk",
          [&journal] { return journal.counters().reserve_bytes; });
  sampled(Kind::counter, "bourse_journal_bytes_total", "bytes written to segments",
          [&journal] { return journal.counters().bytes; });
  sampled(Kind::counter, "bourse_journal_groups_total", "writes of the journal",
          [&journal] { return journal.counters().groups; });
  sampled(Kind::counter, "bourse_journal_transactions_total", "transactions written",
          [&journal] { return journal.counters().transactions; });
  sampled(Kind::counter, "bourse_journal_segments_total", "segments sealed",
          [&journal] { return journal.counters().segments; });
  sampled(Kind::counter, "bourse_journal_unprepared_total",
          "writes that went beyond the zeros laid ahead",
          [&journal] { return journal.counters().unprepared; });
  sampled(Kind::gauge, "bourse_tail_bytes", "size of the log's memory tail",
          [&log] { return log.tail().capacity_bytes(); });
  sampled(Kind::gauge, "bourse_tail_lag_bytes", "bytes of the tail that wait for the journal",
          [&log] { return log.tail().gate_lag_bytes(); });
  metrics.sampled("bourse_fsync_seconds", "time of one fdatasync of the journal", labels,
                  [&journal] { return distribution_of(journal.sync_times(), ns_per_second); });
  metrics.sampled("bourse_journal_group_transactions", "transactions of one write", labels,
                  [&journal] { return distribution_of(journal.group_sizes(), 1); });
}

}  // namespace bourse
