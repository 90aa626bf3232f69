// StorageContract: the fixture of the contract cases, with a small language for them.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <thread>

#include "base/secret.h"
#include "contract/storage/drivers_under_test.h"
#include "support/storage_steps.h"

namespace rha::storage::test {

inline void PrintTo(const DriverFactory& factory, std::ostream* out) { *out << factory.name; }

class StorageContract : public ::testing::TestWithParam<DriverFactory> {
 protected:
  static constexpr std::uint64_t kMax = 1U << 20U;

  // The storage may be shared by all tests of a run: each has a folder of its own, of which nothing stays.
  void TearDown() override { driver().removeTree(folder_); }

  StorageDriver& driver() { return driver_->driver(); }
  StorageDriver& other() { return driver_->other(); }
  DriverUnderTest& underTest() { return *driver_; }
  [[nodiscard]] const std::string& folder() const { return folder_; }
  [[nodiscard]] std::string path(std::string_view name) const { return folder_ + '/' + std::string(name); }

  void put(std::string_view name, std::string_view bytes) { driver().put(path(name), bytes, Durability::Durable); }
  std::optional<std::string> get(std::string_view name) { return driver().get(path(name), kMax); }

  // What open() yields for the object; "(none)" if it is not there.
  std::string read(std::string_view name, std::optional<ByteRange> range = std::nullopt) {
    const auto source = driver().open(path(name), range);
    return source ? base::readAll(*source, std::uint64_t{1} << 32U) : "(none)";
  }

  // Names in the folder, those of folders with a '/' at the end.
  std::multiset<std::string> namesIn(const std::string& where) {
    std::multiset<std::string> names;
    driver().list(where, [&](const ListEntry& entry) {
      names.insert(entry.isFolder ? entry.name + '/' : entry.name);
      return true;
    });
    return names;
  }

  // Expects the names, allowing for the driver's lag.
  void expectListing(const std::string& where, const std::multiset<std::string>& expected) {
    const auto deadline = std::chrono::steady_clock::now() + driver_->listingLag();
    while (namesIn(where) != expected && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    EXPECT_EQ(namesIn(where), expected);
  }

 private:
  std::unique_ptr<DriverUnderTest> driver_ = GetParam().make();
  std::string folder_ = "docker/registry-ha/contract/" + base::randomUuid();
};

inline std::string driverName(const ::testing::TestParamInfo<DriverFactory>& test) { return test.param.name; }

// Runs the cases of a fixture derived from StorageContract on each driver.
#define RHA_ON_EACH_DRIVER(fixture) \
  INSTANTIATE_TEST_SUITE_P(On, fixture, ::testing::ValuesIn(driversUnderTest()), driverName)

}  // namespace rha::storage::test
