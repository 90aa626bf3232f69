#include "net/response_head.h"

#include <gtest/gtest.h>

namespace rha::net {
namespace {

std::string compose(const Response& response, const ResponseHead& head) {
  std::string out;
  composeHead(out, response, head);
  return out;
}

const ResponseHead kHead{.dateLine = "Date: D\r\n", .requestId = "id", .bodyBytes = 2};

TEST(ResponseHeadTest, AddsWhatEveryAnswerNeeds) {
  EXPECT_EQ(compose(Response(200, "ok", "text/plain"), kHead),
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: D\r\nContent-Length: 2\r\nX-Request-Id: id\r\n\r\n");
}

TEST(ResponseHeadTest, FieldsOfTheHandlerWinButNotOverFraming) {
  Response response(404, "no", "text/plain");
  response.headers.add("date", "mine");
  response.headers.add("x-request-id", "other");
  response.headers.add("Content-Length", "77");
  response.headers.add("Transfer-Encoding", "chunked");
  response.headers.add("Connection", "keep-alive");
  ResponseHead head = kHead;
  head.close = true;
  EXPECT_EQ(compose(response, head),
            "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\ndate: mine\r\nx-request-id: other\r\n"
            "Content-Length: 2\r\nConnection: close\r\n\r\n");
}

TEST(ResponseHeadTest, AnAnswerToHeadMayNameItsLength) {
  Response response(200);
  response.headers.add("Content-Length", "77");
  ResponseHead head = kHead;
  head.bodyLess = true;
  EXPECT_EQ(compose(response, head), "HTTP/1.1 200 OK\r\nContent-Length: 77\r\nDate: D\r\nX-Request-Id: id\r\n\r\n");
}

TEST(ResponseHeadTest, StatusesWithoutBodySayNoLength) {
  ResponseHead head = kHead;
  head.bodyLess = true;
  for (const int status : {204, 304}) {
    EXPECT_EQ(compose(Response(status), head).find("Content-Length"), std::string::npos);
    EXPECT_FALSE(statusHasBody(status));
  }
}

TEST(ResponseHeadTest, AnUnknownStatusHasNoPhrase) {
  EXPECT_EQ(reasonPhrase(299), "");
  EXPECT_EQ(reasonPhrase(507), "Insufficient Storage");
  EXPECT_EQ(reasonPhrase(100), "Continue");
}

}  // namespace
}  // namespace rha::net
