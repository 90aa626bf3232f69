// Whatever is accepted must be read the same way by any other program in the path: no byte that could end a line early,
// one way only to say how long the body is.
//
// Covers: net/head_parser.cpp net/request_target.cpp net/headers.cpp
#include "net/head_parser.h"

#include <algorithm>

#include "expect.h"

using rha::fuzz::expect;

namespace {

void checkLines(std::string_view head) {
  for (std::size_t at = 0; at < head.size(); ++at) {
    expect(head[at] != '\0');
    expect(head[at] != '\n' || (at > 0 && head[at - 1] == '\r'));
    expect(head[at] != '\r' || (at + 1 < head.size() && head[at + 1] == '\n'));
  }
}

void checkAccepted(const rha::net::RequestHead& request) {
  expect(!request.method.empty() && !request.path.empty());
  expect(request.path.front() == '/' || request.path == "*");
  expect(request.path.find_first_of("?# \r\n") == std::string::npos);
  expect(request.minorVersion == 0 || request.minorVersion == 1);
  expect(!(request.chunked && request.contentLength));
  expect(!(request.chunked && request.minorVersion == 0));
  expect(request.minorVersion == 0 || request.headers.all("host").size() == 1);
  const auto lengths = request.headers.all("content-length");
  expect(lengths.empty() == !request.contentLength.has_value());
  for (const auto& [name, value] : request.headers.fields()) {
    expect(!name.empty() && name.find_first_of(" \t:\r\n") == std::string::npos);
    expect(value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
    expect(value.empty() || (value.front() != ' ' && value.back() != ' '));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = rha::fuzz::asText(data, size);
  const std::size_t end = rha::net::findHeadEnd(input, 0);
  expect(end <= size);
  if (end == 0) {
    return 0;
  }
  // A head is found at the same place however its bytes arrive.
  expect(rha::net::findHeadEnd(input.substr(0, end), end / 2) == end);
  expect(rha::net::findHeadEnd(input.substr(0, end - 1), 0) == 0);
  const rha::net::HeadLimits limits{.headBytes = 4096, .targetBytes = 512, .fields = 20};
  const auto head = rha::net::parseHead(input.substr(0, end), limits);
  if (!head) {
    expect(head.error().status >= 400 && head.error().status <= 505 && !head.error().reason.empty());
    return 0;
  }
  expect(end <= limits.headBytes && head->headers.fields().size() <= limits.fields);
  checkLines(input.substr(0, end));
  checkAccepted(*head);
  return 0;
}
