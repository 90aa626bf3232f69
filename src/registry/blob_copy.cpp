#include "registry/blob_copy.h"

#include <vector>

#include "base/hasher.h"
#include "base/secret.h"
#include "registry/layout.h"

namespace rha::registry {
namespace {

constexpr std::size_t kBufferBytes = 256 * 1024;

std::string copyAndHash(base::BodySource& source, storage::UploadSession& session, base::HashAlgorithm algorithm) {
  base::Hasher hasher(algorithm);
  std::vector<std::byte> buffer(kBufferBytes);
  while (const std::size_t count = source.read(buffer)) {
    session.appendHashed(std::span(buffer).first(count), hasher);
  }
  return hasher.hex();
}

}  // namespace

bool copyBlob(storage::StorageDriver& from, storage::StorageDriver& to, const oci::RepositoryName& repository,
              const oci::Digest& digest) {
  const std::string path = layout::blobData(digest);
  const auto there = from.stat(path);
  if (!there) {
    return false;
  }
  if (const auto here = to.stat(path); here && here->size == there->size) {
    return true;
  }
  const auto source = from.open(path, std::nullopt);
  if (!source) {
    return false;
  }
  const auto session = to.startUpload(layout::uploadFolder(repository, base::randomUuid()));
  try {
    const auto found = oci::Digest::fromHex(digest.algorithm(), copyAndHash(*source, *session, digest.algorithm()));
    if (found != digest) {
      throw storage::StorageError(storage::StorageFailure::Corrupt, std::string(from.name()) + ": " + path +
                                                                        " holds bytes of the digest " + found.text());
    }
    session->commit(path);
  } catch (const storage::StorageError&) {
    session->cancel();
    throw;
  }
  return true;
}

}  // namespace rha::registry
