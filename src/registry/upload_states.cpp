#include "registry/upload_states.h"

#include "registry/layout.h"

namespace rha::registry {
namespace {

constexpr std::uint64_t kMaxStateBytes = 64 * 1024;

oci::Error foreignToken() {
  return {oci::ErrorCode::BlobUploadInvalid,
          "_state is not what this registry gave for the upload; take the Location of its last answer, or start anew",
          {},
          0};
}

}  // namespace

oci::Error unknownUpload() {
  return {oci::ErrorCode::BlobUploadUnknown, "there is no such upload in this repository; start a new one", {}, 0};
}

void UploadStates::save(const oci::RepositoryName& repository, const UploadState& state) {
  if (inStorage(repository)) {
    storages_.of(repository)
        .put(layout::uploadState(repository, state.id), encodeUploadState(state), storage::Durability::Relaxed);
  }
}

void UploadStates::drop(const oci::RepositoryName& repository, std::string_view id) noexcept {
  if (!inStorage(repository)) {
    return;
  }
  try {
    storages_.of(repository).removeTree(layout::uploadStateFolder(repository, id));
  } catch (const storage::StorageError&) {
    // The purge removes it by age.
  }
}

base::Result<UploadState, oci::Error> UploadStates::find(const oci::RepositoryName& repository, std::string_view id,
                                                         std::string_view token) {
  if (!layout::isUploadId(id)) {
    return base::fail(unknownUpload());
  }
  std::optional<UploadState> state;
  if (inStorage(repository)) {
    const auto stored = storages_.of(repository).get(layout::uploadState(repository, id), kMaxStateBytes);
    state = stored ? decodeUploadState(*stored) : std::nullopt;
  } else {
    state = tokens_.verify(token);
  }
  if (!state || state->repository != repository.text() || state->id != id ||
      state->storage != storages_.placeOf(repository).name) {
    return base::fail(unknownUpload());
  }
  if (!token.empty() && !offsetOf(token, id)) {
    return base::fail(foreignToken());
  }
  return std::move(*state);
}

std::optional<std::uint64_t> UploadStates::offsetOf(std::string_view token, std::string_view id) const {
  const auto state = tokens_.verify(token);
  return state && state->id == id ? std::optional(state->offset) : std::nullopt;
}

UploadTicket UploadStates::ticket(const UploadState& state) const {
  return {state.id, state.offset, tokens_.sign(state)};
}

}  // namespace rha::registry
