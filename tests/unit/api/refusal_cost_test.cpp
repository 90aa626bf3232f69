// What a refused request does: nothing. Counted at the two places where anything could be looked up.
#include <gtest/gtest.h>

#include "access/decision.h"
#include "api_under_test.h"
#include "support/counting_index.h"
#include "support/flaky_driver.h"

namespace {

using rha::access::Decision;

// Pulls and pushes nothing to anybody.
class Shut final : public rha::access::Policy {
 public:
  explicit Shut(Decision::Verdict verdict) : verdict_(verdict) {}
  [[nodiscard]] Decision decide(const rha::access::Question&) const override {
    return {verdict_, "shut", "not for you", "Basic realm=\"r\""};
  }

 private:
  Decision::Verdict verdict_;
};

// The registry's services with counters between them and what they work on.
struct CountedServices {
  explicit CountedServices(rha::test::RegistryUnderTest& registry)
      : driver(registry.driver()),
        index(*registry.index),
        blobs(driver, index, registry.clock),
        journal(driver, rha::base::randomUuid()),
        manifests(driver, index, blobs, journal, registry.turns, registry.clock, registry.logger,
                  rha::test::RegistryUnderTest::kManifestBytes),
        uploads(driver, blobs, registry.clock, rha::registry::UploadTokens(rha::base::Secret("of the tests")), {}),
        referrers(index, manifests),
        schema1(blobs, manifests, registry.clock, rha::registry::JwsKey::generate()) {
    listGate.open();
  }

  [[nodiscard]] std::uint64_t calls() { return driver.calls() + index.calls(); }

  rha::test::FlakyDriver driver;
  rha::test::CountingIndex index;
  rha::registry::Blobs blobs;
  rha::registry::Journal journal;
  rha::registry::Manifests manifests;
  rha::registry::Uploads uploads;
  rha::registry::Referrers referrers;
  rha::registry::Schema1Converter schema1;
  rha::index::ListGate listGate{std::chrono::milliseconds(0)};
  rha::base::MetricsRegistry metrics;
  rha::api::AnswerCache answers{{}, metrics};
};

class RefusalCost : public testing::TestWithParam<Decision::Verdict> {
 protected:
  // The answer's status; what was called is counted.
  int send(const rha::access::Policy& policy, const std::string& method, const std::string& target) {
    const rha::access::AnonymousGate gate(std::shared_ptr<const rha::access::Policy>(std::shared_ptr<void>(), &policy));
    rha::api::RegistryHandler handler({.answers = services.answers,
                                       .blobs = services.blobs,
                                       .manifests = services.manifests,
                                       .uploads = services.uploads,
                                       .referrers = services.referrers,
                                       .schema1 = services.schema1,
                                       .index = services.index,
                                       .listGate = services.listGate,
                                       .gate = gate},
                                      {});
    rha::net::Request request;
    request.method = method;
    request.path = target.substr(0, target.find('?'));
    request.query = target.find('?') == std::string::npos ? "" : target.substr(target.find('?') + 1);
    request.peer = rha::net::Address::parse("192.0.2.7:1").value();
    if (auto answer = handler.tryAnswer(request)) {
      return answer->status;
    }
    auto disposition = handler.handle(request);
    const auto* response = std::get_if<rha::net::Response>(&disposition);
    return response != nullptr ? response->status : 0;
  }

  rha::test::RegistryUnderTest registry;
  CountedServices services{registry};
};

TEST_P(RefusalCost, a_refused_request_touches_neither_storage_nor_index) {
  registry.pushImage("a", "v1");
  const Shut policy(GetParam());
  const std::string digest = rha::oci::Digest::of("{}").text();
  const std::vector<std::pair<std::string, std::string>> requests{
      {"GET", "/v2/_catalog"},
      {"GET", "/v2/a/tags/list"},
      {"GET", "/v2/a/manifests/v1"},
      {"HEAD", "/v2/a/manifests/v1"},
      {"PUT", "/v2/a/manifests/v1"},
      {"DELETE", "/v2/a/manifests/v1"},
      {"GET", "/v2/a/blobs/" + digest},
      {"DELETE", "/v2/a/blobs/" + digest},
      {"POST", "/v2/a/blobs/uploads/"},
      {"POST", "/v2/a/blobs/uploads/?mount=" + digest + "&from=b"},
      {"POST", "/v2/a/blobs/uploads/?mount=" + digest},
      {"PATCH", "/v2/a/blobs/uploads/x"},
      {"PUT", "/v2/a/blobs/uploads/x?digest=" + digest},
      {"GET", "/v2/a/blobs/uploads/x"},
      {"DELETE", "/v2/a/blobs/uploads/x"},
      {"GET", "/v2/a/referrers/" + digest},
      {"GET", "/v2/a/_oci/tag-history/v1"}};
  const std::uint64_t before = services.calls();
  for (const auto& [method, target] : requests) {
    const int status = send(policy, method, target);
    EXPECT_EQ(status, GetParam() == Decision::Verdict::Challenge ? 401 : 403) << method << " " << target;
    EXPECT_EQ(services.calls(), before) << method << " " << target;
  }
}

TEST_P(RefusalCost, the_counters_see_a_request_that_is_served) {
  registry.pushImage("a", "v1");
  const rha::access::AllowAll open;
  for (const char* target : {"/v2/a/manifests/v1", "/v2/a/tags/list", "/v2/_catalog"}) {
    const std::uint64_t before = services.calls();
    EXPECT_EQ(send(open, "GET", target), 200) << target;
    EXPECT_GT(services.calls(), before) << target;
  }
}

INSTANTIATE_TEST_SUITE_P(Verdicts, RefusalCost, testing::Values(Decision::Verdict::Challenge, Decision::Verdict::Deny));

}  // namespace
