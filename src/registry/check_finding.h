// CheckFinding: one thing that a check of the storage found, and the table of all kinds with what they mean.
//
// Values and pure functions; thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "oci/digest.h"
#include "oci/names.h"

namespace rha::registry {

enum class FindingKind : std::uint8_t {
  BadTagLink,
  DanglingTag,
  TagRemains,
  UnindexedTag,
  BadRevisionLink,
  LostManifest,
  SparseIndex,
  IncompleteManifest,
  UnlinkedBlob,
  WrongSizeStated,
  BadLayerLink,
  DanglingLayer,
  EmptyBlob,
  DamagedBlob,
  WrongDigest,
  OrphanBlob,
  OrphanSegments,
  AbandonedUpload,
  Unchecked,
};

// Damage: something cannot be pulled, or cannot be trusted. Waste: takes space, nothing else. Note: unusual, harmless.
enum class FindingWeight : std::uint8_t { Damage, Waste, Note };

// What a check may do about findings.
enum class Mending : std::uint8_t {
  Nothing,
  Derive,           // write again what follows from the rest of the storage
  DeriveAndDelete,  // and delete what points at nothing, and what keeps a push from healing it
};

// What became of it.
enum class FindingOutcome : std::uint8_t { Left, Repaired, Deleted };

struct FindingRow {
  FindingKind kind;
  std::string_view name;  // "dangling_tag"
  FindingWeight weight;
  Mending needed;            // what mends it; Nothing: no check does
  std::string_view meaning;  // for the operator, one sentence without full stop
  std::string_view advice;   // what to do about it
};
std::span<const FindingRow> allFindingKinds();
const FindingRow& rowOf(FindingKind kind);

struct CheckFinding {
  FindingKind kind = FindingKind::Unchecked;
  std::string storage{};  // "" for the main one
  std::string repository{};
  std::string tag{};
  std::optional<oci::Digest> digest{};    // what it is about: a manifest or a blob
  std::optional<oci::Digest> manifest{};  // that refers to `digest`
  std::string path{};                     // in storage
  std::string detail{};
  std::uint64_t bytes = 0;     // of what takes space
  std::uint64_t segments = 0;  // in which these are
  FindingOutcome outcome = FindingOutcome::Left;
};

std::string_view toString(FindingWeight weight);
std::string_view toString(FindingOutcome outcome);

// The same for the same thing wrong at the same place.
std::string keyOf(const CheckFinding& finding);
// {"kind":"dangling_tag","weight":"damage","storage":"ml","repository":"a","tag":"v1","digest":"sha256:…","path":"…","meaning":"…",
//  "detail":"…","advice":"…","outcome":"left"}
std::string toJson(const CheckFinding& finding);

}  // namespace rha::registry
