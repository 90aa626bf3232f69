#include "registry/layout.h"

#include <gtest/gtest.h>

namespace rha::registry::layout {
namespace {

TEST(Layout, the_blob_at_a_path_is_the_one_whose_data_lie_there) {
  for (const auto algorithm : {oci::HashAlgorithm::Sha256, oci::HashAlgorithm::Sha512}) {
    const auto digest = Digest::of("bytes", algorithm);
    EXPECT_EQ(blobAt(blobData(digest)), digest);
  }
}

TEST(Layout, what_is_no_blob_is_none) {
  const std::string path = blobData(Digest::of("bytes"));
  std::string elsewhere = path;  // in the folder of other digits
  const auto digits = elsewhere.find("/sha256/") + 8;
  elsewhere[digits] = elsewhere[digits] == '0' ? '1' : '0';
  for (const std::string& other :
       {std::string(), path + "/data", path.substr(1), path.substr(0, path.size() - 5), elsewhere,
        std::string("docker/registry/v2/blobs/sha256/data"), std::string("docker/registry/v2/blobs/sha256/ab/data"),
        layerLink(RepositoryName::parse("a/b").value(), Digest::of("bytes"))}) {
    EXPECT_EQ(blobAt(other), std::nullopt) << other;
  }
}

}  // namespace
}  // namespace rha::registry::layout
