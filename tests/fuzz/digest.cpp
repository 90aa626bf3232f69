// Covers: oci/digest.cpp
#include "oci/digest.h"

#include "expect.h"

using rha::fuzz::expect;
using rha::oci::Digest;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = rha::fuzz::asText(data, size);
  const auto digest = Digest::parse(text);
  if (!digest) {
    expect(!digest.error().empty());
    return 0;
  }
  expect(digest->text() == text);
  expect(digest->hex().size() == (digest->algorithm() == rha::oci::HashAlgorithm::Sha256 ? 64U : 128U));
  expect(digest->hex().find_first_not_of("0123456789abcdef") == std::string_view::npos);
  expect(Digest::fromHex(digest->algorithm(), digest->hex()) == *digest);
  return 0;
}
