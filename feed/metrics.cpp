#include "feed/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <bit>
#include <charconv>
#include <limits>
#include <map>
#include <sstream>

namespace bourse {

namespace {

// A division, because a product with 1e-9 is off by a bit: 4000 / 1e9 is 4e-06.
constexpr double ns_per_second = 1e9;
constexpr double max_bound = std::numeric_limits<double>::max();

// Adds one series to what others have counted under the same labels.
void add_to(prometheus::ClientMetric& into, prometheus::MetricType type, double value) {
  if (type == prometheus::MetricType::Counter)
    into.counter.value += value;
  else
    into.gauge.value += value;
}

void add_to(prometheus::ClientMetric& into, const Metrics::Distribution& values) {
  auto& out = into.histogram;
  if (out.bucket.empty()) {
    out.bucket.resize(values.counts.size());
    for (std::size_t i = 0; i < values.counts.size(); ++i)
      out.bucket[i].upper_bound =
          i < values.bounds.size() ? values.bounds[i] : std::numeric_limits<double>::infinity();
  }
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < values.counts.size(); ++i) {
    cumulative += values.counts[i];
    out.bucket[i].cumulative_count += cumulative;
  }
  out.sample_count += cumulative;
  out.sample_sum += values.sum;
}

Metrics::Distribution distribution_of(const Histogram& histogram) {
  Metrics::Distribution out;
  for (std::size_t i = 0; i < Histogram::buckets_count; ++i) {
    if (i + 1 < Histogram::buckets_count)
      out.bounds.push_back(static_cast<double>(Histogram::bound_ns(i)) / ns_per_second);
    out.counts.push_back(histogram.bucket(i));
  }
  out.sum = static_cast<double>(histogram.sum_ns()) / ns_per_second;
  return out;
}

// The serializer writes 17 digits, so that 4e-06 becomes 4.0000000000000003e-06 and no two programs
// agree on the name of a bucket. What is shortest and reads back as the same number is as exact.
std::string with_short_bounds(std::string text) {
  constexpr std::string_view label = "le=\"";
  for (std::size_t at = text.find(label); at != std::string::npos; at = text.find(label, at)) {
    at += label.size();
    const std::size_t end = text.find('"', at);
    double bound = 0;
    const auto [stop, error] = std::from_chars(text.data() + at, text.data() + end, bound);
    if (error != std::errc{} || stop != text.data() + end || bound > max_bound) continue;
    std::array<char, 32> shortest{};
    const auto written = std::to_chars(shortest.begin(), shortest.end(), bound);
    text.replace(at, end - at, std::string_view(shortest.data(), written.ptr));
  }
  return text;
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
  std::function<Distribution()> sampled_distribution;

  void add_to_metric(prometheus::ClientMetric& into) const {
    if (sampled_distribution)
      add_to(into, sampled_distribution());
    else if (sampled)
      add_to(into, type, sampled());
    else if (type == prometheus::MetricType::Counter)
      add_to(into, type, static_cast<double>(counter.value()));
    else if (type == prometheus::MetricType::Gauge)
      add_to(into, type, static_cast<double>(gauge.value()));
    else
      add_to(into, distribution_of(histogram));
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

void Metrics::sampled(std::string_view name, std::string_view help, const MetricLabels& labels,
                      std::function<Distribution()> value) {
  const std::scoped_lock lock(mutex_);
  Series& series = make(name, help, labels);
  series.type = prometheus::MetricType::Histogram;
  series.sampled_distribution = std::move(value);
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
  return with_short_bounds(out.str());
}

}  // namespace bourse
