// A small language for repositories that pages are made of, and a Source of them that can be told to fail.
#pragma once

#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "apps/registry-homepage-builder/catalogue.h"
#include "base/lock_guarded.h"

namespace rha::homepage::test {

inline RepositoryName name(const std::string& text) { return RepositoryName::parse(text).value(); }
inline WallTime at(int second) { return WallTime(std::chrono::seconds(1'700'000'000 + second)); }

inline std::shared_ptr<ImageDetails> image(const std::string& content) {
  const auto digest = Digest::of(content);
  return std::make_shared<ImageDetails>(ImageDetails{.digest = digest,
                                                     .mediaType = "application/vnd.oci.image.manifest.v1+json",
                                                     .platforms = {{"linux/amd64", digest, 12'300'000}},
                                                     .created = at(0),
                                                     .labels = {},
                                                     .attachments = {}});
}

inline Repository repository(const std::string& text, const std::vector<std::string>& tags, int second = 1) {
  Repository made{name(text), "registry.test", {}};
  for (const std::string& tag : tags) {
    made.tags.push_back({Tag::parse(tag).value(), image(text + tag), at(second++)});
  }
  return made;
}

class ListedSource final : public Source {
 public:
  void put(Repository repository) {
    const std::string text = repository.name.text();
    repositories_.insert_or_assign(text, std::move(repository));
  }
  void remove(const std::string& text) { repositories_.erase(text); }
  void fail(const std::string& text) { failing_[text] = true; }
  void mend(const std::string& text) { failing_.erase(text); }

  std::vector<RepositoryName> repositories() override {
    std::vector<RepositoryName> names;
    for (const auto& [text, repository] : repositories_) {
      names.push_back(repository.name);
    }
    return names;
  }
  base::Result<Repository, std::string> read(const RepositoryName& wanted) override {
    if (failing_.contains(wanted.text())) {
      return base::fail(std::string("the disk is on fire"));
    }
    return repositories_.at(wanted.text());
  }

 private:
  std::map<std::string, Repository> repositories_;
  std::map<std::string, bool> failing_;
};

}  // namespace rha::homepage::test
