#include "storage/s3_call.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <fstream>
#include <functional>

#include "storage/s3_driver.h"
#include "storage/s3_object.h"
#include "storage/s3_publication.h"
#include "support/scripted_server.h"
#include "support/temporary_folder.h"

namespace rha::storage {
namespace {

using rha::test::ScriptedServer;
using Call = ScriptedServer::Call;

// What a well-behaved S3 seldom does.
class S3CallTest : public ::testing::Test {
 protected:
  S3CallTest() {
    std::ofstream(folder_.path() / "keys") << "aws_access_key_id = AKIA1\naws_secret_access_key = topsecret\n";
    settings.endpoint = server_.url("");
    settings.addressing = S3Addressing::Path;
    settings.bucket = "b";
    settings.credentialsFile = folder_.path() / "keys";
    settings.retry = {
        .attempts = 4, .firstPause = std::chrono::milliseconds(1), .longestPause = std::chrono::milliseconds(2)};
  }
  S3Service& service() {
    if (!service_) {
      service_ = std::make_unique<S3Service>(settings, clock_, metrics_);
    }
    return *service_;
  }
  static std::string textOf(const std::function<void()>& work) {
    try {
      work();
      return "(no failure)";
    } catch (const StorageError& error) {
      EXPECT_EQ(std::string(error.what()).find("topsecret"), std::string::npos);
      return error.what();
    }
  }
  static std::string error(const std::string& code) {
    return "<?xml version=\"1.0\"?><Error><Code>" + code + "</Code><Message>m</Message></Error>";
  }

  std::function<void(Call&)> script;
  std::atomic<int> requests{0};
  S3Settings settings;

 private:
  rha::test::TemporaryFolder folder_;
  base::SystemClock clock_;
  base::MetricsRegistry metrics_;
  ScriptedServer server_{[this](Call& call) {
    ++requests;
    script(call);
  }};
  std::unique_ptr<S3Service> service_;
};

TEST_F(S3CallTest, ACopyThatFailsInTheBodyOfItsAnswerIsMadeAgain) {
  script = [&](Call& call) {
    call.answer(200, requests < 3 ? error("InternalError") : "<CopyObjectResult><ETag>x</ETag></CopyObjectResult>");
  };
  EXPECT_TRUE(copyS3(service(), "from", "to"));
  EXPECT_EQ(requests, 3);
}

TEST_F(S3CallTest, ACopyOfNothingSaysSoAlsoInTheBody) {
  script = [&](Call& call) { call.answer(200, error("NoSuchKey")); };
  EXPECT_FALSE(copyS3(service(), "from", "to"));
  EXPECT_EQ(requests, 1);
}

TEST_F(S3CallTest, APutOrPostWithoutABodySaysThatItHasNone) {
  for (const std::string method : {"PUT", "POST", "GET", "DELETE"}) {
    script = [&](Call& call) {
      const bool said = call.headers.contains("content-length");
      EXPECT_EQ(said, method == "PUT" || method == "POST") << method;
      EXPECT_EQ(said ? call.headers.at("content-length") : "0", "0") << method;
      call.answer(200, "");
    };
    EXPECT_TRUE(S3Call(service(), {.operation = "any", .method = method, .key = "k"}).finish().good()) << method;
  }
}

// The storage asked for a pause once; where it then breaks off without a word, the next pause is a short one.
TEST_F(S3CallTest, WhatRetryAfterAskedForIsForOnePause) {
  settings.retry.longestPause = std::chrono::seconds(2);
  std::array<std::atomic<std::chrono::steady_clock::time_point>, 4> came;
  script = [&](Call& call) {
    came.at(static_cast<std::size_t>(requests)) = std::chrono::steady_clock::now();
    call.keep = requests == 3;
    if (requests != 2) {
      call.answer(requests == 1 ? 503 : 200, "", "Retry-After: 2\r\n");
    }
  };
  EXPECT_TRUE(S3Call(service(), {.operation = "any", .method = "HEAD", .key = "k"}).finish().good());
  EXPECT_EQ(requests, 3);
  EXPECT_GE(came[2].load() - came[1].load(), std::chrono::seconds(1));
  EXPECT_LT(came[3].load() - came[2].load(), std::chrono::seconds(1));
}

TEST_F(S3CallTest, AnObjectThatLooksLikeAnErrorIsAnObject) {
  script = [&](Call& call) { call.answer(200, error("InternalError")); };
  const auto answer = S3Call(service(), {.operation = "object_get", .key = "a"}).finish();
  EXPECT_EQ(answer.body, error("InternalError"));
  EXPECT_EQ(requests, 1);
}

class S3PublicationTest : public S3CallTest {
 protected:
  S3PublicationTest() {
    script = [this](Call& call) { answer(call); };
  }
  void answer(Call& call) {
    if (call.method == "POST" && call.target.ends_with("?uploads=")) {
      call.answer(200, "<InitiateMultipartUploadResult><UploadId>u/1</UploadId></InitiateMultipartUploadResult>");
    } else if (call.method == "PUT") {
      call.answer(200, "<CopyPartResult><ETag>\"e\"</ETag></CopyPartResult>");
    } else if (call.method == "POST") {
      complete(call, ++completions);
    } else if (call.method == "HEAD") {
      call.answer(200, std::string(size, 'x'));
    } else {
      ++aborts;
      call.answer(204, "");
    }
  }
  void publish() { S3Publication(service(), merging_, "to", pieces_).publish(); }

  std::function<void(Call&, int)> complete;
  std::atomic<int> completions{0};
  std::atomic<int> aborts{0};
  std::size_t size = 2 * kS3MinPartBytes;

 private:
  SpoolBudget merging_{kSpoolChunkBytes};
  std::vector<S3Piece> pieces_{{"p1", kS3MinPartBytes}, {"p2", kS3MinPartBytes}};
};

TEST_F(S3PublicationTest, AFailureInTheBodyOfTheAnswerIsSeenAndTriedAgain) {
  complete = [&](Call& call, int number) {
    call.answer(200, number == 1 ? error("SlowDown") : "<CompleteMultipartUploadResult/>");
  };
  publish();
  EXPECT_EQ(completions, 2);
  EXPECT_EQ(aborts, 0);
}

TEST_F(S3PublicationTest, WhatWasDoneButAnsweredWithAnErrorIsDone) {
  complete = [&](Call& call, int number) {
    call.answer(number == 1 ? 500 : 404, error(number == 1 ? "InternalError" : "NoSuchUpload"));
  };
  publish();
  EXPECT_EQ(completions, 2);
}

TEST_F(S3PublicationTest, WhatWasNotDoneIsNotTakenForDone) {
  size = 1;  // another object, or a part of ours
  complete = [&](Call& call, int number) {
    call.answer(number == 1 ? 500 : 404, error(number == 1 ? "InternalError" : "NoSuchUpload"));
  };
  EXPECT_NE(textOf([&] { publish(); }).find("has 1 bytes instead of 10485760"), std::string::npos);
}

TEST_F(S3PublicationTest, AnObjectOfTheWrongSizeDoesNotStay) {
  size = 1;
  complete = [&](Call& call, int) { call.answer(200, "<CompleteMultipartUploadResult/>"); };
  EXPECT_NE(textOf([&] { publish(); }).find("has 1 bytes"), std::string::npos);
  EXPECT_EQ(aborts, 1);  // a DELETE
}

TEST_F(S3PublicationTest, WhatCannotBeCompletedIsAborted) {
  complete = [&](Call& call, int) { call.answer(400, error("InvalidPart")); };
  EXPECT_NE(textOf([&] { publish(); }).find("InvalidPart"), std::string::npos);
  EXPECT_EQ(completions, 1);
  EXPECT_EQ(aborts, 1);
}

TEST_F(S3CallTest, ManyAreRemovedOneByOneWhereThereIsNoBatch) {
  std::atomic<int> deletes{0};
  script = [&](Call& call) {
    deletes += call.method == "DELETE" ? 1 : 0;
    call.answer(call.method == "DELETE" ? 204 : 501, "");
  };
  removeS3(service(), {"a", "b", "c"});
  EXPECT_EQ(deletes, 3);
}

TEST_F(S3CallTest, WhatABatchCouldNotRemoveIsRemovedAgain) {
  std::atomic<int> deletes{0};
  script = [&](Call& call) {
    deletes += call.method == "DELETE" ? 1 : 0;
    call.answer(
        200, call.method == "DELETE" ? "" : "<DeleteResult><Error><Code>InternalError</Code></Error></DeleteResult>");
  };
  removeS3(service(), {"a", "b"});
  EXPECT_EQ(deletes, 2);
}

TEST_F(S3CallTest, AnotherRegionIsNamedWithWhatToDo) {
  script = [&](Call& call) { call.answer(301, "", "x-amz-bucket-region: eu-central-1\r\n"); };
  const std::string text = textOf([&] { headS3(service(), "a", "object_head"); });
  EXPECT_NE(text.find("eu-central-1"), std::string::npos) << text;
  EXPECT_NE(text.find("storage.s3.region"), std::string::npos) << text;
  EXPECT_EQ(requests, 1);
}

TEST_F(S3CallTest, ARefusalNamesKeyFileAndRights) {
  script = [&](Call& call) { call.answer(403, ""); };
  const std::string text = textOf([&] { headS3(service(), "a", "object_head"); });
  EXPECT_NE(text.find("AKIA1"), std::string::npos) << text;
  EXPECT_NE(text.find(settings.credentialsFile.string()), std::string::npos) << text;
  EXPECT_NE(text.find("s3:ListBucket"), std::string::npos) << text;
  EXPECT_EQ(requests, 1);
}

TEST_F(S3CallTest, ExpiredTemporaryKeysAreReplacedByNewOnes) {
  script = [&](Call& call) {
    if (call.headers["authorization"].find("AKIA2/") != std::string::npos) {
      return call.answer(200, "", "ETag: \"e\"\r\n");
    }
    std::ofstream(settings.credentialsFile) << "aws_access_key_id = AKIA2\naws_secret_access_key = topsecret\n";
    call.answer(400, error("ExpiredToken"));
  };
  EXPECT_TRUE(S3Call(service(), {.operation = "object_get", .key = "a"}).finish().good());
  EXPECT_EQ(requests, 2);
}

TEST_F(S3CallTest, WhatIsNoListingIsNotTakenForAnEmptyOne) {
  script = [&](Call& call) { call.answer(200, "<html>welcome</html>"); };
  const std::string text = textOf([&] { listS3(service(), "", S3Listing::Deep, [](const auto&) { return true; }); });
  EXPECT_NE(text.find("storage.s3.endpoint"), std::string::npos) << text;
}

TEST_F(S3CallTest, AListingOfOtherKeysThanThoseAskedForRemovesNothing) {
  base::SystemClock clock;
  base::MetricsRegistry metrics;
  S3Driver driver(settings, clock, metrics);
  std::atomic<bool> removed = false;
  script = [&](Call& call) {
    removed = removed || call.method != "GET";
    call.answer(200,
                "<ListBucketResult><Contents><Key>docker/a/b</Key><Size>1</Size></Contents>"
                "<Contents><Key>docker/other/c</Key><Size>1</Size></Contents></ListBucketResult>");
  };
  const std::string text = textOf([&] { driver.removeTree("docker/a"); });
  EXPECT_NE(text.find("listed docker/other/c"), std::string::npos) << text;
  EXPECT_NE(textOf([&] { driver.list("docker/a", [](const ListEntry&) { return true; }); }), "(no failure)");
  EXPECT_FALSE(removed);
}

TEST_F(S3CallTest, OnlyAnS3BeforeSwiftIsAskedTwiceForWhatIsAbsent) {
  base::SystemClock clock;
  base::MetricsRegistry metrics;
  S3Driver driver(settings, clock, metrics);
  script = [&](Call& call) { call.answer(404, error("NoSuchKey")); };
  EXPECT_FALSE(driver.get("docker/a", 10));
  EXPECT_FALSE(driver.open("docker/a", std::nullopt));
  EXPECT_EQ(requests, 2);
  script = [&](Call& call) {
    const bool first = requests == 3 || requests == 5;
    call.answer(first ? 404 : 200, first ? "" : "x", "X-Trans-Id: tx1\r\nETag: \"e\"\r\n");
  };
  EXPECT_EQ(driver.get("docker/a", 10), "x");
  EXPECT_TRUE(driver.open("docker/a", std::nullopt));
}

TEST_F(S3CallTest, ARangeThatIsIgnoredIsNotTakenForTheRange) {
  script = [&](Call& call) { call.answer(200, "0123456789"); };
  base::SystemClock clock;
  base::MetricsRegistry metrics;
  S3Driver driver(settings, clock, metrics);
  EXPECT_THROW(driver.open("docker/a", ByteRange{2, 3}), StorageError);
  EXPECT_EQ(base::readAll(*driver.open("docker/a", ByteRange{0, 10}), 10), "0123456789");
}

TEST(S3Addresses, AreThoseOfTheSettings) {
  base::SystemClock clock;
  base::MetricsRegistry metrics;
  const auto shown = [&](const std::string& endpoint, S3Addressing addressing, const std::string& prefix,
                         const std::string& path) {
    S3Settings settings;
    settings.bucket = "images";
    settings.region = "eu-west-1";
    settings.endpoint = endpoint;
    settings.addressing = addressing;
    settings.prefix = prefix;
    const S3Service service(settings, clock, metrics);
    return service.host + ' ' + service.origin + service.urlPath(path.empty() ? "" : service.key(path));
  };
  EXPECT_EQ(shown("", S3Addressing::VirtualHost, "", "docker/a b"),
            "images.s3.eu-west-1.amazonaws.com https://images.s3.eu-west-1.amazonaws.com/docker/a%20b");
  EXPECT_EQ(shown("http://rgw:7480/", S3Addressing::Path, "p", "docker/a"),
            "rgw:7480 http://rgw:7480/images/p/docker/a");
  EXPECT_EQ(shown("https://rgw:443", S3Addressing::VirtualHost, "", "a"), "images.rgw https://images.rgw/a");
  EXPECT_EQ(shown("http://rgw/gate/", S3Addressing::Path, "", ""), "rgw http://rgw/gate/images");
}

}  // namespace
}  // namespace rha::storage
