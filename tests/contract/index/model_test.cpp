// Random writes to the index and to a model made of maps; then every list, at every page size, is the same in both.
#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "contract/index/index_contract.h"

namespace rha::index::test {
namespace {

struct ModelRepository {
  WallTime updatedAt;
  std::map<std::string, TagRow> tags;
  std::map<std::string, ManifestRow> manifests;
  std::map<std::string, std::vector<TagEvent>> history;  // oldest first
};

// What index.h says, said again in the simplest way. Times only grow, so that history needs no sorting.
class Model final {
 public:
  ModelRepository& touch(const RepositoryName& repository, WallTime time) {
    auto& found = repositories[repository.text()];
    found.updatedAt = std::max(found.updatedAt, time);
    return found;
  }
  void putManifest(const RepositoryName& repository, const ManifestRow& row) {
    auto& found = touch(repository, row.pushedAt);
    const auto [it, fresh] = found.manifests.try_emplace(row.digest.text(), row);
    if (!fresh) {
      const auto first = it->second.pushedAt;
      it->second = row;
      it->second.pushedAt = std::min(first, row.pushedAt);
    }
  }
  void putTag(const RepositoryName& repository, const TagRow& row, const std::string& actor) {
    auto& found = touch(repository, row.updatedAt);
    const auto [it, fresh] = found.tags.try_emplace(row.tag.text(), row);
    if (!fresh && it->second.digest == row.digest) {
      return;
    }
    it->second = row;
    found.history[row.tag.text()].push_back({row.tag, row.digest, row.updatedAt, actor});
  }
  void removeTag(const RepositoryName& repository, const Tag& tag, WallTime time, const std::string& actor) {
    const auto found = repositories.find(repository.text());
    if (found != repositories.end() && found->second.tags.erase(tag.text()) > 0) {
      touch(repository, time).history[tag.text()].push_back({tag, std::nullopt, time, actor});
    }
  }
  void removeManifest(const RepositoryName& repository, const Digest& digest) {
    const auto found = repositories.find(repository.text());
    if (found != repositories.end()) {
      found->second.manifests.erase(digest.text());
    }
  }

  std::map<std::string, ModelRepository> repositories;
};

class RandomOperations : public IndexContract {
 protected:
  static constexpr int kSteps = 600;
  static constexpr std::string_view kNames[] = {"a", "a/b", "a-b", "a.b", "ab", "a/b/c", "b"};
  static constexpr std::string_view kTags[] = {"1", "1.0", "1-0", "10", "latest", "LATEST", "_", "1_0"};

  std::size_t below(std::size_t limit) { return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_); }
  RepositoryName anyName() { return name(kNames[below(std::size(kNames))]); }
  Tag anyTag() { return tag(kTags[below(std::size(kTags))]); }
  std::string anyContent() { return (below(4) == 0 ? "512 " : "") + std::to_string(below(12)); }

  ManifestRow anyManifest(int second) {
    ManifestRow row = below(2) == 0 ? referrerOf(anyContent(), anyContent(), below(2) == 0 ? "sbom" : "signature")
                                    : manifestOf(anyContent());
    row.pushedAt = at(second);
    for (std::size_t i = below(4); i > 0; --i) {
      row.references.push_back(layer(anyContent()));
    }
    return row;
  }

  void step(Index& on, int second) {
    const auto repository = anyName();
    const std::size_t dice = below(100);
    if (dice < 40) {
      const TagRow row{anyTag(), digest(anyContent()), at(second)};
      on.putTag(repository, row, "ann");
      model_.putTag(repository, row, "ann");
    } else if (dice < 70) {
      const ManifestRow row = anyManifest(second);
      on.putManifest(repository, row);
      model_.putManifest(repository, row);
    } else if (dice < 82) {
      const Tag gone = anyTag();
      on.removeTag(repository, gone, at(second), "bob");
      model_.removeTag(repository, gone, at(second), "bob");
    } else if (dice < 94) {
      const Digest gone = digest(anyContent());
      on.removeManifest(repository, gone);
      model_.removeManifest(repository, gone);
    } else if (dice < 97) {
      on.touchRepository(repository, at(second));
      model_.touch(repository, at(second));
    } else {
      on.removeRepository(repository);
      model_.repositories.erase(repository.text());
    }
  }

  // All rows by pages of `size`, each as text; `next` gives a page, `key` what the following begins after.
  template <typename Next, typename Key>
  static std::string byPages(std::uint64_t size, const Next& next, const Key& key) {
    std::string all;
    std::string last;
    for (auto page = next(Page{last, size}); !page.empty(); page = next(Page{last, size})) {
      EXPECT_LE(page.size(), size);
      for (const auto& row : page) {
        all += describe(row) + '\n';
      }
      last = key(page.back());
      if (page.size() < size) {
        break;
      }
    }
    return all;
  }

  void compareCatalogue(Index& on) {
    std::string expected;
    for (const auto& [text, repository] : model_.repositories) {
      expected += describe(RepositoryRow{name(text), repository.updatedAt, repository.tags.size()}) + '\n';
    }
    for (std::uint64_t size = 1; size <= model_.repositories.size() + 1; ++size) {
      EXPECT_EQ(byPages(
                    size, [&](const Page& page) { return on.repositories(page, {}); },
                    [](const auto& row) { return row.name.text(); }),
                expected);
    }
  }

  void compareTags(Index& on, const std::string& text, const ModelRepository& repository) {
    std::string expected;
    std::map<std::string, std::string> byDigest;
    for (const auto& [tagText, row] : repository.tags) {
      expected += describe(row) + '\n';
      byDigest[row.digest.text()] += tagText + ' ';
    }
    for (std::uint64_t size = 1; size <= repository.tags.size() + 1; ++size) {
      EXPECT_EQ(byPages(
                    size, [&](const Page& page) { return on.tags(name(text), page); },
                    [](const auto& row) { return row.tag.text(); }),
                expected);
    }
    for (const auto& [digestText, tagTexts] : byDigest) {
      std::string found;
      for (const auto& tagFound : on.tagsOf(name(text), Digest::parse(digestText).value())) {
        found += tagFound.text() + ' ';
      }
      EXPECT_EQ(found, tagTexts);
    }
  }

  void compareManifests(Index& on, const std::string& text, const ModelRepository& repository) {
    std::string expected;
    std::map<std::pair<std::string, std::string>, std::string> bySubject;  // and artifact type, "" for all
    for (const auto& [digestText, row] : repository.manifests) {
      const std::string line = describe(row) + '\n';
      expected += line;
      if (row.subject) {
        bySubject[{row.subject->text(), ""}] += line;
        bySubject[{row.subject->text(), row.artifactType}] += line;
      }
    }
    const auto key = [](const auto& row) { return row.digest.text(); };
    for (std::uint64_t size = 1; size <= repository.manifests.size() + 1; ++size) {
      EXPECT_EQ(byPages(
                    size, [&](const Page& page) { return on.manifests(name(text), page); }, key),
                expected);
      for (const auto& [subject, lines] : bySubject) {
        const auto next = [&, of = Digest::parse(subject.first).value(), type = subject.second](const Page& page) {
          return on.referrers(name(text), of, type, page);
        };
        EXPECT_EQ(byPages(size, next, key), lines);
      }
    }
  }

  void compareAll(Index& on) {
    compareCatalogue(on);
    for (const auto& [text, repository] : model_.repositories) {
      compareTags(on, text, repository);
      compareManifests(on, text, repository);
      for (const auto& [tagText, events] : repository.history) {
        std::vector<TagEvent> newestFirst(events.rbegin(), events.rend());
        EXPECT_EQ(describe(on.history(name(text), tag(tagText), 10'000)), describe(newestFirst));
      }
    }
  }

  Model model_;
  std::mt19937 random_{20261123};
};

TEST_P(RandomOperations, LeaveWhatAModelExpectsAndARestartKeepsIt) {
  for (int second = 1; second <= kSteps && !HasFailure(); ++second) {
    step(index(), second);
    if (second % 150 == 0) {
      compareAll(index());
    }
  }
  Index& again = underTest().reopened();
  compareAll(again);
  for (int second = kSteps + 1; second <= kSteps + 100; ++second) {
    step(again, second);
  }
  compareAll(again);
}

INSTANTIATE_TEST_SUITE_P(Index, RandomOperations, ::testing::ValuesIn(indexesUnderTest()),
                         [](const auto& param) { return param.param.name; });

}  // namespace
}  // namespace rha::index::test
