#include "index/live_keys.h"

namespace rha::index {
namespace {

// About 40 MB. A rebuild takes minutes; what is written beyond this while it lasts is read again afterwards.
constexpr std::size_t kMostLiveKeys = 250'000;

std::string tagKey(const RepositoryName& repository, const Tag& tag) {
  return "tag " + repository.text() + ':' + tag.text();
}
std::string manifestKey(const RepositoryName& repository, const Digest& digest) {
  return "manifest " + repository.text() + '@' + digest.text();
}
std::string removedKey(const RepositoryName& repository) { return "removed " + repository.text(); }
std::string markKey(std::string_view name) { return "mark " + std::string(name); }

}  // namespace

void LiveKeys::addTag(const RepositoryName& repository, const Tag& tag) { add(tagKey(repository, tag)); }
void LiveKeys::addManifest(const RepositoryName& repository, const Digest& digest) {
  add(manifestKey(repository, digest));
}
void LiveKeys::addRemovedRepository(const RepositoryName& repository) { add(removedKey(repository)); }
void LiveKeys::addMark(std::string_view name) { add(markKey(name)); }

bool LiveKeys::hasTag(const RepositoryName& repository, const Tag& tag) const {
  return keys_.contains(tagKey(repository, tag));
}
bool LiveKeys::hasManifest(const RepositoryName& repository, const Digest& digest) const {
  return keys_.contains(manifestKey(repository, digest));
}
bool LiveKeys::hasRemovedRepository(const RepositoryName& repository) const {
  return keys_.contains(removedKey(repository));
}
bool LiveKeys::hasMark(std::string_view name) const { return keys_.contains(markKey(name)); }

void LiveKeys::add(std::string key) {
  if (keys_.size() >= kMostLiveKeys && !keys_.contains(key)) {
    throw IndexError("index: more than " + std::to_string(kMostLiveKeys) + " writes during a rebuild");
  }
  keys_.insert(std::move(key));
}

}  // namespace rha::index
