// Repository names, tags and what stands after /manifests/: whatever is accepted is safe as a part of a storage path.
//
// Covers: oci/names.cpp oci/quote.cpp
#include "expect.h"
#include "oci/names.h"

using rha::fuzz::expect;

namespace {

constexpr std::string_view kNameBytes = "abcdefghijklmnopqrstuvwxyz0123456789._-/";

void checkName(std::string_view text) {
  const auto name = rha::oci::RepositoryName::parse(text);
  if (!name) {
    expect(!name.error().empty() && name.error().size() < 1024);
    return;
  }
  expect(name->text() == text && !text.empty() && text.size() <= rha::oci::kMaxNameLength);
  expect(text.find_first_not_of(kNameBytes) == std::string_view::npos);
  expect(text.front() != '/' && text.back() != '/' && text.find("//") == std::string_view::npos);
  expect(text.find("..") == std::string_view::npos && text.find("/.") == std::string_view::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = rha::fuzz::asText(data, size);
  checkName(text);
  const auto reference = rha::oci::Reference::parse(text);
  if (!reference) {
    expect(!reference.error().message.empty() && reference.error().message.size() < 1024);
    return 0;
  }
  expect(reference->text() == text);
  expect((reference->tag() == nullptr) != (reference->digest() == nullptr));
  if (reference->tag() != nullptr) {
    expect(text.size() <= 128 && text.front() != '.' && text.front() != '-');
    expect(text.find_first_of("/:") == std::string_view::npos);
  }
  return 0;
}
