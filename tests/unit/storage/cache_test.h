// CacheTest: a CachingDriver on a memory driver that can be made to fail or to wait, with a folder of its own.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "oci/digest.h"
#include "storage/caching_driver.h"
#include "storage/memory_driver.h"
#include "support/fake_clock.h"
#include "support/flaky_driver.h"
#include "support/temporary_folder.h"
#include "support/test_bytes.h"

namespace rha::storage {

using test::pattern;

// Holds reads of the storage back until it is opened.
class Gate final {
 public:
  void open() {
    {
      const std::lock_guard lock(mutex_);
      open_ = true;
    }
    changed_.notify_all();
  }
  void pass() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

class CacheTest : public ::testing::Test {
 protected:
  static constexpr std::size_t kMiB = 1024 * 1024;
  static constexpr std::uint64_t kAll = 1U << 30U;

  static std::optional<oci::Digest> blobAt(std::string_view path) {
    const auto digest = oci::Digest::parse(path.substr(0, 5) == "blob/" ? path.substr(5) : "");
    return digest ? std::optional(*digest) : std::nullopt;
  }
  static std::string pathOf(std::string_view bytes) { return "blob/" + oci::Digest::of(bytes).text(); }

  void SetUp() override { make(3 * kMiB + kMiB / 2); }
  void TearDown() override {
    gate_.open();
    stop();
  }

  [[nodiscard]] DiskCacheSettings settings(std::uint64_t bytes) const {
    return {.path = folder_.path() / "cache", .bytes = bytes, .fills = 4};
  }
  void make(std::uint64_t bytes) {
    stop();
    driver_.reset();
    cache_ = std::make_unique<BlobCache>(settings(bytes), clock_, logger_, metrics_);
    cache_->start();
    driver_ = std::make_unique<CachingDriver>(flaky_, *cache_, blobAt);
  }
  void stop() {
    if (cache_) {
      cache_->stop();
    }
  }
  std::string store(const std::string& bytes) {
    memory_.put(pathOf(bytes), bytes, Durability::Durable);
    return pathOf(bytes);
  }
  std::string read(const std::string& path, std::optional<ByteRange> range = std::nullopt) {
    const auto source = driver_->open(path, range);
    return source ? base::readAll(*source, kAll) : "(none)";
  }
  // Reads the blob until it is in the cache.
  void fill(const std::string& bytes) {
    ASSERT_EQ(read(store(bytes)), bytes);
    waitForFills();
  }
  void waitForFills() {
    while (value("fills_under_way") != 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  // Of a metric of the cache, by what follows registry_ha_disk_cache_.
  double value(const std::string& metric) {
    const std::string text = "\n" + metrics_.render();
    const std::string line = "\nregistry_ha_disk_cache_" + metric + ' ';
    const auto found = text.find(line);
    return found == std::string::npos ? -1 : std::stod(text.substr(found + line.size()));
  }
  unsigned opens() { return static_cast<unsigned>(flaky_.calls(test::Operation::Open)); }
  [[nodiscard]] std::filesystem::path fileOf(std::string_view bytes) const {
    const auto digest = oci::Digest::of(bytes);
    return folder_.path() / "cache/verified/sha256" / digest.hex().substr(0, 2) / digest.hex();
  }
  // Holds back all reads of the storage after the first `count`.
  void holdAfter(int count) {
    flaky_.observe(
        [this, left = std::make_shared<std::atomic<int>>(count)](test::Operation operation, std::string_view) {
          if (operation == test::Operation::Read && left->fetch_sub(1) <= 0) {
            gate_.pass();
          }
        });
  }
  static std::string readSome(base::BodySource& source, std::size_t bytes) {
    std::string text(bytes, '\0');
    std::size_t done = 0;
    while (done < bytes) {
      const std::size_t count = source.read(std::as_writable_bytes(std::span(text).subspan(done)));
      if (count == 0) {
        break;
      }
      done += count;
    }
    text.resize(done);
    return text;
  }

  test::TemporaryFolder folder_;
  // File systems move the time of the last use by their own clock: ours begins with it.
  test::FakeClock clock_{
      base::WallTime(std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()))};
  base::Logger logger_{{.descriptor = -1}};
  base::MetricsRegistry metrics_;
  MemoryDriver memory_;
  test::FlakyDriver flaky_{memory_};
  Gate gate_;
  std::unique_ptr<BlobCache> cache_;
  std::unique_ptr<CachingDriver> driver_;
};

}  // namespace rha::storage
