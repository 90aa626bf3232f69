#include "oci/manifest.h"

#include <gtest/gtest.h>

#include <string>

namespace rha::oci {
namespace {

using namespace std::string_literals;

const std::string kHexA(64, 'a');
const std::string kHexB(64, 'b');

std::string descriptor(const std::string& type, const std::string& hex, const std::string& more = "") {
  return R"({"mediaType":")" + type + R"(","digest":"sha256:)" + hex + R"(","size":7)" + more + "}";
}

std::string config() { return descriptor("application/vnd.oci.image.config.v1+json", kHexA); }
std::string layer(const std::string& more = "") {
  return descriptor("application/vnd.oci.image.layer.v1.tar+gzip", kHexB, more);
}

std::string image(const std::string& layers, const std::string& more = "",
                  std::string_view type = media_type::kOciManifest) {
  return R"({"schemaVersion":2,"mediaType":")" + std::string(type) + R"(","config":)" + config() + R"(,"layers":[)" +
         layers + "]" + more + "}";
}

std::string index(const std::string& manifests, const std::string& more = "",
                  std::string_view type = media_type::kOciIndex) {
  return R"({"schemaVersion":2,"mediaType":")" + std::string(type) + R"(","manifests":[)" + manifests + "]" + more +
         "}";
}

Manifest accepted(const std::string& bytes, std::string_view contentType = "") {
  auto result = parseManifest(bytes, contentType);
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error()) << "\n" << bytes.substr(0, 500);
  return result.ok() ? *result : Manifest{};
}

std::string refused(const std::string& bytes, std::string_view contentType = "") {
  auto result = parseManifest(bytes, contentType);
  EXPECT_FALSE(result.ok()) << "accepted: " << bytes.substr(0, 500);
  return result.ok() ? "" : result.error();
}

void expectStart(const std::string& text, const std::string& start) {
  EXPECT_EQ(text.substr(0, start.size()), start) << text;
}
void expectPart(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << text << "\nlacks: " << part;
}

TEST(Manifest, ReadsAnOciImage) {
  const auto manifest = accepted(image(layer() + "," + layer()), media_type::kOciManifest);
  EXPECT_EQ(manifest.kind, ManifestKind::Image);
  EXPECT_EQ(manifest.mediaType, media_type::kOciManifest);
  EXPECT_TRUE(manifest.mediaTypeInBody);
  ASSERT_TRUE(manifest.config);
  EXPECT_EQ(manifest.config->digest.text(), "sha256:" + kHexA);
  ASSERT_EQ(manifest.layers.size(), 2U);
  EXPECT_EQ(manifest.layers[1].digest.hex(), kHexB);
  EXPECT_EQ(manifest.layers[1].size, 7U);
  EXPECT_TRUE(manifest.manifests.empty());
  EXPECT_FALSE(manifest.subject);
}

TEST(Manifest, ReadsADockerImage) {
  const auto manifest = accepted(image(layer(), "", media_type::kDockerManifest), media_type::kDockerManifest);
  EXPECT_EQ(manifest.kind, ManifestKind::Image);
  EXPECT_EQ(manifest.mediaType, media_type::kDockerManifest);
}

TEST(Manifest, ReadsAnIndexWithPlatformsAndNestedIndexes) {
  const std::string arm = R"(,"platform":{"os":"linux","architecture":"arm64","variant":"v8","os.version":"1"})";
  const auto manifest = accepted(index(descriptor(std::string(media_type::kOciManifest), kHexA, arm) + "," +
                                       descriptor(std::string(media_type::kOciIndex), kHexB)));
  EXPECT_EQ(manifest.kind, ManifestKind::Index);
  ASSERT_EQ(manifest.manifests.size(), 2U);
  EXPECT_EQ(manifest.manifests[0].platform, "linux/arm64/v8");
  EXPECT_EQ(manifest.manifests[1].platform, "");
  EXPECT_EQ(manifest.manifests[1].mediaType, media_type::kOciIndex);
}

TEST(Manifest, ReadsADockerListAndAnEmptyIndex) {
  EXPECT_EQ(accepted(index("", "", media_type::kDockerList)).kind, ManifestKind::Index);
  EXPECT_TRUE(accepted(index("")).manifests.empty());
}

TEST(Manifest, AcceptsAnImageWithoutLayers) { EXPECT_TRUE(accepted(image("")).layers.empty()); }

TEST(Manifest, TakesNullForAnAbsentOrEmptyFieldAsGoWritesIt) {
  const std::string text = R"({"schemaVersion":2,"mediaType":")" + std::string(media_type::kOciManifest) +
                           R"(","config":)" + config() + R"(,"layers":null,"manifests":null,"subject":null})";
  EXPECT_TRUE(accepted(text).layers.empty());
}

TEST(Manifest, KeepsUrlsDataAndSubject) {
  const auto manifest = accepted(image(layer(R"(,"urls":["https://example.org/a","https://example.org/b"])") + "," +
                                           layer(R"(,"data":"e30=","urls":[])"),
                                       R"(,"subject":)" + descriptor("application/x", kHexA)));
  EXPECT_TRUE(manifest.layers.at(0).hasUrls);
  EXPECT_FALSE(manifest.layers.at(0).hasData);
  EXPECT_FALSE(manifest.layers.at(1).hasUrls);
  EXPECT_TRUE(manifest.layers.at(1).hasData);
  ASSERT_TRUE(manifest.subject);
  EXPECT_EQ(manifest.subject->mediaType, "application/x");
}

TEST(Manifest, GivesTheArtifactTypeOrTheConfigsMediaTypeForImages) {
  EXPECT_EQ(accepted(image("")).artifactType, "application/vnd.oci.image.config.v1+json");
  EXPECT_EQ(accepted(image("", R"(,"artifactType":"application/vnd.sbom")")).artifactType, "application/vnd.sbom");
  EXPECT_EQ(accepted(image("", R"(,"artifactType":"")")).artifactType, "application/vnd.oci.image.config.v1+json");
  EXPECT_EQ(accepted(index("")).artifactType, "");
  EXPECT_EQ(accepted(index("", R"(,"artifactType":"application/vnd.sbom")")).artifactType, "application/vnd.sbom");
}

TEST(Manifest, KeepsAnnotations) {
  const auto manifest = accepted(image("", R"(,"annotations":{"org.a":"1","org.b":"\u00e9"})"));
  EXPECT_EQ(manifest.annotations, (std::map<std::string, std::string>{{"org.a", "1"}, {"org.b", "é"}}));
}

TEST(Manifest, IgnoresParametersAndCaseOfTheContentType) {
  EXPECT_EQ(accepted(image(""), "Application/vnd.OCI.image.manifest.v1+json; charset=utf-8").kind, ManifestKind::Image);
}

TEST(Manifest, TakesTheTypeFromTheBodyWhenTheContentTypeIsGeneric) {
  EXPECT_EQ(accepted(image(""), "application/json").mediaType, media_type::kOciManifest);
  EXPECT_EQ(accepted(index("", "", media_type::kDockerList), "").mediaType, media_type::kDockerList);
}

TEST(Manifest, TakesTheTypeFromTheContentTypeWhenTheBodyHasNone) {
  const std::string body = R"({"schemaVersion":2,"manifests":[]})";
  const auto manifest = accepted(body, media_type::kDockerList);
  EXPECT_EQ(manifest.mediaType, media_type::kDockerList);
  EXPECT_FALSE(manifest.mediaTypeInBody);
}

TEST(Manifest, InfersTheTypeFromTheShapeWhenNobodyNamesIt) {
  EXPECT_EQ(accepted(R"({"schemaVersion":2,"manifests":[]})", "application/json").mediaType, media_type::kOciIndex);
  EXPECT_EQ(accepted(R"({"schemaVersion":2,"config":)" + config() + R"(,"layers":[]})").mediaType,
            media_type::kOciManifest);
  expectStart(refused(R"({"schemaVersion":2})"), "mediaType: missing; ");
  expectStart(refused(R"({"schemaVersion":2,"layers":[]})"), "mediaType: missing; ");
  expectPart(refused(R"({"schemaVersion":2,"manifests":[],"layers":[],"config":)" + config() + "}"),
             "both layers and manifests");
}

TEST(Manifest, RefusesATypeInTheBodyThatContradictsTheContentType) {
  const auto error = refused(image(""), media_type::kDockerManifest);
  expectPart(error, std::string(media_type::kOciManifest));
  expectPart(error, std::string(media_type::kDockerManifest));
}

TEST(Manifest, RefusesADocumentThatIsImageAndIndexAtOnce) {  // CVE-2021-41190
  expectStart(refused(image("", R"(,"manifests":[])")), "manifests: not allowed");
  expectStart(refused(index("", R"(,"layers":[])")), "layers: not allowed");
  expectStart(refused(index("", R"(,"config":)" + config())), "config: not allowed");
}

TEST(Manifest, RefusesKeysThatOtherParsersTakeForTheRealOnes) {
  expectPart(refused(image("", R"(,"Manifests":[])")), R"(key "Manifests")");
  expectPart(refused(image("", R"(,"manife\u017fts":[])")), R"(key "manife\xc5\xbfts")");
  expectPart(refused(image(layer(R"(,"Digest":"sha256:00")"))), R"(key "Digest")");
  EXPECT_EQ(accepted(R"({"Config":1})", "application/vnd.example+json").kind, ManifestKind::Other);
}

TEST(Manifest, RefusesDuplicateKeys) {
  expectStart(refused(image("", R"(,"layers":[])")), "layers: duplicate key");
  expectStart(refused(R"({"mediaType":null,"mediaType":"a/b"})"), "mediaType: duplicate key");
  expectStart(refused(image(layer() + "," + layer(R"(,"digest":"x")"))), "layers[1].digest: duplicate key");
  expectStart(refused(image(layer(R"(,"platform":{"os":"a","os":"b"})"))), "layers[0].platform.os: duplicate key");
  expectStart(refused(image("", R"(,"annotations":{"a":"1","a":"2"})")), R"(annotations["a"]: duplicate key)");
  EXPECT_TRUE(accepted(image("", R"(,"x":1,"x":2)")).config);  // not a field anybody looks at
}

TEST(Manifest, NamesThePlaceOfAWrongDescriptor) {
  const std::string good = layer();
  const auto bad = [&](const std::string& element) { return refused(image(good + "," + good + "," + element)); };
  expectStart(bad(R"({"mediaType":"a/b","digest":"md5:00","size":1})"), "layers[2].digest: digest \"md5:00\": unsup");
  expectStart(bad(R"({"mediaType":"a/b","size":1})"), "layers[2].digest: ");
  expectStart(bad(R"({"digest":"sha256:)" + kHexA + R"(","size":1})"), "layers[2].mediaType: missing");
  expectStart(bad("3"), "layers[2]: must be an object");
  expectStart(bad("null"), "layers[2]: must be an object");
  expectStart(bad("[]"), "layers[2]: must be an object");
  expectStart(bad(layer(R"(,"urls":"x")")), "layers[2].urls: ");
  expectStart(bad(layer(R"(,"urls":[1])")), "layers[2].urls: ");
  expectStart(bad(layer(R"(,"data":[])")), "layers[2].data: must be a string");
  expectStart(bad(layer(R"(,"platform":"linux")")), "layers[2].platform: must be an object");
  expectStart(bad(layer(R"(,"platform":{"os":1})")), "layers[2].platform.os: must be a string");
  expectStart(bad(layer(R"(,"platform":{"os":")" + std::string(256, 'x') + "\"}")), "layers[2].platform.os: longer");
  expectStart(bad(descriptor(std::string(256, 'x'), kHexA)), "layers[2].mediaType: longer");
}

TEST(Manifest, ChecksSizes) {
  const auto withSize = [](const std::string& size) {
    return image(R"({"mediaType":"a/b","digest":"sha256:)" + kHexA + R"(","size":)" + size + "}");
  };
  EXPECT_EQ(accepted(withSize("9223372036854775807")).layers.at(0).size, 9223372036854775807U);
  EXPECT_EQ(accepted(withSize("0")).layers.at(0).size, 0U);
  for (const char* size : {"-1", "1.0", "1e3", "9223372036854775808", "99999999999999999999999", "\"1\"", "{}"}) {
    expectStart(refused(withSize(size)), "layers[0].size: must be a whole number");
  }
  expectStart(refused(withSize("null")), "layers[0].size: missing");
}

TEST(Manifest, ChecksTheSchemaVersion) {
  const std::string tail = R"(,"mediaType":")" + std::string(media_type::kOciIndex) + R"(","manifests":[]})";
  for (const char* version : {"1", "3", "\"2\"", "2.0", "null", "[2]"}) {
    expectStart(refused(R"({"schemaVersion":)"s + version + tail), "schemaVersion: must be 2");
  }
  expectStart(refused(R"({"x":0)" + tail), "schemaVersion: must be 2");
}

TEST(Manifest, RequiresTheFieldsOfItsKind) {
  const std::string head = R"({"schemaVersion":2,"mediaType":")";
  expectStart(refused(head + std::string(media_type::kOciManifest) + R"(","layers":[]})"), "config: missing");
  expectStart(refused(head + std::string(media_type::kOciManifest) + R"(","config":)" + config() + "}"),
              "layers: missing");
  expectStart(refused(head + std::string(media_type::kOciManifest) + R"(","layers":{},"config":)" + config() + "}"),
              "layers: must be an array");
  expectStart(refused(head + std::string(media_type::kOciManifest) + R"(","layers":[],"config":[]})"),
              "config: must be an object");
  expectStart(refused(head + std::string(media_type::kOciIndex) + R"("})"), "manifests: missing");
  expectStart(refused(image("", R"(,"annotations":[])")), "annotations: must be an object");
  expectStart(refused(image("", R"(,"annotations":{"a":1})")), R"(annotations["a"]: must be a string)");
  expectStart(refused(image("", R"(,"artifactType":1)")), "artifactType: must be a string");
  expectStart(refused(image("", R"(,"subject":{})")), "subject.mediaType: ");
}

TEST(Manifest, RefusesSchemaOneAndSaysWhatToPush) {
  for (const auto type : {media_type::kDockerSchema1, media_type::kDockerSchema1Signed}) {
    expectPart(refused("{}", type), "push the image as Docker schema 2 or OCI");
    expectPart(refused(R"({"mediaType":")" + std::string(type) + "\"}"), "schema 1 is not accepted");
  }
  expectPart(refused(R"({"schemaVersion":1,"fsLayers":[]})", "application/json"), "schema 1 is not accepted");
}

TEST(Manifest, TakesDocumentsOfOtherTypesAsTheyAre) {
  const std::string type = "application/vnd.example+json";
  const auto plain = accepted(R"({"layers":7,"config":"x","annotations":3,"artifactType":[]})", type);
  EXPECT_EQ(plain.kind, ManifestKind::Other);
  EXPECT_EQ(plain.mediaType, type);
  EXPECT_TRUE(plain.layers.empty());
  const auto rich = accepted(R"({"mediaType":")" + type + R"(","artifactType":"a/b","annotations":{"k":"v","n":1},)" +
                                 R"("subject":)" + descriptor("c/d", kHexA) + "}",
                             "");
  EXPECT_EQ(rich.kind, ManifestKind::Other);
  EXPECT_EQ(rich.artifactType, "a/b");
  EXPECT_EQ(rich.annotations, (std::map<std::string, std::string>{{"k", "v"}}));
  EXPECT_TRUE(rich.subject);
  expectStart(refused(R"({"subject":"x"})", type), "subject: must be an object");
  expectPart(refused("[]", type), "must be a JSON object");
  expectStart(refused("{", type), "line 1, column 2: ");
}

TEST(Manifest, RefusesATypeThatIsNone) {
  expectStart(refused(R"({"mediaType":"a/b\r\nSet-Cookie: x"})"), "mediaType: ");
  expectStart(refused("{}", "nonsense"), "Content-Type: ");
  expectStart(refused("{}", "a/b/c"), "Content-Type: ");
  expectStart(refused("{}", "a/" + std::string(300, 'b')), "Content-Type: ");
}

TEST(Manifest, SaysWhereTheJsonIsBroken) {
  expectStart(refused("{\n  \"schemaVersion\": 2,\n  ?\n}"), "line 3, column 3: ");
  expectStart(refused(""), "line 1, column 1: ");
  expectStart(refused("{} x"), "line 1, column 4: ");
  expectStart(refused("\xef\xbb\xbf{}"), "line 1, column 1: byte order mark");
  expectStart(refused("{}"s + '\0' + "garbage"), "line 1, column 3: NUL byte");
  expectStart(refused("{\"a\":\"\xff\"}"), "line 1, column 7: ");
  expectStart(refused(R"({"a":"\ud800"})"), "line 1, column ");
  expectPart(refused(R"({"a":1e999})"), "number out of range");
  for (const char* text : {"null", "7", "\"x\"", "[]"}) {
    EXPECT_EQ(refused(text), "the manifest must be a JSON object");
  }
}

TEST(Manifest, NeverPutsRawBytesOfTheClientIntoAnError) {
  for (const auto& error : {refused("{\"\x01\xff\n"), refused("{\"a\":\xff\xfe}"), refused("{\"a\": 1e999\x1b}"),
                            refused(R"({"mediaType":"\u0001\u001b[31m\u00e9"})"),
                            refused(image(R"({"mediaType":"a","size":1,"digest":"\u001b"})"))}) {
    for (const char c : error) {
      EXPECT_TRUE(c >= 0x20 && c < 0x7f) << error;
    }
  }
}

TEST(Manifest, BoundsTheDepth) {
  const auto nested = [](std::size_t depth) {
    return R"({"x":)" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
  };
  EXPECT_TRUE(parseManifest(nested(64), "a/b").ok());
  expectPart(refused(nested(65), "a/b"), "nested deeper than 64");
  expectPart(refused("{\"x\":" + std::string(1'000'000, '['), "a/b"), "nested deeper than 64");
}

TEST(Manifest, BoundsTheNumberOfDescriptors) {
  const auto many = [](std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) {
      text += (i == 0 ? "" : ",") + descriptor("a/b", kHexA);
    }
    return text;
  };
  EXPECT_EQ(accepted(image(many(10000))).layers.size(), 10000U);
  expectPart(refused(image(many(10001))), "more than 10000 descriptors");
  expectPart(refused(index(many(10001))), "more than 10000 descriptors");
}

TEST(Manifest, BoundsTheAnnotations) {
  std::string many;
  for (int i = 0; i <= 1000; ++i) {
    many += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\":\"\"";
  }
  expectPart(refused(image("", ",\"annotations\":{" + many + "}")), "annotations: more than 1000");
  expectPart(refused(image("", ",\"annotations\":{\"a\":\"" + std::string(4 << 20, 'x') + "\"}")),
             "annotations: more than 4194304 bytes");
}

TEST(MediaType, NormalisesAway) {
  EXPECT_EQ(media_type::normalise(" A/B ; charset=utf-8"), "a/b");
  EXPECT_EQ(media_type::normalise(""), "");
}

TEST(MediaType, KnowsLayersThatARegistryMayLack) {
  EXPECT_TRUE(media_type::isNonDistributable("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"));
  EXPECT_TRUE(media_type::isNonDistributable("application/vnd.oci.image.layer.nondistributable.v1.tar+zstd"));
  EXPECT_FALSE(media_type::isNonDistributable("application/vnd.oci.image.layer.v1.tar+gzip"));
}

}  // namespace
}  // namespace rha::oci
