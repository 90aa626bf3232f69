// UploadSession: the bytes of one upload on their way into storage. Appended in order, published whole by commit().
//
//   auto session = driver.startUpload(path);
//   session->append(bytes);                    // any number of times
//   std::string state = session->state();      // after flush(): enough to continue in another process
//   session->commit(finalPath);                // or cancel()
//
// Owned by one request at a time; not synchronised (it may move between threads). Destroying a session without
// commit() or cancel() leaves what was flushed, for resumeUpload(). Failure: StorageError; after one, only cancel() and
// destruction are allowed, and the last flushed state stays good.
// Made for three kinds of storage: a file (append, fsync, rename), Swift segments (state = their names and sizes,
// commit = a manifest object), S3 multipart (state = part numbers and ETags, commit = complete + copy).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/body_source.h"
#include "base/hasher.h"

namespace rha::storage {

class UploadSession {
 public:
  UploadSession() = default;
  UploadSession(const UploadSession&) = delete;
  UploadSession& operator=(const UploadSession&) = delete;
  virtual ~UploadSession() = default;

  // Takes the next bytes. They need not be stored yet when it returns.
  virtual void append(std::span<const std::byte> bytes) = 0;

  // append(), and adds the bytes to `digest`. A driver that has checksums of its own to compute may do all at once.
  virtual void appendHashed(std::span<const std::byte> bytes, base::Hasher& digest) {
    append(bytes);
    digest.update(bytes);
  }

  // Bytes taken since the upload began.
  [[nodiscard]] virtual std::uint64_t size() const = 0;

  // Returns once the storage has acknowledged every byte appended so far: it survives the death of this process.
  virtual void flush() = 0;

  // What resumeUpload() needs, as opaque bytes of bounded length. Precondition: flush() was the last call.
  [[nodiscard]] virtual std::string state() const = 0;

  // Reads back everything flushed, from its beginning: for a digest of an algorithm that was not hashed on the way in.
  // Precondition: flush() was the last call. The session goes on afterwards.
  virtual std::unique_ptr<base::BodySource> readBack() = 0;

  // Publishes everything appended as the object `path`, atomically and durably; an object that is there already is
  // replaced. Afterwards the upload's temporary data are gone. The session is over.
  virtual void commit(std::string_view path) = 0;

  // Removes the upload's data. The session is over. Never throws: what could not be removed is left to the purge.
  virtual void cancel() noexcept = 0;
};

}  // namespace rha::storage
