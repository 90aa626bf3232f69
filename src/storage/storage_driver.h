// StorageDriver: where the registry's objects lie. A flat name space of paths with folders implied by '/'.
//
// Paths are relative, without leading or trailing '/', without "." or ".." parts, at most 1,024 bytes:
// "docker/registry/v2/blobs/sha256/ab/ab…/data". They are made by registry/layout.h only, from validated names.
//
// Thread-safe: any method from any thread at once. Blocking: called on worker threads, never on an event thread.
// Failure: StorageError; "not there" is a normal answer. Nothing is half-done after a failure that the caller could
// see: put, commit and remove either happened or did not (a failed one may yet have happened: all are idempotent).
// Contract suite: tests/contract/storage.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/body_source.h"
#include "base/clock.h"
#include "base/files.h"
#include "storage/change_counters.h"
#include "storage/segment_store.h"
#include "storage/storage_error.h"
#include "storage/upload_session.h"

namespace rha::storage {

using base::Durability;

struct ObjectInfo {
  std::uint64_t size = 0;
  base::WallTime modified;
  std::string segments{};  // the group of the SegmentStore that has its bytes; empty: it has them itself
};

struct ListEntry {
  std::string name;  // last part of the path only
  bool isFolder = false;
};

// A part of an object: `length` bytes from `offset`.
struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

struct DriverTraits {
  // Other processes may write to the same storage: a cached answer may be stale (architecture, decision 11).
  bool shared = false;
  // A small Relaxed put is cheap enough to be made for each request (a local disk, not an object store).
  bool cheapSmallWrites = false;
};

class StorageDriver {
 public:
  StorageDriver() = default;
  StorageDriver(const StorageDriver&) = delete;
  StorageDriver& operator=(const StorageDriver&) = delete;
  virtual ~StorageDriver() = default;

  // "filesystem", "memory", "swift", "s3": for logs and metrics.
  [[nodiscard]] virtual std::string_view name() const = 0;
  [[nodiscard]] virtual DriverTraits traits() const = 0;

  // The whole of a small object; nullopt if it is not there. StorageError(Corrupt) if it is larger than maxBytes.
  virtual std::optional<std::string> get(std::string_view path, std::uint64_t maxBytes) = 0;

  // Opens an object, or a part of it, for streaming; null if it is not there. Precondition: `range` lies within the
  // object (callers stat first); a range that does not throws StorageError(Corrupt). The source stays readable, with
  // the same bytes, when the object is replaced or removed while it is read (object stores: or read() throws).
  virtual std::unique_ptr<base::BodySource> open(std::string_view path, std::optional<ByteRange> range) = 0;

  // Size and time of an object; nullopt if there is none. A folder is no object.
  virtual std::optional<ObjectInfo> stat(std::string_view path) = 0;

  // Size of an object that is about to be opened; nullopt if there is none. As stat(), but a cache that holds all of
  // the bytes may answer: it says nothing of what the storage has.
  virtual std::optional<std::uint64_t> sizeToOpen(std::string_view path) {
    const auto info = stat(path);
    return info ? std::optional(info->size) : std::nullopt;
  }

  // Somebody who knows its digest found that the object at `path` holds other bytes. Whatever is committed there next
  // replaces it, also where the driver would think that the same is there already.
  virtual void noteWrongBytes(std::string_view path) { static_cast<void>(path); }

  // As stat(), after a look at every part of an object that the storage keeps in parts. StorageError(Corrupt), naming
  // the first one, when a part is missing or short. For checks: slower than stat().
  virtual std::optional<ObjectInfo> examine(std::string_view path) { return stat(path); }

  // Where changes of objects that may be cached are counted. Null: what is read must not be cached, since others may
  // change it unseen. Owned by the driver.
  [[nodiscard]] virtual ChangeCounters* changes() { return nullptr; }

  // Makes a storage that was opened for reading one that may be written to: a registry that takes no writes was told to
  // take them. Called before the first write; again: nothing.
  virtual void beginWriting() {}

  // Creates or replaces an object atomically. Readers see the old or the new bytes. With Durable it survives a power
  // cut once the call returned; Relaxed may be taken as Durable.
  virtual void put(std::string_view path, std::string_view bytes, Durability durability) = 0;

  // Removes an object; false if it was not there. Removing is durable once the call returned. Folders left empty may
  // stay or go.
  virtual bool remove(std::string_view path) = 0;

  // Removes all objects below the folder `path`, however many; returns how many were there.
  virtual std::uint64_t removeTree(std::string_view path) = 0;

  // Removes what publications that died before `before` have left behind and no path shows, where the storage keeps
  // such; returns how much there was. For housekeeping.
  virtual std::uint64_t removeLeftovers(base::WallTime before) {
    static_cast<void>(before);
    return 0;
  }

  // Where the storage keeps the bytes of large objects apart from them; null: it does not. Owned by the driver.
  [[nodiscard]] virtual SegmentStore* segments() { return nullptr; }

  // Calls `visit` for each object and folder directly below the folder `path` (none if it is not there), in no given
  // order, until it returns false. For rebuilds and checks only: on object stores a listing may lag behind the truth,
  // so no decision may rest on one.
  virtual void list(std::string_view path, const std::function<bool(const ListEntry&)>& visit) = 0;

  // Starts an upload whose temporary data belong under the folder `path` (_uploads/<uuid>).
  virtual std::unique_ptr<UploadSession> startUpload(std::string_view path) = 0;

  // Continues an upload from a state that UploadSession::state() gave. Bytes stored beyond that state (a request that
  // died half-way) are dropped. Null if the data of that state are gone or shorter than it says.
  virtual std::unique_ptr<UploadSession> resumeUpload(std::string_view path, std::string_view state) = 0;

  // Writes, reads and removes a small object; throws if the storage is not usable. For start-up and health checks.
  virtual void check() = 0;
};

}  // namespace rha::storage
