// The driver with tokens of a real Keystone: tests/swift/run --keystone starts one. Its proxy takes no other tokens.
#include <fstream>

#include "swift/driver/swift_fixture.h"

namespace rha::storage::test {
namespace {

class SwiftKeystone : public ::testing::Test {
 protected:
  void SetUp() override {
    if (rha::test::environment("RHA_TEST_KEYSTONE").empty()) {
      GTEST_SKIP() << "no Keystone runs: tests/swift/run --keystone starts one";
    }
    settings_.authVersion = 3;
    settings_.authUrl = rha::test::environment("RHA_TEST_KEYSTONE");
    settings_.user = "registry";
    settings_.project = "docker";
    settings_.passwordFile = folder_.path() / "password";
    settings_.container = "test-" + base::randomUuid();
    settings_.segmentBytes = 1U << 20U;
    write("swiftaiokey\n");
  }
  void write(const std::string& password) { std::ofstream(settings_.passwordFile) << password; }

  std::string failureOfOpen() {
    SwiftDriver driver(settings_, clock_, logger_, metrics_);
    try {
      driver.open();
    } catch (const StorageError& error) {
      EXPECT_EQ(error.failure(), StorageFailure::Broken);
      return error.what();
    }
    ADD_FAILURE() << "opened";
    return "";
  }

  SwiftSettings settings_;
  rha::test::TemporaryFolder folder_;
  base::SystemClock clock_;
  base::Logger logger_{{.descriptor = -1}};
  base::MetricsRegistry metrics_;
};

TEST_F(SwiftKeystone, PushesAndPulls) {
  SwiftDriver driver(settings_, clock_, logger_, metrics_);
  driver.open();
  const std::string bytes(2'500'000, 'k');
  const std::string blob = "docker/registry/v2/blobs/sha256/ab/abcd/data";
  std::string state;
  {
    const auto session = driver.startUpload("docker/upload");
    session->append(std::as_bytes(std::span(bytes)));
    session->flush();
    state = session->state();
  }
  SwiftDriver other(settings_, clock_, logger_, metrics_);  // with a token of its own
  other.open();
  const auto session = other.resumeUpload("docker/upload", state);
  ASSERT_TRUE(session);
  session->commit(blob);
  EXPECT_EQ(driver.stat(blob)->size, bytes.size());
  EXPECT_TRUE(base::readAll(*driver.open(blob, std::nullopt), bytes.size()) == bytes);
  EXPECT_TRUE(driver.remove(blob));
}

TEST_F(SwiftKeystone, AWrongPasswordNamesUserAndFile) {
  write("wrong\n");
  const std::string text = failureOfOpen();
  EXPECT_NE(text.find("\"registry\" (401)"), std::string::npos) << text;
  EXPECT_NE(text.find(settings_.passwordFile.string()), std::string::npos) << text;
  EXPECT_EQ(text.find("wrong"), std::string::npos) << text;
}

TEST_F(SwiftKeystone, ARegionWithoutSwiftIsNamed) {
  settings_.region = "elsewhere";
  EXPECT_NE(failureOfOpen().find("region \"elsewhere\""), std::string::npos);
}

TEST_F(SwiftKeystone, AProjectThatIsNotThereIsRefused) {
  settings_.project = "nobody";
  EXPECT_NE(failureOfOpen().find("refused the user"), std::string::npos);
}

}  // namespace
}  // namespace rha::storage::test
