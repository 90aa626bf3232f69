// UploadWriter: one request's hold on an upload: it appends bytes, then suspends, finishes or cancels.
//
// Belongs to one request; not synchronised with itself, but safe against another request that takes the upload over.
// Made by Uploads (uploads.h). Blocking. Storage failures throw storage::StorageError.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/hasher.h"
#include "base/result.h"
#include "oci/digest.h"
#include "oci/error_code.h"
#include "oci/names.h"
#include "registry/blobs.h"
#include "registry/upload_slots.h"
#include "registry/upload_states.h"
#include "storage/upload_session.h"

namespace rha::registry {

class UploadWriter final {
 public:
  // What a writer works with; put together by Uploads.
  struct Parts {
    UploadStates& states;
    Blobs& blobs;
    std::uint64_t maxBlobBytes;  // 0: no limit
    oci::RepositoryName repository;
    UploadState state;
    std::unique_ptr<storage::UploadSession> session;
    base::Hasher hasher;
    UploadSlots::Lease lease;
  };
  explicit UploadWriter(std::unique_ptr<Parts> parts);
  ~UploadWriter();  // as suspend(), best effort: what came in stays for a later resume()
  UploadWriter(const UploadWriter&) = delete;
  UploadWriter& operator=(const UploadWriter&) = delete;

  [[nodiscard]] std::uint64_t offset() const;
  // Lowers the limit of the upload's size for this request; 0 changes nothing.
  void limitTo(std::uint64_t bytes);
  // SIZE_INVALID (413) if the upload would grow over the limit with `bytes` more: what append() would say later.
  [[nodiscard]] base::Result<void, oci::Error> checkRoom(std::uint64_t bytes) const;
  // SIZE_INVALID (413) when the upload grows over the limit; BLOB_UPLOAD_INVALID when another request took it over.
  // After a storage failure the writer has ended; without space the upload is discarded, else it stands where it was
  // saved last.
  base::Result<void, oci::Error> append(std::span<const std::byte> bytes);
  // All is stored; the upload goes on later. Ends the writer.
  base::Result<UploadTicket, oci::Error> suspend();
  // Verifies the digest, publishes the blob and links it into the repository. Ends the writer.
  // DIGEST_INVALID: what was uploaded has another digest; the upload is discarded.
  base::Result<BlobInfo, oci::Error> finish(const oci::Digest& digest);
  // Discards the upload. Ends the writer.
  void cancel() noexcept;

 private:
  static void save(Parts& parts);
  static base::Result<void, oci::Error> checkRoom(const Parts& parts, std::uint64_t bytes);
  template <typename Step>
  static void orGiveUp(Parts& parts, Step&& step);
  std::unique_ptr<Parts> parts_;  // null once the writer has ended
};

}  // namespace rha::registry
