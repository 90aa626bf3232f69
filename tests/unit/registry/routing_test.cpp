// Repositories in several storages: what lies where, mounts from one into another, and what is in the wrong place.
#include <gtest/gtest.h>

#include "registry/blob_copy.h"
#include "registry/layout.h"
#include "support/registry_under_test.h"

namespace rha::test {
namespace {

using registry::Storages;
using storage::MemoryDriver;

class RoutingTest : public ::testing::Test {
 protected:
  std::uint64_t objectsIn(storage::StorageDriver& driver, const std::string& folder = "docker/registry/v2") {
    std::uint64_t count = 0;
    driver.list(folder, [&](const storage::ListEntry& entry) {
      count += entry.isFolder ? objectsIn(driver, folder + '/' + entry.name) : 1;
      return true;
    });
    return count;
  }

  std::shared_ptr<MemoryDriver> main_ = std::make_shared<MemoryDriver>();
  MemoryDriver closed_;
  MemoryDriver inner_;
  RegistryUnderTest registry_{
      main_, {}, {{"closed", {"restricted"}, &closed_}, {"inner", {"restricted/deep", "ml"}, &inner_}}};
};

TEST_F(RoutingTest, TheLongestNamespaceDecidesAndCoversWholeParts) {
  const auto& places = registry_.storages;
  const auto nameOf = [&](const std::string& name) { return places.placeOf(repository(name)).name; };
  EXPECT_EQ(nameOf("restricted"), "closed");
  EXPECT_EQ(nameOf("restricted/app"), "closed");
  EXPECT_EQ(nameOf("restricted/deep/app"), "inner");
  EXPECT_EQ(nameOf("restricted/deeper"), "closed");
  EXPECT_EQ(nameOf("restricted-not"), "");
  EXPECT_EQ(nameOf("ml"), "inner");
  EXPECT_EQ(nameOf("a/ml"), "");
}

TEST_F(RoutingTest, AnImageLiesWholeInItsStorage) {
  const auto layer = registry_.pushBlob("restricted/app", "layer");
  const auto digest = registry_.pushImage("restricted/app", "v1", {layer});
  EXPECT_EQ(objectsIn(*main_), 0U);
  EXPECT_EQ(objectsIn(inner_), 0U);
  EXPECT_TRUE(closed_.stat(registry::layout::blobData(layer)));
  EXPECT_TRUE(closed_.stat(registry::layout::blobData(digest)));
  const auto pulled = registry_.manifests.get(repository("restricted/app"), oci::Reference(tag("v1")));
  ASSERT_TRUE(pulled.ok());
  EXPECT_EQ(pulled->digest, digest);
}

TEST_F(RoutingTest, AMountIntoAnotherStorageCopiesTheBlob) {
  const std::string bytes(700'000, 'x');
  const auto layer = registry_.pushBlob("restricted/app", bytes);
  ASSERT_TRUE(registry_.blobs.mount(repository("public/app"), layer, repository("restricted/app")));
  const auto info = registry_.blobs.stat(repository("public/app"), layer);
  ASSERT_TRUE(info.ok());
  auto source = registry_.blobs.open(*info, std::nullopt);
  ASSERT_TRUE(source.ok());
  std::vector<std::byte> buffer(bytes.size() + 1);
  std::size_t got = 0;
  while (const auto count = (*source)->read(std::span(buffer).subspan(got))) {
    got += count;
  }
  EXPECT_EQ(got, bytes.size());
  EXPECT_EQ(main_->get(registry::layout::blobData(layer), bytes.size()), bytes);
  EXPECT_FALSE(registry_.blobs.mount(repository("public/app"), oci::Digest::of("other"), repository("restricted/app")));
}

TEST_F(RoutingTest, ACopyOfDamagedBytesIsNotPublished) {
  const auto digest = oci::Digest::of("what it was");
  closed_.put(registry::layout::blobData(digest), "what it is!", storage::Durability::Durable);
  registry_.blobs.link(repository("restricted/app"), digest);
  EXPECT_THROW(registry_.blobs.mount(repository("public/app"), digest, repository("restricted/app")),
               storage::StorageError);
  EXPECT_FALSE(registry_.blobs.stat(repository("public/app"), digest).ok());
  EXPECT_EQ(objectsIn(*main_), 0U);
}

TEST_F(RoutingTest, AnUploadStaysWithTheStorageItBeganIn) {
  auto writer = registry_.uploads.startWriting(repository("ml/app"), registry_.actor, base::HashAlgorithm::Sha256);
  ASSERT_TRUE(writer->append(bytesOf("half")).ok());
  const auto ticket = RegistryUnderTest::must(writer->suspend());
  EXPECT_TRUE(registry_.uploads.status(repository("ml/app"), ticket.id, ticket.token).ok());
  // Now the namespace has moved: other settings, same storages.
  registry::Uploads moved(Storages(*main_, {{"elsewhere", {"ml"}, &inner_}}), registry_.blobs, registry_.clock,
                          registry::UploadTokens(base::Secret("secret of the tests")), {});
  const auto status = moved.status(repository("ml/app"), ticket.id, ticket.token);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, oci::ErrorCode::BlobUploadUnknown);
}

TEST_F(RoutingTest, AnIndexIsBuiltFromAllStoragesWithoutWhatIsMisplaced) {
  registry_.pushImage("public/app", "v1");
  registry_.pushImage("restricted/app", "v2");
  registry_.pushImage("ml/app", "v3");
  RegistryUnderTest before(main_);  // as it was before the namespace got a storage of its own
  before.pushImage("restricted/old", "v4");
  const auto index = registry_.emptyIndex();
  registry::IndexBuilder builder(registry_.storages, registry_.logger, RegistryUnderTest::kManifestBytes);
  registry::BuildProgress progress;
  ASSERT_TRUE(builder.build(*index, progress, false));
  EXPECT_EQ(progress.repositories, 3U);
  EXPECT_EQ(progress.problems, 1U);
  EXPECT_FALSE(index->hasRepository(repository("restricted/old")));
  EXPECT_FALSE(RegistryUnderTest::tagList(*index, "restricted/app").empty());
}

TEST_F(RoutingTest, AnIndexBelongsToTheStoragesAndToWhatTheyTake) {
  EXPECT_EQ(registry::knownIdentityOf(registry_.storages), "");
  const auto identity = registry::identityOf(registry_.storages);
  EXPECT_EQ(registry::knownIdentityOf(registry_.storages), identity);
  EXPECT_NE(registry::identityOf(Storages(*main_)), identity);
  EXPECT_NE(registry::identityOf(Storages(
                *main_, {{"closed", {"restricted", "x"}, &closed_}, {"inner", {"restricted/deep", "ml"}, &inner_}})),
            identity);
}

}  // namespace
}  // namespace rha::test
