#include "storage/s3_signer.h"

#include <gtest/gtest.h>

#include "base/hasher.h"

namespace rha::storage {
namespace {

// The examples of Amazon's "Signature Calculations for the Authorization Header".
class S3Signer : public ::testing::Test {
 protected:
  static std::string find(const fetch::Headers& headers, std::string_view name) {
    for (const auto& [key, value] : headers) {
      if (key == name) {
        return value;
      }
    }
    return "(none)";
  }
  static std::string signatureOf(const fetch::Headers& headers) {
    const std::string text = find(headers, "Authorization");
    return text.substr(text.rfind('=') + 1);
  }
  [[nodiscard]] std::string amazons(std::string_view method, std::string_view path, std::string_view query,
                                    const fetch::Headers& headers, std::string_view body = "") const {
    const std::string hash = base::hashHex(base::HashAlgorithm::Sha256, body);
    return signatureOf(signS3({method, "examplebucket.s3.amazonaws.com", path, query, headers, hash}, example_,
                              "us-east-1", *base::parseRfc3339("2013-05-24T00:00:00Z")));
  }

  const S3Credentials example_{"AKIAIOSFODNN7EXAMPLE", base::Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"), {}};
};

TEST_F(S3Signer, SignsAsAmazonsExamples) {
  EXPECT_EQ(amazons("GET", "/test.txt", "", {{"Range", "bytes=0-9"}}),
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
  EXPECT_EQ(amazons("PUT", "/test%24file.text", "",
                    {{"Date", "Fri, 24 May 2013 00:00:00 GMT"}, {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
                    "Welcome to Amazon S3."),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
  EXPECT_EQ(amazons("GET", "/", canonicalS3Query({{"lifecycle", ""}}), {}),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
  EXPECT_EQ(amazons("GET", "/", canonicalS3Query({{"prefix", "J"}, {"max-keys", "2"}}), {}),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

// Signatures that botocore 1.29 makes (S3SigV4Auth).
class S3SignerBesideBotocore : public S3Signer {
 protected:
  [[nodiscard]] fetch::Headers sign(std::string_view method, std::string_view host, std::string_view path,
                                    const S3Query& query, const fetch::Headers& headers,
                                    const std::string& token = "") const {
    const S3Credentials credentials{"AKIDEXAMPLE", base::Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
                                    base::Secret(token)};
    return signS3(
        {method, host, path, canonicalS3Query(query), headers, base::hashHex(base::HashAlgorithm::Sha256, "")},
        credentials, "eu-central-1", *base::parseRfc3339("2026-11-25T23:23:18Z"));
  }
};

TEST_F(S3SignerBesideBotocore, SpecialCharactersInPathAndQuery) {
  const auto headers = sign("GET", "127.0.0.1:9000", "/bucket/a%20b/%2B%21%28%29%3D~_.-%C3%A9",
                            {{"prefix", "x/y z+"}, {"list-type", "2"}, {"delimiter", "/"}}, {{"Range", "bytes=0-9"}});
  EXPECT_EQ(signatureOf(headers), "122fd2c6ac741f90ad5571b54f8ec25e97f0125d25fa82a76dfe22599c21349a");
}

TEST_F(S3SignerBesideBotocore, ATemporaryCredentialsToken) {
  const auto headers = sign("PUT", "bucket.s3.eu-central-1.amazonaws.com", "/docker/registry/v2/blobs/data",
                            {{"uploadId", "a+b/=="}, {"partNumber", "10"}}, {{"x-amz-copy-source", "/bucket/a%20b"}},
                            "FQoGZXIvYXdzEXAMPLE==");
  EXPECT_EQ(signatureOf(headers), "dacf33d3a37a8b3167cbdc231861333792952c783a56572c274bec96630c8cf6");
  EXPECT_EQ(find(headers, "x-amz-security-token"), "FQoGZXIvYXdzEXAMPLE==");
  EXPECT_NE(find(headers, "Authorization").find("x-amz-security-token"), std::string::npos);
}

TEST_F(S3SignerBesideBotocore, AQueryWithoutValue) {
  const auto headers = sign("POST", "bucket.s3.eu-central-1.amazonaws.com", "/key", {{"uploads", ""}},
                            {{"Content-Type", "application/xml"}});
  EXPECT_EQ(find(headers, "Authorization"),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261125/eu-central-1/s3/aws4_request, "
            "SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date, "
            "Signature=99131f702dd83705afee158f836df00e7cffe903037a9b357f26f7050fca8130");
}

TEST(S3Query, IsSortedAsItIsEncoded) {
  EXPECT_EQ(canonicalS3Query({{"b", "2"}, {"a b", "/"}, {"a", "~"}, {"uploads", ""}}), "a=~&a%20b=%2F&b=2&uploads=");
  EXPECT_EQ(canonicalS3Query({}), "");
}

}  // namespace
}  // namespace rha::storage
