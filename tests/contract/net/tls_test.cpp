// What only TLS has: certificates, versions, resumption, reloads, and clients that do not speak it.
#include <atomic>
#include <fstream>

#include "transport_contract.h"

namespace rha::net::test {
namespace {

using rha::test::connectTls;
using rha::test::TlsWish;

class TlsTest : public TransportContract {
 protected:
  static constexpr const char* kPlainHttp = "registry_ha_tls_handshake_failures_total{reason=\"plain_http\"}";

  RawClient connectWith(const TlsWish& wish) { return RawClient(connectTls(port, wish)); }
  // The reason for which a handshake fails is counted, and the engine goes on.
  void expectRefused(const TlsWish& wish, const std::string& reason) {
    EXPECT_THROW(connectTls(port, wish)->send("x"), std::runtime_error);
    EXPECT_TRUE(waitForMetric("registry_ha_tls_handshake_failures_total{reason=\"" + reason + "\"}", 1)) << reason;
    EXPECT_EQ(connect().get("/hello").status, 200);
  }
  // Whether a second connection resumes the session of a first.
  bool resumes(TlsWish wish) {
    auto first = connectTls(port, wish);
    TlsWish again = wish;
    rha::test::SessionPtr session;
    {
      rha::test::TlsChannel& channel = *first;
      RawClient client(std::move(first));
      EXPECT_EQ(client.get("/hello").status, 200);
      session = channel.session();
    }
    again.session = session.get();
    return connectTls(port, again)->resumed();
  }
  void replaceCertificate(const std::string& name) { authority.write(folder.path(), "server", {.names = {name}}); }
};
// Only the second of the suite's transports.
INSTANTIATE_TEST_SUITE_P(Transports, TlsTest, ::testing::Values(transports().at(1)), caseName);

TEST_P(TlsTest, TheNameThatIsAskedForChoosesTheCertificate) {
  const CertificateFiles first = authority.write(folder.path(), "first", {.names = {"registry.example.org"}});
  const CertificateFiles second =
      authority.write(folder.path(), "second", {.names = {"discovery.example.net", "*.svc.example.net"}});
  const CertificateFiles third =
      authority.write(folder.path(), "third", {.names = {"old.example.com"}, .onlyCommonName = true, .rsaBits = 2048});
  TlsTransportFactory several({.certificates = {first, second, third}}, clock, metrics);
  ASSERT_TRUE(several.load().ok());
  Server many({}, handler, observer, clock, logger, metrics);
  many.listen(Address::parse("127.0.0.1:0").value(), &several);
  many.start();
  port = many.addresses().at(0).port();
  const std::pair<const char*, const char*> cases[] = {{"registry.example.org", "registry.example.org"},
                                                       {"Discovery.Example.Net", "discovery.example.net"},
                                                       {"a.svc.example.net", "discovery.example.net"},
                                                       {"a.b.svc.example.net", "registry.example.org"},
                                                       {"old.example.com", "old.example.com"},
                                                       {"unknown.example.org", "registry.example.org"},
                                                       {"", "registry.example.org"}};
  for (const auto& [asked, shown] : cases) {
    EXPECT_EQ(connectTls(port, {.serverName = asked})->serverCommonName(), shown) << asked;
  }
  // The certificate is one that a client accepts.
  RawClient client = connectWith({.serverName = "a.svc.example.net", .trusted = authority.pem()});
  EXPECT_EQ(client.get("/hello").status, 200);
  many.stop(std::chrono::milliseconds(0));
}

TEST_P(TlsTest, OfCertificatesWithTheSameNameEachClientGetsTheKindOfKeyItKnows) {
  const auto pair = [&](const std::string& file, const std::string& name, int rsaBits) {
    return authority.write(folder.path(), file, {.names = {name, file + ".example.net"}, .rsaBits = rsaBits});
  };
  // The last one has a name that the others have too, by a wildcard.
  TlsTransportFactory both(
      {.certificates = {pair("curve", "registry.example.org", 0), pair("rsa", "registry.example.org", 2048),
                        pair("wild", "*.svc.test", 0), pair("exact", "a.svc.test", 2048)}},
      clock, metrics);
  ASSERT_TRUE(both.load().ok());
  Server many({}, handler, observer, clock, logger, metrics);
  many.listen(Address::parse("127.0.0.1:0").value(), &both);
  many.start();
  port = many.addresses().at(0).port();
  struct Case {
    const char* asked;
    const char* curve;
    const char* rsa;
  };
  for (const Case& each : {Case{"registry.example.org", "EC", "RSA"}, Case{"unknown.example.org", "EC", "RSA"},
                           Case{"a.svc.test", "EC", "RSA"}}) {
    const auto shownTo = [&](TlsWish wish) {
      wish.serverName = each.asked;
      return connectTls(port, wish)->serverKeyKind();
    };
    EXPECT_EQ(shownTo({.version = TLS1_3_VERSION, .signatures = "ECDSA+SHA256"}), each.curve) << each.asked;
    EXPECT_EQ(shownTo({.version = TLS1_3_VERSION, .signatures = "RSA-PSS+SHA256"}), each.rsa) << each.asked;
    EXPECT_EQ(shownTo({.version = TLS1_2_VERSION, .ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256"}), each.curve)
        << each.asked;
    EXPECT_EQ(shownTo({.version = TLS1_2_VERSION, .ciphers = "ECDHE-RSA-AES128-GCM-SHA256"}), each.rsa) << each.asked;
  }
  // Where there is no choice, none is made up.
  EXPECT_EQ(connectTls(port, {.serverName = "rsa.example.net"})->serverKeyKind(), "RSA");
  EXPECT_EQ(connectTls(port, {.serverName = "b.svc.test"})->serverKeyKind(), "EC");
  many.stop(std::chrono::milliseconds(0));
}

TEST_P(TlsTest, Version12And13AreSpokenAndOlderOnesRefused) {
  start();
  EXPECT_EQ(connectTls(port, {.version = TLS1_3_VERSION})->version(), "TLSv1.3");
  EXPECT_EQ(connectTls(port, {.version = TLS1_2_VERSION})->version(), "TLSv1.2");
  EXPECT_TRUE(waitForMetric("registry_ha_tls_handshakes_total{version=\"1.3\",resumed=\"false\"}", 1));
  EXPECT_TRUE(waitForMetric("registry_ha_tls_handshakes_total{version=\"1.2\",resumed=\"false\"}", 1));
  expectRefused({.version = TLS1_1_VERSION}, "version");
}

TEST_P(TlsTest, WeakCiphersAreRefused) {
  start();
  expectRefused({.version = TLS1_2_VERSION, .ciphers = "ECDHE-ECDSA-AES128-SHA"}, "cipher");
}

TEST_P(TlsTest, OnlyHttp11IsAgreedOn) {
  start();
  EXPECT_EQ(connectTls(port, {.protocols = {"h2", "http/1.1"}})->protocol(), "http/1.1");
  EXPECT_EQ(connectTls(port)->protocol(), "");
  expectRefused({.protocols = {"h2"}}, "alpn");
}

TEST_P(TlsTest, AClientThatDoesNotTrustUsIsCountedAndNoError) {
  start();
  const rha::test::TestAuthority other;
  expectRefused({.version = TLS1_2_VERSION, .trusted = other.pem()}, "client_alert");
}

TEST_P(TlsTest, SessionsAreResumed) {
  start();
  EXPECT_TRUE(resumes({.version = TLS1_3_VERSION}));
  EXPECT_TRUE(resumes({.version = TLS1_2_VERSION}));
  EXPECT_TRUE(waitForMetric("registry_ha_tls_handshakes_total{version=\"1.3\",resumed=\"true\"}", 1));
  EXPECT_TRUE(resumes({.version = TLS1_2_VERSION, .tickets = false})) << "by the server's cache";
}

TEST_P(TlsTest, PlainHttpIsToldToUseHttps) {
  start();
  for (const char* request :
       {"GET /v2/ HTTP/1.1\r\nHost: h\r\n\r\n", "PUT /x HTTP/1.1\r\nContent-Length: 9\r\n\r\nbody"}) {
    RawClient client(rha::test::connectTo(port));
    client.send(request);
    const RawAnswer answer = client.read();
    EXPECT_EQ(answer.status, 400);
    EXPECT_EQ(answer.body, "this port speaks TLS: use https");
    client.shutdownWrite();
    EXPECT_TRUE(client.isClosed());
  }
  EXPECT_TRUE(waitForMetric(kPlainHttp, 2));
  EXPECT_EQ(journal.count("refused 400"), 2);
}

TEST_P(TlsTest, GarbageIsClosed) {
  start();
  RawClient client(rha::test::connectTo(port));
  client.send(std::string("\x16\x03\x01\x00\x05hello\0\0\0\0", 14));
  EXPECT_TRUE(client.skip(100) < 100) << "an alert at most";
  EXPECT_TRUE(waitForMetric("registry_ha_tls_handshake_failures_total{reason=\"other\"}", 1));
  EXPECT_TRUE(waitForMetric("registry_ha_connections_closed_total{reason=\"handshake_failed\"}", 1));
}

TEST_P(TlsTest, AHandshakeThatTakesTooLongIsCutOff) {
  settings.headDeadline = std::chrono::milliseconds(200);
  start();
  RawClient silent(rha::test::connectTo(port));
  RawClient halfway(rha::test::connectTo(port));
  halfway.send(std::string("\x16\x03\x01\x02\x00", 5));
  EXPECT_TRUE(silent.isClosed());
  EXPECT_TRUE(halfway.isClosed());
  EXPECT_TRUE(waitForMetric("registry_ha_connections_closed_total{reason=\"handshake_deadline\"}", 2));
  EXPECT_TRUE(waitForMetric("registry_ha_tls_handshake_failures_total{reason=\"unfinished\"}", 2));
}

TEST_P(TlsTest, BeyondTheMaximumWhoDoesNotShakeHandsMakesRoom) {
  settings.maxConnections = 2;
  start();
  RawClient first(rha::test::connectTo(port));
  RawClient second(rha::test::connectTo(port));
  EXPECT_TRUE(waitForMetric("registry_ha_connections{state=\"handshake\"}", 2));
  EXPECT_EQ(connect().get("/hello").status, 200);
  EXPECT_TRUE(first.isClosed());
}

TEST_P(TlsTest, TheEndIsSaidToIdleClients) {
  settings.idleDeadline = std::chrono::milliseconds(100);
  start();
  auto channel = connectTls(port);
  rha::test::TlsChannel& client = *channel;
  RawClient reading(std::move(channel));
  EXPECT_TRUE(reading.isClosed());
  EXPECT_TRUE(client.saidGoodbye());
}

TEST_P(TlsTest, AClientThatEndsWithoutSayingSoGetsItsAnswersAndNoHalfBodyIsTakenForAWhole) {
  start();
  auto channel = connectTls(port);
  rha::test::TlsChannel* client = channel.get();
  RawClient asking(std::move(channel));
  asking.send("GET /hello HTTP/1.1\r\nHost: h\r\n\r\n");
  client->truncate();
  EXPECT_EQ(asking.read().body, "hello");
  EXPECT_TRUE(asking.isClosed());
  channel = connectTls(port);
  client = channel.get();
  RawClient sending(std::move(channel));
  sending.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\npart");
  client->truncate();
  EXPECT_TRUE(journal.saw("abort ClientGone"));
  EXPECT_EQ(journal.count("finish"), 0);
}

TEST_P(TlsTest, AReloadIsForNewConnectionsAndBrokenFilesChangeNothing) {
  start();
  RawClient old = connect();
  EXPECT_EQ(old.get("/hello").status, 200);
  replaceCertificate("renewed.example.org");
  EXPECT_EQ(connectTls(port)->serverCommonName(), "localhost") << "not before load()";
  const auto loaded = tls.load();
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded->generation, 2u);
  EXPECT_EQ(connectTls(port)->serverCommonName(), "renewed.example.org");
  EXPECT_EQ(old.get("/hello").status, 200);

  std::ofstream(folder.path() / "server.key") << "no key\n";
  const auto broken = tls.load();
  ASSERT_FALSE(broken.ok());
  EXPECT_EQ(broken.error().at(0), (folder.path() / "server.key").string() + ": holds no private key in PEM");
  EXPECT_EQ(connectTls(port)->serverCommonName(), "renewed.example.org");
  EXPECT_EQ(tls.status().generation, 2u);
  authority.write(folder.path(), "server", {.names = {"late"}, .validUntil = std::chrono::seconds(-60)});
  EXPECT_FALSE(tls.load().ok()) << "expired";
  EXPECT_EQ(metric("registry_ha_tls_generation"), 2);
  const std::string expiry =
      "registry_ha_tls_certificate_expiry_seconds{certificate=\"" + (folder.path() / "server.crt").string() + "\"}";
  EXPECT_NEAR(metric(expiry), 30 * 24 * 3600, 120);
}

TEST_P(TlsTest, CertificatesAreSwappedUnderLoad) {
  start();
  std::atomic<bool> over{false};
  std::atomic<int> answered{0};
  std::atomic<int> failed{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&] {
      while (!over) {
        RawClient client = connectWith({.trusted = authority.pem()});
        for (int n = 0; n < 3; ++n) {
          ++(client.get("/fast").status == 200 ? answered : failed);
        }
      }
    });
  }
  for (int i = 0; i < 20; ++i) {
    replaceCertificate("localhost");
    EXPECT_TRUE(tls.load().ok());
    EXPECT_TRUE(journal.saw("end /fast", 10L * (i + 1)));
  }
  over = true;
  for (std::thread& client : clients) {
    client.join();
  }
  EXPECT_GT(answered, 200);
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(tls.status().generation, 21u);
}

}  // namespace
}  // namespace rha::net::test
