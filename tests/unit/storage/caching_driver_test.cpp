#include "storage/caching_driver.h"

#include <vector>

#include "storage/storage_error.h"
#include "unit/storage/cache_test.h"

namespace rha::storage {
namespace {

using test::Operation;

class CachingDriverTest : public CacheTest {
 protected:
  // Puts other bytes of the same length where those with this digest belong.
  std::string storeWrong(const std::string& bytes) {
    std::string wrong = bytes;
    wrong[wrong.size() / 2] ^= 1;
    memory_.put(pathOf(bytes), wrong, Durability::Durable);
    return pathOf(bytes);
  }
  std::optional<StorageFailure> failureOf(const std::string& path) {
    try {
      read(path);
    } catch (const StorageError& error) {
      return error.failure();
    }
    return std::nullopt;
  }
};

TEST_F(CachingDriverTest, a_blob_is_read_from_the_storage_once_and_then_from_a_file) {
  const std::string bytes = pattern(kMiB, 1);
  fill(bytes);
  const auto source = driver_->open(pathOf(bytes), std::nullopt);
  ASSERT_TRUE(source->file());
  EXPECT_EQ(source->file()->length, bytes.size());
  EXPECT_EQ(base::readAll(*source, kAll), bytes);
  EXPECT_EQ(read(pathOf(bytes), ByteRange{1000, 5000}), bytes.substr(1000, 5000));
  EXPECT_EQ(opens(), 1U);
  EXPECT_EQ(value("hits_total"), 2);
  EXPECT_EQ(value("misses_total"), 1);
  EXPECT_EQ(value("bytes"), static_cast<double>(kMiB));
}

TEST_F(CachingDriverTest, what_is_no_blob_passes_through) {
  driver_->put("other", "text", Durability::Durable);
  EXPECT_EQ(read("other"), "text");
  EXPECT_EQ(read("other"), "text");
  EXPECT_EQ(opens(), 2U);
  EXPECT_EQ(driver_->get("other", 10), "text");
  EXPECT_EQ(driver_->sizeToOpen("other"), 4U);
  EXPECT_EQ(driver_->open("blob/sha256:abc", std::nullopt), nullptr);
}

TEST_F(CachingDriverTest, a_blob_that_is_not_there_is_a_normal_answer) {
  EXPECT_EQ(driver_->open(pathOf("x"), std::nullopt), nullptr);
  EXPECT_EQ(driver_->open(pathOf("x"), ByteRange{0, 1}), nullptr);
  EXPECT_EQ(driver_->sizeToOpen(pathOf("x")), std::nullopt);
  EXPECT_EQ(driver_->stat(pathOf("x")), std::nullopt);
  EXPECT_EQ(value("fills_under_way"), 0);
}

TEST_F(CachingDriverTest, readers_at_the_same_time_share_one_read_of_the_storage) {
  for (const std::size_t size : {std::size_t{10}, kMiB}) {
    const std::string bytes = pattern(size, 2);
    const std::string path = store(bytes);
    const unsigned before = opens();
    std::atomic<int> right = 0;
    {
      std::vector<std::jthread> readers;
      readers.reserve(8);
      for (int i = 0; i < 8; ++i) {
        readers.emplace_back([&] { right += read(path) == bytes ? 1 : 0; });
      }
    }
    EXPECT_EQ(right, 8);
    waitForFills();
    EXPECT_EQ(opens(), before + 1);
  }
}

TEST_F(CachingDriverTest, readers_follow_while_it_fills_and_a_slow_one_holds_up_nobody) {
  const std::string bytes = pattern(kMiB, 3);
  const std::string path = store(bytes);
  holdAfter(2);  // of four pieces
  const auto slow = driver_->open(path, std::nullopt);
  const auto quick = driver_->open(path, std::nullopt);
  EXPECT_EQ(readSome(*quick, kMiB / 2 - CacheFill::kWithheldBytes),
            bytes.substr(0, kMiB / 2 - CacheFill::kWithheldBytes));
  gate_.open();
  waitForFills();
  EXPECT_EQ(read(path), bytes);
  EXPECT_EQ(base::readAll(*slow, kAll), bytes);
  EXPECT_EQ(opens(), 1U);
}

TEST_F(CachingDriverTest, a_fill_goes_on_when_its_reader_has_left) {
  const std::string bytes = pattern(kMiB, 4);
  const std::string path = store(bytes);
  holdAfter(1);
  driver_->open(path, std::nullopt).reset();
  gate_.open();
  waitForFills();
  EXPECT_EQ(read(path), bytes);
  EXPECT_EQ(opens(), 1U);
}

TEST_F(CachingDriverTest, of_a_blob_with_another_digest_nobody_gets_the_end_and_nothing_is_kept) {
  const std::string bytes = pattern(kMiB, 5);
  const std::string path = storeWrong(bytes);
  holdAfter(1);
  const auto source = driver_->open(path, std::nullopt);
  const auto other = driver_->open(path, std::nullopt);
  gate_.open();
  EXPECT_THROW(readSome(*source, bytes.size()), StorageError);
  EXPECT_THROW(readSome(*other, bytes.size()), StorageError);
  waitForFills();
  EXPECT_FALSE(std::filesystem::exists(fileOf(bytes)));
  EXPECT_EQ(value("fills_total{outcome=\"wrong_digest\"}"), 1);
  EXPECT_EQ(failureOf(path), StorageFailure::Corrupt);  // and again
}

TEST_F(CachingDriverTest, the_last_64_kib_are_withheld_until_the_digest_matched) {
  const std::string bytes = pattern(kMiB, 6);
  const std::string path = storeWrong(bytes);
  const auto source = driver_->open(path, std::nullopt);
  std::string got;
  std::vector<std::byte> piece(1000);
  try {
    while (const std::size_t count = source->read(piece)) {
      got.append(reinterpret_cast<const char*>(piece.data()), count);
    }
    ADD_FAILURE() << "wrong bytes were read to their end";
  } catch (const StorageError& error) {
    EXPECT_EQ(error.failure(), StorageFailure::Corrupt);
  }
  EXPECT_LE(got.size(), bytes.size() - CacheFill::kWithheldBytes);
}

TEST_F(CachingDriverTest, a_small_blob_with_another_digest_is_refused_before_its_first_byte) {
  const std::string bytes = pattern(CacheFill::kWithheldBytes, 7);
  const std::string path = storeWrong(bytes);
  EXPECT_THROW(driver_->open(path, std::nullopt), StorageError);
  EXPECT_FALSE(std::filesystem::exists(fileOf(bytes)));
}

TEST_F(CachingDriverTest, a_damaged_blob_is_not_there_for_who_would_push_it_until_it_was_pushed) {
  const std::string bytes = pattern(kMiB, 8);
  const std::string path = storeWrong(bytes);
  EXPECT_TRUE(driver_->stat(path));
  EXPECT_EQ(failureOf(path), StorageFailure::Corrupt);
  waitForFills();
  EXPECT_FALSE(driver_->stat(path));
  EXPECT_TRUE(driver_->sizeToOpen(path)) << "who reads it is to be told that it is damaged";
  store(bytes);
  EXPECT_TRUE(driver_->stat(path));
  EXPECT_EQ(read(path), bytes);
}

TEST_F(CachingDriverTest, a_cold_range_comes_from_the_storage_and_the_blob_is_kept) {
  const std::string bytes = pattern(kMiB, 9);
  const std::string path = store(bytes);
  EXPECT_EQ(read(path, ByteRange{500, 100}), bytes.substr(500, 100));
  waitForFills();
  EXPECT_EQ(opens(), 2U);
  EXPECT_EQ(read(path, ByteRange{kMiB - 7, 7}), bytes.substr(kMiB - 7));
  EXPECT_EQ(read(path), bytes);
  EXPECT_EQ(opens(), 2U);
}

TEST_F(CachingDriverTest, a_range_that_the_fill_has_passed_comes_from_it) {
  const std::string bytes = pattern(kMiB, 10);
  const std::string path = store(bytes);
  holdAfter(2);
  const auto whole = driver_->open(path, std::nullopt);
  readSome(*whole, kMiB / 2);  // so far it has come
  EXPECT_EQ(read(path, ByteRange{100, 1000}), bytes.substr(100, 1000));
  EXPECT_EQ(opens(), 1U);
  const auto beyond = driver_->open(path, ByteRange{kMiB - 10, 10});
  EXPECT_EQ(opens(), 2U);
  gate_.open();
  EXPECT_EQ(base::readAll(*beyond, kAll), bytes.substr(kMiB - 10));
}

TEST_F(CachingDriverTest, a_range_beyond_a_blob_in_the_cache_is_corrupt) {
  const std::string bytes = pattern(kMiB, 11);
  fill(bytes);
  EXPECT_THROW(driver_->open(pathOf(bytes), ByteRange{kMiB, 1}), StorageError);
  EXPECT_THROW(driver_->open(pathOf(bytes), ByteRange{1, ~std::uint64_t{0}}), StorageError);
}

TEST_F(CachingDriverTest, the_size_of_a_blob_in_the_cache_needs_no_storage) {
  const std::string bytes = pattern(kMiB, 12);
  fill(bytes);
  const auto before = flaky_.calls();
  EXPECT_EQ(driver_->sizeToOpen(pathOf(bytes)), kMiB);
  EXPECT_EQ(flaky_.calls(), before);
  memory_.remove(pathOf(bytes));
  EXPECT_FALSE(driver_->stat(pathOf(bytes))) << "whether the storage has it, only the storage says";
}

TEST_F(CachingDriverTest, when_the_storage_breaks_off_readers_go_on_from_where_they_are) {
  const std::string bytes = pattern(kMiB, 13);
  const std::string path = store(bytes);
  flaky_.fail({.operation = Operation::Read, .skip = 2});
  EXPECT_EQ(read(path), bytes);
  EXPECT_EQ(opens(), 2U);
  EXPECT_EQ(value("fills_total{outcome=\"broken_off\"}"), 1);
  EXPECT_FALSE(std::filesystem::exists(fileOf(bytes)));
}

TEST_F(CachingDriverTest, an_opening_that_fails_is_told_and_the_next_one_works) {
  const std::string bytes = pattern(kMiB, 14);
  const std::string path = store(bytes);
  flaky_.fail({.operation = Operation::Open});
  EXPECT_EQ(failureOf(path), StorageFailure::Unavailable);
  EXPECT_EQ(read(path), bytes);
}

TEST_F(CachingDriverTest, when_all_fills_are_taken_the_storage_is_read_as_ever) {
  std::vector<std::unique_ptr<base::BodySource>> held;
  holdAfter(0);
  make(100 * kMiB);
  for (unsigned i = 0; i < 4; ++i) {
    held.push_back(driver_->open(store(pattern(kMiB, 20 + i)), std::nullopt));
  }
  const std::string bytes = pattern(kMiB, 15);
  const auto source = driver_->open(store(bytes), std::nullopt);
  EXPECT_EQ(value("bypassed_total"), 1);
  EXPECT_EQ(value("fills_under_way"), 4);
  gate_.open();
  EXPECT_EQ(base::readAll(*source, kAll), bytes);
  waitForFills();
  EXPECT_EQ(value("files"), 4);
}

TEST_F(CachingDriverTest, what_became_unreadable_in_the_middle_goes_on_from_the_storage) {
  const std::string bytes = pattern(kMiB, 16);
  fill(bytes);
  const auto source = driver_->open(pathOf(bytes), std::nullopt);
  std::filesystem::resize_file(fileOf(bytes), kMiB / 4);
  ASSERT_TRUE(source->goOnWithoutFile(kMiB / 4));
  EXPECT_EQ(readSome(*source, 3 * kMiB / 4), bytes.substr(kMiB / 4));
  EXPECT_EQ(opens(), 2U);
  EXPECT_FALSE(std::filesystem::exists(fileOf(bytes)));
}

TEST_F(CachingDriverTest, stopping_leaves_the_driver_within) {
  const std::string bytes = pattern(kMiB, 17);
  fill(bytes);
  stop();
  EXPECT_EQ(read(pathOf(bytes)), bytes);
  EXPECT_EQ(opens(), 2U);
}

}  // namespace
}  // namespace rha::storage
