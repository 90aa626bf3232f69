// SwiftDriver: objects in one container of OpenStack Swift, in the layout of distribution 2.8's swift driver, so that
// either registry reads what the other wrote. Any number of processes may use the container at once.
//
// Nothing optional of Swift is needed: no bulk, no SLO, no tempurl. Existence is decided by asking for the object,
// never by a container listing. A large object is read by its segments (swift_object.h); one with a segment missing or
// short is refused before its first byte, reported (event=damaged_object), and from then on said not to be there, so
// that clients push it again, which repairs it.
//
// Threads and failure: see StorageDriver. open() first, once. Upload sessions and body sources must not outlive the
// driver.
#pragma once

#include <map>
#include <set>
#include <string>

#include "base/clock.h"
#include "base/lock_guarded.h"
#include "base/log.h"
#include "base/metrics.h"
#include "storage/open_for.h"
#include "storage/spool.h"
#include "storage/storage_driver.h"
#include "storage/swift_call.h"
#include "storage/swift_object.h"
#include "storage/swift_segments.h"
#include "storage/swift_settings.h"

namespace rha::storage {

class SwiftDriver final : public StorageDriver {
 public:
  // All borrowed but the settings.
  SwiftDriver(const SwiftSettings& settings, const base::Clock& clock, const base::Logger& logger,
              base::MetricsRegistry& metrics);

  // Gets a token, asks for the limits of this Swift, and makes the container if it is not there. Throws StorageError
  // with a text for the operator.
  void open(OpenFor use = OpenFor::Writing);

  [[nodiscard]] std::string_view name() const override { return "swift"; }
  [[nodiscard]] DriverTraits traits() const override { return {.shared = true, .cheapSmallWrites = false}; }
  std::optional<std::string> get(std::string_view path, std::uint64_t maxBytes) override;
  std::unique_ptr<base::BodySource> open(std::string_view path, std::optional<ByteRange> range) override;
  std::optional<ObjectInfo> stat(std::string_view path) override;
  // A damaged object is StorageError(Corrupt): who wants to read it is to be told.
  std::optional<std::uint64_t> sizeToOpen(std::string_view path) override;
  void noteWrongBytes(std::string_view path) override;
  std::optional<ObjectInfo> examine(std::string_view path) override;
  void put(std::string_view path, std::string_view bytes, Durability durability) override;
  bool remove(std::string_view path) override;
  std::uint64_t removeTree(std::string_view path) override;
  [[nodiscard]] SegmentStore* segments() override { return &segments_; }
  void list(std::string_view path, const std::function<bool(const ListEntry&)>& visit) override;
  std::unique_ptr<UploadSession> startUpload(std::string_view path) override;
  std::unique_ptr<UploadSession> resumeUpload(std::string_view path, std::string_view state) override;
  void check() override;

 private:
  // What stat() found, for the open() that follows it. Never for a question whether something is there.
  struct Recent {
    SwiftObject object;
    base::SteadyTime until;
  };
  void heedLimits();
  std::optional<SwiftObject> recent(const std::string& path);
  void remember(const std::string& path, const SwiftObject& object);
  void forget(const std::string& path);
  std::optional<SwiftObject> lookUpSound(const std::string& path, Replica replica);
  void reportDamage(const std::string& path, const std::string& what);
  std::unique_ptr<base::BodySource> read(const std::string& path, const SwiftObject& object,
                                         std::optional<ByteRange> range);
  std::uint64_t removeAll(const std::vector<std::string>& names, const std::vector<std::string>& perhapsLarge);

  const base::Clock& clock_;
  const base::Logger& logger_;
  SwiftService service_;
  SwiftSegments segments_{service_};
  SpoolBudget budget_;
  base::LockGuarded<std::map<std::string, Recent>> recent_;
  base::LockGuarded<std::set<std::string>> damaged_;
};

}  // namespace rha::storage
