// Bodies of requests.
#include "transport_contract.h"

namespace rha::net::test {
namespace {

class BodiesContract : public TransportContract {
 protected:
  static std::string post(const std::string& path, const std::string& fields) {
    return "POST " + path + " HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n";
  }
  static std::string withLength(const std::string& path, std::size_t length) {
    return post(path, "Content-Length: " + std::to_string(length) + "\r\n");
  }
};
INSTANTIATE_TEST_SUITE_P(Transports, BodiesContract, ::testing::ValuesIn(transports()), caseName);

TEST_P(BodiesContract, ABodyOfSeveralBuffersArrivesWhole) {
  start();
  RawClient client = connect();
  const std::string body = pattern(3'000'017);
  for (int i = 0; i < 2; ++i) {
    client.send(withLength("/echo", body.size()) + body);
    const RawAnswer answer = client.read();
    EXPECT_EQ(answer.status, 201);
    EXPECT_TRUE(answer.body == body);
  }
  EXPECT_TRUE(journal.saw("end /echo", 2));
  EXPECT_EQ(observer.last().bytesIn, body.size());
  EXPECT_EQ(observer.last().bytesOut, body.size());
  EXPECT_TRUE(waitForMetric("registry_ha_body_buffer_bytes", 0));
}

TEST_P(BodiesContract, AChunkedBodyArrivesWholeHoweverItIsCut) {
  start();
  const std::string body = pattern(500'000);
  std::string raw;
  for (std::size_t at = 0, size = 1; at < body.size(); at += size, size = size * 3 % 70'001) {
    const std::string chunk = body.substr(at, size);
    char head[32];
    std::snprintf(head, sizeof head, "%zx;x=y\r\n", chunk.size());
    raw += head + chunk + "\r\n";
  }
  raw += "0\r\nTrailer: dropped\r\n\r\n";
  RawClient client = connect();
  client.send(post("/echo", "Transfer-Encoding: chunked\r\n") + raw);
  EXPECT_TRUE(client.read().body == body);
  client.send(post("/echo", "Transfer-Encoding: chunked\r\n"));
  for (const char byte : std::string("4\r\nabcd\r\n0\r\n\r\n")) {
    client.send(std::string(1, byte));
  }
  EXPECT_EQ(client.read().body, "abcd");
}

TEST_P(BodiesContract, ASinkWithoutABodyIsFinishedAtOnce) {
  start();
  RawClient client = connect();
  client.send(post("/echo", "Content-Length: 0\r\n"));
  EXPECT_EQ(client.read().status, 201);
  client.send(post("/echo", "Transfer-Encoding: chunked\r\n") + "0\r\n\r\n");
  EXPECT_EQ(client.read().status, 201);
  EXPECT_EQ(journal.count("write"), 0);
  EXPECT_EQ(journal.count("finish"), 2);
}

TEST_P(BodiesContract, ContinueIsSentOnceASinkWantsTheBody) {
  start();
  RawClient client = connect();
  client.send(post("/echo", "Content-Length: 4\r\nExpect: 100-continue\r\n"));
  EXPECT_EQ(client.read().status, 100);
  client.send("body");
  const RawAnswer answer = client.read();
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(answer.body, "body");
}

TEST_P(BodiesContract, NoContinueIsSentWhenTheBodyIsAlreadyThere) {
  start();
  RawClient client = connect();
  client.send(post("/echo", "Content-Length: 4\r\nExpect: 100-continue\r\n") + "body");
  EXPECT_EQ(client.read().status, 201);
}

TEST_P(BodiesContract, ARefusedExpectationReadsNoBodyAndCloses) {
  start();
  RawClient client = connect();
  client.send(post("/refuse", "Content-Length: 4\r\nExpect: 100-continue\r\n"));
  const RawAnswer answer = client.read();
  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(answer.header("connection"), "close");
  EXPECT_TRUE(client.isClosed());
}

TEST_P(BodiesContract, AShortUnwantedBodyIsDrainedAndNeverTakenForARequest) {
  start();
  RawClient client = connect();
  const std::string smuggled = "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n";
  client.send(withLength("/refuse", smuggled.size()) + smuggled + "GET /fast HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(client.read().status, 401);
  EXPECT_EQ(client.read().body, "fast");
  EXPECT_EQ(journal.count("start /hello"), 0);
}

TEST_P(BodiesContract, ALongUnwantedBodyClosesTheConnectionAndTheClientCanReadWhy) {
  start();
  RawClient client = connect();
  const std::string body = pattern(4'000'000);
  EXPECT_TRUE(client.send(withLength("/refuse", body.size()) + body)) << "what is left is read and dropped";
  const RawAnswer answer = client.read();
  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(answer.body, "who are you");
  EXPECT_EQ(answer.header("connection"), "close");
  client.shutdownWrite();
  EXPECT_TRUE(client.isClosed());
}

TEST_P(BodiesContract, AnUnwantedChunkedBodyClosesTheConnection) {
  start();
  RawClient client = connect();
  client.send(post("/refuse", "Transfer-Encoding: chunked\r\n") +
              "3\r\nabc\r\n0\r\n\r\nGET /hello HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(client.read().header("connection"), "close");
  EXPECT_TRUE(client.isClosed());
  EXPECT_EQ(journal.count("start /hello"), 0);
}

TEST_P(BodiesContract, MalformedChunksAbortTheSinkAndAre400) {
  start();
  for (const char* raw : {"5\nhello", "x\r\n", "3\r\nabcd\r\n"}) {
    RawClient client = connect();
    client.send(post("/echo", "Transfer-Encoding: chunked\r\n") + raw);
    const RawAnswer answer = client.read();
    EXPECT_EQ(answer.status, 400) << raw;
    EXPECT_EQ(answer.header("connection"), "close");
    EXPECT_TRUE(client.isClosed());
  }
  EXPECT_TRUE(journal.saw("abort Malformed", 3));
  EXPECT_TRUE(journal.saw("end /echo malformed", 3));
  EXPECT_EQ(observer.last().status, 400);
}

TEST_P(BodiesContract, AStalledBodyAbortsTheSinkAndIs408) {
  settings.bodyDeadline = std::chrono::milliseconds(150);
  start();
  RawClient client = connect();
  client.send(withLength("/echo", 100) + "part");
  EXPECT_EQ(client.read().status, 408);
  EXPECT_TRUE(client.isClosed());
  EXPECT_TRUE(journal.saw("abort Deadline"));
  EXPECT_TRUE(journal.saw("end /echo deadline"));
  EXPECT_EQ(journal.count("finish"), 0);
}

TEST_P(BodiesContract, AClientThatGoesAwayInMidBodyAbortsTheSink) {
  start();
  RawClient polite = connect();
  polite.send(withLength("/echo", 100) + "part");
  EXPECT_TRUE(journal.saw("write"));
  polite.shutdownWrite();
  EXPECT_TRUE(journal.saw("abort ClientGone"));
  RawClient rude = connect();
  rude.send(withLength("/echo", 100) + "part");
  EXPECT_TRUE(journal.saw("write", 2));
  rude.reset();
  EXPECT_TRUE(journal.saw("abort ClientGone", 2));
  EXPECT_TRUE(journal.saw("end /echo client gone", 2));
  EXPECT_EQ(observer.last().status, 0);
}

TEST_P(BodiesContract, AClientThatGoesAwayWhileTheHandlerRunsIsNoticed) {
  Gate gate;
  route("/later", [&](Request&) {
    journal.note("in /later");
    gate.pass();
    return Response(200, "later", "text/plain");
  });
  route("/sink-later", [&](Request&) {
    journal.note("in /sink-later");
    gate.pass();
    return std::make_unique<EchoSink>(journal);
  });
  start();
  RawClient first = connect();
  first.send("GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
  RawClient second = connect();
  second.send(withLength("/sink-later", 10));
  EXPECT_TRUE(journal.saw("in /later"));
  EXPECT_TRUE(journal.saw("in /sink-later"));
  first.reset();
  second.reset();
  EXPECT_TRUE(waitForMetric("registry_ha_connections_closed_total{reason=\"client_gone\"}", 2));
  EXPECT_EQ(journal.count("end /later client gone"), 0) << "the handler still has the request";
  gate.open();
  EXPECT_TRUE(journal.saw("end /later client gone"));
  EXPECT_TRUE(journal.saw("end /sink-later client gone"));
  EXPECT_EQ(journal.count("abort ClientGone"), 1);
}

TEST_P(BodiesContract, ASinkMayAnswerBeforeTheBodyIsComplete) {
  class EarlySink final : public EchoSink {
   public:
    using EchoSink::EchoSink;
    std::optional<Response> write(std::span<const std::byte>) override {
      return Response(413, "too much", "text/plain");
    }
  };
  route("/early", [this](Request&) { return std::make_unique<EarlySink>(journal); });
  start();
  RawClient client = connect();
  const std::string body = pattern(2'000'000);
  client.send(withLength("/early", body.size()) + body);
  const RawAnswer answer = client.read();
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(answer.header("connection"), "close");
  client.shutdownWrite();
  EXPECT_TRUE(client.isClosed());
  EXPECT_TRUE(journal.saw("end /early"));
  EXPECT_EQ(journal.count("finish"), 0);
  EXPECT_EQ(journal.count("abort ClientGone"), 0);
}

TEST_P(BodiesContract, WhatHandlersAndSinksThrowIsAnsweredByTheObserver) {
  class ThrowingSink final : public EchoSink {
   public:
    using EchoSink::EchoSink;
    std::optional<Response> write(std::span<const std::byte>) override { throw std::runtime_error("disk full"); }
  };
  route("/throw", [](Request&) -> Response { throw std::runtime_error("no luck"); });
  route("/throw-sink", [this](Request&) { return std::make_unique<ThrowingSink>(journal); });
  handler.fast["/throw-fast"] = []() -> Response { throw std::runtime_error("no luck here"); };
  start();
  RawClient client = connect();
  EXPECT_EQ(client.get("/throw").body, "no luck");
  EXPECT_EQ(client.get("/throw-fast").body, "no luck here");
  client.send(withLength("/throw-sink", 4) + "body");
  const RawAnswer answer = client.read();
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(answer.body, "disk full");
  EXPECT_EQ(client.get("/hello").status, 200) << "the body was complete, so the connection goes on";
}

TEST_P(BodiesContract, AClientIsSlowedDownWhenTheSinkIs) {
  Gate gate;
  class GatedSink final : public EchoSink {
   public:
    GatedSink(Journal& journal, Gate& gate) : EchoSink(journal), gate_(gate) {}
    std::optional<Response> write(std::span<const std::byte> bytes) override {
      gate_.pass();
      return EchoSink::write(bytes);
    }

   private:
    Gate& gate_;
  };
  route("/gated", [&](Request&) { return std::make_unique<GatedSink>(journal, gate); });
  start();
  RawClient client = connect();
  const std::string body = pattern(20'000'000);
  std::thread sender([&] { client.send(withLength("/gated", body.size()) + body); });
  EXPECT_TRUE(waitForMetric("registry_ha_body_buffer_bytes", static_cast<double>(settings.bodyBufferBytes)));
  gate.open();
  EXPECT_TRUE(client.read().body == body);
  sender.join();
}

TEST_P(BodiesContract, TheBudgetBoundsAllBodiesAndNobodyStarves) {
  settings.bodyBudgetBytes = 64 * 1024;
  settings.bodyBufferBytes = 64 * 1024;
  start();
  const std::string body = pattern(300'000);
  std::vector<std::thread> clients;
  std::atomic<int> whole{0};
  std::atomic<bool> exceeded{false};
  for (int i = 0; i < 24; ++i) {
    clients.emplace_back([&] {
      RawClient client = connect();
      std::thread sender([&] { client.send(withLength("/echo", body.size()) + body); });
      whole += client.read().body == body ? 1 : 0;
      sender.join();
      exceeded = exceeded || metric("registry_ha_body_buffer_bytes") > 64 * 1024;
    });
  }
  for (std::thread& client : clients) {
    client.join();
  }
  EXPECT_EQ(whole, 24);
  EXPECT_FALSE(exceeded);
  EXPECT_TRUE(waitForMetric("registry_ha_body_buffer_bytes", 0));
  EXPECT_EQ(metric("registry_ha_body_buffer_waiting"), 0);
}

}  // namespace
}  // namespace rha::net::test
