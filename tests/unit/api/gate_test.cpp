#include <fcntl.h>

#include <algorithm>

#include "access/access_control.h"
#include "api_fixture.h"
#include "base/fd.h"
#include "support/temporary_folder.h"

namespace {

using rha::test::Answer;
using rha::test::Fields;

// "kubernetes:right" and so on; the hash is of "right".
constexpr const char* kRules = R"(
accounts:
  kubernetes: {password_hashes: ["$apr1$saltsalt$S.4SHjbjuljtTxlMAnDS//"]}
rules:
  - {namespace: restricted/, pull: [kubernetes]}
  - {namespace: "", pull: anonymous}
)";
constexpr const char* kKubernetes = "Basic a3ViZXJuZXRlczpyaWdodA==";

// The API of a registry with rules.
class ApiGate : public testing::Test {
 protected:
  static std::string rules(const std::string& more = "") { return kRules + more; }
  ApiGate() {
    const auto applied = access.apply(rules());
    EXPECT_TRUE(applied) << (applied ? "" : applied.error().front().text);
    registry.pushImage("public/a", "v1");
    registry.pushImage("restricted/b", "v1");
  }

  std::uint64_t passwords() {
    return metrics.counter("registry_ha_access_logins_total", "", {{"result", "right"}}).value();
  }

  rha::test::TemporaryFolder folder;
  const rha::base::SystemClock clock;
  const rha::base::Fd null{::open("/dev/null", O_WRONLY | O_CLOEXEC)};
  const rha::base::Logger logger{{.descriptor = null.get()}};
  rha::base::MetricsRegistry metrics;
  rha::access::AccessControl access{folder.path() / "last-good", clock, logger, metrics};
  rha::test::ApiUnderTest api{access};
  rha::test::RegistryUnderTest& registry = api.registry;
};

TEST_F(ApiGate, theCatalogueShowsWhatTheClientMayPull) {
  const auto answer = api.get("/v2/_catalog?n=1");
  EXPECT_EQ(answer.body, "{\"repositories\":[\"public/a\"]}\n");
  EXPECT_EQ(answer.header("Link"), "") << "a hidden repository must not make another page";
  EXPECT_EQ(answer.header("Cache-Control"), "public,s-maxage=600,max-age=600");
}

TEST_F(ApiGate, theCatalogueOfAnAccountIsForNoCache) {
  ASSERT_TRUE(access.apply(rules("catalog: {allow: [kubernetes]}\n")));
  EXPECT_EQ(api.get("/v2/_catalog").status, 401);
  const auto answer = api.get("/v2/_catalog", {{"Authorization", kKubernetes}});
  EXPECT_EQ(answer.body, "{\"repositories\":[\"public/a\",\"restricted/b\"]}\n");
  EXPECT_EQ(answer.header("Cache-Control"), "private, no-store");
}

TEST_F(ApiGate, whatOnlyAnAccountMayPullIsForNoCache) {
  const auto answer = api.get("/v2/restricted/b/manifests/v1", {{"Authorization", kKubernetes}});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("Cache-Control"), "private, no-store");
  const Fields expected{{"principal", "kubernetes"}, {"rule", "\"restricted/\""}, {"generation", "1"}};
  for (const auto& [key, value] : expected) {
    EXPECT_NE(std::find(answer.log.begin(), answer.log.end(), std::pair<std::string_view, std::string>(key, value)),
              answer.log.end())
        << key;
  }
}

TEST_F(ApiGate, whatAClientMayNotPullItCannotLearnToExist) {
  for (const char* target : {"/manifests/v1", "/tags/list", "/blobs/sha256:abc", "/manifests/.bad"}) {
    const auto there = api.get("/v2/restricted/b" + std::string(target));
    const auto notThere = api.get("/v2/restricted/c" + std::string(target));
    EXPECT_EQ(there.status, 401) << target;
    EXPECT_EQ(there.body, notThere.body);
    EXPECT_EQ(there.headers.fields(), notThere.headers.fields());
  }
}

TEST_F(ApiGate, noSpellingOfAPathPassesByTheRule) {
  for (const char* target :
       {"/v2/%72estricted/b/manifests/v1", "/v2//restricted/b/manifests/v1", "/v2/public/../restricted/b/manifests/v1",
        "/v2/restricted%2Fb/manifests/v1", "/v2/./restricted/b/manifests/v1", "/v2/RESTRICTED/b/manifests/v1"}) {
    EXPECT_NE(api.get(target).status, 200) << target;
  }
}

TEST_F(ApiGate, healthSaysTheMode) {
  EXPECT_EQ(api.get("/healthz").body, "{\"role\":\"active\",\"read_only\":false,\"status\":\"ok\"}\n");
  ASSERT_TRUE(access.apply(rules("mode: {read_only: true, role: passive, active_url: \"https://other\"}\n")));
  EXPECT_EQ(api.get("/healthz").body, "{\"role\":\"passive\",\"read_only\":true,\"status\":\"ok\"}\n");
  const auto refused = api.post("/v2/public/a/blobs/uploads/");
  EXPECT_EQ(refused.status, 403);
  EXPECT_TRUE(refused.has("https://other")) << refused.body;
  EXPECT_EQ(api.get("/v2/public/a/manifests/v1").status, 200);
}

// A gate that lets everybody in, with a limit for what they upload.
class SmallBlobsGate final : public rha::access::Gate {
 public:
  [[nodiscard]] rha::access::Admission admit(const rha::access::Approach&, std::optional<rha::access::Action>,
                                             const rha::oci::RepositoryName*) const override {
    rha::access::Admission admission;
    admission.policy = policy_;
    admission.blobBytes = 10;
    return admission;
  }
  [[nodiscard]] std::optional<rha::access::Admission> tryAdmit(const rha::access::Approach& approach,
                                                               std::optional<rha::access::Action> action,
                                                               const rha::oci::RepositoryName* name) const override {
    return admit(approach, action, name);
  }

 private:
  const std::shared_ptr<const rha::access::Policy> policy_ = std::make_shared<rha::access::AllowAll>();
};

TEST(ApiBlobLimit, aBlobBeyondTheClientsLimitIs413AtOnceOrAsSoonAsItIsSeen) {
  const SmallBlobsGate gate;
  rha::test::ApiUnderTest small(gate);
  const std::string bytes(11, 'x');
  const std::string target = "/v2/a/blobs/uploads/?digest=" + rha::oci::Digest::of(bytes).text();
  const auto announced = small.send("POST", target, bytes);
  const auto chunked = small.sendChunked("POST", target, bytes);
  for (const auto& answer : {announced, chunked}) {
    EXPECT_EQ(answer.status, 413);
    EXPECT_TRUE(answer.has("SIZE_INVALID")) << answer.body;
    EXPECT_TRUE(answer.has("10 bytes")) << answer.body;
  }
  const std::string most(10, 'x');
  EXPECT_EQ(small.send("POST", "/v2/a/blobs/uploads/?digest=" + rha::oci::Digest::of(most).text(), most).status, 201);
  const auto first = small.send("PATCH", small.post("/v2/a/blobs/uploads/").header("Location"), std::string(6, 'x'));
  EXPECT_EQ(first.status, 202);
  EXPECT_EQ(small.send("PATCH", first.header("Location"), std::string(6, 'x')).status, 413)
      << "the upload as a whole is limited";
}

TEST_F(ApiGate, writesAndRefusalsAreMarkedForTheAudit) {
  const auto field = [](const rha::test::Answer& answer, std::string_view key) {
    const auto found =
        std::find_if(answer.log.begin(), answer.log.end(), [&](const auto& each) { return each.first == key; });
    return found != answer.log.end() ? found->second : "none";
  };
  EXPECT_EQ(field(api.get("/v2/public/a/manifests/v1"), "action"), "none");
  EXPECT_EQ(field(api.get("/v2/restricted/b/manifests/v1"), "action"), "pull");
  const auto push = api.send("POST", "/v2/public/a/blobs/uploads/?mount=sha256:x&from=restricted/b", "",
                             {{"Authorization", kKubernetes}});
  EXPECT_EQ(field(push, "action"), "push");
  EXPECT_EQ(field(push, "reference"), "sha256:x");
  EXPECT_EQ(field(push, "mount_from"), "restricted/b");
  EXPECT_EQ(field(push, "claimed"), "kubernetes");
}

TEST_F(ApiGate, thePingAndRefusalsAreAnsweredAtOnce) {
  const auto ping = api.tryAnswer("/v2/");
  ASSERT_TRUE(ping);
  EXPECT_EQ(ping->status, 200);
  const auto refused = api.tryAnswer("/v2/restricted/b/manifests/v1");
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 401);
}

TEST_F(ApiGate, aPasswordThatWasNotCheckedBeforeIsLeftToAWorker) {
  const Fields credentials{{"Authorization", kKubernetes}};
  const char* target = "/v2/restricted/b/manifests/v1";
  EXPECT_FALSE(api.tryAnswer(target, credentials));
  EXPECT_EQ(api.get(target, credentials).status, 200);
  EXPECT_EQ(passwords(), 1U);
  const auto remembered = api.tryAnswer(target, credentials);
  ASSERT_TRUE(remembered) << "a password that is known, and an answer that memory has";
  EXPECT_EQ(remembered->status, 200);
  EXPECT_EQ(remembered->header("Cache-Control"), "private, no-store");
  EXPECT_EQ(passwords(), 2U);
}

TEST_F(ApiGate, aRequestIsAdmittedOnce) {
  const auto ignored = [&] { return metrics.counter("registry_ha_access_credentials_ignored_total", "").value(); };
  EXPECT_EQ(api.getAsEngine("/v2/public/a/manifests/v1", {{"Authorization", kKubernetes}}).status, 200);
  EXPECT_EQ(ignored(), 1U);
}

}  // namespace
