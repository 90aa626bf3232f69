#include "storage/disk_cache.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <fstream>

#include "unit/storage/cache_test.h"

namespace rha::storage {
namespace {

class DiskCacheTest : public CacheTest {
 protected:
  static constexpr auto kNoPause = [](std::chrono::milliseconds) { return true; };

  [[nodiscard]] bool isKept(const std::string& bytes) const { return std::filesystem::exists(fileOf(bytes)); }
  // Changes one byte; the file's times stay, as when a disk loses a bit.
  void flipBit(const std::string& bytes) {
    struct stat status {};
    ASSERT_EQ(::stat(fileOf(bytes).c_str(), &status), 0);
    std::fstream file(fileOf(bytes), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(bytes.size() / 2));
    file.put(static_cast<char>(bytes[bytes.size() / 2] ^ 1));
    file.close();
    const std::array<timespec, 2> times{status.st_atim, status.st_mtim};
    ASSERT_EQ(::utimensat(AT_FDCWD, fileOf(bytes).c_str(), times.data(), 0), 0);
  }
  DiskCache& another(std::uint64_t bytes = 100 * kMiB) {
    another_ = std::make_unique<DiskCache>(settings(bytes), clock_, logger_, otherMetrics_);
    another_->open();
    return *another_;
  }

  base::MetricsRegistry otherMetrics_;
  std::unique_ptr<DiskCache> another_;
};

// No file of this process grows beyond `bytes` while it lives: how a disk fails in the middle of a write.
class FileSizeLimit final {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{.rlim_cur = bytes, .rlim_max = before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

TEST_F(DiskCacheTest, the_least_recently_used_blob_goes_first) {
  const std::string a = pattern(kMiB, 1);
  const std::string b = pattern(kMiB, 2);
  const std::string c = pattern(kMiB, 3);
  const std::string d = pattern(kMiB, 4);
  for (const std::string& bytes : {a, b, c}) {
    fill(bytes);
  }
  read(pathOf(a));
  fill(d);
  EXPECT_TRUE(isKept(a));
  EXPECT_FALSE(isKept(b));
  EXPECT_TRUE(isKept(c));
  EXPECT_TRUE(isKept(d));
  EXPECT_EQ(value("evictions_total"), 1);
  EXPECT_EQ(value("bytes"), 3.0 * kMiB);
  EXPECT_EQ(read(pathOf(b)), b);
}

TEST_F(DiskCacheTest, what_is_larger_than_the_cache_is_served_and_not_kept) {
  const std::string small = pattern(kMiB, 1);
  const std::string large = pattern(4 * kMiB, 2);
  fill(small);
  EXPECT_EQ(read(store(large)), large);
  EXPECT_TRUE(isKept(small));
  EXPECT_FALSE(isKept(large));
}

TEST_F(DiskCacheTest, the_order_and_the_files_outlive_a_restart) {
  fill(pattern(kMiB, 1));
  clock_.advance(std::chrono::hours(2));
  fill(pattern(kMiB, 2));
  clock_.advance(std::chrono::hours(2));
  read(pathOf(pattern(kMiB, 1)));
  clock_.advance(std::chrono::hours(2));
  make(2 * kMiB + kMiB / 2);
  EXPECT_EQ(value("files"), 4) << "metrics are those of two drivers in this test";
  fill(pattern(kMiB, 3));
  EXPECT_TRUE(isKept(pattern(kMiB, 1)));
  EXPECT_FALSE(isKept(pattern(kMiB, 2)));
  EXPECT_EQ(opens(), 3U);
}

TEST_F(DiskCacheTest, a_smaller_limit_is_kept_to_at_the_start) {
  fill(pattern(kMiB, 1));
  fill(pattern(kMiB, 2));
  make(kMiB);
  EXPECT_NE(isKept(pattern(kMiB, 1)), isKept(pattern(kMiB, 2)));
}

TEST_F(DiskCacheTest, a_file_that_was_cut_or_written_to_is_not_served) {
  const std::string cut = pattern(kMiB, 1);
  const std::string written = pattern(kMiB, 2);
  fill(cut);
  fill(written);
  std::filesystem::resize_file(fileOf(cut), kMiB - 1);
  std::ofstream(fileOf(written), std::ios::in | std::ios::out | std::ios::binary) << "other";
  EXPECT_EQ(read(pathOf(cut)), cut);
  EXPECT_EQ(read(pathOf(written)), written);
  EXPECT_EQ(opens(), 4U);
}

TEST_F(DiskCacheTest, the_seal_shows_a_file_of_another_length) {
  const std::string bytes = pattern(kMiB, 1);
  fill(bytes);
  struct stat status {};
  ASSERT_EQ(::stat(fileOf(bytes).c_str(), &status), 0);
  std::filesystem::resize_file(fileOf(bytes), kMiB - 4096);
  const std::array<timespec, 2> times{status.st_atim, status.st_mtim};
  ASSERT_EQ(::utimensat(AT_FDCWD, fileOf(bytes).c_str(), times.data(), 0), 0);
  EXPECT_EQ(read(pathOf(bytes)), bytes);
  EXPECT_EQ(opens(), 2U);
}

TEST_F(DiskCacheTest, lost_bits_are_found_in_the_background) {
  const std::string good = pattern(kMiB, 1);
  const std::string bad = pattern(kMiB, 2);
  fill(good);
  fill(bad);
  flipBit(bad);
  DiskCache& cache = another();
  EXPECT_TRUE(cache.verify(oci::Digest::of(good), kNoPause));
  EXPECT_TRUE(cache.verify(oci::Digest::of(bad), kNoPause));
  EXPECT_TRUE(isKept(good));
  EXPECT_FALSE(isKept(bad));
  EXPECT_EQ(read(pathOf(bad)), bad);
}

TEST_F(DiskCacheTest, lost_bits_of_a_small_blob_are_found_when_it_is_read) {
  const std::string bytes = pattern(5000, 1);
  fill(bytes);
  flipBit(bytes);
  EXPECT_EQ(read(pathOf(bytes)), bytes);
  EXPECT_EQ(value("verify_failures_total"), 1);
  EXPECT_EQ(read(pathOf(bytes)), bytes);
  EXPECT_EQ(opens(), 2U);
}

TEST_F(DiskCacheTest, a_check_can_be_broken_off) {
  fill(pattern(kMiB, 1));
  EXPECT_FALSE(another().verify(oci::Digest::of(pattern(kMiB, 1)), [](std::chrono::milliseconds) { return false; }));
}

TEST_F(DiskCacheTest, all_files_are_checked_in_time) {
  fill(pattern(kMiB, 1));
  fill(pattern(100, 2));
  flipBit(pattern(kMiB, 1));
  auto wanted = settings(100 * kMiB);
  wanted.verifyInterval = std::chrono::hours(1);
  DiskCache cache(wanted, clock_, logger_, otherMetrics_);
  cache.open();
  int left = 100;
  cache.tend([&](std::chrono::milliseconds) {
    clock_.advance(std::chrono::minutes(1));
    return --left > 0;
  });
  EXPECT_FALSE(isKept(pattern(kMiB, 1)));
  EXPECT_NE(otherMetrics_.render().find("registry_ha_disk_cache_verified_total 2"), std::string::npos)
      << "the other one, once in each hour";
}

TEST_F(DiskCacheTest, what_a_dead_process_was_filling_is_removed_and_what_lives_is_left) {
  const auto filling = folder_.path() / "cache/filling";
  std::ofstream(filling / "dead") << "half a blob";
  std::ofstream(filling / "alive") << "half a blob";
  const base::Fd alive(::open((filling / "alive").c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_EQ(::flock(alive.get(), LOCK_EX), 0);
  another();
  EXPECT_FALSE(std::filesystem::exists(filling / "dead"));
  EXPECT_TRUE(std::filesystem::exists(filling / "alive"));
}

TEST_F(DiskCacheTest, two_processes_share_a_folder) {
  const std::string bytes = pattern(kMiB, 1);
  fill(bytes);
  BlobCache cacheOfSecond(settings(2 * kMiB), clock_, logger_, otherMetrics_);
  CachingDriver second(flaky_, cacheOfSecond, blobAt);
  cacheOfSecond.start();
  EXPECT_EQ(base::readAll(*second.open(pathOf(bytes), std::nullopt), kAll), bytes);
  EXPECT_EQ(opens(), 1U);
  for (unsigned i = 2; i < 4; ++i) {
    fill(pattern(kMiB, i));  // by the first
  }
  DiskCache& cache = another(2 * kMiB);
  EXPECT_EQ(isKept(pattern(kMiB, 1)) + isKept(pattern(kMiB, 2)) + isKept(pattern(kMiB, 3)), 2);
  cache.scan();
  for (unsigned i = 1; i < 4; ++i) {
    EXPECT_EQ(read(pathOf(pattern(kMiB, i))), pattern(kMiB, i)) << "what the other has removed";
  }
}

TEST_F(DiskCacheTest, a_scan_takes_notice_of_what_others_removed) {
  fill(pattern(kMiB, 1));
  DiskCache& cache = another();
  std::filesystem::remove(fileOf(pattern(kMiB, 1)));
  cache.scan();
  EXPECT_NE(otherMetrics_.render().find("registry_ha_disk_cache_bytes 0"), std::string::npos);
}

TEST_F(DiskCacheTest, a_disk_that_fails_in_the_middle_is_no_failed_read) {
  const std::string bytes = pattern(kMiB, 1);
  const std::string path = store(bytes);
  std::unique_ptr<FileSizeLimit> limit;
  flaky_.observe([&, reads = std::make_shared<std::atomic<int>>(0)](test::Operation operation, std::string_view) {
    if (operation == test::Operation::Read && ++*reads == 3) {
      limit = std::make_unique<FileSizeLimit>(4096);
    }
  });
  const std::string got = read(path);
  waitForFills();
  limit.reset();
  EXPECT_TRUE(got == bytes);
  EXPECT_FALSE(isKept(bytes));
  EXPECT_GE(value("disk_failures_total"), 1);
  EXPECT_EQ(read(path), bytes) << "while the disk is left alone";
  clock_.advance(std::chrono::minutes(1));
  fill(bytes);
  EXPECT_TRUE(isKept(bytes));
}

TEST_F(DiskCacheTest, a_disk_that_cannot_be_used_is_no_failed_read_and_is_used_once_it_can) {
  std::filesystem::remove_all(folder_.path() / "cache");
  std::ofstream(folder_.path() / "cache") << "a file";
  make(10 * kMiB);
  const std::string bytes = pattern(kMiB, 1);
  EXPECT_EQ(read(store(bytes)), bytes);
  EXPECT_GE(value("disk_failures_total"), 1);
  std::filesystem::remove(folder_.path() / "cache");
  clock_.advance(std::chrono::minutes(2));
  DiskCache& cache = another();
  EXPECT_TRUE(cache.begin(100));
  fill(bytes);
  EXPECT_TRUE(isKept(bytes));
}

TEST_F(DiskCacheTest, room_is_given_back_with_a_fill_that_was_given_up) {
  DiskCache& cache = another(kMiB);
  auto first = cache.begin(kMiB);
  ASSERT_TRUE(first);
  EXPECT_FALSE(cache.begin(1));
  first.reset();
  EXPECT_TRUE(cache.begin(kMiB));
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path() / "cache/filling"));
}

}  // namespace
}  // namespace rha::storage
