// What GET /metrics says, in the text that Prometheus reads.
#include "feed/metrics.h"

#include <gtest/gtest.h>

namespace bourse {
namespace {

TEST(Metrics, BucketsAreNamedByTheShortestNumber) {
  Metrics metrics;
  Histogram& histogram = metrics.histogram("delay_seconds", "how long");
  histogram.observe_ns(3500);
  histogram.observe_ns(5000);
  const std::string text = metrics.text();
  for (const char* const line :
       {"delay_seconds_bucket{le=\"1e-06\"} 0\n", "delay_seconds_bucket{le=\"4e-06\"} 1\n",
        "delay_seconds_bucket{le=\"8e-06\"} 2\n", "delay_seconds_bucket{le=\"0.001024\"} 2\n",
        "delay_seconds_bucket{le=\"+Inf\"} 2\n", "delay_seconds_count 2\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << "\n" << text;
  }
}

TEST(Metrics, ADistributionIsAskedAtEachScrape) {
  Metrics metrics;
  Metrics::Distribution now{{1, 2, 4}, {3, 0, 1, 1}, 17};
  metrics.sampled("group_size", "how many", {}, [&now] { return now; });
  EXPECT_NE(metrics.text().find("group_size_bucket{le=\"4\"} 4\n"), std::string::npos);
  now.counts[0] = 5;
  const std::string text = metrics.text();
  EXPECT_NE(text.find("group_size_bucket{le=\"1\"} 5\n"), std::string::npos) << text;
  EXPECT_NE(text.find("group_size_bucket{le=\"+Inf\"} 7\n"), std::string::npos) << text;
  EXPECT_NE(text.find("group_size_sum 17\n"), std::string::npos) << text;
}

}  // namespace
}  // namespace bourse
