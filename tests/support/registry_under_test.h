// RegistryUnderTest: the registry layer on a driver and an index of its own, with a small language for pushing.
//
//   RegistryUnderTest registry;
//   auto layer = registry.pushBlob("a/b", "layer bytes");
//   registry.pushImage("a/b", "v1", {layer});
//
// One thread; helpers fail the test (throw) when a step that must work does not.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/log.h"
#include "index/index.h"
#include "oci/digest.h"
#include "oci/names.h"
#include "registry/blobs.h"
#include "registry/index_builder.h"
#include "registry/journal.h"
#include "registry/manifests.h"
#include "registry/referrers.h"
#include "registry/uploads.h"
#include "storage/memory_driver.h"
#include "support/fake_clock.h"
#include "support/temporary_folder.h"
#include "support/test_bytes.h"

namespace rha::test {

inline oci::RepositoryName repository(const std::string& text) { return oci::RepositoryName::parse(text).value(); }
inline oci::Tag tag(const std::string& text) { return oci::Tag::parse(text).value(); }

class RegistryUnderTest final {
 public:
  explicit RegistryUnderTest(std::shared_ptr<storage::StorageDriver> driver = std::make_shared<storage::MemoryDriver>(),
                             registry::UploadSettings settings = {}, std::vector<registry::Storages::Place> others = {})
      : driver_(std::move(driver)),
        storages(*driver_, std::move(others)),
        index(openIndex(folder.path() / "index.sqlite")),
        blobs(storages, *index, clock),
        roll(*driver_, clock),
        journal(*driver_, base::randomUuid(), driver_->traits().shared ? &roll : nullptr),
        manifests(storages, *index, blobs, journal, turns, clock, logger, kManifestBytes),
        uploads(storages, blobs, clock, registry::UploadTokens(base::Secret("secret of the tests")), settings),
        referrers(*index, manifests) {}

  [[nodiscard]] storage::StorageDriver& driver() { return *driver_; }

  // An index over an empty file beside the registry's own.
  [[nodiscard]] std::unique_ptr<index::Index> emptyIndex() { return openIndex(folder.path() / "other.sqlite"); }

  oci::Digest pushBlob(const std::string& name, const std::string& bytes,
                       base::HashAlgorithm algorithm = base::HashAlgorithm::Sha256) {
    const auto digest = oci::Digest::of(bytes, algorithm);
    auto writer = uploads.startWriting(repository(name), actor, algorithm);
    must(writer->append(bytesOf(bytes)));
    return must(writer->finish(digest)).digest;
  }

  static std::string imageJson(const oci::Digest& config, const std::vector<oci::Digest>& layers,
                               const std::string& extra = "") {
    std::string json = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":)" +
                       descriptor("application/vnd.oci.image.config.v1+json", config) + R"(,"layers":[)";
    for (const auto& layer : layers) {
      json += (json.back() == '[' ? "" : ",") + descriptor("application/vnd.oci.image.layer.v1.tar+gzip", layer);
    }
    return json + "]" + extra + "}";
  }

  static std::string descriptor(const std::string& type, const oci::Digest& digest) {
    return R"({"mediaType":")" + type + R"(","digest":")" + digest.text() + R"(","size":2})";
  }

  base::Result<registry::PushedManifest, oci::Error> put(const std::string& name, const oci::Reference& reference,
                                                         const std::string& bytes, const std::string& type = "",
                                                         std::vector<oci::Tag> moreTags = {}) {
    return manifests.put({repository(name), reference, std::move(moreTags), type, bytes, actor});
  }

  // Pushes an image with a config of its own and those layers; `extra` goes into the manifest's JSON.
  oci::Digest pushImage(const std::string& name, const std::string& tagText,
                        const std::vector<oci::Digest>& layers = {}, const std::string& extra = "") {
    const auto config = pushBlob(name, "{}");
    return must(put(name, oci::Reference(tag(tagText)), imageJson(config, layers, extra))).digest;
  }

  // Tags of a repository as "a->sha256:1234 b->…" by the index, digests cut to 12 hex digits.
  std::string tagList(const std::string& name) { return tagList(*index, name); }
  static std::string tagList(index::Index& from, const std::string& name) {
    std::string text;
    for (const auto& row : from.tags(repository(name), {"", 10'000})) {
      text += (text.empty() ? "" : " ") + row.tag.text() + "->" + std::string(row.digest.hex().substr(0, 12));
    }
    return text;
  }

  template <typename T>
  static T must(base::Result<T, oci::Error> result) {
    if (!result.ok()) {
      throw std::runtime_error("a step that must work failed: " + std::string(oci::info(result.error().code).name) +
                               ": " + result.error().message);
    }
    if constexpr (!std::is_void_v<T>) {
      return std::move(result).value();
    }
  }

  static constexpr std::uint64_t kManifestBytes = 4 * 1024 * 1024;

 private:
  static std::unique_ptr<index::Index> openIndex(const std::filesystem::path& path);

  std::shared_ptr<storage::StorageDriver> driver_;  // shared with a second registry on the same storage

 public:
  registry::Storages storages;
  TemporaryFolder folder;
  FakeClock clock;
  base::Logger logger{{.level = base::LogLevel::Error}};
  registry::Actor actor{"ci-build", "10.0.0.1"};
  registry::KeyedMutex turns;
  std::unique_ptr<index::Index> index;
  registry::Blobs blobs;
  registry::JournalRoll roll;
  registry::Journal journal;
  registry::Manifests manifests;
  registry::Uploads uploads;
  registry::Referrers referrers;
};

}  // namespace rha::test
