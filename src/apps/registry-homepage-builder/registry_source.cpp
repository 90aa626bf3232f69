#include "apps/registry-homepage-builder/registry_source.h"

#include <stdexcept>
#include <unordered_map>

#include "apps/registry-homepage-builder/image_config.h"
#include "oci/manifest.h"

namespace rha::homepage {

struct RegistrySource::Registry {
  Registry(fetch::Client& fetcher, const client::RegistryAddress& address, const client::ClientSettings& anonymousHttp,
           const client::ClientSettings& listingHttp)
      : anonymous(fetcher, address, anonymousHttp), listing(fetcher, address, listingHttp) {}
  client::RegistryClient anonymous;
  client::RegistryClient listing;  // with credentials, if there are any
  // Until it turns out that it has not.
  std::atomic<bool> hasReferrers{true};
  std::atomic<bool> hasHistory{true};
};

namespace {

client::ClientSettings withCredentials(const RegistrySourceSettings& settings, const client::RegistryAddress& address) {
  client::ClientSettings http = settings.http;
  if (!settings.dockerConfig.empty()) {
    auto credentials = client::findCredentials(settings.dockerConfig, address.host());
    if (!credentials) {
      throw std::runtime_error("~/.docker/config.json " + credentials.error());
    }
    http.credentials = *std::move(credentials);
  }
  return http;
}

// One repository while it is read.
class Reading final {
 public:
  Reading(client::RegistryClient& registry, std::atomic<bool>& hasReferrers, std::atomic<bool>& hasHistory,
          const RepositoryName& name, EarlierSite::Images earlier)
      : registry_(registry),
        hasReferrers_(hasReferrers),
        hasHistory_(hasHistory),
        name_(name),
        earlier_(std::move(earlier)) {}

  std::vector<TagEntry> run() {
    const auto tags = registry_.tags(name_);
    std::vector<TagEntry> entries;
    if (!tags || tags->empty()) {
      return entries;
    }
    if (hasHistory_ && !registry_.hasTagHistory(name_)) {
      hasHistory_ = false;
    }
    for (const Tag& tag : *tags) {
      if (const auto subject = attachedTo(tag)) {
        attach(*subject, tag);
      }
    }
    for (const Tag& tag : *tags) {
      if (attachedTo(tag)) {
        continue;
      }
      if (auto image = imageOf(oci::Reference(tag))) {
        entries.push_back({tag, std::move(image), hasHistory_ ? registry_.pushedAt(name_, tag) : std::nullopt});
      }
    }
    return entries;
  }

 private:
  // What older tools attached by a tag: one artifact, or the list of referrers.
  void attach(const Digest& subject, const Tag& tag) {
    const auto manifest = registry_.manifest(name_, oci::Reference(tag));
    if (!manifest) {
      return;
    }
    const AttachmentKind kind = attachmentKindOfTag(tag);
    auto& list = attachments_[subject];
    if (kind != AttachmentKind::Other) {
      list.push_back({kind, {}, manifest->digest});
      return;
    }
    for (const client::Referrer& each : client::parseReferrers(manifest->bytes)) {
      list.push_back({attachmentKind(each.artifactType), each.artifactType, each.digest});
    }
  }

  // Null: there is none (any more).
  std::shared_ptr<const ImageDetails> imageOf(const oci::Reference& reference) {
    const auto manifest = registry_.manifest(name_, reference);
    if (!manifest) {
      return nullptr;
    }
    const auto known = images_.find(manifest->digest);
    if (known != images_.end()) {
      return known->second;
    }
    const auto earlier = earlier_.find(manifest->digest);
    auto image =
        std::make_shared<ImageDetails>(earlier != earlier_.end() ? std::move(earlier->second) : readDetails(*manifest));
    addAttachments(manifest->digest, *image);
    images_.emplace(manifest->digest, image);
    return image;
  }

  ImageDetails readDetails(const client::FetchedManifest& manifest) {
    ImageDetails image{.digest = manifest.digest,
                       .mediaType = manifest.mediaType,
                       .platforms = {},
                       .created = {},
                       .labels = {},
                       .attachments = {}};
    // What cannot be understood (schema 1) has a digest, and that is all.
    if (const auto parsed = oci::parseManifest(manifest.bytes, manifest.mediaType)) {
      image.mediaType = parsed->mediaType;
      if (parsed->kind == oci::ManifestKind::Index) {
        addChildren(*parsed, image);
      } else {
        addSingle(*parsed, image);
      }
    }
    return image;
  }

  static std::uint64_t sizeOf(const oci::Manifest& manifest) {
    std::uint64_t bytes = manifest.config ? manifest.config->size : 0;
    for (const oci::Descriptor& layer : manifest.layers) {
      bytes += layer.size;
    }
    return bytes;
  }

  void addSingle(const oci::Manifest& manifest, ImageDetails& image) {
    const ImageConfig config = configOf(manifest);
    image.created = config.created;
    image.labels = config.labels;
    image.platforms.push_back({config.platform, image.digest, sizeOf(manifest)});
  }

  void addChildren(const oci::Manifest& index, ImageDetails& image) {
    std::optional<oci::Manifest> shown;  // whose config stands for all
    for (const oci::Descriptor& child : index.manifests) {
      if (isAttestationPlatform(child.platform)) {
        image.attachments.push_back({AttachmentKind::Attestation, std::string(kIndexAttestation), child.digest});
        continue;
      }
      const auto manifest = registry_.manifest(name_, oci::Reference(child.digest));  // an index may be sparse
      auto parsed = manifest ? oci::parseManifest(manifest->bytes, manifest->mediaType)
                             : base::Result<oci::Manifest, std::string>(base::fail(std::string()));
      image.platforms.push_back({child.platform, child.digest, parsed ? sizeOf(*parsed) : 0});
      if (parsed && (!shown || child.platform == "linux/amd64")) {
        shown = *std::move(parsed);
      }
    }
    if (shown) {
      ImageConfig config = configOf(*shown);
      image.created = config.created;
      image.labels = std::move(config.labels);
    }
  }

  void addAttachments(const Digest& subject, ImageDetails& image) {
    if (hasReferrers_) {
      if (const auto referrers = registry_.referrers(name_, subject)) {
        for (const client::Referrer& each : *referrers) {
          image.attachments.push_back({attachmentKind(each.artifactType), each.artifactType, each.digest});
        }
        if (!referrers->empty()) {
          return;  // tools that know the API may have made the tag as well
        }
      } else {
        hasReferrers_ = false;
      }
    }
    const auto found = attachments_.find(subject);
    if (found != attachments_.end()) {
      image.attachments.insert(image.attachments.end(), found->second.begin(), found->second.end());
    }
  }

  ImageConfig configOf(const oci::Manifest& manifest) {
    if (!manifest.config || !isImageConfig(manifest.config->mediaType) || manifest.config->size > kLargestConfig) {
      return {};
    }
    const auto bytes = registry_.blob(name_, manifest.config->digest, kLargestConfig);
    return bytes ? parseImageConfig(*bytes) : ImageConfig{};
  }

  client::RegistryClient& registry_;
  std::atomic<bool>& hasReferrers_;
  std::atomic<bool>& hasHistory_;
  const RepositoryName& name_;
  EarlierSite::Images earlier_;
  std::unordered_map<Digest, std::vector<Attachment>> attachments_;  // by subject
  std::unordered_map<Digest, std::shared_ptr<const ImageDetails>> images_;
};

}  // namespace

RegistrySource::RegistrySource(const RegistrySourceSettings& settings)
    : name_(settings.name),
      earlier_(settings.earlier),
      fetcher_({.maxConnections = settings.requests, .maxIdle = settings.requests}) {
  for (const client::RegistryAddress& address : settings.registries) {
    registries_.push_back(
        std::make_unique<Registry>(fetcher_, address, settings.http, withCredentials(settings, address)));
  }
}

RegistrySource::~RegistrySource() = default;

void RegistrySource::list(Registry& registry) {
  registry.listing.catalog([&](const std::string& text) {
    if (auto name = RepositoryName::parse(text)) {
      homes_.emplace(name->text(), &registry);
    } else {
      failures_.push_back(registry.listing.address().host() +
                          ": its catalogue has a name that is none: " + name.error());
    }
  });
}

std::vector<RepositoryName> RegistrySource::repositories() {
  for (const auto& registry : registries_) {
    try {
      list(*registry);
    } catch (const client::ClientError& error) {
      throw std::runtime_error(std::string(error.what()) +
                               (error.denied() ? "; its catalogue wants credentials (docker login)" : ""));
    }
  }
  std::vector<RepositoryName> names;
  names.reserve(homes_.size());
  for (const auto& [text, registry] : homes_) {
    names.push_back(RepositoryName::parse(text).value());
  }
  return names;
}

base::Result<Repository, std::string> RegistrySource::read(const RepositoryName& name) {
  Registry& home = *homes_.at(name.text());
  Repository repository{name, name_.empty() ? home.anonymous.address().host() : name_, {}};
  try {
    repository.tags = Reading(home.anonymous, home.hasReferrers, home.hasHistory, name,
                              earlier_ != nullptr ? earlier_->imagesOf(name) : EarlierSite::Images())
                          .run();
  } catch (const client::ClientError& error) {
    if (!error.denied()) {
      return base::fail(std::string(error.what()));
    }
    repository.tags.clear();  // not for everybody
  }
  return repository;
}

}  // namespace rha::homepage
