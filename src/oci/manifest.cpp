#include "oci/manifest.h"

#include <algorithm>
#include <limits>

#include "base/text.h"
#include "oci/manifest_json.h"
#include "oci/quote.h"

namespace rha::oci {

namespace media_type {

std::string normalise(std::string_view contentType) {
  return base::toLower(base::trim(contentType.substr(0, contentType.find(';'))));
}

bool isNonDistributable(std::string_view type) {
  return type.starts_with("application/vnd.docker.image.rootfs.foreign.") ||
         type.starts_with("application/vnd.oci.image.layer.nondistributable.");
}

}  // namespace media_type

namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxMediaType = 255;  // RFC 6838: 127 + "/" + 127

bool isSchema1(std::string_view type) {
  return type == media_type::kDockerSchema1 || type == media_type::kDockerSchema1Signed;
}

bool isGeneric(std::string_view type) { return type.empty() || type == "application/json"; }

ManifestKind kindOf(std::string_view type) {
  if (type == media_type::kOciManifest || type == media_type::kDockerManifest) {
    return ManifestKind::Image;
  }
  if (type == media_type::kOciIndex || type == media_type::kDockerList) {
    return ManifestKind::Index;
  }
  return ManifestKind::Other;
}

// Type "/" subtype with the characters RFC 6838 allows; it becomes a response header.
bool isMediaType(std::string_view type) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$&-^_.+/").find(c) != std::string_view::npos;
  };
  const std::size_t slash = type.find('/');
  return type.size() <= kMaxMediaType && slash != std::string_view::npos && slash > 0 && slash + 1 < type.size() &&
         type.find('/', slash + 1) == std::string_view::npos && std::all_of(type.begin(), type.end(), allowed);
}

// Thrown within this file only; parseManifest() turns it into its Result.
struct Invalid {
  std::string text;
};

[[noreturn]] void invalid(std::string_view path, std::string_view what) {
  throw Invalid{std::string(path) + ": " + std::string(what)};
}

[[noreturn]] void schema1() {
  throw Invalid{"image manifest schema 1 is not accepted; push the image as Docker schema 2 or OCI manifest"};
}

// Null stands for "absent", as Go programs write and read it.
const Json* member(const Json& object, const char* key) {
  const auto at = object.find(key);
  return at == object.end() || at->is_null() ? nullptr : &*at;
}

// The text at `key`, empty if absent.
std::string text(const Json& object, const char* key, const std::string& path) {
  const Json* value = member(object, key);
  if (value == nullptr) {
    return {};
  }
  if (!value->is_string()) {
    invalid(path, "must be a string");
  }
  return value->get<std::string>();
}

std::string platformOf(const Json& descriptor, const std::string& path) {
  const Json* platform = member(descriptor, "platform");
  if (platform == nullptr) {
    return {};
  }
  if (!platform->is_object()) {
    invalid(path, "must be an object");
  }
  constexpr std::size_t kMaxPart = 255;
  std::string out;
  for (const char* key : {"os", "architecture", "variant"}) {
    const std::string part = text(*platform, key, path + '.' + key);
    if (part.size() > kMaxPart) {
      invalid(path + '.' + key, "longer than " + std::to_string(kMaxPart) + " bytes");
    }
    if (!part.empty()) {
      out += out.empty() ? part : '/' + part;
    }
  }
  return out;
}

std::uint64_t sizeOf(const Json& descriptor, const std::string& path) {
  const Json* size = member(descriptor, "size");
  if (size == nullptr) {
    invalid(path, "missing");
  }
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  const bool whole = size->is_number_unsigned() || (size->is_number_integer() && size->get<std::int64_t>() >= 0);
  if (!whole || size->get<std::uint64_t>() > kMax) {
    invalid(path, "must be a whole number from 0 to 2^63-1");
  }
  return size->get<std::uint64_t>();
}

Descriptor descriptorOf(const Json& json, const std::string& path) {
  if (!json.is_object()) {
    invalid(path, "must be an object");
  }
  std::string mediaType = text(json, "mediaType", path + ".mediaType");
  if (mediaType.empty()) {
    invalid(path + ".mediaType", "missing or empty");
  }
  if (mediaType.size() > kMaxMediaType) {
    invalid(path + ".mediaType", "longer than " + std::to_string(kMaxMediaType) + " bytes");
  }
  auto digest = Digest::parse(text(json, "digest", path + ".digest"));
  if (!digest) {
    invalid(path + ".digest", digest.error());
  }
  Descriptor descriptor{std::move(mediaType), *std::move(digest)};
  descriptor.size = sizeOf(json, path + ".size");
  if (const Json* urls = member(json, "urls")) {
    if (!urls->is_array() || (!urls->empty() && !urls->front().is_string())) {
      invalid(path + ".urls", "must be an array of strings");
    }
    descriptor.hasUrls = !urls->empty();
  }
  descriptor.hasData = !text(json, "data", path + ".data").empty();
  descriptor.platform = platformOf(json, path + ".platform");
  return descriptor;
}

std::vector<Descriptor> descriptorsOf(const Json& document, const char* key) {
  const auto at = document.find(key);
  if (at == document.end()) {
    invalid(key, "missing");
  }
  std::vector<Descriptor> out;
  if (at->is_null()) {
    return out;  // how Go writes an empty list
  }
  if (!at->is_array()) {
    invalid(key, "must be an array");
  }
  out.reserve(at->size());
  for (const Json& element : *at) {
    out.push_back(descriptorOf(element, std::string(key) + '[' + std::to_string(out.size()) + ']'));
  }
  return out;
}

void readAnnotations(const Json& document, bool lenient, Manifest& manifest) {
  const Json* annotations = member(document, "annotations");
  if (annotations == nullptr || (lenient && !annotations->is_object())) {
    return;
  }
  if (!annotations->is_object()) {
    invalid("annotations", "must be an object");
  }
  for (const auto& [key, value] : annotations->items()) {
    if (value.is_string()) {
      manifest.annotations.emplace(key, value.get<std::string>());
    } else if (!lenient) {
      invalid("annotations[" + quote(key) + ']', "must be a string");
    }
  }
}

// The type of a document that names none, in body or Content-Type.
std::string_view typeFromShape(const Json& document) {
  const bool image = document.contains("config") && document.contains("layers");
  if (image != document.contains("manifests")) {
    return image ? media_type::kOciManifest : media_type::kOciIndex;
  }
  if (image) {
    throw Invalid{"a manifest cannot have both layers and manifests"};
  }
  invalid("mediaType", "missing; set it, or send the type as Content-Type");
}

void settleType(const Json& document, const std::string& declared, Manifest& manifest) {
  manifest.mediaType = text(document, "mediaType", "mediaType");
  manifest.mediaTypeInBody = !manifest.mediaType.empty();
  if (manifest.mediaTypeInBody && !isGeneric(declared) && base::toLower(manifest.mediaType) != declared) {
    invalid("mediaType", "is " + quote(manifest.mediaType) + ", but the Content-Type is " + quote(declared));
  }
  if (!manifest.mediaTypeInBody) {
    const Json* version = member(document, "schemaVersion");
    if (isGeneric(declared) && version != nullptr && *version == 1) {
      schema1();
    }
    manifest.mediaType = isGeneric(declared) ? std::string(typeFromShape(document)) : declared;
  }
  if (!isMediaType(manifest.mediaType)) {
    invalid(manifest.mediaTypeInBody ? "mediaType" : "Content-Type",
            quote(manifest.mediaType) + " is not a media type");
  }
  const std::string type = base::toLower(manifest.mediaType);
  if (isSchema1(type)) {
    schema1();
  }
  manifest.kind = kindOf(type);
  if (manifest.kind != ManifestKind::Other) {
    manifest.mediaType = type;
  }
}

void readKnown(const ManifestJson& json, Manifest& manifest) {
  const Json& document = json.fields;
  if (!json.lookalikeKey.empty()) {
    throw Invalid{"key " + quote(json.lookalikeKey) + ": some clients take it for the lower-case key; remove it"};
  }
  const Json* version = member(document, "schemaVersion");
  if (version == nullptr || !version->is_number_integer() || *version != 2) {
    invalid("schemaVersion", "must be 2");
  }
  // One document that is an image to some clients and an index to others: CVE-2021-41190.
  const bool isIndex = manifest.kind == ManifestKind::Index;
  for (const char* key : {"config", "layers", "manifests"}) {
    const bool ofIndex = std::string_view(key) == "manifests";
    if (ofIndex != isIndex && member(document, key) != nullptr) {
      invalid(key, "not allowed in a manifest of type " + manifest.mediaType);
    }
  }
  if (isIndex) {
    manifest.manifests = descriptorsOf(document, "manifests");
    return;
  }
  const Json* config = member(document, "config");
  if (config == nullptr) {
    invalid("config", "missing");
  }
  manifest.config = descriptorOf(*config, "config");
  manifest.layers = descriptorsOf(document, "layers");
}

Manifest interpret(const ManifestJson& json, const std::string& declared) {
  const Json& document = json.fields;
  Manifest manifest;
  settleType(document, declared, manifest);
  if (const Json* subject = member(document, "subject")) {
    manifest.subject = descriptorOf(*subject, "subject");
  }
  if (manifest.kind != ManifestKind::Other) {
    readKnown(json, manifest);
  }
  // In documents of other types these two may be something else; then they are not ours to judge.
  const bool lenient = manifest.kind == ManifestKind::Other;
  const Json* artifactType = member(document, "artifactType");
  if (artifactType != nullptr && (artifactType->is_string() || !lenient)) {
    manifest.artifactType = text(document, "artifactType", "artifactType");
  }
  if (manifest.artifactType.empty() && manifest.config) {
    manifest.artifactType = manifest.config->mediaType;
  }
  readAnnotations(document, lenient, manifest);
  return manifest;
}

}  // namespace

base::Result<Manifest, std::string> parseManifest(std::string_view bytes, std::string_view contentType) {
  const std::string declared = media_type::normalise(contentType);
  try {
    if (isSchema1(declared)) {
      schema1();
    }
    const bool foreign = !isGeneric(declared) && kindOf(declared) == ManifestKind::Other;
    const auto json = readManifestJson(bytes, foreign ? ManifestFields::Shared : ManifestFields::All);
    if (!json) {
      return base::fail(json.error());
    }
    return interpret(*json, declared);
  } catch (Invalid& problem) {
    return base::fail(std::move(problem.text));
  }
}

}  // namespace rha::oci
