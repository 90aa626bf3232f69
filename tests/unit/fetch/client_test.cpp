#include "fetch/client.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <thread>
#include <vector>

#include "support/scripted_server.h"

namespace rha::fetch {
namespace {

using rha::test::ScriptedServer;
using Call = ScriptedServer::Call;
using std::chrono::milliseconds;

constexpr std::uint64_t kMax = 1U << 20U;

std::string pattern(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<char>((i * 31 + i / 251) & 0xff);
  }
  return bytes;
}

std::optional<FetchFailure> failureOf(const std::function<void()>& work, std::string* text = nullptr) {
  try {
    work();
    return std::nullopt;
  } catch (const FetchError& error) {
    if (text != nullptr) {
      *text = error.what();
    }
    return error.failure();
  }
}

TEST(FetchClient, AnAnswerHasStatusHeadersAndBody) {
  ScriptedServer server([](Call& call) { call.answer(404, "not here", "X-Thing:  a b \r\nx-empty:\r\n"); });
  Client client({});
  const Response response = client.fetch({.url = server.url("/a?b=c")}, kMax);
  EXPECT_EQ(response.head.status, 404);
  EXPECT_EQ(response.head.find("x-thing"), "a b");
  EXPECT_EQ(response.head.find("X-Empty"), "");
  EXPECT_EQ(response.head.find("x-other"), std::nullopt);
  EXPECT_EQ(response.head.contentLength(), 8U);
  EXPECT_EQ(response.body, "not here");
}

TEST(FetchClient, MethodTargetHeadersAndBodyArriveAsGiven) {
  Call seen;
  ScriptedServer server([&](Call& call) {
    seen = call;
    call.answer(201, "");
  });
  Client client({.userAgent = "tests"});
  const std::string bytes = pattern(3000000);
  const MemoryBody body(bytes);
  EXPECT_EQ(client
                .fetch({.method = "PUT",
                        .url = server.url("/a/../b%2Fc?z=1&a="),
                        .headers = {{"X-One", "1"}, {"X-None", ""}},
                        .body = &body},
                       kMax)
                .head.status,
            201);
  EXPECT_EQ(seen.method, "PUT");
  EXPECT_EQ(seen.target, "/a/../b%2Fc?z=1&a=");
  EXPECT_EQ(seen.headers["x-one"], "1");
  EXPECT_EQ(seen.headers.count("x-none"), 1U);
  EXPECT_EQ(seen.headers["user-agent"], "tests");
  EXPECT_EQ(seen.headers.count("expect"), 0U);
  EXPECT_EQ(seen.headers["content-length"], "3000000");
  EXPECT_TRUE(seen.body == bytes);
}

TEST(FetchClient, AnEmptyBodyHasALengthAndNoBodyHasNone) {
  Call seen;
  ScriptedServer server([&](Call& call) {
    seen = call;
    call.answer(204, "");
  });
  Client client({});
  const MemoryBody empty("");
  client.fetch({.method = "PUT", .url = server.url(), .body = &empty}, kMax);
  EXPECT_EQ(seen.headers["content-length"], "0");
  client.fetch({.method = "DELETE", .url = server.url()}, kMax);
  EXPECT_EQ(seen.method, "DELETE");
  EXPECT_EQ(seen.headers.count("content-length"), 0U);
}

TEST(FetchClient, HeadHasNoBody) {
  ScriptedServer server([](Call& call) { call.answer(200, "12345"); });
  Client client({});
  const Response response = client.fetch({.method = "HEAD", .url = server.url()}, kMax);
  EXPECT_EQ(response.head.contentLength(), 5U);
  EXPECT_EQ(response.body, "");
}

TEST(FetchClient, OneConnectionServesManyRequests) {
  ScriptedServer server([](Call& call) { call.answer(200, "x"); });
  Client client({});
  for (int i = 0; i < 20; ++i) {
    client.fetch({.url = server.url()}, kMax);
  }
  EXPECT_EQ(server.connections(), 1U);
  EXPECT_EQ(client.active(), 0U);
}

TEST(FetchClient, AConnectionThatTheServerClosedIsReplacedAndTheBodySentAgain) {
  std::string last;
  ScriptedServer server([&](Call& call) {
    last = call.body;
    call.answer(200, "x");
    call.keep = false;
  });
  Client client({});
  const std::string bytes = pattern(200000);
  const MemoryBody body(bytes);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(client.fetch({.method = "PUT", .url = server.url(), .body = &body}, kMax).head.status, 200);
    EXPECT_TRUE(last == bytes);
  }
}

TEST(FetchClient, AConnectionThatTheServerClosesWhileTheBodyGoesOutIsReplacedOnce) {
  ScriptedServer server([&](Call& call) {
    call.answer(200, "x");
    if (call.number == 1) {
      char byte = 0;
      ::recv(call.connection, &byte, 1, MSG_PEEK);  // the next request has begun
      ::shutdown(call.connection, SHUT_WR);
      std::this_thread::sleep_for(
          std::chrono::milliseconds(20));  // the client sends on: it knows the end, not the reset
      call.reset();
    }
  });
  Client client({});
  const std::string bytes = pattern(16U << 20U);
  const MemoryBody body(bytes);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(client.fetch({.method = "PUT", .url = server.url(), .body = &body}, kMax).head.status, 200);
  }
  EXPECT_EQ(server.connections(), 2U);
}

TEST(FetchClient, AServerThatClosesEveryConnectionIsNotAskedForEver) {
  ScriptedServer server([&](Call& call) {
    if (call.number == 1) {
      call.answer(200, "x");
    }
    call.keep = call.number == 1;
  });
  Client client({});
  EXPECT_EQ(client.fetch({.url = server.url()}, kMax).head.status, 200);
  EXPECT_THROW(client.fetch({.url = server.url()}, kMax), FetchError);
  EXPECT_EQ(server.connections(), 2U);
}

TEST(FetchClient, ALargeAnswerIsReadInPieces) {
  const std::string bytes = pattern(10U << 20U);
  ScriptedServer server([&](Call& call) { call.answer(200, bytes); });
  Client client({});
  const auto exchange = client.start({.url = server.url()});
  EXPECT_EQ(exchange->head().status, 200);
  std::string found;
  std::vector<std::byte> buffer(77777);
  while (const std::size_t count = exchange->read(buffer)) {
    found.append(reinterpret_cast<const char*>(buffer.data()), count);
  }
  EXPECT_TRUE(found == bytes);
  EXPECT_EQ(exchange->read(buffer), 0U);
}

TEST(FetchClient, AChunkedAnswerIsReadToItsEnd) {
  ScriptedServer server([](Call& call) {
    call.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n");
  });
  Client client({});
  EXPECT_EQ(client.fetch({.url = server.url()}, kMax).body, "hello world");
}

TEST(FetchClient, AReaderWhoPausesHoldsTheServerBack) {
  std::atomic<std::uint64_t> sent{0};
  constexpr std::uint64_t kTotal = 64U << 20U;
  ScriptedServer server([&](Call& call) {
    call.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kTotal) + "\r\n\r\n");
    const std::string piece(1U << 20U, 'x');
    for (std::uint64_t i = 0; i < kTotal / piece.size(); ++i) {
      call.send(piece);
      sent += piece.size();
    }
  });
  Client client({});
  const auto exchange = client.start({.url = server.url()});
  std::vector<std::byte> buffer(1000);
  ASSERT_EQ(exchange->head().status, 200);
  // advance() alone fills the buffers of the exchange and of the kernel, and no more.
  for (int i = 0; i < 50; ++i) {
    exchange->advance();
    ASSERT_GT(exchange->read(buffer), 0U);
  }
  EXPECT_LT(sent, kTotal / 2);
  std::uint64_t rest = 0;
  std::vector<std::byte> large(1U << 20U);
  while (const std::size_t count = exchange->read(large)) {
    rest += count;
  }
  EXPECT_GT(rest, kTotal - 1000 * 50 - 1);
}

TEST(FetchClient, AdvanceWaitsNoLongerThanItIsTold) {
  std::atomic<bool> go{false};
  ScriptedServer server([&](Call& call) {
    while (!go) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    call.answer(200, "late");
  });
  Client client({});
  const auto exchange = client.start({.url = server.url()});
  for (int i = 0; i < 20; ++i) {
    EXPECT_FALSE(exchange->advance(std::chrono::milliseconds(1)));
  }
  go = true;
  // The answer ends the wait: this is one or two rounds, not a minute.
  const auto begin = std::chrono::steady_clock::now();
  while (!exchange->advance(std::chrono::seconds(60))) {
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
  EXPECT_EQ(exchange->finish(100).body, "late");
}

TEST(FetchClient, ManyExchangesOfOneThreadGoOnSideBySide) {
  ScriptedServer server([](Call& call) { call.answer(200, call.target); });
  Client client({});
  std::vector<std::unique_ptr<Exchange>> exchanges;
  for (int i = 0; i < 10; ++i) {
    exchanges.push_back(client.start({.url = server.url("/" + std::to_string(i))}));
  }
  EXPECT_EQ(client.active(), 10U);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(exchanges[static_cast<std::size_t>(i)]->finish(kMax).body, "/" + std::to_string(i));
  }
}

TEST(FetchClient, ManyThreadsShareAFewConnections) {
  ScriptedServer server([](Call& call) { call.answer(200, call.body); });
  Client client({.maxConnections = 3});
  std::vector<std::thread> threads;
  for (int number = 0; number < 8; ++number) {
    threads.emplace_back([&, number] {
      for (int i = 0; i < 50; ++i) {
        const std::string bytes = std::to_string(number) + ":" + std::to_string(i);
        const MemoryBody body(bytes);
        EXPECT_EQ(client.fetch({.method = "PUT", .url = server.url(), .body = &body}, kMax).body, bytes);
      }
    });
  }
  for (auto& thread : threads) {
    thread.join();
  }
  EXPECT_LE(server.connections(), 3U);
}

TEST(FetchClient, WhenAllConnectionsAreInUseTheWaitEnds) {
  ScriptedServer server([](Call& call) { call.answer(200, std::string(4U << 20U, 'x')); });
  Client client({.maxConnections = 1, .connectionWait = milliseconds(50)});
  auto exchange = client.start({.url = server.url()});
  EXPECT_EQ(failureOf([&] { client.fetch({.url = server.url()}, 8 * kMax); }), FetchFailure::Busy);
  exchange.reset();  // in the middle of its body: the connection is given up
  EXPECT_EQ(client.fetch({.url = server.url()}, 8 * kMax).body.size(), 4U << 20U);
}

TEST(FetchClient, ARefusedConnectionIsUnreachableAndNamesTheHost) {
  std::uint16_t port = 0;
  {
    const ScriptedServer server([](Call&) {});
    port = server.port();
  }
  Client client({});
  std::string text;
  const std::string host = "127.0.0.1:" + std::to_string(port);
  EXPECT_EQ(failureOf([&] { client.fetch({.url = "http://user:secret@" + host + "/path?token=secret"}, kMax); }, &text),
            FetchFailure::Unreachable);
  EXPECT_NE(text.find(host), std::string::npos) << text;
  EXPECT_EQ(text.find("secret"), std::string::npos) << text;
  EXPECT_EQ(text.find("path"), std::string::npos) << text;
}

TEST(FetchClient, AnAnswerThatIsCutIsBroken) {
  ScriptedServer server([](Call& call) {
    call.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this");
    call.keep = false;
  });
  Client client({});
  EXPECT_EQ(failureOf([&] { client.fetch({.url = server.url()}, kMax); }), FetchFailure::Broken);
}

TEST(FetchClient, AConnectionThatEndsWithoutAnAnswerIsBroken) {
  ScriptedServer server([](Call& call) { call.keep = false; });
  Client client({});
  EXPECT_EQ(failureOf([&] { client.fetch({.url = server.url()}, kMax); }), FetchFailure::Broken);
}

TEST(FetchClient, AnAnswerLargerThanAllowedIsRefused) {
  ScriptedServer server([](Call& call) { call.answer(200, std::string(101, 'x')); });
  Client client({});
  EXPECT_EQ(client.fetch({.url = server.url()}, 101).body.size(), 101U);
  EXPECT_EQ(failureOf([&] { client.fetch({.url = server.url()}, 100); }), FetchFailure::TooLarge);
}

TEST(FetchClient, AHeadLargerThanAllowedIsRefused) {
  ScriptedServer server([](Call& call) {
    call.answer(200, "", "X-Long: " + std::string(40000, 'x') + "\r\nX-Longer: " + std::string(40000, 'x') + "\r\n");
  });
  Client client({});
  EXPECT_EQ(failureOf([&] { client.fetch({.url = server.url()}, kMax); }), FetchFailure::TooLarge);
}

TEST(FetchClient, EachDeadlineEndsAStall) {
  ScriptedServer server([](Call& call) {
    if (call.target == "/body") {
      call.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegin");
    }
    call.stall();
  });
  Client client({});
  const milliseconds soon(50);
  EXPECT_EQ(failureOf([&] { client.fetch({.url = server.url("/"), .deadlines = {.firstByte = soon}}, kMax); }),
            FetchFailure::TimedOut);
  EXPECT_EQ(failureOf([&] { client.fetch({.url = server.url("/body"), .deadlines = {.noProgress = soon}}, kMax); }),
            FetchFailure::TimedOut);
  EXPECT_EQ(failureOf([&] { client.fetch({.url = server.url("/body"), .deadlines = {.total = soon}}, kMax); }),
            FetchFailure::TimedOut);
}

TEST(FetchClient, TheTimeThatTheReaderIsAwayDoesNotCount) {
  ScriptedServer server([](Call& call) { call.answer(200, std::string(8U << 20U, 'x')); });
  Client client({});
  const auto exchange = client.start({.url = server.url(), .deadlines = {.noProgress = milliseconds(400)}});
  std::vector<std::byte> buffer(1000);
  ASSERT_GT(exchange->read(buffer), 0U);
  std::this_thread::sleep_for(milliseconds(500));
  EXPECT_NO_THROW(exchange->finish(16 * kMax));
}

TEST(FetchClient, WhatIsNoRequestIsInvalid) {
  Client client({});
  const auto invalid = [&](const Request& request) { return failureOf([&] { client.fetch(request, kMax); }); };
  EXPECT_EQ(invalid({.url = "http://127.0.0.1:1/", .headers = {{"X-A", "1\r\nX-B: 2"}}}), FetchFailure::Invalid);
  EXPECT_EQ(invalid({.url = "http://127.0.0.1:1/", .headers = {{"", "1"}}}), FetchFailure::Invalid);
  EXPECT_EQ(invalid({.url = "file:///etc/passwd"}), FetchFailure::Invalid);
  EXPECT_EQ(invalid({.url = "http://"}), FetchFailure::Invalid);
}

TEST(FetchClient, ARedirectIsAnAnswerUnlessItIsToBeFollowed) {
  ScriptedServer server([](Call& call) {
    if (call.target == "/from") {
      call.answer(302, "elsewhere", "Location: /to\r\nX-Old: 1\r\n");
    } else {
      call.answer(200, "there");
    }
  });
  Client client({});
  EXPECT_EQ(client.fetch({.url = server.url("/from")}, kMax).head.status, 302);
  const Response followed = client.fetch({.url = server.url("/from"), .redirects = Redirects::Follow}, kMax);
  EXPECT_EQ(followed.head.status, 200);
  EXPECT_EQ(followed.head.find("X-Old"), std::nullopt);
  EXPECT_EQ(followed.body, "there");
}

TEST(FetchClient, AFailingBodySourceFailsTheExchangeWithItsOwnError) {
  class Failing final : public RequestBody {
   public:
    [[nodiscard]] std::uint64_t size() const override { return 10; }
    std::size_t read(std::uint64_t, std::span<std::byte>) const override { throw std::range_error("gone"); }
  };
  ScriptedServer server([](Call& call) { call.answer(200, ""); });
  Client client({});
  const Failing body;
  EXPECT_THROW(client.fetch({.method = "PUT", .url = server.url(), .body = &body}, kMax), std::range_error);
}

TEST(FetchClient, AMissingFileOfCertificateAuthoritiesIsUnreachable) {
  ScriptedServer server([](Call& call) { call.keep = false; });
  Client client({.caFile = "/nonexistent/ca.pem"});
  std::string text;
  EXPECT_EQ(
      failureOf([&] { client.fetch({.url = "https://127.0.0.1:" + std::to_string(server.port())}, kMax); }, &text),
      FetchFailure::Unreachable);
  EXPECT_NE(text.find("/nonexistent/ca.pem"), std::string::npos) << text;
}

}  // namespace
}  // namespace rha::fetch
