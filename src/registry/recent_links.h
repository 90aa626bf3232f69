// RecentLinks: which repositories got a blob lately, for mounts from anywhere: the index learns of a blob only with the
// manifest that names it, and a client that pushes one image to two repositories asks before that.
//
// A hint: what it names is looked at in storage before it counts. Bounded, in memory. Thread-safe.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/lock_guarded.h"
#include "oci/digest.h"
#include "oci/names.h"

namespace rha::registry {

class RecentLinks final {
 public:
  // Remembers at most `most` links; the oldest goes first.
  explicit RecentLinks(std::size_t most) : most_(most) {}

  void add(const oci::RepositoryName& repository, const oci::Digest& digest);
  // Newest first, at most `limit`.
  [[nodiscard]] std::vector<oci::RepositoryName> repositoriesWith(const oci::Digest& digest, std::size_t limit);

 private:
  struct State {
    std::unordered_map<std::string, std::vector<oci::RepositoryName>> byDigest;  // oldest first
    std::deque<std::string> digests;                                             // one entry for each link, in order
  };
  static void dropOldest(State& state);

  std::size_t most_;
  base::LockGuarded<State> state_;
};

}  // namespace rha::registry
