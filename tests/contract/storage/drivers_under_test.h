// The drivers that the contract suite runs on. A new driver adds a DriverUnderTest and one line in
// drivers_under_test.cpp.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "storage/storage_driver.h"

namespace rha::storage::test {

// A driver with its storage, made anew for each test (the storage itself may be shared: tests use paths of their own).
class DriverUnderTest {
 public:
  DriverUnderTest() = default;
  DriverUnderTest(const DriverUnderTest&) = delete;
  DriverUnderTest& operator=(const DriverUnderTest&) = delete;
  virtual ~DriverUnderTest() = default;

  virtual StorageDriver& driver() = 0;
  // Another driver object on the same storage, as another process has it. The same one where that cannot be.
  virtual StorageDriver& other() { return driver(); }
  // How long a listing may lag behind the truth. A case about listings repeats its look until this has passed.
  [[nodiscard]] virtual std::chrono::milliseconds listingLag() const { return std::chrono::milliseconds(0); }
  // Whether a source read after its object was replaced or removed yields the old bytes; else its read() may throw.
  [[nodiscard]] virtual bool keepsReplacedBytes() const { return true; }
};

struct DriverFactory {
  std::string name;  // letters and digits
  std::unique_ptr<DriverUnderTest> (*make)();
};

const std::vector<DriverFactory>& driversUnderTest();

}  // namespace rha::storage::test
