// Repository names, tags and what stands after /manifests/: whatever is accepted is safe as a part of a storage path.
#include "oci/names.h"
#include "require.h"

using rha::fuzz::require;

namespace {

constexpr std::string_view kNameBytes = "abcdefghijklmnopqrstuvwxyz0123456789._-/";

void checkName(std::string_view text) {
  const auto name = rha::oci::RepositoryName::parse(text);
  if (!name) {
    rha::fuzz::requireClientText(name.error());
    return;
  }
  require(name->text() == text && !text.empty() && text.size() <= rha::oci::kMaxNameLength, "a name is what was sent");
  require(text.find_first_not_of(kNameBytes) == std::string_view::npos, "a name has harmless bytes only");
  require(text.front() != '/' && text.back() != '/' && text.find("//") == std::string_view::npos, "no empty part");
  require(text.find("..") == std::string_view::npos && text.find("/.") == std::string_view::npos,
          "no part with a leading dot");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = rha::fuzz::asText(data, size);
  checkName(text);
  const auto reference = rha::oci::Reference::parse(text);
  if (!reference) {
    rha::fuzz::requireClientText(reference.error().message);
    return 0;
  }
  require(reference->text() == text, "a reference is what was sent");
  require((reference->tag() == nullptr) != (reference->digest() == nullptr), "a tag or a digest");
  if (reference->tag() != nullptr) {
    require(text.size() <= 128 && text.front() != '.' && text.front() != '-', "a tag's length and start");
    require(text.find_first_of("/:") == std::string_view::npos, "a tag is one part of a path");
  }
  return 0;
}
