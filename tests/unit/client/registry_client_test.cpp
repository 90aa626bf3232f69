#include "client/registry_client.h"

#include <gtest/gtest.h>

#include "support/scripted_server.h"

namespace rha::client {
namespace {

using std::chrono::milliseconds;
using test::ScriptedServer;

oci::RepositoryName name(const std::string& text) { return oci::RepositoryName::parse(text).value(); }
oci::Reference reference(const std::string& text) { return oci::Reference::parse(text).value(); }

class RegistryClientTest : public testing::Test {
 protected:
  RegistryClient open(ScriptedServer& server, ClientSettings settings = {}) {
    settings.firstPause = milliseconds(1);
    settings.longestPause = milliseconds(5);
    return {fetcher, RegistryAddress::parse(server.url("")).value(), std::move(settings)};
  }
  static std::string namesOf(RegistryClient& client) {
    std::string names;
    client.catalog([&](const std::string& text) { names += text + ' '; });
    return names;
  }
  static int statusOf(const std::function<void()>& work) {
    try {
      work();
    } catch (const ClientError& error) {
      EXPECT_EQ(std::string(error.what()).find("secret"), std::string::npos);
      return error.status();
    }
    return -1;
  }

  fetch::Client fetcher{{}};
};

TEST_F(RegistryClientTest, listsAreFollowedFromPageToPage) {
  ScriptedServer server([](ScriptedServer::Call& call) {
    if (call.target == "/v2/_catalog") {
      call.answer(200, R"({"repositories":["a","b"]})", "Link: </v2/_catalog?last=b&n=2>; rel=\"next\"\r\n");
    } else if (call.target == "/v2/_catalog?last=b&n=2") {
      // A registry behind a proxy names itself as it knows itself: asked is only the one we were given.
      call.answer(200, R"({"repositories":["c"]})", "Link: <http://inner.invalid:1/v2/_catalog?last=c>; rel=next\r\n");
    } else if (call.target == "/v2/_catalog?last=c") {
      call.answer(200, R"({"repositories":null})", "Link: </v2/_catalog?last=0>; rel=\"previous\"\r\n");
    } else {
      call.answer(500, call.target);
    }
  });
  auto client = open(server);
  EXPECT_EQ(namesOf(client), "a b c ");
}

TEST_F(RegistryClientTest, aListThatLeadsToItselfEnds) {
  ScriptedServer server([](ScriptedServer::Call& call) {
    call.answer(200, R"({"repositories":["a"]})", "Link: </v2/_catalog>; rel=\"next\"\r\n");
  });
  auto client = open(server);
  EXPECT_EQ(statusOf([&] { namesOf(client); }), 0);
}

TEST_F(RegistryClientTest, aListThatIsNoneIsAnError) {
  for (const char* body : {"", "[]", "{}", "<html>", R"({"repositories":5})"}) {
    ScriptedServer server([body](ScriptedServer::Call& call) { call.answer(200, body); });
    auto client = open(server);
    EXPECT_EQ(statusOf([&] { namesOf(client); }), 0) << body;
  }
}

TEST_F(RegistryClientTest, laterIsTriedAgain) {
  ScriptedServer server([](ScriptedServer::Call& call) {
    if (call.number < 3) {
      call.answer(call.number == 1 ? 503 : 429, "", "Retry-After: 1\r\n");
    } else {
      call.answer(200, R"({"name":"a","tags":["1","2","-no tag-"]})");
    }
  });
  auto client = open(server);
  EXPECT_EQ(client.tags(name("a"))->size(), 2U);
}

TEST_F(RegistryClientTest, whatNeverWorksIsGivenUp) {
  std::atomic<int> calls{0};
  ScriptedServer server([&](ScriptedServer::Call& call) {
    ++calls;
    call.answer(503, "");
  });
  auto client = open(server);
  EXPECT_EQ(statusOf([&] { client.tags(name("a")); }), 503);
  EXPECT_EQ(calls, 4);
}

TEST_F(RegistryClientTest, aConnectionThatBreaksIsTriedAgain) {
  ScriptedServer server([](ScriptedServer::Call& call) {
    if (call.number == 1) {
      call.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{");
      call.keep = false;
    } else {
      call.answer(200, R"({"tags":[]})");
    }
  });
  auto client = open(server);
  EXPECT_EQ(client.tags(name("a"))->size(), 0U);
}

TEST_F(RegistryClientTest, whatIsNotThereIsNoError) {
  ScriptedServer server([](ScriptedServer::Call& call) { call.answer(404, ""); });
  auto client = open(server);
  EXPECT_FALSE(client.tags(name("a")));
  EXPECT_FALSE(client.manifest(name("a"), reference("1")));
  EXPECT_FALSE(client.blob(name("a"), oci::Digest::of("x"), 10));
  EXPECT_FALSE(client.referrers(name("a"), oci::Digest::of("x")));
  EXPECT_FALSE(client.hasTagHistory(name("a")));
  EXPECT_EQ(statusOf([&] { namesOf(client); }), 404);
}

TEST_F(RegistryClientTest, wrongBytesAreRefused) {
  ScriptedServer server([](ScriptedServer::Call& call) {
    call.answer(200, "other", "Docker-Content-Digest: " + oci::Digest::of("x").text() + "\r\n");
  });
  auto client = open(server);
  EXPECT_EQ(statusOf([&] { client.manifest(name("a"), reference("1")); }), 0);
  EXPECT_EQ(statusOf([&] { client.manifest(name("a"), oci::Reference(oci::Digest::of("x"))); }), 0);
  EXPECT_EQ(statusOf([&] { client.blob(name("a"), oci::Digest::of("x"), 100); }), 0);
  EXPECT_EQ(*client.blob(name("a"), oci::Digest::of("other"), 100), "other");
  EXPECT_EQ(statusOf([&] { client.blob(name("a"), oci::Digest::of("other"), 3); }), 0);
}

TEST_F(RegistryClientTest, credentialsAreSentAndNeverShown) {
  ScriptedServer server([](ScriptedServer::Call& call) {
    call.answer(call.headers["authorization"] == "Basic Y2ktYnVpbGQ6c2VjcmV0PiE/" ? 200 : 401,
                R"({"repositories":["a"]})");
  });
  auto anonymous = open(server);
  EXPECT_EQ(statusOf([&] { namesOf(anonymous); }), 401);
  auto client = open(server, {.credentials = Credentials{"ci-build", base::Secret("secret>!?")}});
  EXPECT_EQ(namesOf(client), "a ");
}

TEST_F(RegistryClientTest, referrersAndPushTimesAreRead) {
  const std::string digest = oci::Digest::of("x").text();
  ScriptedServer server([&](ScriptedServer::Call& call) {
    if (call.target.find("/referrers/") != std::string::npos) {
      call.answer(200, R"({"manifests":[{"digest":")" + digest +
                           R"(","artifactType":"application/spdx+json"},{"digest":"bad"},5]})");
    } else if (call.target.ends_with("/discover")) {
      call.answer(200, R"({"extensions":[{"name":"_oci","endpoints":["_oci/tag-history"]}]})");
    } else {
      call.answer(
          200,
          R"({"manifests":[{"annotations":{"org.opencontainers.distribution.tag.timestamp":"2026-01-02T03:04:05.5Z"}}]})");
    }
  });
  auto client = open(server);
  const auto referrers = client.referrers(name("a"), oci::Digest::of("y"));
  ASSERT_EQ(referrers->size(), 1U);
  EXPECT_EQ(referrers->front().artifactType, "application/spdx+json");
  EXPECT_TRUE(client.hasTagHistory(name("a")));
  EXPECT_EQ(base::formatRfc3339(client.pushedAt(name("a"), oci::Tag::parse("1").value()).value()),
            "2026-01-02T03:04:05Z");
  EXPECT_THROW(parseReferrers("{}"), ClientError);
}

TEST(RegistryAddressTest, isWhatPeopleWrite) {
  const auto origin = [](const std::string& text) {
    const auto address = RegistryAddress::parse(text);
    return address ? address->origin() : address.error();
  };
  EXPECT_EQ(origin("registry.example.org"), "https://registry.example.org");
  EXPECT_EQ(origin("Registry.example.org:5000/"), "https://registry.example.org:5000");
  EXPECT_EQ(origin("http://10.0.0.1:5000"), "http://10.0.0.1:5000");
  EXPECT_EQ(origin("localhost:5000"), "http://localhost:5000");
  EXPECT_EQ(origin("127.0.0.1"), "http://127.0.0.1");
  EXPECT_EQ(origin("[::1]:5000"), "http://[::1]:5000");
  EXPECT_EQ(RegistryAddress::parse("http://a:5000")->host(), "a:5000");
  for (const char* bad : {"", "ftp://a", "https://", "a/b", "user@host", "http://a/v2", "a b", "http://a?x"}) {
    EXPECT_FALSE(RegistryAddress::parse(bad)) << bad;
  }
}

TEST(DockerConfig, credentialsAreFoundByHost) {
  const std::string config = R"({"auths":{"a.example:5000":{"auth":"bmFtZTpwYXNzOndvcmQ="},)"
                             R"("https://b.example/v1/":{"auth":"bmFtZTp4"},"c.example":{},"d.example":{"auth":"!"}}})";
  const auto found = findCredentials(config, "a.example:5000");
  EXPECT_EQ((*found)->account, "name");
  EXPECT_EQ((*found)->password.reveal(), "pass:word");
  EXPECT_EQ((*findCredentials(config, "b.example"))->password.reveal(), "x");
  for (const char* host : {"c.example", "d.example", "e.example", "a.example"}) {
    EXPECT_FALSE(*findCredentials(config, host)) << host;
  }
  EXPECT_FALSE(*findCredentials("{}", "a"));
  EXPECT_FALSE(findCredentials("no json", "a"));
}

}  // namespace
}  // namespace rha::client
