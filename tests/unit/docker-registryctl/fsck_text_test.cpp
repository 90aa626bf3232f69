#include "apps/docker-registryctl/fsck_text.h"

#include <gtest/gtest.h>

namespace rha::registryctl {
namespace {

TEST(FsckTextTest, AFindingSaysWhereWhatAndWhatToDo) {
  FsckJson finding{{"kind", "dangling_tag"},
                   {"weight", "damage"},
                   {"repository", "a/b"},
                   {"tag", "v1"},
                   {"digest", "sha256:12"},
                   {"meaning", "a tag points at nothing"},
                   {"detail", "its bytes are stored"},
                   {"advice", "push it"},
                   {"outcome", "left"}};
  EXPECT_EQ(findingText(finding),
            "damage dangling_tag a/b:v1 sha256:12\n    a tag points at nothing: its bytes are stored\n"
            "    to do: push it\n");
  finding["outcome"] = "repaired";
  EXPECT_NE(findingText(finding).find("\n    repaired\n"), std::string::npos);
}

TEST(FsckTextTest, AFindingMayBeOfNoRepository) {
  EXPECT_EQ(findingText({{"kind", "orphan_blob"},
                         {"weight", "waste"},
                         {"digest", "sha256:12"},
                         {"meaning", "m"},
                         {"advice", "nothing"},
                         {"outcome", "left"}}),
            "waste orphan_blob sha256:12\n    m\n    to do: nothing\n");
}

TEST(FsckTextTest, SegmentsAreToldWithTheirPlace) {
  EXPECT_EQ(findingText({{"kind", "orphan_segments"},
                         {"weight", "waste"},
                         {"repository", "a/b"},
                         {"path", "segments/2f6/46"},
                         {"bytes", 2048},
                         {"segments", 3},
                         {"meaning", "m"},
                         {"advice", "nothing"},
                         {"outcome", "left"}}),
            "waste orphan_segments a/b\n    m\n    3 segments, 2.0 KiB: segments/2f6/46\n    to do: nothing\n");
}

TEST(FsckTextTest, TheSummaryTellsWhatCouldBeFreed) {
  FsckJson status{{"counts",
                   {{{"kind", "orphan_segments"}, {"outcome", "left"}, {"findings", 3}, {"bytes", 2048}},
                    {{"kind", "orphan_segments"}, {"outcome", "deleted"}, {"findings", 1}, {"bytes", 1024}},
                    {{"kind", "orphan_blob"}, {"outcome", "left"}, {"findings", 1}, {"bytes", 7}}}}};
  EXPECT_EQ(orphanBytes(status).left, 2048U);
  EXPECT_EQ(orphanBytes(status).freed, 1024U);
  EXPECT_NE(summaryText(status, 0).find("\nup to 2.0 KiB of orphan segments could be freed (--repair --delete)\n"),
            std::string::npos);
  status["options"] = {{"delete", true}};
  EXPECT_NE(
      summaryText(status, 0).find("\n1.0 KiB of orphan segments were freed\n2.0 KiB of orphan segments stay, as "),
      std::string::npos);
}

TEST(FsckTextTest, ProgressTellsRateAndWhatIsLeft) {
  FsckJson progress{{"phase", "repositories"}, {"repositories", 20}, {"tags", 40},
                    {"manifests", 50},         {"blobs", 400},       {"blob_bytes", 0},
                    {"bytes_read", 0},         {"seconds", 10.0},    {"repositories_expected", 80}};
  EXPECT_EQ(progressText(progress), "20 of about 80 repositories, 40 tags, 50 manifests, 400 blobs, about 30 s left");
  progress["bytes_read"] = std::uint64_t{100} << 20U;
  progress["repositories_expected"] = 2000;
  EXPECT_EQ(progressText(progress),
            "20 of about 2000 repositories, 40 tags, 50 manifests, 400 blobs, 100.0 MiB read at 10.0 MiB/s, about 16 "
            "min left");
  progress["phase"] = "blobs";
  EXPECT_NE(progressText(progress).find("now blobs that no repository has"), std::string::npos);
  progress["phase"] = "segments";
  EXPECT_NE(progressText(progress).find("now segments that no blob names"), std::string::npos);
}

TEST(FsckTextTest, NothingIsSaidOfTheEndWhereItIsNotKnown) {
  EXPECT_EQ(
      progressText({{"phase", "repositories"}, {"repositories", 5}, {"seconds", 10.0}, {"repositories_expected", 0}}),
      "5 repositories, 0 tags, 0 manifests, 0 blobs");
}

TEST(FsckTextTest, TheSummaryCountsByKindAndOutcome) {
  const FsckJson status{
      {"counts", {{{"kind", "orphan_blob"}, {"outcome", "left"}, {"findings", 3}, {"bytes", 2048}}}},
      {"sums", {{"repositories", 2}, {"tags", 3}, {"manifests", 4}, {"blobs", 5}, {"blob_bytes", 1536}}}};
  EXPECT_EQ(summaryText(status, 0),
            "3 orphan_blob left (2.0 KiB)\nlooked at 2 repositories, 3 tags, 4 manifests, 5 blobs of 1.5 KiB; no "
            "damage is left\n");
  EXPECT_NE(summaryText(status, 7).find("damage left: 7\n"), std::string::npos);
}

TEST(FsckTextTest, BytesHaveAUnit) {
  EXPECT_EQ(bytesText(0), "0 B");
  EXPECT_EQ(bytesText(1023), "1023 B");
  EXPECT_EQ(bytesText(1024), "1.0 KiB");
  EXPECT_EQ(bytesText(5.5 * 1024 * 1024 * 1024), "5.5 GiB");
}

}  // namespace
}  // namespace rha::registryctl
