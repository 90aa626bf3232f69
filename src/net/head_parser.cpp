#include "net/head_parser.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/text.h"
#include "net/request_target.h"

namespace rha::net {
namespace {

using Outcome = base::Result<void, HeadError>;

base::Failure<HeadError> refuse(int status, std::string reason) {
  return base::fail(HeadError{status, std::move(reason)});
}

// Takes the next line off `rest`, without its CRLF. False: a bare LF, or no line end.
bool takeLine(std::string_view& rest, std::string_view& line) {
  const std::size_t end = rest.find('\n');
  if (end == std::string_view::npos || end == 0 || rest[end - 1] != '\r') {
    return false;
  }
  line = rest.substr(0, end - 1);
  rest.remove_prefix(end + 1);
  return true;
}

bool isFieldValue(std::string_view value) {
  return std::all_of(value.begin(), value.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= ' ' && byte != 0x7f);
  });
}

// Calls `each` with every member of a comma-separated list, empty ones left out.
template <typename Each>
void forEachMember(std::string_view list, Each each) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    const std::string_view member = base::trim(list.substr(0, comma));
    if (!member.empty()) {
      each(member);
    }
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
}

// Gathers what the fields say about framing while they pass by; check() judges them together.
class Framing final {
 public:
  Outcome note(std::string_view name, std::string_view value) {
    switch (name.size()) {
      case 4:
        return base::equalIgnoringCase(name, "Host") ? noteHost(value) : Outcome();
      case 6:
        return base::equalIgnoringCase(name, "Expect") ? noteExpect(value) : Outcome();
      case 10:
        return base::equalIgnoringCase(name, "Connection") ? noteConnection(value) : Outcome();
      case 14:
        return base::equalIgnoringCase(name, "Content-Length") ? noteLength(value) : Outcome();
      case 17:
        return base::equalIgnoringCase(name, "Transfer-Encoding") ? noteCoding(value) : Outcome();
      default:
        return {};
    }
  }

  Outcome check(RequestHead& head, std::string_view targetAuthority) const {
    if (hosts_ > 1 || (hosts_ == 0 && head.minorVersion > 0)) {
      return refuse(400, hosts_ == 0 ? "Host field is missing" : "several Host fields");
    }
    if (!targetAuthority.empty() && hosts_ == 1 && !base::equalIgnoringCase(targetAuthority, host_)) {
      return refuse(400, "Host field and request target name different hosts");
    }
    if (hasCoding_) {
      if (length_) {
        return refuse(400, "Transfer-Encoding together with Content-Length");
      }
      if (head.minorVersion == 0) {
        return refuse(400, "Transfer-Encoding in an HTTP/1.0 request");
      }
      if (otherCoding_) {
        return refuse(501, "transfer coding other than chunked");
      }
      if (chunked_ != 1) {
        return refuse(400, "Transfer-Encoding must be exactly one 'chunked'");
      }
    }
    head.contentLength = length_;
    head.chunked = chunked_ == 1;
    head.keepAlive = !close_ && (head.minorVersion > 0 || keepAlive_);
    head.expectContinue = expectContinue_ && head.minorVersion > 0;
    return {};
  }

 private:
  Outcome noteHost(std::string_view value) {
    ++hosts_;
    host_ = value;
    return isAuthority(value) ? Outcome() : refuse(400, "Host field is not a valid host");
  }
  Outcome noteExpect(std::string_view value) {
    if (!base::equalIgnoringCase(value, "100-continue")) {
      return refuse(400, "unknown expectation in Expect field");
    }
    expectContinue_ = true;
    return {};
  }
  Outcome noteConnection(std::string_view value) {
    forEachMember(value, [this](std::string_view member) {
      close_ = close_ || base::equalIgnoringCase(member, "close");
      keepAlive_ = keepAlive_ || base::equalIgnoringCase(member, "keep-alive");
    });
    return {};
  }
  Outcome noteLength(std::string_view value) {
    const auto length = base::parseUnsigned(value);
    if (!length || value.size() > 19) {
      return refuse(400, "Content-Length is not a plain decimal number");
    }
    if (length_ && length_ != length) {
      return refuse(400, "Content-Length fields that differ");
    }
    length_ = length;
    return {};
  }
  Outcome noteCoding(std::string_view value) {
    hasCoding_ = true;
    forEachMember(value, [this](std::string_view member) {
      if (base::equalIgnoringCase(member, "chunked")) {
        ++chunked_;
      } else {
        otherCoding_ = true;
      }
    });
    return {};
  }

  int hosts_ = 0;
  std::string_view host_;
  std::optional<std::uint64_t> length_;
  bool hasCoding_ = false;
  bool otherCoding_ = false;
  int chunked_ = 0;
  bool close_ = false;
  bool keepAlive_ = false;
  bool expectContinue_ = false;
};

Outcome parseVersion(std::string_view version, RequestHead& head) {
  const auto isDigit = [](char c) { return c >= '0' && c <= '9'; };
  if (version.size() != 8 || !version.starts_with("HTTP/") || !isDigit(version[5]) || version[6] != '.' ||
      !isDigit(version[7])) {
    return refuse(400, "malformed HTTP version in request line");
  }
  if (version[5] != '1' || version[7] > '1') {
    return refuse(505, "HTTP version other than 1.0 and 1.1");
  }
  head.minorVersion = version[7] - '0';
  return {};
}

Outcome parseRequestLine(std::string_view line, const HeadLimits& limits, RequestHead& head, std::string& authority) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) {
    return refuse(400, "request line is not METHOD TARGET VERSION");
  }
  const std::string_view method = line.substr(0, first);
  const std::string_view raw = line.substr(first + 1, last - first - 1);
  if (!isToken(method)) {
    return refuse(400, "malformed method in request line");
  }
  if (raw.size() > limits.targetBytes) {
    return refuse(414, "request target is longer than " + std::to_string(limits.targetBytes) + " bytes");
  }
  if (Outcome version = parseVersion(line.substr(last + 1), head); !version) {
    return version;
  }
  auto target = parseTarget(method, raw);
  if (!target) {
    return refuse(400, std::move(target.error()));
  }
  head.method = std::string(method);
  head.target = std::move(target->target);
  head.path = std::move(target->path);
  head.query = std::move(target->query);
  authority = std::move(target->authority);
  return {};
}

Outcome parseField(std::string_view line, RequestHead& head, Framing& framing) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) {
    return refuse(400, "field line without ':'");
  }
  const std::string_view name = line.substr(0, colon);
  if (!isToken(name)) {
    return refuse(400, "malformed field name");  // also obs-fold and blanks before ':'
  }
  const std::string_view value = base::trim(line.substr(colon + 1));
  if (!isFieldValue(value)) {
    return refuse(400, "control character in field " + std::string(name));
  }
  if (Outcome noted = framing.note(name, value); !noted) {
    return noted;
  }
  head.headers.add(std::string(name), std::string(value));
  return {};
}

}  // namespace

bool mayBeginHead(std::string_view bytes) {
  const char first = bytes.front();
  return first == '\r' || first == '\n' || isToken(bytes.substr(0, 1));
}

// Lines that end in a bare LF end a head too, so that such a head is refused at once and not waited for.
std::size_t findHeadEnd(std::string_view buffer, std::size_t searchedFrom) {
  std::size_t from = searchedFrom > 2 ? searchedFrom - 2 : 0;
  for (;;) {
    const std::size_t at = buffer.find('\n', from);
    if (at == std::string_view::npos) {
      return 0;
    }
    if (at + 1 < buffer.size() && buffer[at + 1] == '\n') {
      return at + 2;
    }
    if (at + 2 < buffer.size() && buffer[at + 1] == '\r' && buffer[at + 2] == '\n') {
      return at + 3;
    }
    from = at + 1;
  }
}

base::Result<RequestHead, HeadError> parseHead(std::string_view head, const HeadLimits& limits) {
  RequestHead out;
  Framing framing;
  std::string authority;
  std::string_view rest = head;
  std::string_view line;
  if (!takeLine(rest, line)) {
    return refuse(400, "line of the head does not end in CR LF");
  }
  if (Outcome done = parseRequestLine(line, limits, out, authority); !done) {
    return base::fail(std::move(done.error()));
  }
  if (head.size() > limits.headBytes) {
    return refuse(431, "head is longer than " + std::to_string(limits.headBytes) + " bytes");
  }
  for (std::uint64_t count = 0; takeLine(rest, line); ++count) {
    if (line.empty()) {
      if (Outcome done = framing.check(out, authority); !done) {
        return base::fail(std::move(done.error()));
      }
      return out;
    }
    if (count == limits.fields) {
      return refuse(431, "more than " + std::to_string(limits.fields) + " fields");
    }
    if (Outcome done = parseField(line, out, framing); !done) {
      return base::fail(std::move(done.error()));
    }
  }
  return refuse(400, "line of the head does not end in CR LF");
}

}  // namespace rha::net
