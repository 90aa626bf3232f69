// Metrics: counters, gauges and histograms, written as Prometheus text (exposition format 0.0.4).
//
// A Registry owns its metrics; a reference to one stays valid as long as the Registry. Creating and rendering take a
// lock; incrementing is lock-free, so a metric is looked up once and kept. Thread-safe. Never fails after creation.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/lock_guarded.h"

namespace rha::base {

// Label names and values in the order they are to be shown.
using MetricLabels = std::vector<std::pair<std::string, std::string>>;

class Counter final {
 public:
  void add(std::uint64_t amount = 1) { value_.fetch_add(amount, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

class Gauge final {
 public:
  void set(std::int64_t value) { value_.store(value, std::memory_order_relaxed); }
  void add(std::int64_t amount) { value_.fetch_add(amount, std::memory_order_relaxed); }
  [[nodiscard]] std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

// Cumulative histogram with fixed upper bounds.
class Histogram final {
 public:
  explicit Histogram(std::vector<double> upperBounds);
  void observe(double value);
  [[nodiscard]] const std::vector<double>& upperBounds() const { return upperBounds_; }
  // Observations at or below upperBounds()[i]; index upperBounds().size() is the total.
  [[nodiscard]] std::uint64_t cumulative(std::size_t index) const;
  [[nodiscard]] double sum() const { return sum_.load(std::memory_order_relaxed); }

 private:
  std::vector<double> upperBounds_;
  std::unique_ptr<std::atomic<std::uint64_t>[]> buckets_;
  std::atomic<double> sum_{0};
};

// Upper bounds in seconds for latencies, and in bytes for sizes (client_golang's defaults and powers of ten).
std::vector<double> latencyBuckets();
std::vector<double> sizeBuckets();

class MetricsRegistry final {
 public:
  MetricsRegistry() = default;
  ~MetricsRegistry() = default;
  MetricsRegistry(const MetricsRegistry&) = delete;
  MetricsRegistry& operator=(const MetricsRegistry&) = delete;

  // Each returns the metric of that family with those labels, made at the first call. Throws std::logic_error when
  // the family exists with another type: a programming error.
  Counter& counter(std::string_view family, std::string_view help, const MetricLabels& labels = {});
  Gauge& gauge(std::string_view family, std::string_view help, const MetricLabels& labels = {});
  Histogram& histogram(std::string_view family, std::string_view help, const std::vector<double>& upperBounds,
                       const MetricLabels& labels = {});
  // A gauge whose value is asked for when rendering. `read` must be thread-safe and quick.
  void gaugeFunction(std::string_view family, std::string_view help, std::function<double()> read,
                     const MetricLabels& labels = {});

  // The whole as Prometheus text, families by name, labels escaped.
  [[nodiscard]] std::string render();

 private:
  struct Series {
    MetricLabels labels;
    std::unique_ptr<Counter> counter;
    std::unique_ptr<Gauge> gauge;
    std::unique_ptr<Histogram> histogram;
    std::function<double()> read;
  };
  struct Family {
    std::string help;
    std::string type;
    std::map<std::string, Series> series;  // by rendered labels
  };
  using Families = std::map<std::string, Family, std::less<>>;
  static Series& find(Families& families, std::string_view family, std::string_view help, std::string_view type,
                      const MetricLabels& labels);

  LockGuarded<Families> families_;
};

}  // namespace rha::base
