#include "support/index_language.h"

namespace rha::index::test {

std::string shortDigest(const Digest& digest) { return std::string(digest.hex().substr(0, 8)); }

std::string describe(const ManifestRow& row) {
  std::string text = "manifest " + row.digest.text() + " type=" + row.mediaType + " size=" + std::to_string(row.size) +
                     " artifact=" + row.artifactType + " annotations=" + row.annotationsJson +
                     " subject=" + (row.subject ? row.subject->text() : "") +
                     " pushed=" + std::to_string(secondOf(row.pushedAt));
  for (const auto& reference : row.references) {
    text += " [" + std::to_string(static_cast<int>(reference.kind)) + ' ' + reference.digest.text() + ' ' +
            std::to_string(reference.size) + ' ' + reference.mediaType + ' ' + reference.platform + ']';
  }
  return text;
}

std::string describe(const std::vector<ManifestRow>& rows) {
  std::string text;
  for (const auto& row : rows) {
    text += describe(row) + '\n';
  }
  return text;
}

std::string describe(const TagRow& row) {
  return row.tag.text() + '=' + row.digest.text() + '@' + std::to_string(secondOf(row.updatedAt));
}

std::string describe(const RepositoryRow& row) {
  return row.name.text() + '#' + std::to_string(row.tagCount) + '@' + std::to_string(secondOf(row.updatedAt));
}

std::string describe(const std::vector<TagEvent>& events) {
  return joined(events, [](const TagEvent& event) {
    return std::to_string(secondOf(event.at)) + ':' + event.actor + '=' +
           (event.digest ? shortDigest(*event.digest) : "deleted");
  });
}

}  // namespace rha::index::test
