// What a check of the storage is told as: findings, progress and summary, from the JSON that registryd gives.
//
// Pure functions; thread-safe.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

namespace rha::registryctl {

using FsckJson = nlohmann::ordered_json;

// "damage dangling_tag a/b:v1", and below it what that means and what to do.
std::string findingText(const FsckJson& finding);
// One line without its end: "12 of about 80 repositories, 400 blobs, 1.2 GiB read at 60 MiB/s, about 3 min left".
std::string progressText(const FsckJson& progress);
// Bytes in orphan segments, by what became of them.
struct OrphanBytes {
  std::uint64_t freed = 0;
  std::uint64_t left = 0;
};
OrphanBytes orphanBytes(const FsckJson& status);
// Number of findings by kind and outcome, and what was looked at.
std::string summaryText(const FsckJson& status, std::uint64_t damageLeft);
// "1.2 GiB".
std::string bytesText(double bytes);

}  // namespace rha::registryctl
