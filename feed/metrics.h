// What the server counts about itself, read by Prometheus from GET /metrics.
//   Shape:  each counter, gauge and histogram has one writer thread and is read at a scrape; adding
//           is a plain load and store, no lock and no locked instruction. The same name and labels
//           made by several threads are one series: their sum.
//   Units:  base units (seconds, bytes) in the text; histograms take nanoseconds.
//   Owner:  made at start or when a thing first happens (under a lock); references stay valid.
//   Errors: none.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bourse {

// Relaxed everywhere: a scrape wants a recent value and orders nothing.
class Counter {
 public:
  void add(std::uint64_t n = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};  // written by one thread, read by scrapes
};

class Gauge {
 public:
  void set(std::int64_t value) { value_.store(value, std::memory_order_relaxed); }
  std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};  // written by one thread, read by scrapes
};

// Powers of two from 1 us to 1 s, for latencies.
class Histogram {
 public:
  static constexpr std::size_t buckets_count = 22;  // the last one is +Inf
  static constexpr std::int64_t bound_ns(std::size_t bucket) {
    return std::int64_t{1000} << bucket;
  }

  void observe_ns(std::int64_t ns);
  std::uint64_t bucket(std::size_t i) const { return buckets_[i].value(); }
  std::uint64_t sum_ns() const { return sum_ns_.value(); }

 private:
  std::array<Counter, buckets_count> buckets_;
  Counter sum_ns_;
};

using MetricLabels = std::vector<std::pair<std::string, std::string>>;

class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  Counter& counter(std::string_view name, std::string_view help, const MetricLabels& labels = {});
  Gauge& gauge(std::string_view name, std::string_view help, const MetricLabels& labels = {});
  Histogram& histogram(std::string_view name, std::string_view help,
                       const MetricLabels& labels = {});
  // Asked at each scrape by the scraping thread; for values that others hold in atomics.
  enum class Kind : std::uint8_t { counter = 1, gauge = 2 };
  void sampled(Kind kind, std::string_view name, std::string_view help, const MetricLabels& labels,
               std::function<double()> value);

  struct Distribution {
    std::vector<double> bounds;         // upper, ascending; the last bucket has none
    std::vector<std::uint64_t> counts;  // of each bucket: one more than bounds
    double sum = 0;
  };
  void sampled(std::string_view name, std::string_view help, const MetricLabels& labels,
               std::function<Distribution()> value);

  std::string text() const;  // Prometheus text format 0.0.4

 private:
  struct Series;
  Series& make(std::string_view name, std::string_view help, const MetricLabels& labels);

  mutable std::mutex mutex_;
  std::deque<Series> series_;
};

}  // namespace bourse
