#include "registry/check_finding.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace rha::registry {
namespace {

using enum FindingKind;

constexpr std::array kRows = {
    FindingRow{BadTagLink, "bad_tag_link", FindingWeight::Damage, Mending::Derive,
               "a tag's current link holds no digest of its tree", "push the tag again"},
    FindingRow{DanglingTag, "dangling_tag", FindingWeight::Damage, Mending::Derive,
               "a tag points at a manifest that is not in the repository", "push the tag again, or delete it"},
    FindingRow{TagRemains, "tag_remains", FindingWeight::Note, Mending::DeriveAndDelete,
               "a tag has a past but points at nothing", "push the tag again, or have the remains deleted"},
    FindingRow{UnindexedTag, "unindexed_tag", FindingWeight::Note, Mending::Derive,
               "what a tag points at is missing from the list of all it ever pointed at", "repair writes it"},
    FindingRow{BadRevisionLink, "bad_revision_link", FindingWeight::Damage, Mending::Derive,
               "a manifest's link holds something else than its digest", "push the image again"},
    FindingRow{LostManifest, "lost_manifest", FindingWeight::Damage, Mending::DeriveAndDelete,
               "a manifest's link stands but its bytes are gone", "push the image again"},
    FindingRow{SparseIndex, "sparse_index", FindingWeight::Note, Mending::Nothing,
               "an image index names a manifest that the repository does not have",
               "nothing, if the index was pushed like that; else push the image again"},
    FindingRow{IncompleteManifest, "incomplete_manifest", FindingWeight::Damage, Mending::Nothing,
               "a manifest refers to a blob whose data are gone or damaged", "push the image again"},
    FindingRow{UnlinkedBlob, "unlinked_blob", FindingWeight::Damage, Mending::Derive,
               "a manifest refers to a blob that is stored but not in its repository",
               "repair links it; or push the image again"},
    FindingRow{WrongSizeStated, "wrong_size_stated", FindingWeight::Note, Mending::Nothing,
               "a manifest states another size than its blob has", "nothing here: the image was built like that"},
    FindingRow{BadLayerLink, "bad_layer_link", FindingWeight::Damage, Mending::Derive,
               "a blob's link holds something else than its digest", "push the image again"},
    FindingRow{DanglingLayer, "dangling_layer", FindingWeight::Damage, Mending::DeriveAndDelete,
               "a blob's link stands but its data are gone", "push the image again"},
    FindingRow{EmptyBlob, "empty_blob", FindingWeight::Damage, Mending::DeriveAndDelete,
               "a blob has no bytes though its digest is not that of nothing", "push the images that use it again"},
    FindingRow{DamagedBlob, "damaged_blob", FindingWeight::Damage, Mending::Nothing,
               "a part of a blob is missing or short", "push the images that use it again: that replaces it"},
    FindingRow{WrongDigest, "wrong_digest", FindingWeight::Damage, Mending::DeriveAndDelete,
               "the bytes are not those that the digest is of", "have it deleted, then push the images again"},
    FindingRow{OrphanBlob, "orphan_blob", FindingWeight::Waste, Mending::Nothing,
               "no manifest was found that refers to this blob", "nothing: it only takes space"},
    FindingRow{OrphanSegments, "orphan_segments", FindingWeight::Waste, Mending::DeriveAndDelete,
               "segments of an upload that is over, which no blob was found to name",
               "nothing, or have them deleted: they only take space"},
    FindingRow{AbandonedUpload, "abandoned_upload", FindingWeight::Waste, Mending::DeriveAndDelete,
               "an upload that nobody finished", "nothing: a registry that takes writes removes it by itself"},
    FindingRow{Unchecked, "unchecked", FindingWeight::Damage, Mending::Nothing, "this could not be looked at",
               "see the cause, then check again"},
};

void addIfThere(nlohmann::ordered_json& json, const char* key, std::string_view value) {
  if (!value.empty()) {
    json[key] = value;
  }
}

}  // namespace

std::span<const FindingRow> allFindingKinds() { return kRows; }

const FindingRow& rowOf(FindingKind kind) {
  return *std::find_if(kRows.begin(), kRows.end(), [&](const FindingRow& row) { return row.kind == kind; });
}

std::string_view toString(FindingWeight weight) {
  switch (weight) {
    case FindingWeight::Damage:
      return "damage";
    case FindingWeight::Waste:
      return "waste";
    case FindingWeight::Note:
      return "note";
  }
  return "";
}

std::string_view toString(FindingOutcome outcome) {
  switch (outcome) {
    case FindingOutcome::Left:
      return "left";
    case FindingOutcome::Repaired:
      return "repaired";
    case FindingOutcome::Deleted:
      return "deleted";
  }
  return "";
}

std::string keyOf(const CheckFinding& finding) {
  return std::string(rowOf(finding.kind).name) + ' ' + finding.path + ' ' +
         (finding.manifest ? finding.manifest->text() : "") + ' ' + finding.repository + ' ' + finding.storage;
}

std::string toJson(const CheckFinding& finding) {
  const FindingRow& row = rowOf(finding.kind);
  nlohmann::ordered_json json{{"kind", row.name}, {"weight", toString(row.weight)}};
  addIfThere(json, "storage", finding.storage);
  addIfThere(json, "repository", finding.repository);
  addIfThere(json, "tag", finding.tag);
  addIfThere(json, "manifest", finding.manifest ? finding.manifest->text() : "");
  addIfThere(json, "digest", finding.digest ? finding.digest->text() : "");
  addIfThere(json, "path", finding.path);
  if (finding.bytes > 0) {
    json["bytes"] = finding.bytes;
  }
  if (finding.segments > 0) {
    json["segments"] = finding.segments;
  }
  json["meaning"] = row.meaning;
  addIfThere(json, "detail", finding.detail);
  json["advice"] = row.advice;
  json["outcome"] = toString(finding.outcome);
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace rha::registry
