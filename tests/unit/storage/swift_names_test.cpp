#include "storage/swift_names.h"

#include <gtest/gtest.h>

namespace rha::storage {
namespace {

const std::string kUpload = "docker/registry/v2/repositories/a/data/_uploads/u1";
const std::string kNonce = "00112233445566778899aabbccddeeff";
const std::string kOldEnd =
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffda39a3ee5e6b4b0d3255bfef95601890afd80709";

TEST(SwiftNamesTest, ThePrefixOfSegmentsTellsTheirUpload) {
  for (const std::string prefix : {"", "dir"}) {
    const SwiftNames names("images", prefix);
    const auto ours = names.originOf(names.segmentPrefix(kUpload, kNonce));
    ASSERT_TRUE(ours);
    EXPECT_EQ(ours->uploadPath, kUpload);
    EXPECT_EQ(ours->nonce, kNonce);
    const auto old = names.originOf(names.segmentPrefix(kUpload, kOldEnd));
    ASSERT_TRUE(old);
    EXPECT_EQ(old->uploadPath, kUpload);
    EXPECT_EQ(old->nonce, "");
  }
}

TEST(SwiftNamesTest, OtherPrefixesTellNothing) {
  const SwiftNames names("images", "dir");
  EXPECT_FALSE(names.originOf(names.segmentPrefix(std::string(1000, 'x'), kNonce))) << "its digest stands for it";
  EXPECT_FALSE(names.originOf(SwiftNames("images", "").segmentPrefix(kUpload, kNonce))) << "of another registry";
  for (const std::string prefix : {"", "dir/segments/", "dir/segments/2f", "dir/segments/2f6", "dir/segments/2f6/",
                                   "dir/segments/2f6/4x", "dir/segments/abc/def", "dir/files/a"}) {
    EXPECT_FALSE(names.originOf(prefix)) << prefix;
  }
  EXPECT_FALSE(names.originOf(names.segmentPrefix(kUpload, kNonce + "00")));
}

}  // namespace
}  // namespace rha::storage
