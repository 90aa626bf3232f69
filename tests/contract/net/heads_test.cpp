// Heads, keep-alive and pipelining.
#include "transport_contract.h"

namespace rha::net::test {
namespace {

class HeadsContract : public TransportContract {};
INSTANTIATE_TEST_SUITE_P(Transports, HeadsContract, ::testing::ValuesIn(transports()), caseName);

TEST_P(HeadsContract, AnswersOnAWorkerOrStraightFromTheEventThread) {
  start();
  RawClient client = connect();
  for (const char* path : {"/hello", "/fast", "/hello", "/fast"}) {
    const RawAnswer answer = client.get(path);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, path + 1);
    EXPECT_EQ(answer.header("connection"), "");
    EXPECT_TRUE(answer.header("date").ends_with(" GMT"));
  }
  EXPECT_TRUE(journal.saw("end /fast", 2));
  EXPECT_EQ(observer.last().status, 200);
  EXPECT_EQ(observer.last().bytesOut, 4u);
}

TEST_P(HeadsContract, AHeadMayArriveByteByByte) {
  start();
  RawClient client = connect();
  for (const char byte : std::string("GET /hello HTTP/1.1\r\nHost: h\r\nX-Request-Id: my-id\r\n\r\n")) {
    ASSERT_TRUE(client.send(std::string(1, byte)));
  }
  const RawAnswer answer = client.read();
  EXPECT_EQ(answer.body, "hello");
  EXPECT_EQ(answer.header("x-request-id"), "my-id");
}

TEST_P(HeadsContract, PipelinedRequestsAreAnsweredInOrder) {
  start();
  RawClient client = connect();
  std::string requests;
  for (int i = 0; i < 100; ++i) {
    requests += "GET /fast HTTP/1.1\r\nHost: h\r\n\r\nPOST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n" +
                std::to_string(100 + i) + "GET /none HTTP/1.1\r\nHost: h\r\n\r\n";
  }
  std::thread sender([&] { client.send(requests); });
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(client.read().body, "fast");
    EXPECT_EQ(client.read().body, std::to_string(100 + i));
    EXPECT_EQ(client.read().status, 404);
  }
  sender.join();
}

TEST_P(HeadsContract, RequestsAfterAChunkedBodyInTheSamePacketAreServed) {
  start();
  RawClient client = connect();
  client.send(
      "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
      "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(client.read().body, "abc");
  EXPECT_EQ(client.read().body, "hello");
}

TEST_P(HeadsContract, Http10IsClosedUnlessItAsksForKeepAlive) {
  start();
  RawClient closing = connect();
  closing.send("GET /hello HTTP/1.0\r\n\r\n");
  EXPECT_EQ(closing.read().header("connection"), "close");
  EXPECT_TRUE(closing.isClosed());
  RawClient keeping = connect();
  for (int i = 0; i < 2; ++i) {
    keeping.send("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_EQ(keeping.read().header("connection"), "keep-alive");
  }
}

TEST_P(HeadsContract, TheClientMayAskForTheConnectionToBeClosed) {
  start();
  RawClient client = connect();
  EXPECT_EQ(client.get("/hello", "Connection: close\r\n").header("connection"), "close");
  EXPECT_TRUE(client.isClosed());
}

TEST_P(HeadsContract, AHalfClosedClientStillGetsItsAnswers) {
  Gate gate;
  route("/later", [&](Request&) {
    gate.pass();
    return Response(200, "later", "text/plain");
  });
  start();
  RawClient client = connect();
  client.send("GET /later HTTP/1.1\r\nHost: h\r\n\r\nGET /hello HTTP/1.1\r\nHost: h\r\n\r\n");
  client.shutdownWrite();
  EXPECT_TRUE(journal.saw("start /later"));
  gate.open();
  EXPECT_EQ(client.read().body, "later");
  EXPECT_EQ(client.read().body, "hello");
  EXPECT_TRUE(client.isClosed());
}

TEST_P(HeadsContract, WhatTheParserRefusesIsAnsweredAndClosed) {
  start();
  const std::pair<const char*, int> cases[] = {
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/1.1\nHost: h\n\n", 400},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nGET /hello HTTP/1.1\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n", 501},
      {"GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505}};
  for (const auto& [head, status] : cases) {
    RawClient client = connect();
    client.send(head);
    const RawAnswer answer = client.read();
    EXPECT_EQ(answer.status, status) << head;
    EXPECT_EQ(answer.header("connection"), "close");
    EXPECT_FALSE(answer.header("x-request-id").empty());
    EXPECT_TRUE(client.isClosed());
  }
  EXPECT_EQ(journal.count("refused 400"), 4);
}

TEST_P(HeadsContract, TooLongHeadsAndTargetsAreRefusedWhileTheyArrive) {
  settings.head = {.headBytes = 4096, .targetBytes = 1024, .fields = 10};
  start();
  RawClient longTarget = connect();
  longTarget.send("GET /" + std::string(200'000, 'a'));
  EXPECT_EQ(longTarget.read().status, 414);
  RawClient longHead = connect();
  longHead.send("GET / HTTP/1.1\r\nHost: h\r\nA: " + std::string(200'000, 'a'));
  EXPECT_EQ(longHead.read().status, 431);
  RawClient manyFields = connect();
  std::string fields;
  for (int i = 0; i < 20; ++i) {
    fields += "A: b\r\n";
  }
  EXPECT_EQ(manyFields.get("/", fields).status, 431);
}

TEST_P(HeadsContract, ASlowHeadIsRefusedAndAnIdleConnectionClosed) {
  settings.headDeadline = std::chrono::milliseconds(150);
  settings.idleDeadline = std::chrono::milliseconds(300);
  start();
  RawClient slow = connect();
  RawClient idle = connect();
  RawClient used = connect();
  slow.send("GET / HTTP/1.1\r\nHo");
  EXPECT_EQ(used.get("/hello").status, 200);
  EXPECT_EQ(slow.read().status, 408);
  EXPECT_TRUE(slow.isClosed());
  EXPECT_TRUE(idle.isClosed());
  EXPECT_TRUE(used.isClosed());
  EXPECT_TRUE(waitForMetric("registry_ha_connections_closed_total{reason=\"idle_deadline\"}", 2));
}

TEST_P(HeadsContract, DrippingBytesDoesNotRenewTheDeadlineOfAHead) {
  settings.headDeadline = std::chrono::milliseconds(200);
  start();
  RawClient client = connect();
  const auto begun = clock.steady();
  std::thread dripping([&] {
    client.send("GET / HTTP/1.1\r\n");
    while (!journal.count("refused 408") && clock.steady() - begun < std::chrono::seconds(5)) {
      client.send("A: b\r\n");
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  });
  EXPECT_TRUE(journal.saw("refused 408"));
  EXPECT_LT(clock.steady() - begun, std::chrono::seconds(2));
  dripping.join();
}

TEST_P(HeadsContract, RequestIdsOfTheClientAreTakenOnlyIfHarmless) {
  start();
  RawClient client = connect();
  EXPECT_EQ(client.get("/hello", "X-Request-Id: a.B-9_\r\n").header("x-request-id"), "a.B-9_");
  const std::string first = client.get("/hello", "X-Request-Id: a b\r\n").header("x-request-id");
  const std::string second =
      client.get("/hello", "X-Request-Id: " + std::string(65, 'a') + "\r\n").header("x-request-id");
  EXPECT_EQ(first.size(), 16u);
  EXPECT_EQ(second.size(), 16u);
  EXPECT_NE(first, second);
}

TEST_P(HeadsContract, TheRequestKnowsBothEndsOfItsConnection) {
  route("/who",
        [](Request& request) { return Response(200, request.peer.host() + " " + request.local.text(), "text/plain"); });
  start();
  RawClient client = connect();
  EXPECT_EQ(client.get("/who").body, "127.0.0.1 127.0.0.1:" + std::to_string(port));
}

}  // namespace
}  // namespace rha::net::test
