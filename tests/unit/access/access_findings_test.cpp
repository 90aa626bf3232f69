#include "access/access_findings.h"

#include "access_fixture.h"

namespace {

using rha::access::accessFindings;
using rha::test::accessOf;
using Lines = std::vector<std::string>;

TEST(AccessFindings, there_are_none_in_the_shipped_examples) {
  EXPECT_EQ(accessFindings(accessOf(rha::test::accessText("seed.yaml"))), Lines{});
  EXPECT_EQ(accessFindings(accessOf(rha::test::accessText("newer.yaml"))), Lines{});
}

TEST(AccessFindings, what_is_probably_not_meant_is_named) {
  const std::string hash = "{password_hashes: [\"$apr1$saltsalt$" + std::string(22, 'a') + "\"]}";
  const auto document =
      accessOf("accounts: {idle: " + hash + ", homeless: " + hash + ", reader: " + hash + ", writer: " + hash +
               "}\n"
               "uploaders:\n"
               "- {host: one, addresses: [10.0.0.0/8], accounts: [reader, writer]}\n"
               "- {host: two, addresses: [10.1.0.1], accounts: [writer]}\n"
               "rules:\n"
               "- {namespace: \"\", pull: anonymous, push: [homeless, writer]}\n"
               "- {namespace: x/, pull: anonymous, push: [homeless, writer]}\n"
               "- {namespace: y/, pull: [reader]}\n"
               "- {namespace: z/}\n"
               "trusted_proxies: [10.1.0.0/16]\n");
  EXPECT_EQ(accessFindings(document),
            (Lines{"account idle: no rule gives it any right",
                   "account homeless: may push or delete, but no uploader host lists it, so it never can",
                   "account reader: an uploader host lists it, but no rule lets it push or delete",
                   "uploaders one and two share addresses (10.0.0.0/8)",
                   "uploader one: 10.0.0.0/8 is a trusted proxy, too: what it forwards can pretend to be any uploader",
                   "uploader two: 10.1.0.1 is a trusted proxy, too: what it forwards can pretend to be any uploader",
                   "rule \"x/\" gives the same rights as \"\"", "rule \"z/\": nobody may pull"}));
}

TEST(AccessFindings, what_can_never_apply_is_named) {
  const std::string hash = "{password_hashes: [\"$apr1$saltsalt$" + std::string(22, 'a') + "\"]}";
  const auto document = accessOf("accounts: {writer: " + hash + ", reader: " + hash +
                                 "}\n"
                                 "rules:\n"
                                 "- {namespace: \"\", pull: [reader], push: [writer]}\n"
                                 "catalog: {networks: [10.0.0.0/8, 10.1.0.0/16, 192.0.2.0/24]}\n"
                                 "challenge_hosts: [\"2001:db8::/32\", \"2001:db8::1\"]\n"
                                 "limits:\n"
                                 "- {name: a, accounts: anonymous, requests_per_second: 1}\n"
                                 "- {name: b, accounts: anonymous, networks: [10.0.0.0/8], requests_per_second: 5}\n"
                                 "- {name: c, networks: [10.0.0.0/8], blob_bytes: 1GiB}\n"
                                 "- {name: d}\n");
  EXPECT_EQ(accessFindings(document),
            (Lines{"account writer: may push or delete, but no uploader host lists it, so it never can",
                   "catalog.networks: 10.0.0.0/8 and 10.1.0.0/16 overlap",
                   "challenge_hosts: 2001:db8::/32 and 2001:db8::1 overlap",
                   "rule \"\": push can never match: no uploader host lists its accounts",
                   "limit b never applies: a stands before it and fits all of its clients",
                   "limit d limits nothing, and no other stands after it"}));
}

}  // namespace
