#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <nlohmann/json.hpp>

#include "api_fixture.h"
#include "base/text.h"

namespace {

using nlohmann::json;
using rha::test::Api;
using rha::test::RegistryUnderTest;

constexpr const char* kSigned = "application/vnd.docker.distribution.manifest.v1+prettyjws";

class ApiSchema1 : public Api {
 protected:
  rha::oci::Digest first = api.registry.pushBlob("a", "first layer");
  rha::oci::Digest second = api.registry.pushBlob("a", "second layer");
  std::string config =
      R"({"architecture":"amd64","os":"linux","created":"2024-01-02T03:04:05Z","config":{"Env":["A=b"]},
    "rootfs":{"type":"layers","diff_ids":["x","y"]},"history":[
    {"created":"2024-01-01T00:00:00Z","created_by":"ADD first"},
    {"created":"2024-01-01T00:00:01Z","created_by":"ENV A=b","empty_layer":true},
    {"created":"2024-01-02T03:04:05Z","created_by":"COPY second","author":"me"}]})";

  rha::oci::Digest push(const std::string& tag) {
    const auto bytes = RegistryUnderTest::imageJson(api.registry.pushBlob("a", config), {first, second});
    return api.registry.must(api.registry.put("a", rha::oci::Reference(rha::test::tag(tag)), bytes)).digest;
  }
  rha::test::Answer ask(const std::string& reference, const std::string& accept = kSigned) {
    return api.get("/v2/a/manifests/" + reference, {{"Accept", accept}});
  }
};

// Whether `signature` (r and s) is the P-256 key's under `message`.
bool verifies(const json& jwk, const std::string& message, const std::string& signature) {
  const auto x = rha::base::fromBase64Url(jwk["x"].get<std::string>()).value();
  const auto y = rha::base::fromBase64Url(jwk["y"].get<std::string>()).value();
  const std::string point = "\x04" + x + y;
  char group[] = "P-256";
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, const_cast<char*>(point.data()), point.size()),
      OSSL_PARAM_construct_end()};
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr);
  EVP_PKEY* key = nullptr;
  EVP_PKEY_fromdata_init(context);
  EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, const_cast<OSSL_PARAM*>(params));
  ECDSA_SIG* parts = ECDSA_SIG_new();
  const auto* raw = reinterpret_cast<const unsigned char*>(signature.data());
  ECDSA_SIG_set0(parts, BN_bin2bn(raw, 32, nullptr), BN_bin2bn(raw + 32, 32, nullptr));
  unsigned char* der = nullptr;
  const int length = i2d_ECDSA_SIG(parts, &der);
  EVP_MD_CTX* digest = EVP_MD_CTX_new();
  EVP_DigestVerifyInit(digest, nullptr, EVP_sha256(), nullptr, key);
  const int good = EVP_DigestVerify(digest, der, static_cast<std::size_t>(length),
                                    reinterpret_cast<const unsigned char*>(message.data()), message.size());
  EVP_MD_CTX_free(digest);
  OPENSSL_free(der);
  ECDSA_SIG_free(parts);
  EVP_PKEY_free(key);
  EVP_PKEY_CTX_free(context);
  return good == 1;
}

TEST_F(ApiSchema1, anImageIsConvertedForThoseWhoNameIt) {
  push("v1");
  const auto answer = ask("v1");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("Content-Type"), kSigned);
  EXPECT_EQ(answer.header("Vary"), "Accept");
  EXPECT_TRUE(answer.header("Warning").starts_with("299 - \""));
  const auto manifest = json::parse(answer.body);
  EXPECT_EQ(manifest["schemaVersion"], 1);
  EXPECT_EQ(manifest["name"], "a");
  EXPECT_EQ(manifest["tag"], "v1");
  EXPECT_EQ(manifest["architecture"], "amd64");
  ASSERT_EQ(manifest["fsLayers"].size(), 3U);
  EXPECT_EQ(manifest["fsLayers"][0]["blobSum"], second.text());
  EXPECT_EQ(manifest["fsLayers"][2]["blobSum"], first.text());

  const auto newest = json::parse(manifest["history"][0]["v1Compatibility"].get<std::string>());
  const auto middle = json::parse(manifest["history"][1]["v1Compatibility"].get<std::string>());
  const auto oldest = json::parse(manifest["history"][2]["v1Compatibility"].get<std::string>());
  EXPECT_EQ(newest["created"], "2024-01-02T03:04:05Z");
  EXPECT_EQ(newest["config"]["Env"][0], "A=b");
  EXPECT_FALSE(newest.contains("rootfs"));
  EXPECT_FALSE(newest.contains("history"));
  EXPECT_EQ(newest["parent"], middle["id"]);
  EXPECT_EQ(middle["throwaway"], true);
  EXPECT_EQ(middle["parent"], oldest["id"]);
  EXPECT_EQ(oldest["container_config"]["Cmd"][0], "ADD first");
  EXPECT_FALSE(oldest.contains("parent"));
}

TEST_F(ApiSchema1, theSignatureVerifiesAndTheDigestIsThatOfThePayload) {
  push("v1");
  const auto answer = ask("v1");
  const auto signature = json::parse(answer.body)["signatures"][0];
  const auto protectedText = signature["protected"].get<std::string>();
  const auto header = json::parse(rha::base::fromBase64Url(protectedText).value());
  const auto payload = answer.body.substr(0, header["formatLength"].get<std::size_t>()) +
                       rha::base::fromBase64Url(header["formatTail"].get<std::string>()).value();
  EXPECT_EQ(json::parse(payload)["schemaVersion"], 1);
  EXPECT_FALSE(json::parse(payload).contains("signatures"));
  EXPECT_EQ(answer.header("Docker-Content-Digest"), digestOf(payload));
  const auto& jwk = signature["header"]["jwk"];
  EXPECT_EQ(jwk["kid"].get<std::string>().size(), 59U);
  const auto raw = rha::base::fromBase64Url(signature["signature"].get<std::string>()).value();
  ASSERT_EQ(raw.size(), 64U);
  EXPECT_TRUE(verifies(jwk, protectedText + "." + rha::base::toBase64Url(payload), raw));
  EXPECT_FALSE(verifies(jwk, protectedText + "." + rha::base::toBase64Url(payload + " "), raw));
}

TEST_F(ApiSchema1, headSaysTheLengthThatGetHas) {
  push("v1");
  const auto head = api.head("/v2/a/manifests/v1", {{"Accept", kSigned}});
  EXPECT_EQ(head.contentLength, ask("v1").body.size());
}

TEST_F(ApiSchema1, aListGivesItsAmd64Image) {
  const auto image = push("v1");
  const std::string list = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[
    {"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":")" +
                           digestOf("arm") + R"(","size":2,"platform":{"os":"linux","architecture":"arm64"}},
    {"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":")" +
                           image.text() + R"(","size":2,"platform":{"os":"linux","architecture":"amd64"}}]})";
  api.registry.must(api.registry.put("a", rha::oci::Reference(rha::test::tag("list")), list));
  EXPECT_EQ(json::parse(ask("list").body)["tag"], "list");
}

TEST_F(ApiSchema1, byDigestNothingIsConverted) {
  const auto digest = push("v1");
  EXPECT_EQ(ask(digest.text()).header("Docker-Content-Digest"), digest.text());
}

TEST_F(ApiSchema1, whatCannotBeConvertedSaysWhy) {
  config = "{}";
  push("bare");
  const auto bare = ask("bare");
  EXPECT_EQ(bare.status, 404);
  EXPECT_EQ(codeOf(bare), "MANIFEST_UNKNOWN");
  EXPECT_TRUE(bare.has("history"));
  config = R"({"history":[{"created_by":"x"}]})";
  push("short");
  EXPECT_TRUE(ask("short").has("fewer layers"));
  config = R"({"history":)" + std::string(100'000, '[') + std::string(100'000, ']') + "}";
  push("deep");
  EXPECT_EQ(ask("deep").status, 404);
  config = std::string(2'000'000, ' ');
  push("large");
  EXPECT_TRUE(ask("large").has("too large"));
}

}  // namespace
