// Connections from proxies, and how many one address may have.
#include "transport_contract.h"

namespace rha::net::test {
namespace {

using namespace std::literals;

class ProxiesContract : public TransportContract {
 protected:
  ProxiesContract() {
    route("/who", [](Request& request) { return Response(200, request.peer.text(), "text/plain"); });
    route("/later", [this](Request&) {
      gate.pass();
      return Response(200, "later", "text/plain");
    });
  }
  ~ProxiesContract() override {
    gate.open();
    stop();
  }
  void trustLoopback() {
    settings.speaksProxy = [](const Address& peer) { return peer.host() == "127.0.0.1"; };
  }
  [[nodiscard]] bool isTls() const { return GetParam().name == "Tls"; }
  Gate gate;
};
INSTANTIATE_TEST_SUITE_P(Transports, ProxiesContract, ::testing::ValuesIn(transports()), caseName);

TEST_P(ProxiesContract, ATrustedProxySaysWhoseTheConnectionIs) {
  trustLoopback();
  start();
  EXPECT_EQ(connect(0, "PROXY TCP4 192.0.2.7 192.0.2.1 51000 443\r\n").get("/who").body, "192.0.2.7:51000");
  EXPECT_EQ(connect(0, "PROXY TCP6 2001:db8::7 ::1 1 443\r\n").get("/who").body, "[2001:db8::7]:1");
  EXPECT_EQ(connect(0, "\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x08\xc0\x00\x02\x01\xc7\x38\x01\xbb"s)
                .get("/who")
                .body,
            "192.0.2.8:51000");
  EXPECT_TRUE(connect(0, "PROXY UNKNOWN\r\n").get("/who").body.starts_with("127.0.0.1:"));
}

TEST_P(ProxiesContract, TheHeaderMayArriveByteByByteAndTheConnectionIsKept) {
  trustLoopback();
  start();
  base::Fd socket = rha::test::connectSocket(port);
  for (const char byte : "PROXY TCP4 192.0.2.7 192.0.2.1 51000 443\r\n"s) {
    ASSERT_EQ(::send(socket.get(), &byte, 1, MSG_NOSIGNAL), 1);
  }
  std::unique_ptr<rha::test::Channel> channel;
  if (isTls()) {
    channel = std::make_unique<rha::test::TlsChannel>(std::move(socket), rha::test::TlsWish());
  } else {
    channel = std::make_unique<rha::test::TcpChannel>(std::move(socket));
  }
  RawClient client(std::move(channel));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(client.get("/who").body, "192.0.2.7:51000");
  }
}

TEST_P(ProxiesContract, ATrustedProxyThatSaysNothingGoodIsRefused) {
  trustLoopback();
  start();
  for (const char* begin : {"GET /hello HTTP/1.1\r\nHost: h\r\n\r\n", "PROXY TCP4 192.0.2.7\r\n", "\x16\x03\x01\x02"}) {
    RawClient client(rha::test::connectTo(port));
    client.send(begin);
    EXPECT_EQ(client.read().status, isTls() ? 0 : 400);
    EXPECT_TRUE(client.isClosed());
  }
  EXPECT_TRUE(waitForMetric("registry_ha_proxy_headers_refused_total", 3));
  EXPECT_EQ(journal.count("start /hello"), 0);
}

TEST_P(ProxiesContract, TheHeaderHasItsDeadline) {
  trustLoopback();
  settings.headDeadline = std::chrono::milliseconds(150);
  start();
  RawClient client(rha::test::connectTo(port));
  client.send("PROXY TCP4 192.0");
  EXPECT_TRUE(client.isClosed());
  EXPECT_TRUE(waitForMetric("registry_ha_connections_closed_total{reason=\"handshake_deadline\"}", 1));
}

TEST_P(ProxiesContract, AnyoneElseWhoSendsTheHeaderIsRefused) {
  start();
  RawClient client(rha::test::connectTo(port));
  client.send("PROXY TCP4 192.0.2.7 192.0.2.1 51000 443\r\nGET /who HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(client.read().status, 400);
  EXPECT_EQ(journal.count("start /who"), 0);
}

TEST_P(ProxiesContract, AnAddressWithTooManyConnectionsIsTold) {
  settings.maxConnectionsPerAddress = 2;
  start();
  RawClient first = connect();
  RawClient second = connect();
  EXPECT_EQ(first.get("/hello").status, 200);
  EXPECT_EQ(second.get("/hello").status, 200);
  RawClient third = connect();
  const RawAnswer answer = third.read();
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.body, "too many connections from your address");
  EXPECT_FALSE(answer.header("retry-after").empty());
  EXPECT_EQ(metric("registry_ha_connections_shed_total{how=\"address\"}"), 1);
  third.shutdownWrite();
  EXPECT_TRUE(third.isClosed());
  first.reset();
  EXPECT_TRUE(waitForMetric("registry_ha_connections{state=\"idle\"}", 1));
  EXPECT_TRUE(waitForMetric("registry_ha_connections{state=\"lingering\"}", 0));
  EXPECT_EQ(connect().get("/hello").status, 200) << "its place is free again";
}

TEST_P(ProxiesContract, BehindAProxyEachClientHasItsOwnLimit) {
  trustLoopback();
  settings.maxConnectionsPerAddress = 1;
  start();
  const std::string one = "PROXY TCP4 192.0.2.7 192.0.2.1 51000 443\r\n";
  const std::string other = "PROXY TCP4 192.0.2.8 192.0.2.1 51000 443\r\n";
  RawClient first = connect(0, one);
  first.send("GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(journal.saw("start /later"));
  EXPECT_EQ(connect(0, other).get("/hello").status, 200);
  EXPECT_EQ(connect(0, one).read().status, 503);
  gate.open();
  EXPECT_EQ(first.read().body, "later");
}

}  // namespace
}  // namespace rha::net::test
