#include "net/chunked_decoder.h"

#include <gtest/gtest.h>

#include <string>

namespace rha::net {
namespace {

struct Decoded {
  ChunkedDecoder::State state = ChunkedDecoder::State::More;
  std::string body;
  std::string rest;
};

Decoded decode(const std::string& raw, std::size_t piece) {
  ChunkedDecoder decoder;
  Decoded out;
  std::size_t at = 0;
  while (at < raw.size() && out.state == ChunkedDecoder::State::More) {
    std::string part = raw.substr(at, piece);
    const auto step = decoder.decode(std::as_writable_bytes(std::span(part)));
    out.state = step.state;
    out.body += part.substr(0, step.payload);
    at += step.consumed;
  }
  out.rest = raw.substr(at);
  return out;
}

ChunkedDecoder::State stateOf(const std::string& raw) {
  const Decoded whole = decode(raw, raw.size());
  EXPECT_EQ(whole.state, decode(raw, 1).state) << raw;
  return whole.state;
}

TEST(ChunkedDecoderTest, PutsTheBodyTogetherFromPiecesOfAnySize) {
  const std::string raw = "5\r\nhello\r\n1;ext=\"v\"\r\n,\r\n00A\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\nGET /";
  for (std::size_t piece = 1; piece <= raw.size(); ++piece) {
    const Decoded out = decode(raw, piece);
    EXPECT_EQ(out.state, ChunkedDecoder::State::Done);
    EXPECT_EQ(out.body, "hello,0123456789");
    EXPECT_EQ(out.rest, "GET /");
  }
}

TEST(ChunkedDecoderTest, AnUnfinishedBodyWantsMore) {
  for (const char* raw : {"5", "5\r\nhel", "5\r\nhello\r\n", "0\r\n", "0\r\nA: b\r\n", "0\r\n\r"}) {
    EXPECT_EQ(stateOf(raw), ChunkedDecoder::State::More) << raw;
  }
}

TEST(ChunkedDecoderTest, RefusesWhatIsNotExact) {
  for (const char* raw :
       {"\r\n", " 5\r\n", "x\r\n", "-1\r\n", "0x5\r\n", "5\nhello", "5\r\nhello\n", "5\r\nhelloX\r\n", "5;a\n", "0\n\n",
        "0\r\n\n", "0\r\nA: b\n\r\n", "5\rX", "5;\x01\r\n", "11111111111111111\r\n"}) {
    EXPECT_EQ(stateOf(raw), ChunkedDecoder::State::Malformed) << raw;
  }
}

TEST(ChunkedDecoderTest, ExtensionsAndTrailersAreBounded) {
  EXPECT_EQ(stateOf("1;" + std::string(1000, 'a') + "\r\nx\r\n0\r\n\r\n"), ChunkedDecoder::State::Done);
  EXPECT_EQ(stateOf("1;" + std::string(2000, 'a')), ChunkedDecoder::State::Malformed);
  std::string trailers = "0\r\n";
  for (int i = 0; i < 1000; ++i) {
    trailers += "A: 0123456789\r\n";
  }
  EXPECT_EQ(stateOf(trailers), ChunkedDecoder::State::Malformed);
}

}  // namespace
}  // namespace rha::net
