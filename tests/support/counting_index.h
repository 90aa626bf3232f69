// CountingIndex: an Index that hands everything to another one and counts the calls.
//
// Borrows the inner index. Thread-safe as that one is.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "index/index.h"

namespace rha::test {

class CountingIndex final : public index::Index {
 public:
  explicit CountingIndex(index::Index& inner) : inner_(inner) {}

  [[nodiscard]] std::uint64_t calls() const { return calls_; }

  using Name = oci::RepositoryName;
  void putManifest(const Name& repository, const index::ManifestRow& row) override {
    counted().putManifest(repository, row);
  }
  void removeManifest(const Name& repository, const oci::Digest& digest) override {
    counted().removeManifest(repository, digest);
  }
  void putTag(const Name& repository, const index::TagRow& row, std::string_view actor) override {
    counted().putTag(repository, row, actor);
  }
  void restoreTag(const Name& repository, const index::TagRow& row) override { counted().restoreTag(repository, row); }
  void removeTag(const Name& repository, const oci::Tag& tag, base::WallTime at, std::string_view actor) override {
    counted().removeTag(repository, tag, at, actor);
  }
  void addTagEvent(const Name& repository, const index::TagEvent& event) override {
    counted().addTagEvent(repository, event);
  }
  void touchRepository(const Name& repository, base::WallTime at) override {
    counted().touchRepository(repository, at);
  }
  void removeRepository(const Name& repository) override { counted().removeRepository(repository); }
  std::vector<index::RepositoryRow> repositories(const index::Page& page, const index::Visibility& shown) override {
    return counted().repositories(page, shown);
  }
  bool hasRepository(const Name& repository) override { return counted().hasRepository(repository); }
  std::vector<index::TagRow> tags(const Name& repository, const index::Page& page) override {
    return counted().tags(repository, page);
  }
  std::vector<std::string> tagNames(const Name& repository, const index::Page& page) override {
    return counted().tagNames(repository, page);
  }
  std::string joinedTagNames(const Name& repository, std::string_view last, std::string_view separator) override {
    return counted().joinedTagNames(repository, last, separator);
  }
  std::vector<oci::Tag> tagsOf(const Name& repository, const oci::Digest& digest) override {
    return counted().tagsOf(repository, digest);
  }
  std::vector<index::TagEvent> history(const Name& repository, const oci::Tag& tag, std::uint64_t limit) override {
    return counted().history(repository, tag, limit);
  }
  std::vector<index::ManifestRow> referrers(const Name& repository, const oci::Digest& subject,
                                            std::string_view artifactType, const index::Page& page) override {
    return counted().referrers(repository, subject, artifactType, page);
  }
  std::optional<index::ManifestRow> manifest(const Name& repository, const oci::Digest& digest) override {
    return counted().manifest(repository, digest);
  }
  std::vector<index::ManifestRow> manifests(const Name& repository, const index::Page& page) override {
    return counted().manifests(repository, page);
  }
  std::vector<Name> repositoriesWith(const oci::Digest& digest, std::uint64_t limit) override {
    return counted().repositoriesWith(digest, limit);
  }
  index::Statistics statistics() override { return counted().statistics(); }
  std::optional<std::string> mark(std::string_view name) override { return counted().mark(name); }
  void setMark(std::string_view name, std::string_view value) override { counted().setMark(name, value); }
  void markDirty(const Name& repository) override { counted().markDirty(repository); }
  void clearDirty(const Name& repository) override { counted().clearDirty(repository); }
  std::vector<Name> dirtyRepositories() override { return counted().dirtyRepositories(); }

 private:
  index::Index& counted() {
    ++calls_;
    return inner_;
  }

  index::Index& inner_;
  std::atomic<std::uint64_t> calls_{0};
};

}  // namespace rha::test
