#include "net/head_parser.h"

#include <gtest/gtest.h>

namespace rha::net {
namespace {

base::Result<RequestHead, HeadError> parse(const std::string& head, const HeadLimits& limits = {}) {
  EXPECT_EQ(findHeadEnd(head, 0), head.size()) << head;
  return parseHead(head, limits);
}

RequestHead accepted(const std::string& head) {
  auto parsed = parse(head);
  EXPECT_TRUE(parsed.ok()) << head << (parsed.ok() ? "" : parsed.error().reason);
  return parsed.ok() ? std::move(parsed).value() : RequestHead();
}

// Status of the refusal, 0 if it was accepted.
int refused(const std::string& head, const HeadLimits& limits = {}) {
  const auto parsed = parse(head, limits);
  if (parsed.ok()) {
    return 0;
  }
  EXPECT_FALSE(parsed.error().reason.empty());
  return parsed.error().status;
}

std::string get(const std::string& fields, const std::string& target = "/") {
  return "GET " + target + " HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n";
}

TEST(HeadParserTest, TakesARequestApart) {
  const RequestHead head = accepted(
      "PATCH /v2/a/blobs/uploads/1?x=%20&y HTTP/1.1\r\nHost: h:5000\r\nX-A:  b c \r\nContent-Length: 12\r\n\r\n");
  EXPECT_EQ(head.method, "PATCH");
  EXPECT_EQ(head.target, "/v2/a/blobs/uploads/1?x=%20&y");
  EXPECT_EQ(head.path, "/v2/a/blobs/uploads/1");
  EXPECT_EQ(head.query, "x=%20&y");
  EXPECT_EQ(head.minorVersion, 1);
  EXPECT_EQ(head.headers.find("x-a"), "b c");
  EXPECT_EQ(head.contentLength, 12u);
  EXPECT_TRUE(head.hasBody());
  EXPECT_TRUE(head.keepAlive);
  EXPECT_FALSE(head.chunked);
  EXPECT_FALSE(head.expectContinue);
}

TEST(HeadParserTest, FindsTheEndWhereverTheBytesWereCut) {
  const std::string head = get("A: b\r\n");
  const std::string buffer = head + "GET /next";
  for (std::size_t cut = 0; cut <= head.size(); ++cut) {
    EXPECT_EQ(findHeadEnd(buffer.substr(0, cut), 0), cut == head.size() ? head.size() : 0);
    EXPECT_EQ(findHeadEnd(buffer, cut < head.size() ? cut : 0), head.size());
  }
}

TEST(HeadParserTest, AHeadWithBareLineFeedsEndsSoThatItIsRefusedAtOnce) {
  EXPECT_EQ(refused("GET / HTTP/1.1\nHost: h\n\n"), 400);
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: h\n\r\n"), 400);
  EXPECT_EQ(refused("GET / HTTP/1.1\nHost: h\r\n\r\n"), 400);
}

TEST(HeadParserTest, KeepAliveFollowsVersionAndConnectionField) {
  EXPECT_TRUE(accepted(get("")).keepAlive);
  EXPECT_FALSE(accepted(get("Connection: close\r\n")).keepAlive);
  EXPECT_FALSE(accepted(get("Connection: Upgrade, CLOSE\r\n")).keepAlive);
  EXPECT_FALSE(accepted("GET / HTTP/1.0\r\n\r\n").keepAlive);
  EXPECT_TRUE(accepted("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").keepAlive);
  EXPECT_FALSE(accepted("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n").keepAlive);
}

TEST(HeadParserTest, AbsoluteFormIsReducedToOriginForm) {
  const RequestHead head = accepted(get("", "http://H/a?b"));
  EXPECT_EQ(head.target, "/a?b");
  EXPECT_EQ(head.path, "/a");
  EXPECT_EQ(accepted(get("", "HTTPS://h?q")).target, "/?q");
  EXPECT_EQ(accepted(get("", "http://h")).path, "/");
  EXPECT_EQ(refused(get("", "http://other/")), 400);
  EXPECT_EQ(refused(get("", "http:///a")), 400);
  EXPECT_EQ(refused(get("", "http://user@h/a")), 400);
  EXPECT_EQ(refused(get("", "ftp://h/a")), 400);
}

TEST(HeadParserTest, AsteriskAndConnectAreRefusedButForOptions) {
  EXPECT_EQ(accepted("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n").target, "*");
  EXPECT_EQ(refused(get("", "*")), 400);
  EXPECT_EQ(refused("CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(refused("CONNECT /a HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
}

TEST(HeadParserTest, IllegalTargetsAreRefused) {
  for (const char* target : {"a", "/a#b", "/a b", "/a\tb", "/a\x7f", "/\xc3\xa4", "//\x01", "?q"}) {
    EXPECT_EQ(refused(get("", target)), 400) << target;
  }
  EXPECT_EQ(refused(std::string("GET /a\0b HTTP/1.1\r\nHost: h\r\n\r\n", 30)), 400);
}

TEST(HeadParserTest, MalformedRequestLinesAreRefused) {
  for (const char* line :
       {"GET /", "GET", "", "GET  / HTTP/1.1", "GET / HTTP/1.1 ", " GET / HTTP/1.1", "G@T / HTTP/1.1", "GET / http/1.1",
        "GET / HTTP/1", "GET / HTTP/1.1.", "GET / HTTP/1,1", "GET\t/\tHTTP/1.1", "GET / HTTP/x.1"}) {
    EXPECT_EQ(refused(std::string(line) + "\r\nHost: h\r\n\r\n"), 400) << line;
  }
  for (const char* version : {"2.0", "1.2", "0.9", "3.0"}) {
    EXPECT_EQ(refused(std::string("GET / HTTP/") + version + "\r\nHost: h\r\n\r\n"), 505) << version;
  }
}

TEST(HeadParserTest, MalformedFieldsAreRefused) {
  for (const char* field : {"A b: c", "A : b", ": b", "A", " A: b", "A\t: b", "(A): b", "A: b\x01", "A: b\x7f",
                            "A: b\rc", "\xc3\xa4: b", "A: b\r\n folded", "A: b\r\n\tfolded"}) {
    EXPECT_EQ(refused(get(std::string(field) + "\r\n")), 400) << field;
  }
  EXPECT_EQ(refused(get(std::string("A: b\0c\r\n", 8))), 400);
  EXPECT_EQ(accepted(get("A:\r\nB: \t \r\nC: \xc3\xa4\tx\r\n")).headers.find("b"), "");
}

TEST(HeadParserTest, ExactlyOneValidHostIsNeeded) {
  EXPECT_EQ(refused("GET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(refused(get("Host: h\r\n")), 400);
  EXPECT_EQ(refused("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"), 400);
  for (const char* host : {"", "h/", "h:x", "h:65536", "a b", "u@h", "[::1", "[xyz]", "h:1:2", "a,b/c", ":80"}) {
    EXPECT_EQ(refused(std::string("GET / HTTP/1.1\r\nHost: ") + host + "\r\n\r\n"), 400) << host;
  }
  for (const char* host : {"h", "registry.example.com:5000", "10.0.0.1", "[::1]", "[2001:db8::1]:5000", "h:"}) {
    const bool emptyPort = std::string_view(host) == "h:";
    EXPECT_EQ(refused(std::string("GET / HTTP/1.1\r\nHost: ") + host + "\r\n\r\n"), emptyPort ? 400 : 0) << host;
  }
}

TEST(HeadParserTest, ContentLengthMustBeOnePlainNumber) {
  for (const char* value :
       {"", "-1", "+1", "1 2", "0x10", "1,1", "1.0", "18446744073709551616", "99999999999999999999"}) {
    EXPECT_EQ(refused(get(std::string("Content-Length: ") + value + "\r\n")), 400) << value;
  }
  EXPECT_EQ(refused(get("Content-Length: 1\r\nContent-Length: 2\r\n")), 400);
  EXPECT_EQ(accepted(get("Content-Length: 7\r\ncontent-length: 7\r\n")).contentLength, 7u);
  EXPECT_FALSE(accepted(get("Content-Length: 0\r\n")).hasBody());
}

TEST(HeadParserTest, TransferEncodingMustBeChunkedAlone) {
  EXPECT_TRUE(accepted(get("Transfer-Encoding: Chunked\r\n")).chunked);
  EXPECT_EQ(refused(get("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n")), 400);
  EXPECT_EQ(refused(get("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n")), 400);
  EXPECT_EQ(refused(get("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")), 400);
  EXPECT_EQ(refused(get("Transfer-Encoding: chunked, chunked\r\n")), 400);
  EXPECT_EQ(refused(get("Transfer-Encoding:\r\n")), 400);
  EXPECT_EQ(refused(get("Transfer-Encoding: gzip, chunked\r\n")), 501);
  EXPECT_EQ(refused(get("Transfer-Encoding: identity\r\n")), 501);
  EXPECT_EQ(refused(get("Transfer-Encoding: xchunked\r\n")), 501);
  EXPECT_EQ(refused("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
}

TEST(HeadParserTest, ExpectationsButContinueAreRefused) {
  EXPECT_TRUE(accepted(get("Expect: 100-Continue\r\n")).expectContinue);
  EXPECT_EQ(refused(get("Expect: coffee\r\n")), 400);
  EXPECT_FALSE(accepted("PUT / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n").expectContinue);
}

TEST(HeadParserTest, LimitsHaveTheirStatus) {
  const HeadLimits limits{.headBytes = 200, .targetBytes = 50, .fields = 3};
  EXPECT_EQ(refused(get("", "/" + std::string(49, 'a')), limits), 0);
  EXPECT_EQ(refused(get("", "/" + std::string(50, 'a')), limits), 414);
  EXPECT_EQ(refused(get("", "/" + std::string(300, 'a')), limits), 414);
  EXPECT_EQ(refused(get("A: " + std::string(200, 'a') + "\r\n"), limits), 431);
  EXPECT_EQ(refused(get("A: b\r\nA: b\r\n"), limits), 0);
  EXPECT_EQ(refused(get("A: b\r\nA: b\r\nA: b\r\n"), limits), 431);
}

}  // namespace
}  // namespace rha::net
