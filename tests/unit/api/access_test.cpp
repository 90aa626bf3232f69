#include "api_fixture.h"

namespace {

using rha::access::Action;
using rha::access::Decision;
using rha::access::Policy;
using rha::access::Question;
using rha::test::ApiUnderTest;

// Refuses everything, and notes what it was asked.
class Closed final : public Policy {
 public:
  explicit Closed(Decision::Verdict verdict) : verdict_(verdict) {}
  [[nodiscard]] Decision decide(const Question& question) const override {
    asked = question.action;
    address = question.client.address;
    repository = question.repository != nullptr ? question.repository->text() : "";
    return {verdict_, "the rule", "not for you", "Basic realm=\"r\""};
  }
  mutable std::optional<Action> asked;
  mutable std::string address;
  mutable std::string repository;

 private:
  Decision::Verdict verdict_;
};

TEST(ApiAccess, everyRequestIsDecidedByItsActionAndRepository) {
  const Closed policy(Decision::Verdict::Deny);
  ApiUnderTest api(policy);
  const std::string digest = rha::oci::Digest::of("x").text();
  const struct {
    const char* method;
    std::string target;
    Action action;
    const char* repository;
  } cases[] = {
      {"GET", "/v2/", Action::Ping, ""},
      {"GET", "/v2/_catalog", Action::Catalog, ""},
      {"GET", "/v2/a/tags/list", Action::Pull, "a"},
      {"HEAD", "/v2/a/manifests/v1", Action::Pull, "a"},
      {"PUT", "/v2/a/manifests/v1", Action::Push, "a"},
      {"DELETE", "/v2/a/manifests/v1", Action::Delete, "a"},
      {"GET", "/v2/a/blobs/" + digest, Action::Pull, "a"},
      {"DELETE", "/v2/a/blobs/" + digest, Action::Delete, "a"},
      {"POST", "/v2/a/blobs/uploads/", Action::Push, "a"},
      {"POST", "/v2/a/blobs/uploads/?mount=" + digest + "&from=b", Action::Push, "a"},
      {"PATCH", "/v2/a/blobs/uploads/x", Action::Push, "a"},
      {"GET", "/v2/a/blobs/uploads/x", Action::Push, "a"},
      {"DELETE", "/v2/a/blobs/uploads/x", Action::Push, "a"},
      {"GET", "/v2/a/referrers/" + digest, Action::Pull, "a"},
      {"GET", "/v2/a/_oci/tag-history/v1", Action::Pull, "a"},
      {"POST", "/v2/a/blobs/upload", Action::Push, "a"},
      {"POST", "/v2/a/tags/list", Action::Push, "a"},
      {"GET", "/v2/%61/manifests/.bad", Action::Pull, "a"},
  };
  for (const auto& [method, target, action, repository] : cases) {
    policy.asked.reset();
    const auto answer = api.send(method, target, "");
    EXPECT_EQ(answer.status, 403) << method << " " << target;
    EXPECT_EQ(policy.asked, action) << method << " " << target;
    EXPECT_EQ(policy.repository, repository) << method << " " << target;
    EXPECT_EQ(policy.address, "192.0.2.7");
  }
}

TEST(ApiAccess, aChallengeIsPassedOn) {
  const Closed policy(Decision::Verdict::Challenge);
  ApiUnderTest api(policy);
  const auto answer = api.get("/v2/a/manifests/v1");
  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(answer.header("WWW-Authenticate"), "Basic realm=\"r\"");
  EXPECT_TRUE(answer.has("not for you"));
  EXPECT_EQ(answer.log.back().first, "denied");
  EXPECT_EQ(answer.log.back().second, "the rule");
}

TEST(ApiAccess, whatThereIsMakesNoDifferenceToARefusal) {
  const Closed policy(Decision::Verdict::Challenge);
  ApiUnderTest api(policy);
  api.registry.pushImage("a", "v1");
  const auto there = api.get("/v2/a/manifests/v1");
  const auto notThere = api.get("/v2/b/manifests/v1");
  EXPECT_EQ(there.status, notThere.status);
  EXPECT_EQ(there.body, notThere.body);
  EXPECT_EQ(there.headers.fields(), notThere.headers.fields());
}

TEST(ApiAccess, loadBalancersNeedNoRights) {
  const Closed policy(Decision::Verdict::Deny);
  ApiUnderTest api(policy);
  EXPECT_EQ(api.get("/healthz").status, 200);
}

}  // namespace
