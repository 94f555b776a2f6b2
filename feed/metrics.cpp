#include "feed/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <bit>
#include <limits>
#include <map>
#include <sstream>

namespace bourse {

namespace {

constexpr double seconds_per_ns = 1e-9;

// Adds one series to what others have counted under the same labels.
void add_to(prometheus::ClientMetric& into, prometheus::MetricType type, double value) {
  if (type == prometheus::MetricType::Counter)
    into.counter.value += value;
  else
    into.gauge.value += value;
}

void add_to(prometheus::ClientMetric& into, const Histogram& histogram) {
  auto& out = into.histogram;
  if (out.bucket.empty()) {
    out.bucket.resize(Histogram::buckets_count);
    for (std::size_t i = 0; i < Histogram::buckets_count; ++i)
      out.bucket[i].upper_bound = i + 1 < Histogram::buckets_count
                                      ? static_cast<double>(Histogram::bound_ns(i)) * seconds_per_ns
                                      : std::numeric_limits<double>::infinity();
  }
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < Histogram::buckets_count; ++i) {
    cumulative += histogram.bucket(i);
    out.bucket[i].cumulative_count += cumulative;
  }
  out.sample_count += cumulative;
  out.sample_sum += static_cast<double>(histogram.sum_ns()) * seconds_per_ns;
}

}  // namespace

void Histogram::observe_ns(std::int64_t ns) {
  // bound_ns(i) = 1000 << i: the bucket is the width of (ns - 1) / 1000 in bits.
  const auto steps = static_cast<std::uint64_t>(ns > 0 ? (ns - 1) / 1000 : 0);
  const auto bucket = static_cast<std::size_t>(std::bit_width(steps));
  buckets_[bucket < buckets_count ? bucket : buckets_count - 1].add();
  sum_ns_.add(static_cast<std::uint64_t>(ns > 0 ? ns : 0));
}

struct Metrics::Series {
  std::string name;
  std::string help;
  MetricLabels labels;
  prometheus::MetricType type = prometheus::MetricType::Counter;
  Counter counter;
  Gauge gauge;
  Histogram histogram;
  std::function<double()> sampled;

  void add_to_metric(prometheus::ClientMetric& into) const {
    if (sampled)
      add_to(into, type, sampled());
    else if (type == prometheus::MetricType::Counter)
      add_to(into, type, static_cast<double>(counter.value()));
    else if (type == prometheus::MetricType::Gauge)
      add_to(into, type, static_cast<double>(gauge.value()));
    else
      add_to(into, histogram);
  }
};

Metrics::Metrics() = default;
Metrics::~Metrics() = default;

Metrics::Series& Metrics::make(std::string_view name, std::string_view help,
                               const MetricLabels& labels) {
  Series& series = series_.emplace_back();
  series.name = name;
  series.help = help;
  series.labels = labels;
  return series;
}

Counter& Metrics::counter(std::string_view name, std::string_view help,
                          const MetricLabels& labels) {
  const std::scoped_lock lock(mutex_);
  return make(name, help, labels).counter;
}

Gauge& Metrics::gauge(std::string_view name, std::string_view help, const MetricLabels& labels) {
  const std::scoped_lock lock(mutex_);
  Series& series = make(name, help, labels);
  series.type = prometheus::MetricType::Gauge;
  return series.gauge;
}

Histogram& Metrics::histogram(std::string_view name, std::string_view help,
                              const MetricLabels& labels) {
  const std::scoped_lock lock(mutex_);
  Series& series = make(name, help, labels);
  series.type = prometheus::MetricType::Histogram;
  return series.histogram;
}

void Metrics::sampled(Kind kind, std::string_view name, std::string_view help,
                      const MetricLabels& labels, std::function<double()> value) {
  const std::scoped_lock lock(mutex_);
  Series& series = make(name, help, labels);
  series.type =
      kind == Kind::gauge ? prometheus::MetricType::Gauge : prometheus::MetricType::Counter;
  series.sampled = std::move(value);
}

std::string Metrics::text() const {
  std::vector<prometheus::MetricFamily> families;
  std::map<std::string_view, std::size_t> family_of;
  std::map<std::pair<std::string_view, MetricLabels>, std::size_t> metric_of;
  const std::scoped_lock lock(mutex_);
  for (const Series& series : series_) {
    const auto [family, is_new_family] = family_of.emplace(series.name, families.size());
    if (is_new_family) families.push_back({series.name, series.help, series.type, {}});
    auto& metrics = families[family->second].metric;
    const auto [metric, is_new] =
        metric_of.emplace(std::pair{std::string_view(series.name), series.labels}, metrics.size());
    if (is_new) {
      prometheus::ClientMetric& made = metrics.emplace_back();
      for (const auto& [label, value] : series.labels) made.label.push_back({label, value});
    }
    series.add_to_metric(metrics[metric->second]);
  }
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families);
  return out.str();
}

}  // namespace bourse
