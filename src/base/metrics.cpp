#include "base/metrics.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <stdexcept>

namespace rha::base {
namespace {

constexpr std::string_view kCounter = "counter";
constexpr std::string_view kGauge = "gauge";
constexpr std::string_view kHistogram = "histogram";

std::string number(double value) {
  if (std::isnan(value)) {
    return "NaN";
  }
  if (std::isinf(value)) {
    return value > 0 ? "+Inf" : "-Inf";
  }
  std::array<char, 32> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  return {buffer.data(), end};
}

// Label values and help texts: backslash and newline are escaped, and in label values the quote.
void appendEscaped(std::string& out, std::string_view text, bool quotes) {
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || (c == '"' && quotes)) {
      out += '\\';
    }
    out += c;
  }
}

// `name="value",name="value"`, without braces.
std::string renderLabels(const MetricLabels& labels) {
  std::string out;
  for (const auto& [name, value] : labels) {
    if (!out.empty()) {
      out += ',';
    }
    out += name;
    out += "=\"";
    appendEscaped(out, value, true);
    out += '"';
  }
  return out;
}

void appendSample(std::string& out, std::string_view name, std::string_view labels, std::string_view value) {
  out += name;
  if (!labels.empty()) {
    out += '{';
    out += labels;
    out += '}';
  }
  out += ' ';
  out += value;
  out += '\n';
}

void appendHistogram(std::string& out, const std::string& family, const std::string& labels,
                     const Histogram& histogram) {
  const std::string prefix = labels.empty() ? "" : labels + ',';
  const auto& bounds = histogram.upperBounds();
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    appendSample(out, family + "_bucket", prefix + "le=\"" + number(bounds[i]) + '"',
                 std::to_string(histogram.cumulative(i)));
  }
  const std::string total = std::to_string(histogram.cumulative(bounds.size()));
  appendSample(out, family + "_bucket", prefix + "le=\"+Inf\"", total);
  appendSample(out, family + "_sum", labels, number(histogram.sum()));
  appendSample(out, family + "_count", labels, total);
}

// What render() takes out of the lock, so that the functions of gauges are called without it.
struct SeriesView {
  std::string labels;
  const Counter* counter;      // borrowed from the registry, which never drops a metric; null if of another type
  const Gauge* gauge;          // ditto
  const Histogram* histogram;  // ditto
  std::function<double()> read;
};
struct FamilyView {
  std::string name;
  std::string help;
  std::string type;
  std::vector<SeriesView> series;
};

void appendSeries(std::string& out, const std::string& family, const SeriesView& series) {
  if (series.counter != nullptr) {
    appendSample(out, family, series.labels, std::to_string(series.counter->value()));
  } else if (series.histogram != nullptr) {
    appendHistogram(out, family, series.labels, *series.histogram);
  } else if (series.gauge != nullptr) {
    appendSample(out, family, series.labels, std::to_string(series.gauge->value()));
  } else if (series.read) {
    appendSample(out, family, series.labels, number(series.read()));
  }
}

std::logic_error twoKinds(std::string_view family) {
  return std::logic_error("metric " + std::string(family) + " is both a gauge and a gauge function");
}

}  // namespace

Histogram::Histogram(std::vector<double> upperBounds)
    : upperBounds_(std::move(upperBounds)),
      buckets_(std::make_unique<std::atomic<std::uint64_t>[]>(upperBounds_.size() + 1)) {}

void Histogram::observe(double value) {
  const auto bucket = std::lower_bound(upperBounds_.begin(), upperBounds_.end(), value) - upperBounds_.begin();
  buckets_[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

std::uint64_t Histogram::cumulative(std::size_t index) const {
  std::uint64_t count = 0;
  for (std::size_t i = 0; i <= index && i <= upperBounds_.size(); ++i) {
    count += buckets_[i].load(std::memory_order_relaxed);
  }
  return count;
}

std::vector<double> latencyBuckets() { return {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}; }

std::vector<double> sizeBuckets() { return {1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10}; }

MetricsRegistry::Series& MetricsRegistry::find(Families& families, std::string_view family, std::string_view help,
                                               std::string_view type, const MetricLabels& labels) {
  auto at = families.find(family);
  if (at == families.end()) {
    at = families.emplace(std::string(family), Family{std::string(help), std::string(type), {}}).first;
  }
  if (at->second.type != type) {
    throw std::logic_error("metric " + std::string(family) + " is a " + at->second.type + ", not a " +
                           std::string(type));
  }
  Series& series = at->second.series[renderLabels(labels)];
  series.labels = labels;
  return series;
}

Counter& MetricsRegistry::counter(std::string_view family, std::string_view help, const MetricLabels& labels) {
  auto families = families_.lock();
  Series& series = find(*families, family, help, kCounter, labels);
  if (!series.counter) {
    series.counter = std::make_unique<Counter>();
  }
  return *series.counter;
}

Gauge& MetricsRegistry::gauge(std::string_view family, std::string_view help, const MetricLabels& labels) {
  auto families = families_.lock();
  Series& series = find(*families, family, help, kGauge, labels);
  if (series.read) {
    throw twoKinds(family);
  }
  if (!series.gauge) {
    series.gauge = std::make_unique<Gauge>();
  }
  return *series.gauge;
}

Histogram& MetricsRegistry::histogram(std::string_view family, std::string_view help,
                                      const std::vector<double>& upperBounds, const MetricLabels& labels) {
  auto families = families_.lock();
  Series& series = find(*families, family, help, kHistogram, labels);
  if (!series.histogram) {
    series.histogram = std::make_unique<Histogram>(upperBounds);
  }
  return *series.histogram;
}

void MetricsRegistry::gaugeFunction(std::string_view family, std::string_view help, std::function<double()> read,
                                    const MetricLabels& labels) {
  auto families = families_.lock();
  Series& series = find(*families, family, help, kGauge, labels);
  if (series.gauge) {
    throw twoKinds(family);
  }
  series.read = std::move(read);
}

std::string MetricsRegistry::render() {
  std::vector<FamilyView> views;
  {
    auto families = families_.lock();
    for (const auto& [name, family] : *families) {
      FamilyView& view = views.emplace_back(FamilyView{name, family.help, family.type, {}});
      for (const auto& [labels, series] : family.series) {
        view.series.push_back({labels, series.counter.get(), series.gauge.get(), series.histogram.get(), series.read});
      }
    }
  }
  std::string out;
  for (const FamilyView& family : views) {
    out += "# HELP " + family.name + ' ';
    appendEscaped(out, family.help, false);
    out += "\n# TYPE " + family.name + ' ' + family.type + '\n';
    for (const SeriesView& series : family.series) {
      appendSeries(out, family.name, series);
    }
  }
  return out;
}

}  // namespace rha::base
