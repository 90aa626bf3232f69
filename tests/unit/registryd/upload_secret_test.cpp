#include "apps/registryd/upload_secret.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "support/temporary_folder.h"

namespace rha::registryd {
namespace {

class UploadSecret : public testing::Test {
 protected:
  std::filesystem::path write(const std::string& text) const {
    std::ofstream(folder_.path() / "given") << text;
    return folder_.path() / "given";
  }
  std::string fault(const std::filesystem::path& file) const {
    try {
      loadUploadSecret(file, folder_.path());
    } catch (const std::exception& error) {
      return error.what();
    }
    return "";
  }

  test::TemporaryFolder folder_;
};

TEST_F(UploadSecret, is_made_once_and_kept_for_its_owner_only) {
  const auto state = folder_.path() / "state";
  const base::Secret first = loadUploadSecret("", state);
  EXPECT_EQ(first.reveal().size(), 64U);
  EXPECT_EQ(loadUploadSecret("", state).reveal(), first.reveal());
  struct stat info {};
  ASSERT_EQ(::stat((state / "secret").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600U);
}

TEST_F(UploadSecret, is_another_one_in_another_folder) {
  EXPECT_NE(loadUploadSecret("", folder_.path() / "a").reveal(), loadUploadSecret("", folder_.path() / "b").reveal());
}

TEST_F(UploadSecret, of_the_operator_counts_without_white_space_around_it) {
  EXPECT_EQ(loadUploadSecret(write("  0123456789abcdef0123456789abcdef\n"), "/nowhere").reveal(),
            "0123456789abcdef0123456789abcdef");
}

TEST_F(UploadSecret, that_is_missing_short_or_long_is_an_error_that_names_the_file_and_not_the_secret) {
  EXPECT_EQ(fault(folder_.path() / "none"),
            "http.secret_file names " + (folder_.path() / "none").string() + ", which does not exist");
  const std::string brief = fault(write("hunter2\n"));
  EXPECT_NE(brief.find("given is shorter than 32 bytes"), std::string::npos) << brief;
  EXPECT_EQ(brief.find("hunter2"), std::string::npos);
  EXPECT_NE(fault(write("  \n")).find("is shorter"), std::string::npos);
  EXPECT_NE(fault(write(std::string(5000, 'x'))).find("is longer than 4096 bytes"), std::string::npos);
}

}  // namespace
}  // namespace rha::registryd
