#include "storage/swift_limits.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/log.h"
#include "storage/storage_error.h"
#include "storage/swift_driver.h"
#include "support/fake_clock.h"
#include "support/scripted_server.h"
#include "support/temporary_folder.h"

namespace rha::storage {
namespace {

using rha::test::ScriptedServer;

constexpr std::string_view kInfo =
    R"({"swift": {"max_file_size": 1000000, "max_object_name_length": 512, "container_listing_limit": 2,
        "max_meta_value_length": 128, "max_meta_overall_size": 4096}, "tempauth": {}})";

TEST(SwiftLimits, AreReadFromInfo) {
  const SwiftLimits limits = parseLimits(kInfo);
  EXPECT_EQ(limits.maxFileSize, 1000000U);
  EXPECT_EQ(limits.maxNameBytes, 512U);
  EXPECT_EQ(limits.listingEntries, 2U);
  EXPECT_EQ(lowLimits(limits),
            (std::vector<std::string>{"max_object_name_length 512 of 1024", "max_meta_value_length 128 of 256"}));
}

TEST(SwiftLimits, WhatCannotBeUnderstoodLeavesTheDefaults) {
  for (const std::string text : {"", "[]", "no json", "{}", R"({"swift": 5})", R"({"swift": {"max_file_size": "big"}})",
                                 R"({"swift": {"max_file_size": -5, "container_listing_limit": 0}})"}) {
    const SwiftLimits limits = parseLimits(text);
    EXPECT_EQ(limits.maxFileSize, 0U) << text;
    EXPECT_EQ(limits.listingEntries, 10'000U) << text;
    EXPECT_TRUE(lowLimits(limits).empty()) << text;
  }
}

// A Swift that has a token, /info as a test wants it, and a container with three objects, two to a page.
class SwiftStart : public ::testing::Test {
 protected:
  SwiftStart() {
    settings_.authUrl = server_.url("/auth/v1.0");
    settings_.user = "a:b";
    settings_.passwordFile = folder_.path() / "password";
    settings_.container = "images";
    settings_.segmentBytes = 1000000;
    settings_.retry = {.attempts = 1};
    std::ofstream(settings_.passwordFile) << "x\n";
  }
  void answer(ScriptedServer::Call& call) {
    const std::string_view target = call.target;
    if (target.starts_with("/auth")) {
      call.answer(200, "", "X-Auth-Token: t\r\nX-Storage-Url: " + server_.url("/v1/AUTH_a") + "\r\n");
    } else if (target == "/info") {
      ++infos_;
      call.answer(infoStatus_, info_);
    } else if (target.find("limit=2&") == std::string_view::npos) {
      call.answer(call.method == "HEAD" ? 204 : 412, "");
    } else if (target.find("marker") == std::string_view::npos) {
      call.answer(200, R"([{"name": "files/a/x", "bytes": 1}, {"name": "files/a/y", "bytes": 1}])");
    } else {
      call.answer(200, R"([{"name": "files/a/z", "bytes": 1}])");
    }
  }

  int infoStatus_ = 200;
  std::string info_{kInfo};
  std::atomic<int> infos_{0};
  rha::test::TemporaryFolder folder_;
  rha::test::FakeClock clock_;
  base::Logger logger_{{.descriptor = -1}};
  base::MetricsRegistry metrics_;
  SwiftSettings settings_;
  ScriptedServer server_{[this](ScriptedServer::Call& call) { answer(call); }};  // last: its threads use the rest
};

TEST_F(SwiftStart, LargerSegmentsThanSwiftTakesAreAnError) {
  settings_.segmentBytes = 1000001;
  SwiftDriver driver(settings_, clock_, logger_, metrics_);
  try {
    driver.open();
    FAIL() << "started";
  } catch (const StorageError& error) {
    EXPECT_EQ(error.failure(), StorageFailure::Broken);
    const std::string text = error.what();
    EXPECT_NE(text.find("storage.swift.segment_bytes is 1000001"), std::string::npos) << text;
    EXPECT_NE(text.find("1000000"), std::string::npos) << text;
  }
}

TEST_F(SwiftStart, InfoIsAskedOnceAndListingsKeepToItsPages) {
  SwiftDriver driver(settings_, clock_, logger_, metrics_);
  driver.open();
  std::vector<std::string> names;
  driver.list("a", [&](const ListEntry& entry) {
    names.push_back(entry.name);
    return true;
  });
  EXPECT_EQ(names, (std::vector<std::string>{"x", "y", "z"}));
  EXPECT_EQ(infos_, 1);
}

TEST_F(SwiftStart, ASwiftWithoutInfoIsUsedAllTheSame) {
  for (const int status : {401, 403, 404, 503}) {
    infoStatus_ = status;
    SwiftDriver driver(settings_, clock_, logger_, metrics_);
    EXPECT_NO_THROW(driver.open()) << status;
  }
  infoStatus_ = 200;
  info_ = "<html>";
  SwiftDriver driver(settings_, clock_, logger_, metrics_);
  EXPECT_NO_THROW(driver.open());
}

}  // namespace
}  // namespace rha::storage
