// What distribution 2.8's registry wrote (tests/fixtures/layout/fs-tree.tar.gz), read through the filesystem driver.
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>
#include <string>

#include "base/hasher.h"
#include "storage/filesystem_driver.h"
#include "support/temporary_folder.h"

namespace rha::storage {
namespace {

const std::string kManifest = "2ebe8353275f8bcd3a905cac36e8c404bf98a9cda973f52b9e89c550f7904184";
const std::string kConfig = "d90a7db66d61f9fe8cf9f4c54ae2175addfe13846dcc129aad1ae400be8e8aea";
const std::string kEmpty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const std::string kRepositories = "docker/registry/v2/repositories";

class FilesystemFixtureTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string command =
        "tar -xzf '" RHA_TESTS_DIR "/fixtures/layout/fs-tree.tar.gz' -C '" + folder_.path().string() + "'";
    ASSERT_EQ(std::system(command.c_str()), 0);
    driver_.open();
  }
  static std::string blob(const std::string& hex) {
    return "docker/registry/v2/blobs/sha256/" + hex.substr(0, 2) + '/' + hex + "/data";
  }
  std::set<std::string> namesIn(const std::string& path) {
    std::set<std::string> names;
    driver_.list(path, [&](const ListEntry& entry) {
      names.insert(entry.isFolder ? entry.name + '/' : entry.name);
      return true;
    });
    return names;
  }

  test::TemporaryFolder folder_;
  FilesystemDriver driver_{{folder_.path()}};
};

TEST_F(FilesystemFixtureTest, ATagLeadsToItsManifestAndConfig) {
  const std::string demo = kRepositories + "/releng/demo";
  EXPECT_EQ(driver_.get(demo + "/_manifests/tags/v1/current/link", 100), "sha256:" + kManifest);
  EXPECT_EQ(driver_.get(demo + "/_manifests/revisions/sha256/" + kManifest + "/link", 100), "sha256:" + kManifest);
  EXPECT_EQ(driver_.get(demo + "/_layers/sha256/" + kConfig + "/link", 100), "sha256:" + kConfig);
  for (const std::string& hex : {kManifest, kConfig, kEmpty}) {
    const auto bytes = driver_.get(blob(hex), 1000);
    ASSERT_TRUE(bytes) << hex;
    EXPECT_EQ(base::hashHex(base::HashAlgorithm::Sha256, *bytes), hex);
  }
  EXPECT_EQ(driver_.stat(blob(kManifest))->size, 586U);
  EXPECT_EQ(driver_.stat(blob(kEmpty))->size, 0U);
}

TEST_F(FilesystemFixtureTest, RepositoriesAreListed) {
  EXPECT_EQ(namesIn(kRepositories), (std::set<std::string>{"releng/"}));
  EXPECT_EQ(namesIn(kRepositories + "/releng"),
            (std::set<std::string>{"aba/", "bad/", "can/", "demo/", "empty/", "mnt/", "mono/", "up/", "up2/"}));
  EXPECT_EQ(namesIn(kRepositories + "/releng/demo"), (std::set<std::string>{"_layers/", "_manifests/", "_uploads/"}));
  EXPECT_EQ(namesIn(kRepositories + "/releng/demo/_manifests/tags/v1"), (std::set<std::string>{"current/", "index/"}));
}

TEST_F(FilesystemFixtureTest, ADeletedBlobLinkIsNotThereThoughItsFolderIs) {
  const std::string link =
      kRepositories + "/releng/mnt/_layers/sha256/1605cda1cdb64c9d92dc7adcf424d16f7dd8cbbdba6ff7ce6bb6e05b0730b081";
  EXPECT_EQ(driver_.get(link + "/link", 100), std::nullopt);
  EXPECT_EQ(namesIn(link), std::set<std::string>{});
}

TEST_F(FilesystemFixtureTest, AbandonedUploadsCanBeReadAndRemoved) {
  const std::string upload = kRepositories + "/releng/aba/_uploads/1540ae54-519d-4b6c-aaa7-d53a340ac5ee";
  EXPECT_EQ(driver_.get(upload + "/startedat", 100)->size(), 20U);
  EXPECT_EQ(driver_.removeTree(upload), 3U);
  EXPECT_EQ(namesIn(kRepositories + "/releng/aba/_uploads"), std::set<std::string>{});
}

TEST_F(FilesystemFixtureTest, NewObjectsJoinTheOldOnes) {
  const auto session = driver_.startUpload(kRepositories + "/releng/demo/_uploads/1");
  session->append(std::as_bytes(std::span("abc", 3)));
  const std::string hex = base::hashHex(base::HashAlgorithm::Sha256, "abc");
  session->commit(blob(hex));
  EXPECT_EQ(driver_.get(blob(hex), 10), "abc");
  EXPECT_EQ(namesIn(kRepositories + "/releng/demo/_uploads"), std::set<std::string>{});
}

}  // namespace
}  // namespace rha::storage
