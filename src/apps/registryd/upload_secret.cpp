#include "apps/registryd/upload_secret.h"

#include <stdexcept>

#include "base/files.h"
#include "base/text.h"

namespace rha::registryd {
namespace {

constexpr std::size_t kLeastBytes = 32;
constexpr std::uint64_t kLargestFile = 4096;
constexpr std::string_view kWhiteSpace = " \t\r\n";

base::Secret checked(const std::filesystem::path& path, std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kWhiteSpace);
  text = begin == std::string_view::npos ? "" : text.substr(begin, text.find_last_not_of(kWhiteSpace) + 1 - begin);
  if (text.size() < kLeastBytes) {
    throw std::runtime_error("the secret in " + path.string() + " is shorter than " + std::to_string(kLeastBytes) +
                             " bytes; make one with: openssl rand -hex 32");
  }
  return base::Secret(std::string(text));
}

}  // namespace

base::Secret loadUploadSecret(const std::filesystem::path& secretFile, const std::filesystem::path& stateFolder) {
  const std::filesystem::path path = secretFile.empty() ? stateFolder / "secret" : secretFile;
  try {
    if (const auto text = base::readFile(path, kLargestFile)) {
      return checked(path, *text);
    }
  } catch (const std::length_error&) {
    throw std::runtime_error("the secret in " + path.string() + " is longer than " + std::to_string(kLargestFile) +
                             " bytes");
  }
  if (!secretFile.empty()) {
    throw std::runtime_error("http.secret_file names " + path.string() + ", which does not exist");
  }
  const std::string made = base::toHex(base::randomBytes(kLeastBytes));
  base::createFolders(stateFolder, base::Durability::Durable);
  base::writeFileAtomically(path, made + '\n', base::Durability::Durable, 0600);
  return base::Secret(made);
}

}  // namespace rha::registryd
