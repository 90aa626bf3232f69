#include "net/proxy_header.h"

#include <gtest/gtest.h>

#include <string>

namespace rha::net {
namespace {

using namespace std::literals;
using State = ProxyHeader::State;

const std::string kSignature = "\r\n\r\n\0\r\nQUIT\n"s;

// "ADDRESS:PORT SIZE", "- SIZE" without an address, "incomplete" or "malformed".
std::string read(std::string_view bytes) {
  const ProxyHeader header = parseProxyHeader(bytes);
  if (header.state != State::Complete) {
    return header.state == State::Incomplete ? "incomplete" : "malformed";
  }
  return (header.source ? header.source->text() : "-") + " " + std::to_string(header.size);
}

std::string binary(unsigned char command, unsigned char family, const std::string& body) {
  std::string bytes = kSignature;
  bytes += static_cast<char>(command);
  bytes += static_cast<char>(family);
  bytes += static_cast<char>(body.size() >> 8U);
  bytes += static_cast<char>(body.size() & 0xffU);
  return bytes + body;
}

const std::string kBody4 = "\xc0\x00\x02\x07\xc0\x00\x02\x01\xc7\x38\x01\xbb"s;
const std::string kBody6 =
    "\x20\x01\x0d\xb8"s + std::string(11, '\0') + "\x07"s + std::string(16, '\x01') + "\xc7\x38\x01\xbb"s;

TEST(ProxyHeader, version_1_names_the_client) {
  EXPECT_EQ(read("PROXY TCP4 192.0.2.7 192.0.2.1 51000 443\r\nGET / HTTP"), "192.0.2.7:51000 42");
  EXPECT_EQ(read("PROXY TCP6 2001:db8::7 ::1 51000 443\r\n"), "[2001:db8::7]:51000 38");
  EXPECT_EQ(read("PROXY TCP6 ::ffff:192.0.2.7 ::1 1 443\r\n"), "192.0.2.7:1 39") << "as from accept(2)";
  EXPECT_EQ(read("PROXY UNKNOWN\r\n"), "- 15");
  EXPECT_EQ(read("PROXY UNKNOWN ffff::1 ffff::2 65535 1\r\n"), "- 39");
}

TEST(ProxyHeader, version_1_is_as_specified_or_malformed) {
  for (const char* line : {"PROXY  TCP4 192.0.2.7 192.0.2.1 51000 443\r\n",
                           "PROXY TCP4 192.0.2.7  192.0.2.1 51000 443\r\n",
                           "PROXY TCP4 192.0.2.7 192.0.2.1 51000 443 \r\n",
                           "PROXY TCP4 192.0.2.7 192.0.2.1 51000 443\n",
                           "PROXY TCP4 192.0.2.7 192.0.2.1 51000\r\n",
                           "PROXY TCP4 192.0.2.07 192.0.2.1 51000 443\r\n",
                           "PROXY TCP4 192.0.2.7 192.0.2.1 051000 443\r\n",
                           "PROXY TCP4 192.0.2.7 192.0.2.1 65536 443\r\n",
                           "PROXY TCP4 192.0.2.7 192.0.2.1 -1 443\r\n",
                           "PROXY TCP4 ::1 ::1 1 1\r\n",
                           "PROXY TCP6 192.0.2.7 ::1 1 1\r\n",
                           "PROXY TCP6 ::1%lo ::1 1 1\r\n",
                           "PROXY UDP4 192.0.2.7 192.0.2.1 51000 443\r\n",
                           "PROXY UNKNOWNX\r\n",
                           "PROXY tcp4 192.0.2.7 192.0.2.1 51000 443\r\n",
                           "PROXY \r\n",
                           "PROXY\t",
                           "proxy TCP4",
                           "GET / HTTP/1.1\r\n",
                           "\x16\x03\x01"}) {
    EXPECT_EQ(read(line), "malformed") << line;
  }
  EXPECT_EQ(read("PROXY UNKNOWN\0\r\n"s), "malformed");
  EXPECT_EQ(read("PROXY UNKNOWN " + std::string(93, 'x')), "malformed") << "107 bytes, and no end";
}

TEST(ProxyHeader, version_2_names_the_client) {
  EXPECT_EQ(read(binary(0x21, 0x11, kBody4) + "GET /"), "192.0.2.7:51000 28");
  EXPECT_EQ(read(binary(0x21, 0x21, kBody6)), "[2001:db8::7]:51000 52");
  EXPECT_EQ(read(binary(0x21, 0x11, kBody4 + "\x04\x00\x01x"s)), "192.0.2.7:51000 32") << "TLVs are passed over";
  EXPECT_EQ(read(binary(0x20, 0x00, "")), "- 16") << "the proxy's own";
  EXPECT_EQ(read(binary(0x20, 0x11, kBody4)), "- 28");
  EXPECT_EQ(read(binary(0x21, 0x00, "xyz")), "- 19");
}

TEST(ProxyHeader, version_2_is_as_specified_or_malformed) {
  EXPECT_EQ(read(binary(0x11, 0x11, kBody4)), "malformed") << "version";
  EXPECT_EQ(read(binary(0x22, 0x11, kBody4)), "malformed") << "command";
  EXPECT_EQ(read(binary(0x21, 0x12, kBody4)), "malformed") << "UDP";
  EXPECT_EQ(read(binary(0x21, 0x31, std::string(216, 'x'))), "malformed") << "Unix socket";
  EXPECT_EQ(read(binary(0x21, 0x11, kBody4.substr(1))), "malformed") << "no room for the addresses";
  EXPECT_EQ(read(binary(0x21, 0x21, kBody4)), "malformed");
  EXPECT_EQ(read(binary(0x21, 0x11, std::string(kLongestProxyHeader, 'x')).substr(0, 16)), "malformed") << "too long";
}

TEST(ProxyHeader, may_arrive_byte_by_byte) {
  for (const std::string& whole :
       {"PROXY TCP4 192.0.2.7 192.0.2.1 51000 443\r\n"s, binary(0x21, 0x21, kBody6 + "tlv"s)}) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      EXPECT_EQ(read(std::string_view(whole).substr(0, size)), "incomplete") << size;
    }
    EXPECT_EQ(parseProxyHeader(whole).size, whole.size());
  }
}

}  // namespace
}  // namespace rha::net
