#include "registry/recent_links.h"

#include <algorithm>

namespace rha::registry {

void RecentLinks::add(const oci::RepositoryName& repository, const oci::Digest& digest) {
  auto state = state_.lock();
  auto& repositories = state->byDigest[digest.text()];
  if (std::find(repositories.begin(), repositories.end(), repository) != repositories.end()) {
    return;
  }
  repositories.push_back(repository);
  state->digests.push_back(digest.text());
  if (state->digests.size() > most_) {
    dropOldest(*state);
  }
}

void RecentLinks::dropOldest(State& state) {
  const auto found = state.byDigest.find(state.digests.front());
  state.digests.pop_front();
  found->second.erase(found->second.begin());
  if (found->second.empty()) {
    state.byDigest.erase(found);
  }
}

std::vector<oci::RepositoryName> RecentLinks::repositoriesWith(const oci::Digest& digest, std::size_t limit) {
  auto state = state_.lock();
  const auto found = state->byDigest.find(digest.text());
  if (found == state->byDigest.end()) {
    return {};
  }
  const auto& repositories = found->second;
  const std::size_t count = std::min(limit, repositories.size());
  return {repositories.rbegin(), repositories.rbegin() + static_cast<std::ptrdiff_t>(count)};
}

}  // namespace rha::registry
