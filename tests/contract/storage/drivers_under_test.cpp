#include "contract/storage/drivers_under_test.h"

#include "base/secret.h"
#include "storage/caching_driver.h"
#include "storage/filesystem_driver.h"
#include "storage/memory_driver.h"
#include "storage/metered_driver.h"
#include "storage/s3_driver.h"
#include "storage/swift_driver.h"
#include "support/s3_under_test.h"
#include "support/swift_under_test.h"
#include "support/temporary_folder.h"

namespace rha::storage::test {
namespace {

using rha::test::SwiftProfile;
using rha::test::swiftRuns;
using rha::test::swiftSettings;

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

class CachingUnderTest final : public DriverUnderTest {
 public:
  CachingUnderTest() { cache_.start(); }
  ~CachingUnderTest() override { cache_.stop(); }
  StorageDriver& driver() override { return driver_; }
  StorageDriver& other() override { return other_; }

 private:
  // Objects called by a digest are blobs.
  static std::optional<oci::Digest> blobAt(std::string_view path) {
    const auto digest = oci::Digest::parse(path.substr(path.rfind('/') + 1));
    return digest ? std::optional(*digest) : std::nullopt;
  }

  base::SystemClock clock_;
  base::Logger logger_{{.level = base::LogLevel::Error}};
  base::MetricsRegistry metrics_;
  rha::test::TemporaryFolder folder_;
  MemoryDriver memory_;
  BlobCache cache_{{.path = folder_.path(), .bytes = 1U << 30U}, clock_, logger_, metrics_};
  CachingDriver driver_{memory_, cache_, blobAt};
  CachingDriver other_{memory_, cache_, blobAt};
};

// On a Swift that runs already (tests/swift/run); both profiles of it.
template <SwiftProfile kProfile>
class SwiftDriverUnderTest final : public DriverUnderTest {
 public:
  SwiftDriverUnderTest() {
    driver_.open();
    other_.open();
  }
  StorageDriver& driver() override { return driver_; }
  StorageDriver& other() override { return other_; }
  [[nodiscard]] bool keepsReplacedBytes() const override { return false; }

 private:
  base::SystemClock clock_;
  base::Logger logger_{{.level = base::LogLevel::Error}};
  base::MetricsRegistry metrics_;
  rha::test::TemporaryFolder folder_;
  SwiftDriver driver_{swiftSettings(kProfile, folder_.path()), clock_, logger_, metrics_};
  SwiftDriver other_{swiftSettings(kProfile, folder_.path()), clock_, logger_, metrics_};
};

// On the S3 of the Swift with all middleware.
class S3DriverUnderTest final : public DriverUnderTest {
 public:
  S3DriverUnderTest() {
    static const bool made = makeBucket(settings_);  // for all tests
    static_cast<void>(made);
    driver_.open();
    other_.open();
  }
  StorageDriver& driver() override { return driver_; }
  StorageDriver& other() override { return other_; }
  [[nodiscard]] bool keepsReplacedBytes() const override { return false; }

 private:
  static const std::string& bucket() {
    static const std::string name = "contract-" + base::randomUuid();
    return name;
  }
  static bool makeBucket(const S3Settings& settings) {
    rha::test::makeS3Bucket(settings, base::SystemClock());
    return true;
  }

  base::SystemClock clock_;
  base::MetricsRegistry metrics_;
  rha::test::TemporaryFolder folder_;
  S3Settings settings_ = rha::test::s3Settings(folder_.path(), bucket());
  S3Driver driver_{settings_, clock_, metrics_};
  S3Driver other_{settings_, clock_, metrics_};
};

template <typename T>
std::unique_ptr<DriverUnderTest> make() {
  return std::make_unique<T>();
}

}  // namespace

const std::vector<DriverFactory>& driversUnderTest() {
  static const std::vector<DriverFactory> factories = [] {
    std::vector<DriverFactory> all = {
        {"filesystem", make<FilesystemUnderTest>},
        {"memory", make<MemoryUnderTest>},
        {"metered", make<MeteredUnderTest>},
        {"caching", make<CachingUnderTest>},
    };
    if (swiftRuns()) {
      all.push_back({"swiftFull", make<SwiftDriverUnderTest<SwiftProfile::Full>>});
      all.push_back({"swiftBare", make<SwiftDriverUnderTest<SwiftProfile::Bare>>});
    }
    if (rha::test::s3Runs()) {
      all.push_back({"s3", make<S3DriverUnderTest>});
    }
    return all;
  }();
  return factories;
}

}  // namespace rha::storage::test
