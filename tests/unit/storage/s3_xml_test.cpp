#include "storage/s3_xml.h"

#include <gtest/gtest.h>

namespace rha::storage {
namespace {

TEST(S3Xml, AnErrorIsRead) {
  const auto error = parseS3Error(
      "\n  <?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>NoSuchKey</Code><Message>a &lt;b&gt; &amp; "
      "c</Message><Region>eu-1</Region><Other><Code>x</Code></Other></Error>");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, "NoSuchKey");
  EXPECT_EQ(error->message, "a <b> & c");
  EXPECT_EQ(error->region, "eu-1");
}

TEST(S3Xml, WhatIsNoErrorIsNone) {
  for (const char* text : {"", "swift-aio fault\n", "<Error>", "<Error></Wrong>", "<CopyObjectResult/>",
                           "<a><Error><Code>x</Code></Error></a>", "<html><body>503</body></html>", "{}"}) {
    EXPECT_FALSE(parseS3Error(text)) << text;
  }
}

TEST(S3Xml, EntitiesAreNotExpanded) {
  EXPECT_FALSE(parseS3Error("<!DOCTYPE Error [<!ENTITY a \"aaaa\">]><Error><Code>&a;</Code></Error>"));
  EXPECT_FALSE(parseS3Error("<Error><Code>&unknown;</Code></Error>"));
}

TEST(S3Xml, DepthIsBounded) {
  std::string text;
  for (int i = 0; i < 100; ++i) {
    text += "<a>";
  }
  for (int i = 0; i < 100; ++i) {
    text += "</a>";
  }
  EXPECT_FALSE(parseS3Value(text, "a/a"));
}

TEST(S3Xml, APageIsRead) {
  const auto page = parseS3Page(
      "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>b</Name><Prefix>p%2F</Prefix>"
      "<IsTruncated>true</IsTruncated><NextContinuationToken>abc==</NextContinuationToken>"
      "<Contents><Key>p/a%2Bb+c</Key><Size>12</Size><Owner><ID>Key</ID></Owner></Contents>"
      "<Contents><Key>p/z</Key><Size>0</Size></Contents>"
      "<CommonPrefixes><Prefix>p/folder%2F</Prefix></CommonPrefixes></ListBucketResult>");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->next, "abc==");
  ASSERT_EQ(page->entries.size(), 3U);
  EXPECT_EQ(page->entries[0].key, "p/a+b c");
  EXPECT_EQ(page->entries[0].size, 12U);
  EXPECT_FALSE(page->entries[0].isFolder);
  EXPECT_EQ(page->entries[2].key, "p/folder/");
  EXPECT_TRUE(page->entries[2].isFolder);
}

TEST(S3Xml, APageOfMultipartUploadsIsRead) {
  const auto page = parseS3Multiparts(
      "<ListMultipartUploadsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Bucket>b</Bucket><KeyMarker/>"
      "<NextKeyMarker>p/a%2Bb</NextKeyMarker><NextUploadIdMarker>two</NextUploadIdMarker><Prefix>p%2F</Prefix>"
      "<IsTruncated>true</IsTruncated>"
      "<Upload><Key>p/a%2Bb</Key><UploadId>one</UploadId><Initiator><ID>x</ID></Initiator>"
      "<Initiated>2026-11-26T03:16:45.123Z</Initiated></Upload>"
      "<Upload><Key>p/z</Key><UploadId>two</UploadId><Initiated>some day</Initiated></Upload>"
      "</ListMultipartUploadsResult>");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->nextKey, "p/a+b");
  EXPECT_EQ(page->nextId, "two");
  ASSERT_EQ(page->uploads.size(), 2U);
  EXPECT_EQ(page->uploads[0].key, "p/a+b");
  EXPECT_EQ(page->uploads[0].id, "one");
  EXPECT_EQ(page->uploads[0].begun, base::parseRfc3339("2026-11-26T03:16:45.123Z"));
  EXPECT_EQ(page->uploads[1].key, "p/z");
  EXPECT_EQ(page->uploads[1].begun, std::nullopt);
}

TEST(S3Xml, TheLastPageOfMultipartUploadsHasNoNext) {
  const auto page = parseS3Multiparts(
      "<ListMultipartUploadsResult><NextKeyMarker>x</NextKeyMarker><IsTruncated>false</IsTruncated>"
      "</ListMultipartUploadsResult>");
  ASSERT_TRUE(page);
  EXPECT_TRUE(page->uploads.empty());
  EXPECT_EQ(page->nextKey, "");
  EXPECT_FALSE(
      parseS3Multiparts("<ListMultipartUploadsResult><IsTruncated>true</IsTruncated>"
                        "</ListMultipartUploadsResult>"));
  EXPECT_FALSE(parseS3Multiparts("<ListBucketResult/>"));
}

TEST(S3Xml, APageThatMakesNoSenseIsNone) {
  EXPECT_FALSE(parseS3Page("<Other/>"));
  EXPECT_FALSE(parseS3Page("<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"))
      << "the rest could not be asked for";
  EXPECT_FALSE(parseS3Page("<ListBucketResult><Contents><Key>a</Key><Size>-1</Size></Contents></ListBucketResult>"));
  EXPECT_FALSE(parseS3Page("<ListBucketResult><CommonPrefixes><Prefix>a</Prefix></CommonPrefixes></ListBucketResult>"));
  EXPECT_EQ(parseS3Page("<ListBucketResult><NextContinuationToken>x</NextContinuationToken></ListBucketResult>")->next,
            "");
}

TEST(S3Xml, ErrorsOfADeletionAreRead) {
  const auto errors = parseS3DeleteErrors(
      "<DeleteResult><Deleted><Key>a</Key></Deleted><Error><Key>b</Key><Code>InternalError</Code></Error>"
      "</DeleteResult>");
  ASSERT_TRUE(errors);
  ASSERT_EQ(errors->size(), 1U);
  EXPECT_EQ(errors->front().code, "InternalError");
  EXPECT_TRUE(parseS3DeleteErrors("<DeleteResult/>")->empty());
  EXPECT_FALSE(parseS3DeleteErrors("<Error/>"));
}

TEST(S3Xml, NamesInBodiesAreEscaped) {
  EXPECT_NE(s3DeleteBody({"a<&>\"b"}).find("<Key>a&lt;&amp;&gt;&quot;b</Key>"), std::string::npos);
  EXPECT_NE(s3CompleteBody({"\"e1\"", "e2"}).find("<PartNumber>2</PartNumber><ETag>e2</ETag>"), std::string::npos);
}

}  // namespace
}  // namespace rha::storage
