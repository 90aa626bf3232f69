#include "contract/storage/drivers_under_test.h"

#include "storage/filesystem_driver.h"
#include "storage/memory_driver.h"
#include "storage/metered_driver.h"
#include "support/temporary_folder.h"

namespace rha::storage::test {
namespace {

class FilesystemUnderTest final : public DriverUnderTest {
 public:
  FilesystemUnderTest() {
    driver_.open();
    other_.open();
  }
  StorageDriver& driver() override { return driver_; }
  StorageDriver& other() override { return other_; }

 private:
  rha::test::TemporaryFolder folder_;
  FilesystemDriver driver_{{folder_.path()}};
  FilesystemDriver other_{{folder_.path()}};
};

class MemoryUnderTest final : public DriverUnderTest {
 public:
  StorageDriver& driver() override { return driver_; }

 private:
  MemoryDriver driver_;
};

class MeteredUnderTest final : public DriverUnderTest {
 public:
  StorageDriver& driver() override { return driver_; }

 private:
  base::SystemClock clock_;
  base::MetricsRegistry metrics_;
  MeteredDriver driver_{std::make_unique<MemoryDriver>(), clock_, metrics_};
};

template <typename T>
std::unique_ptr<DriverUnderTest> make() {
  return std::make_unique<T>();
}

}  // namespace

const std::vector<DriverFactory>& driversUnderTest() {
  static const std::vector<DriverFactory> factories = {
      {"filesystem", make<FilesystemUnderTest>},
      {"memory", make<MemoryUnderTest>},
      {"metered", make<MeteredUnderTest>},
  };
  return factories;
}

}  // namespace rha::storage::test
