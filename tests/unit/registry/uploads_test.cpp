#include "registry/uploads.h"

#include <gtest/gtest.h>

#include "registry/layout.h"
#include "support/registry_under_test.h"

namespace rha::test {
namespace {

using oci::ErrorCode;
using registry::Uploads;

class UploadsTest : public testing::Test {
 protected:
  RegistryUnderTest registry_;
  oci::RepositoryName name_ = repository("a/b");

  registry::UploadTicket start(base::HashAlgorithm algorithm = base::HashAlgorithm::Sha256) {
    return registry_.uploads.start(name_, registry_.actor, algorithm);
  }
  auto resume(const registry::UploadTicket& ticket, std::optional<std::uint64_t> offset = std::nullopt) {
    return registry_.uploads.resume({name_, ticket.id, ticket.token, offset, std::nullopt, false});
  }
  // Appends in a request of its own.
  registry::UploadTicket patch(const registry::UploadTicket& ticket, const std::string& bytes) {
    auto writer = RegistryUnderTest::must(resume(ticket));
    RegistryUnderTest::must(writer->append(bytesOf(bytes)));
    return RegistryUnderTest::must(writer->suspend());
  }
  std::string read(const oci::Digest& digest) {
    const auto info = RegistryUnderTest::must(registry_.blobs.stat(name_, digest));
    auto source = RegistryUnderTest::must(registry_.blobs.open(info, std::nullopt));
    return base::readAll(*source, 1 << 20);
  }
};

TEST_F(UploadsTest, BytesOfSeveralRequestsBecomeOneBlob) {
  auto ticket = patch(patch(start(), "hello "), "world");
  EXPECT_EQ(ticket.offset, 11U);
  const auto digest = oci::Digest::of("hello world");
  auto writer = RegistryUnderTest::must(resume(ticket));
  EXPECT_EQ(RegistryUnderTest::must(writer->finish(digest)).size, 11U);
  EXPECT_EQ(read(digest), "hello world");
}

TEST_F(UploadsTest, NothingOfTheUploadIsLeftOnceItIsFinished) {
  auto ticket = patch(start(), "x");
  RegistryUnderTest::must(RegistryUnderTest::must(resume(ticket))->finish(oci::Digest::of("x")));
  EXPECT_EQ(resume(ticket).error().code, ErrorCode::BlobUploadUnknown);
  int left = 0;
  registry_.driver().list(registry::layout::uploadsFolder(name_), [&](const auto&) { return ++left; });
  EXPECT_EQ(left, 0);
  EXPECT_FALSE(registry_.driver().stat(registry::layout::uploadState(name_, ticket.id)));
}

TEST_F(UploadsTest, AWrongDigestIsRefusedAndTheUploadDiscarded) {
  auto ticket = patch(start(), "some bytes");
  auto result = RegistryUnderTest::must(resume(ticket))->finish(oci::Digest::of("other bytes"));
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::DigestInvalid);
  EXPECT_NE(result.error().message.find(oci::Digest::of("some bytes").text()), std::string::npos);
  EXPECT_FALSE(registry_.blobs.stat(name_, oci::Digest::of("other bytes")).ok());
  EXPECT_FALSE(registry_.blobs.stat(name_, oci::Digest::of("some bytes")).ok());
  EXPECT_EQ(resume(ticket).error().code, ErrorCode::BlobUploadUnknown);
}

TEST_F(UploadsTest, AChunkOutOfOrderIsToldWhereTheUploadStands) {
  auto ticket = patch(start(), "0123456789");
  auto result = resume(ticket, 5);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::RangeInvalid);
  EXPECT_EQ(result.error().detail, R"({"offset":10})");
  EXPECT_TRUE(resume(ticket, 10).ok());
}

TEST_F(UploadsTest, AnOldTokenDoesNotOverwriteWhatWasAcknowledged) {
  const auto first = start();
  patch(first, "acknowledged");
  EXPECT_EQ(resume(first).error().code, ErrorCode::RangeInvalid);
}

TEST_F(UploadsTest, WithoutAnOffsetOrATokenTheStoredStateDecides) {
  const auto ticket = patch(start(), "abc");
  auto writer = registry_.uploads.resume({name_, ticket.id, "", std::nullopt, std::nullopt, false});
  ASSERT_TRUE(writer.ok());
  EXPECT_EQ((*writer)->offset(), 3U);
}

TEST_F(UploadsTest, AnUploadBelongsToItsRepository) {
  const auto ticket = start();
  const auto other = repository("a/c");
  EXPECT_EQ(registry_.uploads.status(other, ticket.id, ticket.token).error().code, ErrorCode::BlobUploadUnknown);
  EXPECT_EQ(registry_.uploads.status(name_, "not-an-id", "").error().code, ErrorCode::BlobUploadUnknown);
}

TEST_F(UploadsTest, AWriterThatIsDroppedKeepsWhatCameIn) {
  const auto ticket = start();
  RegistryUnderTest::must(RegistryUnderTest::must(resume(ticket))->append(bytesOf("half a chunk")));
  EXPECT_EQ(RegistryUnderTest::must(registry_.uploads.status(name_, ticket.id, ticket.token)).offset, 12U);
}

TEST_F(UploadsTest, ALaterRequestTakesTheUploadOver) {
  const auto ticket = start();
  auto first = RegistryUnderTest::must(resume(ticket));
  RegistryUnderTest::must(first->append(bytesOf("first ")));
  const auto status = RegistryUnderTest::must(registry_.uploads.status(name_, ticket.id, ticket.token));
  EXPECT_EQ(status.offset, 6U);
  auto second = RegistryUnderTest::must(resume(status));
  EXPECT_EQ(first->append(bytesOf("late")).error().code, ErrorCode::BlobUploadInvalid);
  RegistryUnderTest::must(second->append(bytesOf("second")));
  RegistryUnderTest::must(second->finish(oci::Digest::of("first second")));
  EXPECT_EQ(first->suspend().error().code, ErrorCode::BlobUploadInvalid);
}

TEST_F(UploadsTest, ASha512AskedForOnlyAtTheEndIsVerified) {
  const auto ticket = patch(start(), "sha512 late");
  const auto digest = oci::Digest::of("sha512 late", base::HashAlgorithm::Sha512);
  RegistryUnderTest::must(RegistryUnderTest::must(resume(ticket))->finish(digest));
  EXPECT_EQ(read(digest), "sha512 late");
}

TEST_F(UploadsTest, ASha512AskedForAtTheStartIsHashedOnTheWay) {
  const auto ticket = patch(start(base::HashAlgorithm::Sha512), "sha512 early");
  const auto digest = oci::Digest::of("sha512 early", base::HashAlgorithm::Sha512);
  RegistryUnderTest::must(RegistryUnderTest::must(resume(ticket))->finish(digest));
  EXPECT_EQ(read(digest), "sha512 early");
}

TEST_F(UploadsTest, AnEmptyBlobCanBePushed) {
  RegistryUnderTest::must(RegistryUnderTest::must(resume(start()))->finish(oci::Digest::of("")));
  EXPECT_EQ(read(oci::Digest::of("")), "");
}

TEST_F(UploadsTest, ACancelledUploadIsGone) {
  const auto ticket = patch(start(), "abc");
  EXPECT_TRUE(registry_.uploads.cancel(name_, ticket.id, ticket.token).ok());
  EXPECT_EQ(registry_.uploads.cancel(name_, ticket.id, ticket.token).error().code, ErrorCode::BlobUploadUnknown);
}

TEST_F(UploadsTest, AnAbandonedUploadIsPurgedByAgeAndAFreshOneIsNot) {
  const auto ticket = patch(start(), "abandoned");
  // The memory driver's objects carry the real time.
  registry_.clock.jumpTo(base::SystemClock().now() + std::chrono::hours(24 * 6));
  EXPECT_EQ(registry_.uploads.purge(name_), 0U);
  registry_.clock.advance(std::chrono::hours(25));
  EXPECT_EQ(registry_.uploads.purge(name_), 1U);
  EXPECT_EQ(resume(ticket).error().code, ErrorCode::BlobUploadUnknown);
}

TEST_F(UploadsTest, AnUploadAtWorkIsNotPurged) {
  const auto ticket = start();
  const auto writer = RegistryUnderTest::must(resume(ticket));
  registry_.clock.jumpTo(base::SystemClock().now() + std::chrono::hours(24 * 30));
  EXPECT_EQ(registry_.uploads.purge(name_), 0U);
}

TEST(UploadLimitTest, ABlobOverTheLimitIsRefusedWith413) {
  RegistryUnderTest registry(std::make_shared<storage::MemoryDriver>(), {.maxBlobBytes = 10});
  auto writer = registry.uploads.startWriting(repository("a"), registry.actor, base::HashAlgorithm::Sha256);
  EXPECT_TRUE(writer->append(bytesOf("0123456789")).ok());
  const auto result = writer->append(bytesOf("x"));
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::SizeInvalid);
  EXPECT_EQ(result.error().httpStatus, 413);
}

TEST(UploadTokenTest, ATokenIsRefusedWhenItWasChangedOrSignedWithAnotherSecret) {
  const registry::UploadTokens tokens{base::Secret("one")};
  const registry::UploadState state{"a/b", base::randomUuid(), "ci", base::SystemClock().now(), 42, "hash", "driver"};
  const std::string token = tokens.sign(state);
  ASSERT_TRUE(tokens.verify(token));
  EXPECT_EQ(tokens.verify(token)->offset, 42U);
  EXPECT_EQ(tokens.verify(token)->driverState, "driver");
  EXPECT_FALSE(registry::UploadTokens(base::Secret("two")).verify(token));
  for (std::size_t i = 0; i < token.size(); i += 7) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(tokens.verify(changed)) << i;
  }
  EXPECT_FALSE(tokens.verify(""));
  EXPECT_FALSE(tokens.verify("."));
}

}  // namespace
}  // namespace rha::test
