// A digest as a client sends it; and the same bytes as the saved state of a hash, which comes back from clients inside
// the Location of an upload.
#include "oci/digest.h"

#include "base/hasher.h"
#include "require.h"

using rha::base::Hasher;
using rha::fuzz::require;
using rha::oci::Digest;

namespace {

void checkDigest(std::string_view text) {
  const auto digest = Digest::parse(text);
  if (!digest) {
    rha::fuzz::requireClientText(digest.error());
    return;
  }
  const std::size_t hexLength = digest->algorithm() == rha::oci::HashAlgorithm::Sha256 ? 64 : 128;
  require(digest->text() == text, "a digest is what was sent");
  require(digest->hex().size() == hexLength, "its length is the algorithm's");
  require(digest->hex().find_first_not_of("0123456789abcdef") == std::string_view::npos, "it is lower-case hex");
  require(Digest::fromHex(digest->algorithm(), digest->hex()) == *digest, "it can be made from its parts");
}

void checkState(std::string_view state) {
  auto hasher = Hasher::fromState(state);
  if (!hasher) {
    return;
  }
  require(hasher->state() == state, "a state that is taken is given back unchanged");
  Hasher copy = *hasher;
  copy.update("more");
  hasher->update("mo");
  hasher->update("re");
  require(copy.hex() == hasher->hex() && copy.count() == hasher->count(), "a continued hash does not depend on pieces");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = rha::fuzz::asText(data, size);
  checkDigest(text);
  checkState(text);
  return 0;
}
