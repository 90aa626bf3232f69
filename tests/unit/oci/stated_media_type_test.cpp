#include "oci/stated_media_type.h"

#include <gtest/gtest.h>

#include "oci/manifest.h"

namespace rha::oci {
namespace {

TEST(StatedMediaTypeTest, IsTheDocumentsOwn) {
  EXPECT_EQ(statedMediaType(R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","x":[1]})"),
            media_type::kOciIndex);
  EXPECT_EQ(statedMediaType(R"({"config":{"mediaType":"application/vnd.oci.image.index.v1+json"},"layers":[
                {"mediaType":"a/b"}],"mediaType":"application/vnd.docker.distribution.manifest.v2+json"})"),
            media_type::kDockerManifest);
}

TEST(StatedMediaTypeTest, WhatIsNotPlainIsLeftToTheParser) {
  for (const char* bytes :
       {"", "x", "[]", R"(["mediaType","application/vnd.oci.image.index.v1+json"])", R"({"schemaVersion":2})",
        R"({"config":{"mediaType":"application/vnd.oci.image.index.v1+json"}})",
        R"({"mediaType":{"mediaType":"application/vnd.oci.image.index.v1+json"}})", R"({"mediaType":1})",
        R"({"mediaType":null,"x":"application/vnd.oci.image.index.v1+json"})", R"({"mediaType":"a/b"})",
        R"({"mediaType":"Application/vnd.oci.image.index.v1+json"})", R"({"layers":[)"}) {
    EXPECT_EQ(statedMediaType(bytes), std::nullopt) << bytes;
  }
}

}  // namespace
}  // namespace rha::oci
