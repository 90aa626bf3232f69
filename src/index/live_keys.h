// LiveKeys: the tags, manifests, marks and repositories that clients wrote while a rebuild lasts (rebuild.h).
//
// Owned by Rebuild, under its lock, so that looking here and writing there are one step. Bounded.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>

#include "index/index.h"

namespace rha::index {

class LiveKeys final {
 public:
  // Each throws IndexError when there are too many to remember; its repository is then to be read again.
  void addTag(const RepositoryName& repository, const Tag& tag);
  void addManifest(const RepositoryName& repository, const Digest& digest);
  void addRemovedRepository(const RepositoryName& repository);
  void addMark(std::string_view name);

  // Whether the feed has to leave it alone.
  [[nodiscard]] bool hasTag(const RepositoryName& repository, const Tag& tag) const;
  [[nodiscard]] bool hasManifest(const RepositoryName& repository, const Digest& digest) const;
  [[nodiscard]] bool hasRemovedRepository(const RepositoryName& repository) const;
  [[nodiscard]] bool hasMark(std::string_view name) const;

 private:
  void add(std::string key);
  std::unordered_set<std::string> keys_;
};

}  // namespace rha::index
