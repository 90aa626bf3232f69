#include "apps/registry-homepage-builder/local_source.h"

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <unordered_map>
#include <unordered_set>

#include "apps/registry-homepage-builder/image_config.h"

namespace rha::homepage {
namespace {

using index::ManifestRow;
using index::ReferenceKind;

constexpr std::uint64_t kPage = 1000;

index::Visibility visibilityOf(const access::VisibleNamespaces& namespaces) {
  index::Visibility visibility;
  for (const access::VisibleNamespace& each : namespaces) {
    visibility.rules.push_back({each.prefix, each.visible});
  }
  return visibility;
}

std::vector<index::Visibility> visibilitiesOf(const std::vector<access::VisibleNamespaces>& policies) {
  std::vector<index::Visibility> list;
  std::transform(policies.begin(), policies.end(), std::back_inserter(list), visibilityOf);
  if (list.empty()) {
    list.emplace_back();  // no rules: everything is visible
  }
  return list;
}

// What is kept of a manifest while its repository is read.
struct Known {
  std::string mediaType;
  std::uint64_t sizeBytes = 0;  // config and layers
  std::optional<Digest> config;
  struct Child {
    Digest digest;
    std::string platform;
  };
  std::vector<Child> children;
};

Known knownOf(const ManifestRow& row) {
  Known known;
  known.mediaType = row.mediaType;
  for (const index::ReferenceRow& reference : row.references) {
    if (reference.kind == ReferenceKind::Manifest) {
      known.children.push_back({reference.digest, reference.platform});
    } else if (reference.kind == ReferenceKind::Config || reference.kind == ReferenceKind::Layer) {
      known.sizeBytes += reference.size;
      if (reference.kind == ReferenceKind::Config && isImageConfig(reference.mediaType) &&
          reference.size <= kLargestConfig) {
        known.config = reference.digest;
      }
    }
  }
  return known;
}

// One repository while it is read.
class Reading final {
 public:
  Reading(index::IndexReader& index, ConfigReader& configs, const RepositoryName& name, EarlierSite::Images known)
      : index_(index), configs_(configs), name_(name), known_(std::move(known)) {}

  std::vector<TagEntry> run() {
    // Tags first: a manifest is there before a tag points at it.
    const auto rows = readTags();
    if (rows.empty()) {
      return {};
    }
    readManifests();
    std::vector<TagEntry> entries;
    for (const index::TagRow& row : rows) {
      const auto subject = attachedTo(row.tag);
      if (subject && !attachedByReferrer_.contains(*subject)) {
        attachments_[*subject].push_back({attachmentKindOfTag(row.tag), {}, row.digest});
      }
    }
    for (const index::TagRow& row : rows) {
      if (attachedTo(row.tag)) {
        continue;
      }
      if (auto image = detailsOf(row.digest)) {
        entries.push_back({row.tag, std::move(image), row.updatedAt});
      }
    }
    return entries;
  }

 private:
  std::vector<index::TagRow> readTags() {
    std::vector<index::TagRow> all;
    while (true) {
      auto page = index_.tags(name_, {all.empty() ? "" : all.back().tag.text(), kPage});
      const bool last = page.size() < kPage;
      std::move(page.begin(), page.end(), std::back_inserter(all));
      if (last) {
        return all;
      }
    }
  }

  void readManifests() {
    std::string after;
    while (true) {
      const auto page = index_.manifests(name_, {after, kPage});
      for (const ManifestRow& row : page) {
        if (row.subject) {
          attachments_[*row.subject].push_back({attachmentKind(row.artifactType), row.artifactType, row.digest});
          attachedByReferrer_.insert(*row.subject);
        }
        manifests_.emplace(row.digest, knownOf(row));
      }
      if (page.size() < kPage) {
        return;
      }
      after = page.back().digest.text();
    }
  }

  // Null: the manifest was removed while we read.
  std::shared_ptr<const ImageDetails> detailsOf(const Digest& digest) {
    const auto made = details_.find(digest);
    if (made != details_.end()) {
      return made->second;
    }
    const auto found = manifests_.find(digest);
    if (found == manifests_.end()) {
      return nullptr;
    }
    const auto known = known_.find(digest);
    auto image = std::make_shared<ImageDetails>(known != known_.end() ? std::move(known->second)
                                                                      : readDetails(digest, found->second));
    addAttachments(digest, *image);
    for (const Known::Child& child : found->second.children) {
      addAttachments(child.digest, *image);
    }
    details_.emplace(digest, image);
    return image;
  }

  ImageDetails readDetails(const Digest& digest, const Known& manifest) {
    ImageDetails image{.digest = digest,
                       .mediaType = manifest.mediaType,
                       .platforms = {},
                       .created = {},
                       .labels = {},
                       .attachments = {}};
    if (manifest.children.empty()) {
      addSingle(digest, manifest, image);
    } else {
      addChildren(manifest, image);
    }
    return image;
  }

  void addSingle(const Digest& digest, const Known& manifest, ImageDetails& image) {
    const ImageConfig config = configOf(manifest);
    image.created = config.created;
    image.labels = config.labels;
    image.platforms.push_back({config.platform, digest, manifest.sizeBytes});
  }

  void addChildren(const Known& index, ImageDetails& image) {
    const Known* shown = nullptr;  // whose config stands for all
    for (const Known::Child& child : index.children) {
      if (isAttestationPlatform(child.platform)) {
        image.attachments.push_back({AttachmentKind::Attestation, std::string(kIndexAttestation), child.digest});
        continue;
      }
      const auto found = manifests_.find(child.digest);  // an index may be sparse
      image.platforms.push_back(
          {child.platform, child.digest, found == manifests_.end() ? 0 : found->second.sizeBytes});
      if (found != manifests_.end() && (shown == nullptr || child.platform == "linux/amd64")) {
        shown = &found->second;
      }
    }
    if (shown != nullptr) {
      ImageConfig config = configOf(*shown);
      image.created = config.created;
      image.labels = std::move(config.labels);
    }
  }

  void addAttachments(const Digest& subject, ImageDetails& image) const {
    const auto found = attachments_.find(subject);
    if (found != attachments_.end()) {
      image.attachments.insert(image.attachments.end(), found->second.begin(), found->second.end());
    }
  }

  ImageConfig configOf(const Known& manifest) {
    if (!manifest.config) {
      return {};
    }
    const auto read = parsed_.find(*manifest.config);
    if (read != parsed_.end()) {
      return read->second;
    }
    const auto bytes = configs_.read(name_, *manifest.config);
    ImageConfig config = bytes ? parseImageConfig(*bytes) : ImageConfig{};
    parsed_.emplace(*manifest.config, config);
    return config;
  }

  index::IndexReader& index_;
  ConfigReader& configs_;
  const RepositoryName& name_;
  EarlierSite::Images known_;
  std::unordered_map<Digest, Known> manifests_;
  std::unordered_map<Digest, std::vector<Attachment>> attachments_;  // by subject
  std::unordered_set<Digest> attachedByReferrer_;
  std::unordered_map<Digest, ImageConfig> parsed_;
  std::unordered_map<Digest, std::shared_ptr<const ImageDetails>> details_;
};

}  // namespace

LocalSource::LocalSource(index::IndexReader& index, ConfigReader& configs,
                         const std::vector<access::VisibleNamespaces>& policies, std::string registry,
                         const EarlierSite* earlier)
    : index_(index),
      configs_(configs),
      visibilities_(visibilitiesOf(policies)),
      registry_(std::move(registry)),
      earlier_(earlier) {}

std::vector<RepositoryName> LocalSource::repositories() {
  std::vector<RepositoryName> common;
  for (std::size_t i = 0; i < visibilities_.size(); ++i) {
    std::vector<RepositoryName> names;
    while (true) {
      const auto page = index_.repositories({names.empty() ? "" : names.back().text(), kPage}, visibilities_[i]);
      for (const index::RepositoryRow& row : page) {
        names.push_back(row.name);
      }
      if (page.size() < kPage) {
        break;
      }
    }
    if (i == 0) {
      common = std::move(names);
    } else {
      std::vector<RepositoryName> both;
      std::set_intersection(common.begin(), common.end(), names.begin(), names.end(), std::back_inserter(both),
                            [](const auto& a, const auto& b) { return a.text() < b.text(); });
      common = std::move(both);
    }
  }
  return common;
}

base::Result<Repository, std::string> LocalSource::read(const RepositoryName& name) {
  try {
    return Repository{
        name, registry_,
        Reading(index_, configs_, name, earlier_ != nullptr ? earlier_->imagesOf(name) : EarlierSite::Images()).run()};
  } catch (const std::exception& error) {  // index or storage: this one fails, the next may not
    return base::fail(std::string(error.what()));
  }
}

}  // namespace rha::homepage
