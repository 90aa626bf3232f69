#include "apps/registryd/audit_log.h"

#include <gtest/gtest.h>

namespace rha::registryd {
namespace {

class AuditLogTest : public testing::Test {
 protected:
  AuditLogTest() {
    request.id = "9f";
    request.method = "PUT";
    request.path = "/v2/a/manifests/v1";
    request.peer = net::Address::parse("10.64.0.2:1").value();
    request.log = {{"handler", "manifest"}, {"repository", "a"}, {"reference", "v1"}, {"action", "push"}};
    result.status = 201;
  }
  void add(std::string_view key, const std::string& value) { request.log.emplace_back(key, value); }
  std::string line(AuditScope scope = AuditScope::All) const {
    return auditLine(request, result, scope).value_or("none");
  }

  net::Request request;
  net::ExchangeResult result;
};

TEST_F(AuditLogTest, a_write_says_who_from_where_what_and_by_which_rule) {
  add("principal", "ci-build");
  add("rule", "\"\"");
  add("generation", "3");
  EXPECT_EQ(line(),
            "event=audit id=9f client=10.64.0.2 account=ci-build action=push method=PUT repository=a reference=v1 "
            "outcome=done status=201 rule=\"\\\"\\\"\" generation=3");
}

TEST_F(AuditLogTest, a_refusal_says_why_and_whom_the_credentials_named) {
  add("claimed", "ci-build");
  add("denied", "uploaders does not list the address 10.64.0.2");
  result.status = 403;
  EXPECT_EQ(line(),
            "event=audit id=9f client=10.64.0.2 account=anonymous claimed=ci-build action=push method=PUT repository=a "
            "reference=v1 outcome=refused status=403 reason=\"uploaders does not list the address 10.64.0.2\"");
}

TEST_F(AuditLogTest, behind_a_proxy_the_client_and_the_proxy_are_named) {
  add("forwarded_for", "192.0.2.9");
  EXPECT_NE(line().find("client=192.0.2.9 proxy=10.64.0.2 "), std::string::npos) << line();
}

TEST_F(AuditLogTest, a_write_that_failed_or_broke_off_is_no_success) {
  result.status = 400;
  EXPECT_NE(line().find("outcome=failed status=400"), std::string::npos) << line();
  result.status = 0;
  EXPECT_NE(line().find("outcome=failed"), std::string::npos) << line();
  result.status = 201;
  result.brokenOff = "client gone";
  EXPECT_NE(line().find("outcome=failed"), std::string::npos) << line();
}

TEST_F(AuditLogTest, reads_that_were_served_are_not_audited) {
  request.log = {{"handler", "manifest"}, {"repository", "a"}};
  EXPECT_EQ(line(), "none");
}

TEST_F(AuditLogTest, the_scope_leaves_refusals_out_or_everything) {
  EXPECT_EQ(line(AuditScope::Off), "none");
  EXPECT_NE(line(AuditScope::Writes), "none");
  add("denied", "no");
  EXPECT_EQ(line(AuditScope::Writes), "none");
  EXPECT_EQ(auditScopeOf("all"), AuditScope::All);
  EXPECT_EQ(auditScopeOf("writes"), AuditScope::Writes);
  EXPECT_EQ(auditScopeOf("off"), AuditScope::Off);
}

}  // namespace
}  // namespace rha::registryd
