// MeteredDriver: another driver, with the time that each of its actions takes and those that fail counted.
//
//   registry_storage_action_seconds{driver="filesystem",action="GetContent"}   histogram
//   registry_ha_storage_errors_total{driver="filesystem",action="GetContent"}     counter
//
// The actions have the names CNCF distribution gives them, so that its dashboards go on: GetContent, PutContent, Reader
// (open), Stat, List, Delete, Writer (start or resume an upload), Move (commit of an upload); beside them Append and
// Flush of an upload. Reading a source that open() gave is not counted.
//
// Contract, threads and failure: those of the driver within.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "base/clock.h"
#include "base/metrics.h"
#include "storage/storage_driver.h"

namespace rha::storage {

// The metrics of one driver's actions. Thread-safe; lock-free once made.
class ActionMetrics final {
 public:
  enum class Action : std::uint8_t {
    GetContent,
    PutContent,
    Reader,
    Stat,
    List,
    Delete,
    Writer,
    Append,
    Flush,
    Move,
  };

  // `clock` and `metrics` are borrowed.
  ActionMetrics(std::string_view driver, const base::Clock& clock, base::MetricsRegistry& metrics);

  // Does `work` and records how it went. Returns what it returns and throws what it throws.
  template <typename Work>
  auto measure(Action action, Work&& work) {
    const base::SteadyTime begin = clock_.steady();
    Recorder recorder{*this, action, begin};
    if constexpr (std::is_void_v<decltype(work())>) {
      work();
      recorder.failed = false;
    } else {
      auto result = work();
      recorder.failed = false;
      return result;
    }
  }

 private:
  // Records at the end of measure(), however it ends.
  // An aggregate that lives on the stack: NOLINTNEXTLINE(cppcoreguidelines-special-member-functions)
  struct Recorder {
    ActionMetrics& metrics;
    Action action;
    base::SteadyTime begin;
    bool failed = true;
    ~Recorder() { metrics.record(action, begin, failed); }
  };
  struct Series {
    base::Histogram* seconds;
    base::Counter* errors;
  };
  void record(Action action, base::SteadyTime begin, bool failed) noexcept;

  const base::Clock& clock_;
  std::array<Series, 10> series_;
};

class MeteredDriver final : public StorageDriver {
 public:
  // `clock` and `metrics` are borrowed.
  MeteredDriver(std::unique_ptr<StorageDriver> driver, const base::Clock& clock, base::MetricsRegistry& metrics);

  [[nodiscard]] std::string_view name() const override { return driver_->name(); }
  [[nodiscard]] DriverTraits traits() const override { return driver_->traits(); }
  [[nodiscard]] ChangeCounters* changes() override { return driver_->changes(); }
  void beginWriting() override { driver_->beginWriting(); }
  std::optional<std::string> get(std::string_view path, std::uint64_t maxBytes) override;
  std::unique_ptr<base::BodySource> open(std::string_view path, std::optional<ByteRange> range) override;
  std::optional<ObjectInfo> stat(std::string_view path) override;
  std::optional<std::uint64_t> sizeToOpen(std::string_view path) override;
  void noteWrongBytes(std::string_view path) override { driver_->noteWrongBytes(path); }
  std::optional<ObjectInfo> examine(std::string_view path) override;
  void put(std::string_view path, std::string_view bytes, Durability durability) override;
  bool remove(std::string_view path) override;
  std::uint64_t removeTree(std::string_view path) override;
  std::uint64_t removeLeftovers(base::WallTime before) override { return driver_->removeLeftovers(before); }
  [[nodiscard]] SegmentStore* segments() override { return driver_->segments(); }
  void list(std::string_view path, const std::function<bool(const ListEntry&)>& visit) override;
  std::unique_ptr<UploadSession> startUpload(std::string_view path) override;
  std::unique_ptr<UploadSession> resumeUpload(std::string_view path, std::string_view state) override;
  void check() override { driver_->check(); }

 private:
  std::unique_ptr<UploadSession> metered(std::unique_ptr<UploadSession> session);

  std::unique_ptr<StorageDriver> driver_;
  ActionMetrics metrics_;
};

}  // namespace rha::storage
