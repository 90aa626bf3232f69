#include "storage/metered_driver.h"

namespace rha::storage {
namespace {

using Action = ActionMetrics::Action;

// In the order of Action.
constexpr std::array<std::string_view, 10> kActionNames{"GetContent", "PutContent", "Reader", "Stat",  "List",
                                                        "Delete",     "Writer",     "Append", "Flush", "Move"};

class MeteredUpload final : public UploadSession {
 public:
  MeteredUpload(std::unique_ptr<UploadSession> session, ActionMetrics& metrics)
      : session_(std::move(session)), metrics_(metrics) {}

  void append(std::span<const std::byte> bytes) override {
    metrics_.measure(Action::Append, [&] { session_->append(bytes); });
  }
  void appendHashed(std::span<const std::byte> bytes, base::Hasher& digest) override {
    metrics_.measure(Action::Append, [&] { session_->appendHashed(bytes, digest); });
  }
  [[nodiscard]] std::uint64_t size() const override { return session_->size(); }
  void flush() override {
    metrics_.measure(Action::Flush, [&] { session_->flush(); });
  }
  [[nodiscard]] std::string state() const override { return session_->state(); }
  std::unique_ptr<base::BodySource> readBack() override {
    return metrics_.measure(Action::Reader, [&] { return session_->readBack(); });
  }
  void commit(std::string_view path) override {
    metrics_.measure(Action::Move, [&] { session_->commit(path); });
  }
  void cancel() noexcept override { session_->cancel(); }

 private:
  std::unique_ptr<UploadSession> session_;
  ActionMetrics& metrics_;
};

}  // namespace

ActionMetrics::ActionMetrics(std::string_view driver, const base::Clock& clock, base::MetricsRegistry& metrics)
    : clock_(clock) {
  for (std::size_t i = 0; i < series_.size(); ++i) {
    const base::MetricLabels labels{{"driver", std::string(driver)}, {"action", std::string(kActionNames[i])}};
    series_[i].seconds = &metrics.histogram("registry_storage_action_seconds", "Time of each action on the storage.",
                                            base::latencyBuckets(), labels);
    series_[i].errors =
        &metrics.counter("registry_ha_storage_errors_total", "Actions on the storage that failed.", labels);
  }
}

void ActionMetrics::record(Action action, base::SteadyTime begin, bool failed) noexcept {
  const Series& series = series_[static_cast<std::size_t>(action)];
  series.seconds->observe(std::chrono::duration<double>(clock_.steady() - begin).count());
  if (failed) {
    series.errors->add();
  }
}

MeteredDriver::MeteredDriver(std::unique_ptr<StorageDriver> driver, const base::Clock& clock,
                             base::MetricsRegistry& metrics)
    : driver_(std::move(driver)), metrics_(driver_->name(), clock, metrics) {}

std::optional<std::string> MeteredDriver::get(std::string_view path, std::uint64_t maxBytes) {
  return metrics_.measure(Action::GetContent, [&] { return driver_->get(path, maxBytes); });
}

std::unique_ptr<base::BodySource> MeteredDriver::open(std::string_view path, std::optional<ByteRange> range) {
  return metrics_.measure(Action::Reader, [&] { return driver_->open(path, range); });
}

std::optional<ObjectInfo> MeteredDriver::stat(std::string_view path) {
  return metrics_.measure(Action::Stat, [&] { return driver_->stat(path); });
}

std::optional<ObjectInfo> MeteredDriver::examine(std::string_view path) {
  return metrics_.measure(Action::Stat, [&] { return driver_->examine(path); });
}

std::optional<std::uint64_t> MeteredDriver::sizeToOpen(std::string_view path) {
  return metrics_.measure(Action::Stat, [&] { return driver_->sizeToOpen(path); });
}

void MeteredDriver::put(std::string_view path, std::string_view bytes, Durability durability) {
  metrics_.measure(Action::PutContent, [&] { driver_->put(path, bytes, durability); });
}

bool MeteredDriver::remove(std::string_view path) {
  return metrics_.measure(Action::Delete, [&] { return driver_->remove(path); });
}

std::uint64_t MeteredDriver::removeTree(std::string_view path) {
  return metrics_.measure(Action::Delete, [&] { return driver_->removeTree(path); });
}

void MeteredDriver::list(std::string_view path, const std::function<bool(const ListEntry&)>& visit) {
  metrics_.measure(Action::List, [&] { driver_->list(path, visit); });
}

std::unique_ptr<UploadSession> MeteredDriver::startUpload(std::string_view path) {
  return metered(metrics_.measure(Action::Writer, [&] { return driver_->startUpload(path); }));
}

std::unique_ptr<UploadSession> MeteredDriver::resumeUpload(std::string_view path, std::string_view state) {
  return metered(metrics_.measure(Action::Writer, [&] { return driver_->resumeUpload(path, state); }));
}

std::unique_ptr<UploadSession> MeteredDriver::metered(std::unique_ptr<UploadSession> session) {
  return session ? std::make_unique<MeteredUpload>(std::move(session), metrics_) : nullptr;
}

}  // namespace rha::storage
