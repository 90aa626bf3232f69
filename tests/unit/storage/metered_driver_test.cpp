#include "storage/metered_driver.h"

#include <gtest/gtest.h>

#include "storage/memory_driver.h"
#include "storage/storage_error.h"
#include "support/fake_clock.h"

namespace rha::storage {
namespace {

using namespace std::chrono_literals;

// A driver whose every get takes two seconds and fails.
class SlowBrokenReads final : public StorageDriver {
 public:
  explicit SlowBrokenReads(test::FakeClock& clock) : clock_(clock) {}
  [[nodiscard]] std::string_view name() const override { return "slow"; }
  [[nodiscard]] DriverTraits traits() const override { return {.shared = true, .cheapSmallWrites = false}; }
  std::optional<std::string> get(std::string_view, std::uint64_t) override {
    clock_.advance(2s);
    throw StorageError(StorageFailure::Broken, "it broke");
  }
  std::unique_ptr<base::BodySource> open(std::string_view, std::optional<ByteRange>) override { return nullptr; }
  std::optional<ObjectInfo> stat(std::string_view) override { return std::nullopt; }
  void put(std::string_view, std::string_view, Durability) override {}
  bool remove(std::string_view) override { return false; }
  std::uint64_t removeTree(std::string_view) override { return 0; }
  void list(std::string_view, const std::function<bool(const ListEntry&)>&) override {}
  std::unique_ptr<UploadSession> startUpload(std::string_view) override { return nullptr; }
  std::unique_ptr<UploadSession> resumeUpload(std::string_view, std::string_view) override { return nullptr; }
  void check() override {}

 private:
  test::FakeClock& clock_;
};

class MeteredDriverTest : public testing::Test {
 protected:
  bool metricsHave(const std::string& line) { return metrics_.render().find(line + '\n') != std::string::npos; }
  std::string count(const std::string& action) {
    return "registry_storage_action_seconds_count{driver=\"memory\",action=\"" + action + "\"} ";
  }

  test::FakeClock clock_;
  base::MetricsRegistry metrics_;
};

TEST_F(MeteredDriverTest, an_action_is_timed_and_its_failure_counted_and_passed_on) {
  MeteredDriver driver(std::make_unique<SlowBrokenReads>(clock_), clock_, metrics_);
  EXPECT_THROW(driver.get("a", 10), StorageError);
  EXPECT_TRUE(metricsHave("registry_storage_action_seconds_sum{driver=\"slow\",action=\"GetContent\"} 2"));
  EXPECT_TRUE(metricsHave("registry_storage_action_seconds_bucket{driver=\"slow\",action=\"GetContent\",le=\"1\"} 0"));
  EXPECT_TRUE(metricsHave("registry_ha_storage_errors_total{driver=\"slow\",action=\"GetContent\"} 1"));
}

TEST_F(MeteredDriverTest, what_is_not_there_is_no_failure) {
  MeteredDriver driver(std::make_unique<MemoryDriver>(), clock_, metrics_);
  EXPECT_EQ(driver.get("a", 10), std::nullopt);
  EXPECT_EQ(driver.stat("a"), std::nullopt);
  EXPECT_EQ(driver.open("a", std::nullopt), nullptr);
  EXPECT_EQ(driver.resumeUpload("a", "0 0"), nullptr);
  EXPECT_TRUE(metricsHave(count("Stat") + "1"));
  EXPECT_TRUE(metricsHave("registry_ha_storage_errors_total{driver=\"memory\",action=\"GetContent\"} 0"));
}

TEST_F(MeteredDriverTest, every_action_counts_under_its_name) {
  MeteredDriver driver(std::make_unique<MemoryDriver>(), clock_, metrics_);
  driver.put("a/b", "text", Durability::Relaxed);
  EXPECT_EQ(driver.get("a/b", 10), "text");
  EXPECT_NE(driver.open("a/b", std::nullopt), nullptr);
  driver.list("a", [](const ListEntry&) { return true; });
  EXPECT_TRUE(driver.remove("a/b"));
  EXPECT_EQ(driver.removeTree("a"), 0U);
  for (const auto& [action, times] :
       {std::pair("PutContent", 1), {"GetContent", 1}, {"Reader", 1}, {"List", 1}, {"Delete", 2}, {"Writer", 0}}) {
    EXPECT_TRUE(metricsHave(count(action) + std::to_string(times))) << action;
  }
}

TEST_F(MeteredDriverTest, an_upload_works_through_it_and_its_steps_count) {
  MeteredDriver driver(std::make_unique<MemoryDriver>(), clock_, metrics_);
  const std::string text = "bytes";
  auto upload = driver.startUpload("uploads/1");
  upload->append(std::as_bytes(std::span(text)));
  EXPECT_EQ(upload->size(), 5U);
  upload->flush();
  EXPECT_EQ(base::readAll(*upload->readBack(), 10), text);
  upload->commit("blob");
  EXPECT_EQ(driver.get("blob", 10), text);
  for (const char* action : {"Writer", "Append", "Flush", "Move", "Reader"}) {
    EXPECT_TRUE(metricsHave(count(action) + "1")) << action;
  }
}

TEST_F(MeteredDriverTest, it_has_the_name_and_the_traits_of_the_driver_within) {
  MeteredDriver driver(std::make_unique<SlowBrokenReads>(clock_), clock_, metrics_);
  EXPECT_EQ(driver.name(), "slow");
  EXPECT_TRUE(driver.traits().shared);
  EXPECT_FALSE(driver.traits().cheapSmallWrites);
}

}  // namespace
}  // namespace rha::storage
