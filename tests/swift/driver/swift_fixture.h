// SwiftTest: a driver on a real Swift whose faults the test chooses, with a small language. Each test has a container
// of its own.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/md5.h"
#include "base/secret.h"
#include "fetch/client.h"
#include "oci/digest.h"
#include "storage/swift_driver.h"
#include "support/storage_steps.h"
#include "support/swift_under_test.h"
#include "support/temporary_folder.h"

namespace rha::storage::test {

using rha::test::SwiftProfile;

class SwiftTest : public ::testing::TestWithParam<SwiftProfile> {
 protected:
  static constexpr std::uint64_t kMax = std::uint64_t{1} << 30U;

  void SetUp() override {
    if (!rha::test::swiftRuns()) {
      GTEST_SKIP() << "no Swift runs: tests/swift/run starts one";
    }
    settings = rha::test::swiftSettings(GetParam(), folder_.path(), "test-" + base::randomUuid());
    settings.segmentBytes = 1U << 20U;
    settings.retry.firstPause = std::chrono::milliseconds(5);
    settings.retry.longestPause = std::chrono::milliseconds(200);
    driver = makeDriver();
  }
  void TearDown() override {
    if (driver) {
      aio("fault clear");
      aio("lag off");
    }
  }

  std::unique_ptr<SwiftDriver> makeDriver() {
    auto made = std::make_unique<SwiftDriver>(settings, clock_, logger_, metrics);
    made->open();
    return made;
  }

  void aio(const std::string& arguments) { rha::test::swiftAio(GetParam(), arguments); }
  void fault(const std::string& rule) { aio("fault add " + rule); }

  // A request past the driver, for what it must not do itself.
  fetch::Response raw(const std::string& method, const std::string& name, fetch::Headers headers = {},
                      const std::string& bytes = "") {
    if (token_.empty()) {
      const auto answer = client_.fetch(
          {.url = settings.authUrl, .headers = {{"X-Auth-User", settings.user}, {"X-Auth-Key", "swiftaiokey"}}}, kMax);
      token_ = answer.head.find("X-Auth-Token").value();
      endpoint_ = answer.head.find("X-Storage-Url").value();
    }
    headers.emplace_back("X-Auth-Token", token_);
    const fetch::MemoryBody body(bytes);
    const auto names = SwiftNames(settings.container, settings.prefix);
    const std::size_t query = name.find('?');
    const std::string target =
        query == std::string::npos ? names.encoded(name) : names.encoded(name.substr(0, query)) + name.substr(query);
    return client_.fetch({.method = method,
                          .url = endpoint_ + '/' + target,
                          .headers = std::move(headers),
                          .body = method == "PUT" ? &body : nullptr},
                         kMax);
  }
  std::string objectName(const std::string& path) {
    return SwiftNames(settings.container, settings.prefix).object(path);
  }
  std::vector<std::string> objects(const std::string& prefix = "") {
    std::vector<std::string> names;
    const auto answer = raw("GET", "?prefix=" + settings.prefix + "/" + prefix);
    std::string_view text = answer.body;
    while (!text.empty()) {
      const std::size_t end = text.find('\n');
      names.emplace_back(text.substr(0, end));
      text.remove_prefix(std::min(end, text.size() - 1) + 1);
    }
    return names;
  }

  void push(const std::string& bytes, const std::string& path = kBlob, const std::string& upload = kUpload) {
    test::push(*driver, bytes, path, upload);
  }
  std::string read(const std::string& path = kBlob, std::optional<ByteRange> range = std::nullopt) {
    return test::read(*driver, path, range);
  }
  std::uint64_t requests() { return requestsIn(metrics); }

  SwiftSettings settings;
  base::MetricsRegistry metrics;
  std::unique_ptr<SwiftDriver> driver;

 private:
  rha::test::TemporaryFolder folder_;
  base::SystemClock clock_;
  base::Logger logger_{{.descriptor = -1, .level = base::LogLevel::Error}};
  fetch::Client client_{{}};
  std::string token_;
  std::string endpoint_;
};

#define RHA_ON_EACH_SWIFT(suite)                                                                                    \
  INSTANTIATE_TEST_SUITE_P(On, suite, ::testing::Values(SwiftProfile::Full, SwiftProfile::Bare), [](auto& chosen) { \
    return std::string(chosen.param == SwiftProfile::Full ? "full" : "bare");                                       \
  })

}  // namespace rha::storage::test
