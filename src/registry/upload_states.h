// UploadStates: where uploads stand between their requests: in the token that the client carries and, on local storage,
// in a state file too, which then is the truth.
//
// Thread-safe; blocking. Storage failures throw storage::StorageError.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "oci/error_code.h"
#include "oci/names.h"
#include "registry/storages.h"
#include "registry/upload_token.h"

namespace rha::registry {

// What a client needs to go on with an upload.
struct UploadTicket {
  std::string id;
  std::uint64_t offset = 0;
  std::string token;  // for `_state=` in the Location
};

class UploadStates final {
 public:
  UploadStates(Storages storages, UploadTokens tokens) : storages_(std::move(storages)), tokens_(std::move(tokens)) {}

  // Whether a state file is kept.
  [[nodiscard]] bool inStorage(const oci::RepositoryName& repository) const {
    return storages_.of(repository).traits().cheapSmallWrites;
  }
  void save(const oci::RepositoryName& repository, const UploadState& state);
  // Best effort: what stays is removed by age.
  void drop(const oci::RepositoryName& repository, std::string_view id) noexcept;

  // BLOB_UPLOAD_UNKNOWN: no such upload in this repository, or it was begun in another storage than the repository
  // lies in now. BLOB_UPLOAD_INVALID: the token is none of ours for it.
  base::Result<UploadState, oci::Error> find(const oci::RepositoryName& repository, std::string_view id,
                                             std::string_view token);
  // Where the token says the upload stood when it was given out; nullopt if it is not one of this upload.
  [[nodiscard]] std::optional<std::uint64_t> offsetOf(std::string_view token, std::string_view id) const;
  [[nodiscard]] UploadTicket ticket(const UploadState& state) const;

 private:
  Storages storages_;
  UploadTokens tokens_;
};

oci::Error unknownUpload();

}  // namespace rha::registry
