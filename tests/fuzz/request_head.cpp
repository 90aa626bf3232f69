// Whatever is accepted must be read the same way by any other program in the path: no byte that could end a line early,
// one way only to say how long the body is.
#include "net/head_parser.h"

#include <algorithm>

#include "require.h"

using rha::fuzz::require;

namespace {

void checkLines(std::string_view head) {
  for (std::size_t at = 0; at < head.size(); ++at) {
    require(head[at] != '\0', "no NUL is accepted");
    require(head[at] != '\n' || (at > 0 && head[at - 1] == '\r'), "no bare LF is accepted");
    require(head[at] != '\r' || (at + 1 < head.size() && head[at + 1] == '\n'), "no bare CR is accepted");
  }
}

void checkAccepted(const rha::net::RequestHead& request) {
  require(!request.method.empty() && !request.path.empty(), "method and path are there");
  require(request.path.front() == '/' || request.path == "*", "the path is absolute");
  require(request.path.find_first_of("?# \r\n") == std::string::npos, "the path ends where it should");
  require(request.minorVersion == 0 || request.minorVersion == 1, "HTTP/1.0 or 1.1");
  require(!(request.chunked && request.contentLength), "one way only to say the length");
  require(!(request.chunked && request.minorVersion == 0), "HTTP/1.0 knows no chunks");
  require(request.minorVersion == 0 || request.headers.all("host").size() == 1, "one Host");
  const auto lengths = request.headers.all("content-length");
  require(lengths.empty() == !request.contentLength.has_value(), "a length that is given counts");
  for (const auto& [name, value] : request.headers.fields()) {
    require(!name.empty() && name.find_first_of(" \t:\r\n") == std::string::npos, "a field name is a token");
    require(value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos, "a field value is one line");
    require(value.empty() || (value.front() != ' ' && value.back() != ' '), "a field value is trimmed");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = rha::fuzz::asText(data, size);
  const std::size_t end = rha::net::findHeadEnd(input, 0);
  require(end <= size, "a head ends inside the input");
  if (end == 0) {
    return 0;
  }
  // A head is found at the same place however its bytes arrive.
  require(rha::net::findHeadEnd(input.substr(0, end), end / 2) == end, "a search can be continued");
  require(rha::net::findHeadEnd(input.substr(0, end - 1), 0) == 0, "and does not end early");
  const rha::net::HeadLimits limits{.headBytes = 4096, .targetBytes = 512, .fields = 20};
  const auto head = rha::net::parseHead(input.substr(0, end), limits);
  if (!head) {
    require(head.error().status >= 400 && head.error().status <= 505, "a refusal has its status");
    require(!head.error().reason.empty(), "a refusal has its reason");
    return 0;
  }
  require(end <= limits.headBytes && head->headers.fields().size() <= limits.fields, "limits hold");
  checkLines(input.substr(0, end));
  checkAccepted(*head);
  return 0;
}
