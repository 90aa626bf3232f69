#include "storage/memory_driver.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "storage/check_object.h"
#include "storage/storage_path.h"

namespace rha::storage {
namespace {

base::WallTime now() { return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()); }

[[noreturn]] void failCorrupt(std::string_view path, const std::string& reason) {
  throw StorageError(StorageFailure::Corrupt, "memory: " + std::string(path) + ": " + reason);
}

// Removes the entries below `folder` from a map by path; returns their number.
template <typename Map>
std::uint64_t eraseBelow(Map& map, const std::string& folder) {
  // '0' is the character after '/'.
  const auto first = map.lower_bound(folder + '/');
  const auto last = map.lower_bound(folder + '0');
  const auto count = static_cast<std::uint64_t>(std::distance(first, last));
  map.erase(first, last);
  return count;
}

}  // namespace

class MemoryUpload final : public UploadSession {
 public:
  MemoryUpload(base::LockGuarded<MemoryDriver::Contents>& contents, std::string_view path,
               std::shared_ptr<MemoryDriver::Upload> upload)
      : contents_(contents), path_(path), upload_(std::move(upload)) {}

  MemoryUpload(const MemoryUpload&) = delete;
  MemoryUpload& operator=(const MemoryUpload&) = delete;
  ~MemoryUpload() override {
    auto contents = contents_.lock();
    upload_->isOpen = false;
  }

  void append(std::span<const std::byte> bytes) override {
    auto contents = contents_.lock();
    upload_->bytes.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }

  [[nodiscard]] std::uint64_t size() const override {
    auto contents = contents_.lock();
    return upload_->bytes.size();
  }

  void flush() override {}

  [[nodiscard]] std::string state() const override {
    auto contents = contents_.lock();
    return std::to_string(upload_->bytes.size()) + ' ' + std::to_string(upload_->truncations.size());
  }

  std::unique_ptr<base::BodySource> readBack() override {
    std::shared_ptr<const std::string> bytes;
    {
      auto contents = contents_.lock();
      bytes = std::make_shared<const std::string>(upload_->bytes);
    }
    return base::memorySource(std::move(bytes));
  }

  void commit(std::string_view path) override {
    requireValidPath(path);
    auto contents = contents_.lock();
    if (!isStillThere(*contents)) {
      throw StorageError(StorageFailure::Broken,
                         "memory: cannot publish " + std::string(path) + ": the upload was removed meanwhile");
    }
    auto bytes = std::make_shared<const std::string>(std::move(upload_->bytes));
    upload_->bytes.clear();
    contents->objects.insert_or_assign(std::string(path), MemoryDriver::Object{std::move(bytes), now()});
    removeData(*contents);
  }

  void cancel() noexcept override {
    auto contents = contents_.lock();
    if (isStillThere(*contents)) {
      removeData(*contents);
    }
  }

 private:
  bool isStillThere(MemoryDriver::Contents& contents) const {
    const auto found = contents.uploads.find(path_);
    return found != contents.uploads.end() && found->second == upload_;
  }
  void removeData(MemoryDriver::Contents& contents) const {
    contents.uploads.erase(path_);
    eraseBelow(contents.objects, path_);
  }

  base::LockGuarded<MemoryDriver::Contents>& contents_;
  std::string path_;
  std::shared_ptr<MemoryDriver::Upload> upload_;  // shared with the driver, which may drop it under us
};

std::shared_ptr<const std::string> MemoryDriver::find(std::string_view path) {
  requireValidPath(path);
  auto contents = contents_.lock();
  const auto found = contents->objects.find(path);
  return found == contents->objects.end() ? nullptr : found->second.bytes;
}

std::optional<std::string> MemoryDriver::get(std::string_view path, std::uint64_t maxBytes) {
  const auto bytes = find(path);
  if (!bytes) {
    return std::nullopt;
  }
  if (bytes->size() > maxBytes) {
    failCorrupt(path, "is larger than " + std::to_string(maxBytes) + " bytes");
  }
  return *bytes;
}

std::unique_ptr<base::BodySource> MemoryDriver::open(std::string_view path, std::optional<ByteRange> range) {
  auto bytes = find(path);
  if (!bytes) {
    return nullptr;
  }
  const ByteRange part = range.value_or(ByteRange{0, bytes->size()});
  if (part.offset > bytes->size() || part.length > bytes->size() - part.offset) {
    failCorrupt(path, "is smaller than was recorded");
  }
  return base::memorySource(std::move(bytes), part.offset, part.length);
}

std::optional<ObjectInfo> MemoryDriver::stat(std::string_view path) {
  requireValidPath(path);
  auto contents = contents_.lock();
  const auto found = contents->objects.find(path);
  if (found == contents->objects.end()) {
    return std::nullopt;
  }
  return ObjectInfo{found->second.bytes->size(), found->second.modified};
}

void MemoryDriver::put(std::string_view path, std::string_view bytes, Durability) {
  requireValidPath(path);
  Object object{std::make_shared<const std::string>(bytes), now()};
  contents_.lock()->objects.insert_or_assign(std::string(path), std::move(object));
}

bool MemoryDriver::remove(std::string_view path) {
  requireValidPath(path);
  auto contents = contents_.lock();
  const auto found = contents->objects.find(path);
  if (found == contents->objects.end()) {
    return false;
  }
  contents->objects.erase(found);
  return true;
}

std::uint64_t MemoryDriver::removeTree(std::string_view path) {
  requireValidPath(path);
  const std::string folder(path);
  auto contents = contents_.lock();
  const std::uint64_t uploads = contents->uploads.erase(folder) + eraseBelow(contents->uploads, folder);
  return uploads + eraseBelow(contents->objects, folder);
}

void MemoryDriver::list(std::string_view path, const std::function<bool(const ListEntry&)>& visit) {
  requireValidPath(path);
  const std::string prefix = std::string(path) + '/';
  std::vector<ListEntry> entries;
  {
    auto contents = contents_.lock();
    auto at = contents->objects.lower_bound(prefix);
    while (at != contents->objects.end() && at->first.starts_with(prefix)) {
      const std::size_t slash = at->first.find('/', prefix.size());
      const bool isFolder = slash != std::string::npos;
      std::string name = at->first.substr(prefix.size(), isFolder ? slash - prefix.size() : slash);
      // Past all that lies below the folder: '0' is the character after '/'.
      at = isFolder ? contents->objects.lower_bound(prefix + name + '0') : std::next(at);
      entries.push_back(ListEntry{std::move(name), isFolder});
    }
  }
  for (const ListEntry& entry : entries) {
    if (!visit(entry)) {
      return;
    }
  }
}

std::unique_ptr<UploadSession> MemoryDriver::startUpload(std::string_view path) {
  requireValidPath(path);
  auto upload = std::make_shared<Upload>();
  upload->isOpen = true;
  if (!contents_.lock()->uploads.try_emplace(std::string(path), upload).second) {
    throw StorageError(StorageFailure::Broken, "memory: the upload " + std::string(path) + " exists already");
  }
  return std::make_unique<MemoryUpload>(contents_, path, std::move(upload));
}

std::unique_ptr<UploadSession> MemoryDriver::resumeUpload(std::string_view path, std::string_view state) {
  requireValidPath(path);
  const auto parts = base::split(state, ' ');
  const auto size = base::parseUnsigned(parts[0]);
  const auto truncations = parts.size() == 2 ? base::parseUnsigned(parts[1]) : std::nullopt;
  if (!size || !truncations) {
    return nullptr;
  }
  std::shared_ptr<Upload> upload;
  {
    auto contents = contents_.lock();
    const auto found = contents->uploads.find(path);
    if (found == contents->uploads.end()) {
      return nullptr;
    }
    upload = found->second;
    if (upload->isOpen) {
      throw StorageError(StorageFailure::Unavailable,
                         "memory: cannot resume the upload " + std::string(path) + ": another request has it");
    }
    auto& cuts = upload->truncations;
    if (upload->bytes.size() < *size || *truncations > cuts.size() ||
        std::any_of(cuts.begin() + static_cast<std::ptrdiff_t>(*truncations), cuts.end(),
                    [&](std::uint64_t offset) { return offset < *size; })) {
      return nullptr;
    }
    if (upload->bytes.size() > *size) {
      cuts.push_back(*size);
      upload->bytes.resize(*size);
    }
    upload->isOpen = true;
  }
  return std::make_unique<MemoryUpload>(contents_, path, std::move(upload));
}

void MemoryDriver::check() { checkByObject(*this); }

}  // namespace rha::storage
