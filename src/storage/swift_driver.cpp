#include "storage/swift_driver.h"

#include <algorithm>

#include "base/md5.h"
#include "storage/check_object.h"
#include "storage/storage_path.h"
#include "storage/swift_limits.h"
#include "storage/swift_reader.h"
#include "storage/swift_upload.h"

namespace rha::storage {
namespace {

constexpr std::chrono::seconds kRecentTime{5};
constexpr std::size_t kMaxRecent = 1024;
constexpr std::chrono::milliseconds kInfoPatience{10'000};
constexpr std::size_t kMaxDamaged = 10'000;

[[noreturn]] void failRange(std::string_view path) {
  throw StorageError(StorageFailure::Corrupt, "swift: " + std::string(path) + ": is smaller than was recorded");
}

// The parts that hold bytes of the range.
std::span<const SwiftPart> partsWithin(const SwiftObject& object, ByteRange range) {
  std::size_t first = 0;
  std::uint64_t begin = 0;
  while (first < object.parts.size() && begin + object.parts[first].size <= range.offset) {
    begin += object.parts[first++].size;
  }
  std::size_t last = first;
  while (last < object.parts.size() && begin < range.offset + range.length) {
    begin += object.parts[last++].size;
  }
  return std::span(object.parts).subspan(first, last - first);
}

}  // namespace

SwiftDriver::SwiftDriver(const SwiftSettings& settings, const base::Clock& clock, const base::Logger& logger,
                         base::MetricsRegistry& metrics)
    : clock_(clock), logger_(logger), service_(settings, clock, metrics), budget_(settings.spoolBytes) {}

void SwiftDriver::heedLimits() {
  const SwiftLimits limits = askLimits(service_.client, service_.auth.token()->endpoint,
                                       std::min(kInfoPatience, service_.settings.requestTimeout));
  requireWithin(limits, service_.settings);
  service_.pageEntries = std::min<std::uint64_t>(service_.pageEntries, limits.listingEntries);
  for (const std::string& low : lowLimits(limits)) {
    logger_.warn("swift_limit_low", {{"limit", low}, {"effect", "pushes with long names or many segments may fail"}});
  }
}

void SwiftDriver::open(OpenFor use) {
  heedLimits();
  const auto container = SwiftCall(service_, {.operation = "container_head", .method = "HEAD"}).finish();
  if (container.head.status == 404 && use == OpenFor::Reading) {
    throw StorageError(StorageFailure::Broken, "swift: there is no container " + service_.settings.container +
                                                   ", and a registry that takes no writes makes none");
  }
  if (container.head.status == 404) {
    const fetch::MemoryBody empty("");
    SwiftCall(service_, {.operation = "container_put", .method = "PUT", .body = &empty}).finish();
    logger_.info("container_made", {{"container", service_.settings.container}});
  }
}

std::optional<SwiftObject> SwiftDriver::recent(const std::string& path) {
  auto known = recent_.lock();
  const auto found = known->find(path);
  return found != known->end() && clock_.steady() < found->second.until ? std::optional(found->second.object)
                                                                        : std::nullopt;
}

void SwiftDriver::remember(const std::string& path, const SwiftObject& object) {
  auto known = recent_.lock();
  if (known->size() >= kMaxRecent) {
    known->clear();
  }
  known->insert_or_assign(path, Recent{object, clock_.steady() + kRecentTime});
}

void SwiftDriver::forget(const std::string& path) { recent_.lock()->erase(path); }

void SwiftDriver::reportDamage(const std::string& path, const std::string& what) {
  forget(path);
  bool news = false;
  {
    auto damaged = damaged_.lock();
    news = damaged->size() < kMaxDamaged && damaged->insert(path).second;
  }
  if (news) {
    service_.metrics.damaged();
    logger_.error("damaged_object", {{"path", path}, {"cause", what}, {"hint", "push it again: that repairs it"}});
  }
}

void SwiftDriver::noteWrongBytes(std::string_view path) {
  forget(std::string(path));
  auto wrong = service_.wrong.lock();
  if (wrong->size() < kMaxDamaged) {
    wrong->insert(service_.names.object(path));
  }
}

std::optional<std::string> SwiftDriver::get(std::string_view path, std::uint64_t maxBytes) {
  requireValidPath(path);
  const auto response = SwiftCall(service_, {.operation = "object_get",
                                             .object = service_.names.object(path),
                                             .query = "multipart-manifest=get",
                                             .headers = headersFor(Replica::Newest),
                                             .absence = Absence::SaidTwice})
                            .finish(maxBytes);
  if (response.head.status == 404) {
    return std::nullopt;
  }
  if (!response.head.find("X-Object-Manifest") && !response.head.find("X-Static-Large-Object")) {
    return response.body;
  }
  const auto source = open(path, std::nullopt);
  if (source && source->size() > maxBytes) {
    throw StorageError(StorageFailure::Corrupt,
                       "swift: " + std::string(path) + ": is larger than " + std::to_string(maxBytes) + " bytes");
  }
  return source ? std::optional(base::readAll(*source, maxBytes)) : std::nullopt;
}

// Throws StorageError(Corrupt) if it is damaged, so far as that is known.
std::optional<SwiftObject> SwiftDriver::lookUpSound(const std::string& path, Replica replica) {
  try {
    auto object = lookUp(service_, service_.names.object(path), "", replica);
    if (!object) {
      forget(path);
      return std::nullopt;
    }
    if (damaged_.lock()->contains(path)) {
      requireParts(service_, object->parts, "");
      damaged_.lock()->erase(path);
    }
    remember(path, *object);
    return object;
  } catch (const StorageError& error) {
    if (isCorrupt(error)) {
      reportDamage(path, error.what());
    }
    throw;
  }
}

std::optional<ObjectInfo> SwiftDriver::stat(std::string_view path) {
  requireValidPath(path);
  try {
    const auto object = lookUpSound(std::string(path), Replica::Newest);
    return object ? std::optional(ObjectInfo{object->size, object->modified, object->segmentPrefix}) : std::nullopt;
  } catch (const StorageError& error) {
    if (!isCorrupt(error)) {
      throw;
    }
    return std::nullopt;  // so that it is pushed again
  }
}

std::optional<ObjectInfo> SwiftDriver::examine(std::string_view path) {
  requireValidPath(path);
  const std::string name(path);
  std::string looked;  // version of the object that was found damaged
  while (true) {
    std::optional<SwiftObject> object;
    try {
      object = lookUp(service_, service_.names.object(path), "", Replica::Newest, Absence::SaidTwice);
      if (!object) {
        return std::nullopt;
      }
      requireParts(service_, object->parts, "");
      return ObjectInfo{object->size, object->modified, object->segmentPrefix};
    } catch (const StorageError& error) {
      if (!isCorrupt(error)) {
        throw;
      }
      // It may have been replaced since it was looked up; if not, it is as bad as it seems.
      if (!object || object->version == looked) {
        reportDamage(name, error.what());
        throw;
      }
      looked = object->version;
    }
  }
}

std::optional<std::uint64_t> SwiftDriver::sizeToOpen(std::string_view path) {
  requireValidPath(path);
  const auto object = lookUpSound(std::string(path), Replica::Any);
  return object ? std::optional(object->size) : std::nullopt;
}

std::unique_ptr<base::BodySource> SwiftDriver::open(std::string_view path, std::optional<ByteRange> range) {
  requireValidPath(path);
  const std::string name(path);
  auto object = recent(name);
  if (!object) {
    object = lookUp(service_, service_.names.object(path), "", Replica::Any, Absence::SaidTwice);
  }
  while (object) {
    try {
      return read(name, *object, range);
    } catch (const StorageError& error) {
      if (!isCorrupt(error)) {
        throw;
      }
      // It may have been replaced since it was looked up; if not, it is as bad as it seems.
      forget(name);
      auto now = lookUp(service_, service_.names.object(path), "", Replica::Newest, Absence::SaidTwice);
      if (now && now->version == object->version) {
        if (now->isLarge()) {
          reportDamage(name, error.what());
        }
        throw;
      }
      object = std::move(now);
    }
  }
  return nullptr;
}

std::unique_ptr<base::BodySource> SwiftDriver::read(const std::string& path, const SwiftObject& object,
                                                    std::optional<ByteRange> range) {
  const ByteRange part = range.value_or(ByteRange{0, object.size});
  if (part.offset > object.size || part.length > object.size - part.offset) {
    failRange(path);
  }
  if (part.length == 0) {
    return base::memorySource(std::make_shared<const std::string>());
  }
  std::vector<SwiftPart> parts = object.parts;
  if (!object.isLarge()) {
    parts = {{service_.names.object(path), object.size, object.etag}};
  } else if (const auto needed = partsWithin(object, part); needed.size() > 1) {
    requireParts(service_, needed.subspan(1), "");  // the first shows when it is opened
  }
  auto source = std::make_unique<SwiftReader>(service_, std::move(parts), part, "", [this, path] {
    reportDamage(path, "a part of it was missing or had changed while it was read");
  });
  source->open();
  return source;
}

void SwiftDriver::put(std::string_view path, std::string_view bytes, Durability) {
  requireValidPath(path);
  const fetch::MemoryBody body(bytes);
  const auto response =
      SwiftCall(service_, {.operation = "object_put",
                           .method = "PUT",
                           .object = service_.names.object(path),
                           .headers = {{"Etag", base::md5Hex(bytes)}, {"Content-Type", "application/octet-stream"}},
                           .body = &body})
          .finish();
  forget(std::string(path));
  if (!succeeded(response.head)) {
    throw StorageError(StorageFailure::Broken, "swift: cannot put " + std::string(path) + ": " +
                                                   std::to_string(response.head.status) + "; is the container \"" +
                                                   service_.settings.container + "\" gone?");
  }
}

bool SwiftDriver::remove(std::string_view path) {
  requireValidPath(path);
  forget(std::string(path));
  const std::string name = service_.names.object(path);
  // Only what is called "data" can have segments (registry/layout.h): links go with one request.
  const bool perhapsLarge = path.ends_with("/data");
  return removeAll({name}, perhapsLarge ? std::vector{name} : std::vector<std::string>()) > 0;
}

// Removes objects, and the segments of those that are large ones of ours. Of what the old registry wrote only the
// manifest goes: a crash may have left two manifests with the same segments.
std::uint64_t SwiftDriver::removeAll(const std::vector<std::string>& names,
                                     const std::vector<std::string>& perhapsLarge) {
  std::vector<std::string> prefixes;
  std::vector<std::string> segments;
  for (const std::string& name : perhapsLarge) {
    try {
      if (const auto object = lookUp(service_, name, "", Replica::Newest); object && object->oursToRemove) {
        prefixes.push_back(object->segmentPrefix);
        std::transform(object->parts.begin(), object->parts.end(), std::back_inserter(segments),
                       [](const SwiftPart& part) { return part.name; });
      }
    } catch (const StorageError& error) {
      if (!isCorrupt(error)) {
        throw;
      }
    }
  }
  const std::uint64_t count = removeObjects(service_, names, "");
  for (const std::string& prefix : prefixes) {
    listObjects(service_, {.prefix = prefix + '/'}, "", [&](const std::vector<SwiftEntry>& page) {
      std::transform(page.begin(), page.end(), std::back_inserter(segments),
                     [](const SwiftEntry& entry) { return entry.name; });
      return true;
    });
  }
  std::sort(segments.begin(), segments.end());
  segments.erase(std::unique(segments.begin(), segments.end()), segments.end());
  removeObjects(service_, segments, "");
  return count;
}

std::uint64_t SwiftDriver::removeTree(std::string_view path) {
  requireValidPath(path);
  std::uint64_t count = 0;
  listObjects(service_, {.prefix = service_.names.object(path) + '/'}, "", [&](const std::vector<SwiftEntry>& page) {
    std::vector<std::string> names;
    std::vector<std::string> perhapsLarge;  // the manifest of a large object is listed as empty
    for (const SwiftEntry& entry : page) {
      names.push_back(entry.name);
      if (entry.size == 0) {
        perhapsLarge.push_back(entry.name);
      }
    }
    count += removeAll(names, perhapsLarge);
    return true;
  });
  return count;
}

void SwiftDriver::list(std::string_view path, const std::function<bool(const ListEntry&)>& visit) {
  requireValidPath(path);
  const std::string prefix = service_.names.object(path) + '/';
  listObjects(service_, {.prefix = prefix, .folded = true}, "", [&](const std::vector<SwiftEntry>& page) {
    return std::all_of(page.begin(), page.end(), [&](const SwiftEntry& entry) {
      std::string name = entry.name.substr(std::min(prefix.size(), entry.name.size()));
      if (entry.isFolder && name.ends_with('/')) {
        name.pop_back();
      }
      return name.empty() || visit(ListEntry{std::move(name), entry.isFolder});
    });
  });
}

std::unique_ptr<UploadSession> SwiftDriver::startUpload(std::string_view path) {
  requireValidPath(path);
  return SwiftUpload::start(service_, budget_, path);
}

std::unique_ptr<UploadSession> SwiftDriver::resumeUpload(std::string_view path, std::string_view state) {
  requireValidPath(path);
  return SwiftUpload::resume(service_, budget_, path, state);
}

void SwiftDriver::check() { checkByObject(*this); }

}  // namespace rha::storage
