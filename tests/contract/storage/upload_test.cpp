#include "contract/storage/storage_contract.h"

namespace rha::storage::test {
namespace {

class StorageUploads : public StorageContract {
 protected:
  std::unique_ptr<UploadSession> start(std::string_view name = "_uploads/1") {
    return driver().startUpload(path(name));
  }
  // As another process would, after this one died.
  std::unique_ptr<UploadSession> resume(const std::string& state, std::string_view name = "_uploads/1") {
    return other().resumeUpload(path(name), state);
  }
  // Uploads `bytes` and lets the session go, as between two requests. Returns the state.
  std::string begin(std::string_view bytes, std::string_view name = "_uploads/1") {
    const auto session = start(name);
    append(*session, bytes);
    session->flush();
    return session->state();
  }
};
RHA_ON_EACH_DRIVER(StorageUploads);

TEST_P(StorageUploads, WhatWasAppendedIsPublishedByCommit) {
  const auto session = start();
  append(*session, "hello ");
  append(*session, "");
  append(*session, "world");
  EXPECT_EQ(session->size(), 11U);
  EXPECT_EQ(get("blob/data"), std::nullopt);
  session->commit(path("blob/data"));
  EXPECT_EQ(get("blob/data"), "hello world");
  EXPECT_EQ(driver().stat(path("blob/data"))->size, 11U);
}

TEST_P(StorageUploads, BytesMayBeHashedOnTheirWay) {
  const auto session = start();
  base::Hasher digest(base::HashAlgorithm::Sha256);
  append(*session, "hello ");
  session->appendHashed(std::as_bytes(std::span(std::string_view("wor"))), digest);
  session->appendHashed(std::as_bytes(std::span(std::string_view("ld"))), digest);
  session->commit(path("blob/data"));
  EXPECT_EQ(get("blob/data"), "hello world");
  EXPECT_EQ(digest.hex(), base::hashHex(base::HashAlgorithm::Sha256, "world"));
}

TEST_P(StorageUploads, AnEmptyUploadCommitsAnEmptyObject) {
  start()->commit(path("blob/data"));
  EXPECT_EQ(get("blob/data"), "");
}

TEST_P(StorageUploads, AnEmptyUploadCanBeResumed) {
  const std::string state = begin("");
  auto session = resume(state);
  ASSERT_TRUE(session);
  EXPECT_EQ(session->size(), 0U);
  append(*session, "x");
  session->commit(path("blob/data"));
  EXPECT_EQ(get("blob/data"), "x");
}

TEST_P(StorageUploads, AResumedUploadGoesOnWhereItStood) {
  std::string state = begin("one ");
  {
    auto session = resume(state);
    ASSERT_TRUE(session);
    EXPECT_EQ(session->size(), 4U);
    append(*session, "two ");
    session->flush();
    state = session->state();
  }
  auto session = driver().resumeUpload(path("_uploads/1"), state);
  ASSERT_TRUE(session);
  EXPECT_EQ(session->size(), 8U);
  append(*session, "three");
  session->commit(path("blob/data"));
  EXPECT_EQ(get("blob/data"), "one two three");
}

TEST_P(StorageUploads, AStateIsSmall) {
  const auto session = start();
  for (int i = 0; i < 100; ++i) {
    append(*session, "x");
    session->flush();
  }
  EXPECT_LE(session->state().size(), 4096U);
  session->cancel();
}

TEST_P(StorageUploads, FlushMayBeFollowedByMoreBytes) {
  const auto session = start();
  append(*session, "a");
  session->flush();
  session->flush();
  append(*session, "b");
  session->commit(path("blob/data"));
  EXPECT_EQ(get("blob/data"), "ab");
}

TEST_P(StorageUploads, ResumingDropsBytesBeyondTheState) {
  std::string state;
  {
    const auto session = start();
    append(*session, "kept ");
    session->flush();
    state = session->state();
    append(*session, "bytes of a request that died");
    session->flush();
  }
  auto session = resume(state);
  ASSERT_TRUE(session);
  EXPECT_EQ(session->size(), 5U);
  append(*session, "new");
  session->commit(path("blob/data"));
  EXPECT_EQ(get("blob/data"), "kept new");
}

TEST_P(StorageUploads, AStateStaysGoodThroughSeveralDeadRequests) {
  const std::string state = begin("kept ");
  for (int i = 0; i < 5; ++i) {
    auto dying = resume(state);
    ASSERT_TRUE(dying) << "attempt " << i;
    append(*dying, pattern(1000, static_cast<std::uint32_t>(i)));
    dying->flush();
  }
  auto session = resume(state);
  ASSERT_TRUE(session);
  append(*session, "end");
  session->commit(path("blob/data"));
  EXPECT_EQ(get("blob/data"), "kept end");
}

// Else a client could have one content hashed and another one published under its digest.
TEST_P(StorageUploads, AStateNeverBringsBackOtherBytesThanItWasMadeFor) {
  const std::string early = begin("");
  std::string late;
  {
    auto session = resume(early);
    append(*session, "AAAA");
    session->flush();
    late = session->state();
  }
  {
    auto replay = resume(early);
    if (replay) {
      append(*replay, "BBBB");
      replay->flush();
    }
  }
  auto session = resume(late);
  if (session) {
    session->commit(path("blob/data"));
    EXPECT_EQ(get("blob/data"), "AAAA");
  } else {
    EXPECT_EQ(get("blob/data"), std::nullopt);
  }
}

TEST_P(StorageUploads, AGoneUploadIsNotResumed) {
  const std::string state = begin("bytes");
  EXPECT_FALSE(resume(state, "_uploads/2"));
  driver().removeTree(path("_uploads/1"));
  EXPECT_FALSE(resume(state));
}

TEST_P(StorageUploads, AStateThatNoDriverMadeIsNotResumed) {
  begin("bytes");
  for (const char* state : {"", "x", "1", "5 x", "5 0 0 0 0", "-1 0", "99999999999999999999999 0"}) {
    EXPECT_FALSE(resume(state)) << state;
  }
}

TEST_P(StorageUploads, CancelRemovesTheUpload) {
  const auto session = start();
  append(*session, "bytes");
  session->flush();
  const std::string state = session->state();
  session->cancel();
  EXPECT_FALSE(resume(state));
  expectListing(path("_uploads"), {});
}

TEST_P(StorageUploads, CancelTwiceIsHarmless) {
  const auto session = start();
  session->cancel();
  session->cancel();
  expectListing(path("_uploads"), {});
}

TEST_P(StorageUploads, CommitReplacesWhatIsThere) {
  put("blob/data", "old and longer");
  const auto session = start();
  append(*session, "new");
  session->commit(path("blob/data"));
  EXPECT_EQ(get("blob/data"), "new");
}

TEST_P(StorageUploads, AfterCommitTheTemporaryDataAreGone) {
  // Where small writes are dear, nobody puts anything beside the driver's own data.
  if (driver().traits().cheapSmallWrites) {
    put("_uploads/1/startedat", "2026-11-23T22:06:01Z");
  }
  const auto session = start();
  append(*session, "bytes");
  session->flush();
  const std::string state = session->state();
  session->commit(path("blob/data"));
  EXPECT_FALSE(resume(state));
  EXPECT_EQ(get("_uploads/1/startedat"), std::nullopt);
  expectListing(path("_uploads"), {});
  EXPECT_EQ(get("blob/data"), "bytes");
}

TEST_P(StorageUploads, AnAbandonedUploadShowsNothingAtTheFinalPath) {
  begin("bytes");
  EXPECT_EQ(get("blob/data"), std::nullopt);
  EXPECT_FALSE(driver().stat(path("blob/data")));
}

TEST_P(StorageUploads, APurgedUploadIsNotPublished) {
  const auto session = start();
  append(*session, "bytes");
  session->flush();
  driver().removeTree(path("_uploads/1"));
  try {
    session->commit(path("blob/data"));
    EXPECT_EQ(get("blob/data"), "bytes") << "a commit that succeeds publishes all bytes";
  } catch (const StorageError&) {
    session->cancel();
    EXPECT_EQ(get("blob/data"), std::nullopt);
  }
}

TEST_P(StorageUploads, ReadBackYieldsWhatWasFlushed) {
  const std::string bytes = pattern(200000);
  const auto session = start();
  append(*session, bytes);
  session->flush();
  EXPECT_EQ(base::readAll(*session->readBack(), kMax), bytes);
  append(*session, "more");
  session->flush();
  EXPECT_EQ(base::readAll(*session->readBack(), kMax), bytes + "more");
  session->commit(path("blob/data"));
  EXPECT_EQ(read("blob/data"), bytes + "more");
}

TEST_P(StorageUploads, ReadBackWorksAfterResuming) {
  const std::string state = begin("one ");
  const auto session = resume(state);
  append(*session, "two");
  session->flush();
  EXPECT_EQ(base::readAll(*session->readBack(), kMax), "one two");
  session->cancel();
}

TEST_P(StorageUploads, LargeUploadsInOddPiecesArriveWhole) {
  const std::string bytes = pattern(64U << 20U);
  const std::size_t pieces[] = {1, 4095, 65537, 1000003, 8388609};
  const auto session = start();
  std::string_view rest = bytes;
  for (std::size_t i = 0; !rest.empty(); ++i) {
    const std::string_view piece = rest.substr(0, pieces[i % std::size(pieces)]);
    append(*session, piece);
    rest.remove_prefix(piece.size());
  }
  EXPECT_EQ(session->size(), bytes.size());
  session->commit(path("blob/data"));
  EXPECT_EQ(driver().stat(path("blob/data"))->size, bytes.size());
  EXPECT_TRUE(read("blob/data") == bytes);
  EXPECT_TRUE(read("blob/data", ByteRange{33554431, 1000003}) == bytes.substr(33554431, 1000003));
}

TEST_P(StorageUploads, UploadsSideBySideDoNotMix) {
  const auto first = start("_uploads/1");
  const auto second = start("_uploads/2");
  for (int i = 0; i < 10; ++i) {
    append(*first, "1");
    append(*second, "2");
  }
  first->commit(path("blob/first"));
  EXPECT_EQ(second->size(), 10U);
  second->commit(path("blob/second"));
  EXPECT_EQ(get("blob/first"), "1111111111");
  EXPECT_EQ(get("blob/second"), "2222222222");
}

TEST_P(StorageUploads, OneBlobFromTwoUploadsIsPublishedTwice) {
  const auto first = start("_uploads/1");
  const auto second = start("_uploads/2");
  append(*first, "same");
  append(*second, "same");
  first->commit(path("blob/data"));
  second->commit(path("blob/data"));
  EXPECT_EQ(get("blob/data"), "same");
}

}  // namespace
}  // namespace rha::storage::test
