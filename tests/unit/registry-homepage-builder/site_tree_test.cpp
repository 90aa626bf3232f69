#include "apps/registry-homepage-builder/site_tree.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <fstream>
#include <thread>

#include "base/files.h"
#include "support/temporary_folder.h"

namespace rha::homepage {
namespace {

namespace fs = std::filesystem;

class SiteTreeTest : public testing::Test {
 protected:
  void build(const std::vector<SiteFile>& files, Takeover takeover = Takeover::OwnOnly) {
    SiteTree tree(target, takeover);
    tree.begin();
    for (const SiteFile& file : files) {
      tree.write(file);
    }
    counts = tree.putInPlace();
  }
  std::string read(const std::string& path) const { return base::readFile(target / path, 1 << 20).value_or("(none)"); }
  std::pair<ino_t, long> identity(const std::string& path) const {
    struct stat status {};
    EXPECT_EQ(::stat((target / path).c_str(), &status), 0) << path;
    return {status.st_ino, status.st_mtim.tv_nsec + status.st_mtim.tv_sec * 1'000'000'000L};
  }
  std::vector<std::string> beside() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder.path())) {
      names.push_back(entry.path().filename());
    }
    return names;
  }

  test::TemporaryFolder folder;
  fs::path target = folder.path() / "site";
  SiteTree::Counts counts;
};

TEST_F(SiteTreeTest, aSiteIsPutInPlaceAndLeavesNothingBeside) {
  build({{"index.html", "one"}, {"a/b/tags/index.html", "page"}});
  EXPECT_EQ(read("index.html"), "one");
  EXPECT_EQ(read("a/b/tags/index.html"), "page");
  EXPECT_EQ(beside(), std::vector<std::string>{"site"});
}

TEST_F(SiteTreeTest, whatIsNotWrittenAgainGoes) {
  build({{"index.html", "one"}, {"gone/tags/index.html", "page"}});
  build({{"index.html", "two"}});
  EXPECT_EQ(read("index.html"), "two");
  EXPECT_FALSE(fs::exists(target / "gone"));
}

TEST_F(SiteTreeTest, anUnchangedFileKeepsItsTime) {
  build({{"same", "x"}, {"other", "x"}});
  const auto before = identity("same");
  build({{"same", "x"}, {"other", "y"}});
  EXPECT_EQ(identity("same"), before);
  EXPECT_EQ(read("other"), "y");
  EXPECT_EQ(counts.written, 1U);
  EXPECT_EQ(counts.unchanged, 2U);  // with the marker
}

TEST_F(SiteTreeTest, aBuildThatIsGivenUpChangesNothing) {
  build({{"index.html", "one"}});
  {
    SiteTree tree(target, Takeover::OwnOnly);
    tree.begin();
    tree.write({"index.html", "two"});
  }
  EXPECT_EQ(read("index.html"), "one");
  EXPECT_EQ(beside(), std::vector<std::string>{"site"});
}

TEST_F(SiteTreeTest, leftoversOfABuildThatDiedAreNotInTheNext) {
  fs::create_directories(folder.path() / ".site.building/old");
  std::ofstream(folder.path() / ".site.building/old/junk") << "x";
  build({{"index.html", "one"}});
  EXPECT_FALSE(fs::exists(target / "old"));
}

TEST_F(SiteTreeTest, aFolderThatIsNoSiteIsNotReplaced) {
  fs::create_directories(target);
  std::ofstream(target / "precious") << "x";
  try {
    build({{"index.html", "one"}});
    FAIL() << "it was replaced";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("--replace"), std::string::npos) << error.what();
  }
  EXPECT_TRUE(fs::exists(target / "precious"));
  build({{"index.html", "one"}}, Takeover::Any);
  EXPECT_FALSE(fs::exists(target / "precious"));
  fs::remove_all(target);
  fs::create_directories(target);  // an empty one may be taken
  build({{"index.html", "two"}});
  EXPECT_EQ(read("index.html"), "two");
}

TEST_F(SiteTreeTest, aFileInPlaceOfTheSiteIsRefused) {
  std::ofstream(target) << "x";
  EXPECT_THROW(build({}), std::runtime_error);
}

TEST_F(SiteTreeTest, aLinkToTheSiteStaysALink) {
  fs::create_directories(folder.path() / "disk/site");
  fs::create_directory_symlink(folder.path() / "disk/site", target);
  build({{"index.html", "one"}});
  EXPECT_TRUE(fs::is_symlink(target));
  EXPECT_EQ(read("index.html"), "one");
}

TEST_F(SiteTreeTest, twoBuildsAtOnceAreRefused) {
  SiteTree first(target, Takeover::OwnOnly);
  first.begin();
  SiteTree second(target, Takeover::OwnOnly);
  EXPECT_THROW(second.begin(), std::runtime_error);
  first.write({"index.html", "one"});
  first.putInPlace();
  EXPECT_EQ(read("index.html"), "one");
}

TEST_F(SiteTreeTest, keptPagesAreTheOldOnes) {
  build({{"a/tags/index.html", "p1"}, {"a/tags/_2/index.html", "p2"}, {"a/tags/b/tags/index.html", "another image"}});
  SiteTree tree(target, Takeover::OwnOnly);
  tree.begin();
  EXPECT_TRUE(tree.keep("a/tags/"));
  EXPECT_FALSE(tree.keep("unknown/tags/"));
  tree.putInPlace();
  EXPECT_EQ(read("a/tags/index.html"), "p1");
  EXPECT_EQ(read("a/tags/_2/index.html"), "p2");
  EXPECT_FALSE(fs::exists(target / "a/tags/b"));
}

TEST_F(SiteTreeTest, whoReadsMeanwhileSeesTheOldSiteOrTheNewOne) {
  build({{"one", "0"}, {"two", "0"}});
  std::atomic<bool> stop{false};
  std::atomic<int> mixed{0};
  std::atomic<int> missing{0};
  std::thread reader([&] {
    while (!stop) {
      const base::Fd root(::open(target.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
      if (!root.valid()) {
        ++missing;
        continue;
      }
      std::array<std::string, 2> bytes;
      bool gone = false;
      for (std::size_t i = 0; i < 2; ++i) {
        const base::Fd file(::openat(root.get(), i == 0 ? "one" : "two", O_RDONLY | O_CLOEXEC));
        std::array<char, 16> buffer{};
        const auto count = file.valid() ? ::read(file.get(), buffer.data(), buffer.size()) : -1;
        gone = gone || count < 0;  // the old site was removed under us
        bytes.at(i) = std::string(buffer.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
      }
      mixed += !gone && bytes[0] != bytes[1] ? 1 : 0;
    }
  });
  for (int i = 1; i <= 50; ++i) {
    build({{"one", std::to_string(i)}, {"two", std::to_string(i)}});
  }
  stop = true;
  reader.join();
  EXPECT_EQ(mixed, 0);
  EXPECT_EQ(missing, 0);
}

}  // namespace
}  // namespace rha::homepage
