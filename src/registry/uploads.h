// Uploads: blob uploads from POST to PUT (OCI distribution-spec 1.1.1, "Pushing blobs").
//
//   start()  ->  ticket (id, offset, token)                       POST
//   resume() ->  UploadWriter: append()*  ->  suspend() -> ticket  PATCH
//                                         ->  finish(digest)       PUT, or POST ?digest=
//   status(), cancel()                                            GET, DELETE
//
// Where an upload stands is in the token, and on local storage also in a state file that wins over the token: there a
// client that lost its connection, or the Location, may ask for the status and go on. Bytes that were never
// acknowledged are dropped. Nothing is visible at the blob's path before its digest was verified and the storage
// acknowledged it.
//
// One request at a time writes to an upload; a later one takes it over (the earlier client has lost its connection and
// nobody noticed): the earlier writer's next call fails with BLOB_UPLOAD_INVALID.
// Uploads is thread-safe and blocking; a UploadWriter belongs to one request.
// Storage failures throw storage::StorageError.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/hasher.h"
#include "base/result.h"
#include "oci/digest.h"
#include "oci/error_code.h"
#include "oci/names.h"
#include "registry/actor.h"
#include "registry/blobs.h"
#include "registry/storages.h"
#include "registry/upload_slots.h"
#include "registry/upload_states.h"
#include "registry/upload_token.h"
#include "registry/upload_writer.h"
#include "storage/storage_driver.h"

namespace rha::registry {

struct UploadSettings {
  std::uint64_t maxBlobBytes = 0;         // 0: no limit
  std::chrono::hours purgeAfter{24 * 7};  // abandoned uploads older than this are removed
};

class Uploads final {
 public:
  // The storages' drivers, the blobs, the clock and `locks` are borrowed: those of the processes that share the
  // storages; null: there is one.
  Uploads(Storages storages, Blobs& blobs, const base::Clock& clock, UploadTokens tokens, UploadSettings settings,
          const ProcessLocks* locks = nullptr);

  // Begins an upload and returns its ticket; nothing of the body is taken yet.
  UploadTicket start(const oci::RepositoryName& repository, const Actor& actor, base::HashAlgorithm algorithm);

  // Begins an upload and keeps writing to it (single POST).
  std::unique_ptr<UploadWriter> startWriting(const oci::RepositoryName& repository, const Actor& actor,
                                             base::HashAlgorithm algorithm);

  struct Resume {
    const oci::RepositoryName& repository;
    std::string_view id;
    std::string_view token;                        // may be empty on local storage
    std::optional<std::uint64_t> offset;           // first byte of Content-Range, when given
    std::optional<base::HashAlgorithm> algorithm;  // of the digest the client will ask for, when known
    bool final = false;  // PUT without body: the digest will tell, so an old token does not matter
  };
  // BLOB_UPLOAD_UNKNOWN: no such upload in this repository. BLOB_UPLOAD_INVALID: the token is none of ours for it.
  // RANGE_INVALID (416): the offset is not where the upload stands; `detail` says where that is.
  base::Result<std::unique_ptr<UploadWriter>, oci::Error> resume(const Resume& request);

  // Where the upload stands, with a fresh token.
  base::Result<UploadTicket, oci::Error> status(const oci::RepositoryName& repository, std::string_view id,
                                                std::string_view token);
  base::Result<void, oci::Error> cancel(const oci::RepositoryName& repository, std::string_view id,
                                        std::string_view token);

  // The uploads of this repository that nobody has touched for settings.purgeAfter.
  std::vector<std::string> abandoned(const oci::RepositoryName& repository);
  // Removes abandoned uploads of this repository that are older than settings.purgeAfter; returns how many.
  std::uint64_t purge(const oci::RepositoryName& repository);

  // Uploads that nobody has touched for so long may be removed.
  [[nodiscard]] std::chrono::hours purgeAfter() const { return settings_.purgeAfter; }

  // Writers at work, for metrics.
  [[nodiscard]] std::uint64_t active();

 private:
  std::unique_ptr<UploadWriter> makeWriter(const oci::RepositoryName& repository, UploadState state,
                                           std::unique_ptr<storage::UploadSession> session, base::Hasher hasher,
                                           UploadSlots::Lease lease);
  base::WallTime lastTouched(const oci::RepositoryName& repository, const std::string& id);

  Storages storages_;
  Blobs& blobs_;
  const base::Clock& clock_;
  UploadStates states_;
  UploadSettings settings_;
  UploadSlots slots_;
};

}  // namespace rha::registry
