#include "base/metrics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace rha::base {
namespace {

TEST(Metrics, RendersFamiliesByNameWithHelpAndType) {
  MetricsRegistry metrics;
  metrics.gauge("b_open", "Open things.").set(-3);
  metrics.counter("a_total", "Things.", {{"code", "200"}, {"method", "GET"}}).add(2);
  metrics.counter("a_total", "Things.", {{"code", "404"}, {"method", "GET"}}).add();
  EXPECT_EQ(metrics.render(),
            "# HELP a_total Things.\n"
            "# TYPE a_total counter\n"
            "a_total{code=\"200\",method=\"GET\"} 2\n"
            "a_total{code=\"404\",method=\"GET\"} 1\n"
            "# HELP b_open Open things.\n"
            "# TYPE b_open gauge\n"
            "b_open -3\n");
}

TEST(Metrics, RendersHistogramsCumulatively) {
  MetricsRegistry metrics;
  auto& histogram = metrics.histogram("h", "Help.", {0.5, 1, 1e6}, {{"l", "v"}});
  for (const double value : {0.25, 0.5, 0.75, 1e7}) {
    histogram.observe(value);
  }
  EXPECT_EQ(metrics.render(),
            "# HELP h Help.\n"
            "# TYPE h histogram\n"
            "h_bucket{l=\"v\",le=\"0.5\"} 2\n"
            "h_bucket{l=\"v\",le=\"1\"} 3\n"
            "h_bucket{l=\"v\",le=\"1e+06\"} 3\n"
            "h_bucket{l=\"v\",le=\"+Inf\"} 4\n"
            "h_sum{l=\"v\"} 10000001.5\n"
            "h_count{l=\"v\"} 4\n");
  EXPECT_EQ(histogram.cumulative(3), 4U);
}

TEST(Metrics, EscapesLabelsAndHelp) {
  MetricsRegistry metrics;
  metrics.counter("c", "a \"b\"\n\\", {{"l", "a \"b\"\n\\"}});
  EXPECT_EQ(metrics.render(),
            "# HELP c a \"b\"\\n\\\\\n"
            "# TYPE c counter\n"
            "c{l=\"a \\\"b\\\"\\n\\\\\"} 0\n");
}

TEST(Metrics, AsksGaugeFunctionsWhenRendering) {
  MetricsRegistry metrics;
  double value = 1.5;
  metrics.gaugeFunction("g", "Help.", [&] { return value; });
  EXPECT_NE(metrics.render().find("\ng 1.5\n"), std::string::npos);
  value = std::numeric_limits<double>::infinity();
  EXPECT_NE(metrics.render().find("\ng +Inf\n"), std::string::npos);
  value = -value;
  EXPECT_NE(metrics.render().find("\ng -Inf\n"), std::string::npos);
  value = std::numeric_limits<double>::quiet_NaN();
  EXPECT_NE(metrics.render().find("\ng NaN\n"), std::string::npos);
}

TEST(Metrics, LetAGaugeFunctionUseTheRegistry) {
  MetricsRegistry metrics;
  metrics.gaugeFunction("g", "Help.", [&] { return static_cast<double>(metrics.counter("c", "Help.").value()); });
  EXPECT_NE(metrics.render().find("\ng 0\n"), std::string::npos);
}

TEST(Metrics, ReturnTheSameMetricForTheSameLabels) {
  MetricsRegistry metrics;
  auto& one = metrics.counter("c", "Help.", {{"a", "1"}});
  EXPECT_EQ(&one, &metrics.counter("c", "Help.", {{"a", "1"}}));
  EXPECT_NE(&one, &metrics.counter("c", "Help.", {{"a", "2"}}));
}

TEST(Metrics, RefuseAFamilyOfTwoTypes) {
  MetricsRegistry metrics;
  metrics.counter("c", "Help.");
  metrics.gauge("g", "Help.");
  metrics.gaugeFunction("f", "Help.", [] { return 0.0; });
  EXPECT_THROW(metrics.gauge("c", "Help."), std::logic_error);
  EXPECT_THROW(metrics.histogram("g", "Help.", {1}), std::logic_error);
  EXPECT_THROW(metrics.gaugeFunction("g", "Help.", [] { return 0.0; }), std::logic_error);
  EXPECT_THROW(metrics.gauge("f", "Help."), std::logic_error);
}

TEST(Metrics, CountFromSeveralThreads) {
  MetricsRegistry metrics;
  auto& counter = metrics.counter("c", "Help.");
  auto& histogram = metrics.histogram("h", "Help.", latencyBuckets());
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 1000; ++n) {
        counter.add();
        histogram.observe(1);
      }
    });
  }
  static_cast<void>(metrics.render());
  for (auto& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(counter.value(), 4000U);
  EXPECT_EQ(histogram.cumulative(histogram.upperBounds().size()), 4000U);
  EXPECT_DOUBLE_EQ(histogram.sum(), 4000.0);
}

TEST(Metrics, OfferBucketsInRisingOrder) {
  for (const auto& bounds : {latencyBuckets(), sizeBuckets()}) {
    EXPECT_TRUE(std::is_sorted(bounds.begin(), bounds.end()));
    EXPECT_FALSE(bounds.empty());
  }
}

}  // namespace
}  // namespace rha::base
