#include "apps/registryd/self_check.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "apps/registryd/exchange_log.h"
#include "net/server.h"
#include "net/tls.h"
#include "support/temporary_folder.h"
#include "support/test_certificates.h"

namespace rha::registryd {
namespace {

using namespace std::chrono_literals;

class AlwaysUnavailable final : public net::Handler {
 public:
  net::Disposition handle(net::Request&) override { return net::Response(503); }
};

TEST(SelfCheck, takes_any_answer_for_a_sign_of_life) {
  AlwaysUnavailable handler;
  const base::SystemClock clock;
  const base::Logger logger{{.level = base::LogLevel::Error}};
  base::MetricsRegistry metrics;
  ExchangeLog log(AccessLog::Failures, clock, logger, metrics);
  net::Server server({}, handler, log, clock, logger, metrics);
  server.listen(*net::Address::parse("127.0.0.1:0"));
  server.start();
  EXPECT_EQ(selfCheck({server.addresses().front()}, 10s), "");
  server.stop(1s);
}

TEST(SelfCheck, speaks_tls_and_the_proxy_protocol_where_that_is_wanted) {
  AlwaysUnavailable handler;
  const base::SystemClock clock;
  const base::Logger logger{{.level = base::LogLevel::Error}};
  base::MetricsRegistry metrics;
  ExchangeLog log(AccessLog::Failures, clock, logger, metrics);
  const rha::test::TemporaryFolder folder;
  const rha::test::TestAuthority authority;
  net::TlsTransportFactory tls({.certificates = {authority.write(folder.path(), "server", {.names = {"localhost"}})}},
                               clock, metrics);
  ASSERT_TRUE(tls.load().ok());
  net::ServerSettings settings;
  settings.speaksProxy = [](const net::Address&) { return true; };
  net::Server server(settings, handler, log, clock, logger, metrics);
  server.listen(*net::Address::parse("127.0.0.1:0"));
  server.listen(*net::Address::parse("127.0.0.1:0"), &tls);
  server.start();
  EXPECT_EQ(selfCheck({.address = server.addresses().at(0), .proxied = true}, 10s), "");
  EXPECT_EQ(selfCheck({.address = server.addresses().at(1), .tls = true, .proxied = true}, 10s), "");
  EXPECT_NE(selfCheck({.address = server.addresses().at(1), .tls = true, .proxied = false}, 10s), "");
  server.stop(1s);
}

TEST(SelfCheck, says_when_nobody_listens_or_nobody_answers) {
  const base::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in raw{};
  raw.sin_family = AF_INET;
  raw.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&raw), sizeof raw), 0);
  sockaddr_storage bound{};
  socklen_t length = sizeof bound;
  ASSERT_EQ(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&bound), &length), 0);
  const net::Address address = net::Address::from(bound);
  EXPECT_NE(selfCheck({address}, 10s), "");

  // The kernel accepts for it, but no one reads.
  ASSERT_EQ(::listen(socket.get(), 1), 0);
  EXPECT_EQ(selfCheck({address}, 50ms), address.text() + " does not answer");
}

}  // namespace
}  // namespace rha::registryd
