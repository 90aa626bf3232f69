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

  static std::string pattern(std::size_t size, std::uint32_t seed = 1) {
    std::string bytes(size, '\0');
    std::uint32_t value = seed * 2654435761U + 1U;
    for (char& byte : bytes) {
      value = value * 1664525U + 1013904223U;
      byte = static_cast<char>(value >> 24U);
    }
    return bytes;
  }
  static void append(UploadSession& session, std::string_view bytes) {
    session.append(std::as_bytes(std::span(bytes)));
  }
  // As a push does it: PATCH, then PUT with another session.
  void push(const std::string& bytes, const std::string& path = kBlob, const std::string& upload = kUpload) {
    std::string state;
    {
      const auto session = driver->startUpload(upload);
      append(*session, bytes);
      session->flush();
      state = session->state();
    }
    const auto session = driver->resumeUpload(upload, state);
    ASSERT_TRUE(session);
    session->commit(path);
  }
  std::string read(const std::string& path = kBlob, std::optional<ByteRange> range = std::nullopt) {
    const auto source = driver->open(path, range);
    return source ? base::readAll(*source, kMax) : "(none)";
  }
  std::optional<StorageFailure> failureOf(const std::function<void()>& work) {
    try {
      work();
      return std::nullopt;
    } catch (const StorageError& error) {
      return error.failure();
    }
  }
  // Requests so far, but those for tokens.
  std::uint64_t requests() {
    std::uint64_t sum = 0;
    const std::string text = metrics.render();
    std::size_t at = 0;
    while ((at = text.find("registry_ha_storage_requests_total{", at)) != std::string::npos) {
      const std::string line = text.substr(at, text.find('\n', at) - at);
      if (line.find("operation=\"auth\"") == std::string::npos) {
        sum += std::stoull(line.substr(line.rfind(' ')));
      }
      at += line.size();
    }
    return sum;
  }

  static inline const std::string kBlob = "docker/registry/v2/blobs/sha256/ab/abcd/data";
  static inline const std::string kUpload = "docker/registry/v2/repositories/a/_uploads/u1";

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
