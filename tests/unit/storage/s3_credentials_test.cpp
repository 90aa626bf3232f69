#include "storage/s3_credentials.h"

#include <gtest/gtest.h>

#include <fstream>

#include "storage/storage_error.h"
#include "support/fake_clock.h"
#include "support/temporary_folder.h"

namespace rha::storage {
namespace {

std::string refusalOf(std::string_view text) {
  try {
    parseS3Credentials(text, "/etc/keys");
    return "(accepted)";
  } catch (const StorageError& error) {
    EXPECT_EQ(error.failure(), StorageFailure::Broken);
    return error.what();
  }
}

TEST(S3CredentialsText, IsThatOfAmazonsTools) {
  const auto credentials = parseS3Credentials(
      "# a comment\r\n[default]\r\naws_access_key_id = AKIA1\r\n; one more\r\naws_secret_access_key=ab/+c=d\r\n"
      "region = eu\r\naws_session_token =\ttok==\r\n",
      "/etc/keys");
  EXPECT_EQ(credentials.accessKey, "AKIA1");
  EXPECT_EQ(credentials.secretKey.reveal(), "ab/+c=d");
  EXPECT_EQ(credentials.sessionToken.reveal(), "tok==");
}

TEST(S3CredentialsText, NeedsNoSectionAndNoToken) {
  const auto credentials = parseS3Credentials("aws_access_key_id=a\naws_secret_access_key=b", "/etc/keys");
  EXPECT_EQ(credentials.accessKey, "a");
  EXPECT_TRUE(credentials.sessionToken.empty());
}

TEST(S3CredentialsText, TellsWhereItIsWrongButNotWhatStandsThere) {
  const std::string text = refusalOf("aws_access_key_id = a\ntopsecret\n");
  EXPECT_NE(text.find("/etc/keys, line 2"), std::string::npos) << text;
  EXPECT_EQ(text.find("topsecret"), std::string::npos) << text;
  EXPECT_NE(refusalOf("").find("aws_access_key_id"), std::string::npos);
  EXPECT_NE(refusalOf("aws_access_key_id = a\n").find("has no aws_secret_access_key"), std::string::npos);
  EXPECT_NE(refusalOf("[a]\naws_access_key_id = a\naws_secret_access_key = b\n[b]\n").find("line 4"),
            std::string::npos);
}

class S3CredentialsFileTest : public ::testing::Test {
 protected:
  void write(const std::string& key) {
    std::ofstream(path) << "aws_access_key_id = " << key << "\naws_secret_access_key = s\n";
  }
  rha::test::TemporaryFolder folder;
  std::filesystem::path path = folder.path() / "keys";
  rha::test::FakeClock clock;
  S3CredentialsFile file{path, clock};
};

TEST_F(S3CredentialsFileTest, IsReadAgainAfterAWhile) {
  write("one");
  EXPECT_EQ(file.current()->accessKey, "one");
  write("two");
  EXPECT_EQ(file.current()->accessKey, "one");
  clock.advance(std::chrono::seconds(6));
  EXPECT_EQ(file.current()->accessKey, "two");
}

TEST_F(S3CredentialsFileTest, IsReadAtOnceWhenTheStorageRefused) {
  write("one");
  const auto refused = file.current();
  EXPECT_FALSE(file.replaced(refused));
  write("two");
  EXPECT_TRUE(file.replaced(refused));
  EXPECT_EQ(file.current()->accessKey, "two");
}

TEST_F(S3CredentialsFileTest, ABrokenFileLeavesThoseInForce) {
  EXPECT_THROW(file.current(), StorageError);
  write("one");
  EXPECT_EQ(file.current()->accessKey, "one");
  std::ofstream(path) << "nonsense";
  clock.advance(std::chrono::seconds(6));
  EXPECT_EQ(file.current()->accessKey, "one");
  std::filesystem::remove(path);
  clock.advance(std::chrono::seconds(6));
  EXPECT_EQ(file.current()->accessKey, "one");
}

}  // namespace
}  // namespace rha::storage
