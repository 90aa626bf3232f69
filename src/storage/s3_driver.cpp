#include "storage/s3_driver.h"

#include <algorithm>

#include "base/hasher.h"
#include "storage/check_object.h"
#include "storage/s3_leftovers.h"
#include "storage/s3_object.h"
#include "storage/s3_reader.h"
#include "storage/storage_path.h"

namespace rha::storage {
namespace {

constexpr std::size_t kMaxWrong = 10'000;
constexpr std::uint64_t kLargestObject = std::uint64_t{1} << 50U;  // no S3 takes more

[[noreturn]] void failRange(std::string_view path) {
  throw StorageError(StorageFailure::Corrupt, "s3: " + std::string(path) + ": is smaller than was recorded");
}

}  // namespace

S3Driver::S3Driver(const S3Settings& settings, const base::Clock& clock, base::MetricsRegistry& metrics)
    : service_(settings, clock, metrics), budget_(settings.spoolBytes), merging_(kSpoolChunkBytes) {}

// A HEAD of the bucket would not say what is wrong: its answer has no body.
void S3Driver::open(OpenFor) {
  listS3(service_, service_.key("docker/registry/v2/"), S3Listing::Folded, [](const auto&) { return false; });
}

std::optional<std::string> S3Driver::get(std::string_view path, std::uint64_t maxBytes) {
  requireValidPath(path);
  const auto ask = [&] {
    return S3Call(service_, {.operation = "object_get", .key = service_.key(path)}).finish(maxBytes);
  };
  auto answer = ask();
  if (answer.isDoubtfulAbsence()) {
    answer = ask();
  }
  return answer.good() ? std::optional(std::move(answer.body)) : std::nullopt;
}

// A part without bytes cannot be asked for.
std::unique_ptr<base::BodySource> S3Driver::openNothing(std::string_view path, ByteRange range) {
  const auto info = stat(path);
  if (!info) {
    return nullptr;
  }
  if (range.length > 0 || range.offset > info->size) {
    failRange(path);
  }
  return base::memorySource(std::make_shared<const std::string>());
}

std::unique_ptr<base::BodySource> S3Driver::open(std::string_view path, std::optional<ByteRange> range) {
  requireValidPath(path);
  if (range && (range->length == 0 || range->offset > kLargestObject || range->length > kLargestObject)) {
    return openNothing(path, *range);
  }
  return S3Reader::open(service_, service_.key(path), range);
}

std::optional<ObjectInfo> S3Driver::stat(std::string_view path) {
  requireValidPath(path);
  return headS3(service_, service_.key(path), "object_head");
}

void S3Driver::put(std::string_view path, std::string_view bytes, Durability) {
  requireValidPath(path);
  const fetch::MemoryBody body(bytes);
  putS3(service_, "object_put", service_.key(path), body, base::hashHex(base::HashAlgorithm::Sha256, bytes));
}

// S3 does not say whether there was something to remove. It is told to in any case: what was not seen may be there.
bool S3Driver::remove(std::string_view path) {
  const bool there = stat(path).has_value();
  removeS3(service_, {service_.key(path)});
  return there;
}

std::uint64_t S3Driver::removeTree(std::string_view path) {
  requireValidPath(path);
  std::uint64_t count = 0;
  listS3(service_, service_.key(path) + '/', S3Listing::Deep, [&](const std::vector<S3Entry>& page) {
    std::vector<std::string> keys;
    std::transform(page.begin(), page.end(), std::back_inserter(keys), [](const S3Entry& entry) { return entry.key; });
    removeS3(service_, keys);
    count += keys.size();
    return true;
  });
  return count;
}

// The layout's two trees, and nothing else that lies in the bucket.
std::uint64_t S3Driver::removeLeftovers(base::WallTime before) {
  return abortStaleMultiparts(service_, service_.key("docker/registry/v2/"), before) +
         abortStaleMultiparts(service_, service_.key("docker/registry-ha/v1/"), before);
}

void S3Driver::list(std::string_view path, const std::function<bool(const ListEntry&)>& visit) {
  requireValidPath(path);
  const std::string prefix = service_.key(path) + '/';
  listS3(service_, prefix, S3Listing::Folded, [&](const std::vector<S3Entry>& page) {
    return std::all_of(page.begin(), page.end(), [&](const S3Entry& entry) {
      std::string name = entry.key.substr(std::min(prefix.size(), entry.key.size()));
      if (entry.isFolder && name.ends_with('/')) {
        name.pop_back();
      }
      return name.empty() || visit(ListEntry{std::move(name), entry.isFolder});
    });
  });
}

std::unique_ptr<UploadSession> S3Driver::startUpload(std::string_view path) {
  requireValidPath(path);
  return S3Upload::start({service_, budget_, merging_}, path);
}

std::unique_ptr<UploadSession> S3Driver::resumeUpload(std::string_view path, std::string_view state) {
  requireValidPath(path);
  return S3Upload::resume({service_, budget_, merging_}, path, state);
}

void S3Driver::noteWrongBytes(std::string_view path) {
  auto wrong = service_.wrong.lock();
  if (wrong->size() < kMaxWrong) {
    wrong->insert(service_.key(path));
  }
}

void S3Driver::check() { checkByObject(*this); }

}  // namespace rha::storage
