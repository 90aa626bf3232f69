#include "net/response_head.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/text.h"

namespace rha::net {
namespace {

constexpr auto kPhrases = std::to_array<std::pair<int, std::string_view>>({
    {100, "Continue"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
});

void appendNumber(std::string& out, std::uint64_t value) {
  char digits[20];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), value).ptr;
  out.append(digits, end);
}

bool isOneOf(std::string_view name, std::string_view other) {
  return name.size() == other.size() && base::equalIgnoringCase(name, other);
}

}  // namespace

bool statusHasBody(int status) { return status >= 200 && status != 204 && status != 304; }

std::string_view reasonPhrase(int status) {
  const auto found = std::lower_bound(kPhrases.begin(), kPhrases.end(), status,
                                      [](const auto& entry, int wanted) { return entry.first < wanted; });
  return found != kPhrases.end() && found->first == status ? found->second : std::string_view();
}

void composeHead(std::string& out, const Response& response, const ResponseHead& head) {
  out += "HTTP/1.1 ";
  appendNumber(out, static_cast<std::uint64_t>(response.status));
  out += ' ';
  out += reasonPhrase(response.status);
  out += "\r\n";
  bool hasDate = false;
  bool hasId = false;
  bool hasLength = !statusHasBody(response.status);
  for (const auto& [name, value] : response.headers.fields()) {
    const bool isLength = isOneOf(name, "Content-Length");
    if (isOneOf(name, "Connection") || isOneOf(name, "Transfer-Encoding") || (isLength && !head.bodyLess)) {
      continue;
    }
    hasLength = hasLength || isLength;
    hasDate = hasDate || isOneOf(name, "Date");
    hasId = hasId || isOneOf(name, "X-Request-Id");
    out.append(name).append(": ").append(value).append("\r\n");
  }
  if (response.fieldLines) {
    out += *response.fieldLines;
  }
  if (!hasDate) {
    out += head.dateLine;
  }
  if (!hasLength) {
    out += "Content-Length: ";
    appendNumber(out, head.bodyBytes);
    out += "\r\n";
  }
  if (!hasId) {
    out.append("X-Request-Id: ").append(head.requestId).append("\r\n");
  }
  if (head.close) {
    out += "Connection: close\r\n";
  } else if (head.keepAliveToOld) {
    out += "Connection: keep-alive\r\n";
  }
  out += "\r\n";
}

}  // namespace rha::net
