#include "net/tls_certificate.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "support/temporary_folder.h"
#include "support/test_certificates.h"

namespace rha::net {
namespace {

using Lines = std::vector<std::string>;

class TlsCertificate : public ::testing::Test {
 protected:
  CertificateFiles make(const std::string& name, const rha::test::CertificateWish& wish) {
    return authority.write(folder.path(), name, wish);
  }
  std::string path(const std::string& name) { return (folder.path() / name).string(); }
  // With the folder left out of the texts.
  Lines plain(Lines lines) {
    for (std::string& line : lines) {
      for (std::size_t at = 0; (at = line.find(folder.path().string() + "/")) != std::string::npos;) {
        line.erase(at, folder.path().string().size() + 1);
      }
    }
    return lines;
  }
  TlsFindings check(std::vector<CertificateFiles> certificates) {
    TlsFindings findings = checkTls({.certificates = std::move(certificates)}, clock.now());
    return {plain(findings.errors), plain(findings.warnings)};
  }

  rha::test::TemporaryFolder folder;
  rha::test::TestAuthority authority;
  base::SystemClock clock;
};

TEST_F(TlsCertificate, names_and_times_are_read) {
  const auto loaded = loadCertificate(make("a", {.names = {"A.example.org", "*.example.org"}}));
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded->info.names, (Lines{"a.example.org", "*.example.org"}));
  EXPECT_LT(loaded->info.notBefore, clock.now());
  EXPECT_GT(loaded->info.notAfter, clock.now() + std::chrono::hours(29 * 24));
  const auto old = loadCertificate(make("b", {.names = {"Old"}, .onlyCommonName = true}));
  EXPECT_EQ(old->info.names, (Lines{"old"}));
}

TEST_F(TlsCertificate, a_good_pair_has_no_findings) {
  const TlsFindings findings = check({make("a", {.names = {"a"}}), make("b", {.names = {"b"}, .rsaBits = 2048})});
  EXPECT_EQ(findings.errors, Lines{});
  EXPECT_EQ(findings.warnings, Lines{});
}

TEST_F(TlsCertificate, settings_without_a_certificate_have_no_findings) {
  const TlsFindings findings = check({});
  EXPECT_EQ(findings.errors, Lines{});
  EXPECT_EQ(findings.warnings, Lines{});
}

TEST_F(TlsCertificate, every_fault_of_every_file_is_told) {
  const CertificateFiles a = make("a", {.names = {"a"}});
  const CertificateFiles b = make("b", {.names = {"b"}});
  std::ofstream(path("empty")) << "nothing\n";
  EXPECT_EQ(check({{path("none.crt"), a.key},
                   {path("empty"), a.key},
                   {a.certificate, path("none.key")},
                   {a.certificate, path("empty")},
                   {a.certificate, b.key},
                   {path("."), a.key}})
                .errors,
            (Lines{"none.crt: there is no such file", "empty: holds no certificate in PEM",
                   "none.key: there is no such file", "empty: holds no private key in PEM",
                   "b.key: is not the key of the first certificate in a.crt", ".: cannot be read: Is a directory"}));
}

TEST_F(TlsCertificate, a_key_with_a_passphrase_is_not_asked_for) {
  const CertificateFiles a = make("a", {.names = {"a"}});
  const std::string command =
      "openssl pkey -in " + a.key + " -aes256 -passout pass:secret -out " + path("locked") + " 2>/dev/null";
  ASSERT_EQ(std::system(command.c_str()), 0);
  EXPECT_EQ(check({{a.certificate, path("locked")}}).errors,
            (Lines{"locked: the private key is encrypted; give it without a passphrase"}));
}

TEST_F(TlsCertificate, a_key_that_is_too_short_is_an_error) {
  EXPECT_EQ(check({make("a", {.names = {"a"}, .rsaBits = 1024})}).errors,
            (Lines{"a.crt: OpenSSL does not take it: ee key too small"}));
}

TEST_F(TlsCertificate, what_somebody_should_act_on_is_a_warning) {
  using std::chrono::hours;
  const CertificateFiles open = make("open", {.names = {"open"}});
  ::chmod(open.key.c_str(), 0644);
  const auto day = [&](hours from) { return base::formatRfc3339(clock.now() + from).substr(0, 10); };
  const TlsFindings findings =
      check({open, make("soon", {.names = {"soon"}, .validUntil = hours(13 * 24 + 12)}),
             make("past", {.names = {"past"}, .validUntil = hours(-48)}), make("again", {.names = {"past"}}),
             make("other-kind", {.names = {"past"}, .rsaBits = 2048})});
  EXPECT_EQ(findings.errors, Lines{});
  EXPECT_EQ(findings.warnings,
            (Lines{"open.key: everybody on this host can read this private key; chmod o-r open.key",
                   "soon.crt: expires soon, on " + day(hours(13 * 24 + 12)) + "; renew it",
                   "past.crt: has EXPIRED on " + day(hours(-48)) + "; clients refuse it. Renew it",
                   "again.crt: is never used: the certificates before it, with keys of the same kind, have "
                   "all its names"}));
}

}  // namespace
}  // namespace rha::net
