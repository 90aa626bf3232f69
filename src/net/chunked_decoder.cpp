#include "net/chunked_decoder.h"

#include <algorithm>
#include <cstring>

namespace rha::net {
namespace {

int hexValue(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  if (c >= 'a' && c <= 'f') {
    return c - 'a' + 10;
  }
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool isControl(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < ' ' && byte != '\t') || byte == 0x7f;
}

}  // namespace

ChunkedDecoder::Step ChunkedDecoder::decode(std::span<std::byte> raw) {
  Step step;
  while (step.consumed < raw.size() && at_ != At::Done && at_ != At::Malformed) {
    if (at_ != At::Data) {
      take(static_cast<char>(raw[step.consumed++]));
      continue;
    }
    const std::size_t count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, raw.size() - step.consumed));
    if (step.payload != step.consumed) {
      std::memmove(raw.data() + step.payload, raw.data() + step.consumed, count);
    }
    step.payload += count;
    step.consumed += count;
    left_ -= count;
    if (left_ == 0) {
      at_ = At::DataCr;
    }
  }
  if (at_ == At::Done || at_ == At::Malformed) {
    step.state = at_ == At::Done ? State::Done : State::Malformed;
  }
  return step;
}

void ChunkedDecoder::takeSizeDigit(char c) {
  const int value = hexValue(c);
  if (value >= 0) {
    left_ = left_ * 16 + static_cast<std::uint64_t>(value);
    at_ = ++digits_ > 16 ? At::Malformed : At::Size;
  } else if (at_ == At::SizeStart) {
    at_ = At::Malformed;
  } else if (c == '\r') {
    at_ = At::SizeLf;
  } else {
    at_ = c == ';' || c == ' ' || c == '\t' ? At::Extension : At::Malformed;
  }
}

void ChunkedDecoder::endSizeLine() {
  at_ = left_ == 0 ? At::TrailerStart : At::Data;
  digits_ = 0;
  line_ = 0;
}

void ChunkedDecoder::take(char c) {
  const auto expect = [this, c](char wanted, At next) { at_ = c == wanted ? next : At::Malformed; };
  switch (at_) {
    case At::SizeStart:
    case At::Size:
      takeSizeDigit(c);
      break;
    case At::Extension:
      if (c == '\r') {
        at_ = At::SizeLf;
      } else if (isControl(c) || ++line_ > kLineBytes) {
        at_ = At::Malformed;
      }
      break;
    case At::SizeLf:
      c == '\n' ? endSizeLine() : expect('\n', At::Malformed);
      break;
    case At::DataCr:
      expect('\r', At::DataLf);
      break;
    case At::DataLf:
      expect('\n', At::SizeStart);
      break;
    case At::TrailerStart:
      if (c == '\r') {
        at_ = At::EndLf;
        break;
      }
      at_ = At::Trailer;
      [[fallthrough]];
    case At::Trailer:
      if (c == '\r') {
        at_ = At::TrailerLf;
      } else if (isControl(c) || ++trailers_ > kTrailerBytes) {
        at_ = At::Malformed;
      }
      break;
    case At::TrailerLf:
      expect('\n', At::TrailerStart);
      break;
    case At::EndLf:
      expect('\n', At::Done);
      break;
    case At::Data:
    case At::Done:
    case At::Malformed:
      break;
  }
}

}  // namespace rha::net
