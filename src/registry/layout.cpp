#include "registry/layout.h"

#include <cstdio>

#include "base/text.h"

namespace rha::registry::layout {
namespace {

using oci::HashAlgorithm;

constexpr std::string_view kOwn = "docker/registry-ha/v1/";

std::string_view treeOf(HashAlgorithm algorithm) {
  return algorithm == HashAlgorithm::Sha256 ? "docker/registry/v2/" : kOwn;
}

std::string join(std::initializer_list<std::string_view> parts) {
  std::size_t length = 0;
  for (const auto part : parts) {
    length += part.size();
  }
  std::string text;
  text.reserve(length);
  for (const auto part : parts) {
    text += part;
  }
  return text;
}

// ".../<algorithm>/<hex>/link" below a folder of a repository.
std::string repositoryLink(const RepositoryName& repository, std::string_view folder, const Digest& digest) {
  return join({treeOf(digest.algorithm()), "repositories/", repository.text(), folder,
               oci::toString(digest.algorithm()), "/", digest.hex(), "/link"});
}

}  // namespace

std::string blobData(const Digest& digest) {
  return join({treeOf(digest.algorithm()), "blobs/", oci::toString(digest.algorithm()), "/", digest.hex().substr(0, 2),
               "/", digest.hex(), "/data"});
}

std::optional<Digest> blobAt(std::string_view path) {
  for (const auto algorithm : {HashAlgorithm::Sha256, HashAlgorithm::Sha512}) {
    const std::string folder = join({treeOf(algorithm), "blobs/", oci::toString(algorithm), "/"});
    constexpr std::string_view kEnd = "/data";
    // "<2 hex>/<hex>/data"
    if (path.starts_with(folder) && path.ends_with(kEnd) && path.size() > folder.size() + 3 + kEnd.size()) {
      const std::string_view hex = path.substr(folder.size() + 3, path.size() - folder.size() - 3 - kEnd.size());
      const auto digest = Digest::parse(join({oci::toString(algorithm), ":", hex}));
      return digest && blobData(*digest) == path ? std::optional(*digest) : std::nullopt;
    }
  }
  return std::nullopt;
}

std::string layerLink(const RepositoryName& repository, const Digest& digest) {
  return repositoryLink(repository, "/_layers/", digest);
}

std::string revisionLink(const RepositoryName& repository, const Digest& digest) {
  return repositoryLink(repository, "/_manifests/revisions/", digest);
}

std::string manifestType(const RepositoryName& repository, const Digest& digest) {
  return join({kOwn, "repositories/", repository.text(), "/_manifests/types/", oci::toString(digest.algorithm()), "/",
               digest.hex()});
}

std::string tagFolder(const RepositoryName& repository, const Tag& tag, HashAlgorithm algorithm) {
  return join({tagsFolder(repository, algorithm), "/", tag.text()});
}

std::string tagCurrentLink(const RepositoryName& repository, const Tag& tag, HashAlgorithm algorithm) {
  return tagFolder(repository, tag, algorithm) + "/current/link";
}

std::string tagIndexLink(const RepositoryName& repository, const Tag& tag, const Digest& digest) {
  return join({tagFolder(repository, tag, digest.algorithm()), "/index/", oci::toString(digest.algorithm()), "/",
               digest.hex(), "/link"});
}

std::string repositoriesRoot(HashAlgorithm algorithm) { return join({treeOf(algorithm), "repositories"}); }

std::string repositoryFolder(const RepositoryName& repository, HashAlgorithm algorithm) {
  return join({treeOf(algorithm), "repositories/", repository.text()});
}

std::string revisionsFolder(const RepositoryName& repository, HashAlgorithm algorithm) {
  return join({repositoryFolder(repository, algorithm), "/_manifests/revisions/", oci::toString(algorithm)});
}

std::string tagsFolder(const RepositoryName& repository, HashAlgorithm algorithm) {
  return repositoryFolder(repository, algorithm) + "/_manifests/tags";
}

std::string layersFolder(const RepositoryName& repository, HashAlgorithm algorithm) {
  return join({repositoryFolder(repository, algorithm), "/_layers/", oci::toString(algorithm)});
}

std::string tagIndexFolder(const RepositoryName& repository, const Tag& tag, HashAlgorithm algorithm) {
  return join({tagFolder(repository, tag, algorithm), "/index/", oci::toString(algorithm)});
}

std::string blobsFolder(HashAlgorithm algorithm, std::string_view two) {
  return join({treeOf(algorithm), "blobs/", oci::toString(algorithm), "/", two});
}

std::string uploadsFolder(const RepositoryName& repository) {
  return repositoryFolder(repository, HashAlgorithm::Sha256) + "/_uploads";
}

std::string uploadFolder(const RepositoryName& repository, std::string_view id) {
  return join({uploadsFolder(repository), "/", id});
}

std::optional<RepositoryName> repositoryOfUpload(std::string_view folder) {
  const std::string root = repositoriesRoot(HashAlgorithm::Sha256) + '/';
  const std::size_t end = folder.rfind("/_uploads/");
  if (!folder.starts_with(root) || end == std::string_view::npos || end < root.size()) {
    return std::nullopt;
  }
  auto name = RepositoryName::parse(std::string(folder.substr(root.size(), end - root.size())));
  return name.ok() && isUploadId(folder.substr(end + std::string_view("/_uploads/").size()))
             ? std::optional(std::move(*name))
             : std::nullopt;
}

std::string uploadStartedAt(const RepositoryName& repository, std::string_view id) {
  return uploadFolder(repository, id) + "/startedat";
}

std::string uploadStateFolder(const RepositoryName& repository, std::string_view id) {
  return join({kOwn, "repositories/", repository.text(), "/_uploads/", id});
}

std::string uploadState(const RepositoryName& repository, std::string_view id) {
  return uploadStateFolder(repository, id) + "/state";
}

bool isUploadId(std::string_view text) {
  if (text.size() != 36) {
    return false;
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    if (dash ? c != '-' : !hex) {
      return false;
    }
  }
  return true;
}

std::string identity() { return join({kOwn, "identity"}); }

std::string journalRoot() { return join({kOwn, "journal"}); }

std::string journalRecord(std::string_view writer, std::uint64_t number) {
  char name[48];
  std::snprintf(name, sizeof name, "/%010llu/%016llu", static_cast<unsigned long long>(number / kJournalFolder),
                static_cast<unsigned long long>(number));
  return join({journalRoot(), "/", writer, name});
}

std::string journalPacks() { return join({kOwn, "packs"}); }

std::string journalPack(std::string_view writer, std::uint64_t thousand) {
  char name[24];
  std::snprintf(name, sizeof name, "/%010llu", static_cast<unsigned long long>(thousand));
  return join({journalPacks(), "/", writer, name});
}

std::string journalRoll() { return join({kOwn, "writers"}); }

std::string journalRollEntry(std::uint64_t number) { return join({journalRoll(), "/", std::to_string(number)}); }

std::optional<Digest> parseLink(std::string_view contents) {
  while (!contents.empty() && (contents.back() == '\n' || contents.back() == '\r' || contents.back() == ' ')) {
    contents.remove_suffix(1);
  }
  auto digest = Digest::parse(base::trim(contents));
  if (!digest.ok()) {
    return std::nullopt;
  }
  return std::move(*digest);
}

}  // namespace rha::registry::layout
