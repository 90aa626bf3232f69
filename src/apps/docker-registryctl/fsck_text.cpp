#include "apps/docker-registryctl/fsck_text.h"

#include <array>
#include <cstdio>

namespace rha::registryctl {
namespace {

constexpr double kStep = 1024;
constexpr int kMinute = 60;

std::string textOf(const FsckJson& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

double numberOf(const FsckJson& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->get<double>() : 0;
}

std::string countText(double count) { return std::to_string(static_cast<std::uint64_t>(count)); }

}  // namespace

std::string bytesText(double bytes) {
  constexpr std::array kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  while (bytes >= kStep && unit + 1 < kUnits.size()) {
    bytes /= kStep;
    ++unit;
  }
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", bytes, kUnits[unit]);
  return text;
}

std::string findingText(const FsckJson& finding) {
  std::string text = textOf(finding, "weight") + ' ' + textOf(finding, "kind");
  const std::string repository = textOf(finding, "repository");
  const std::string tag = textOf(finding, "tag");
  const std::string digest = textOf(finding, "digest");
  const std::string manifest = textOf(finding, "manifest");
  if (!repository.empty()) {
    text += ' ' + repository + (tag.empty() ? "" : ':' + tag);
  }
  if (!manifest.empty()) {
    text += " manifest " + manifest;
  }
  if (!digest.empty()) {
    text += (manifest.empty() ? " " : " refers to ") + digest;
  }
  text += "\n    " + textOf(finding, "meaning");
  if (const std::string detail = textOf(finding, "detail"); !detail.empty()) {
    text += ": " + detail;
  }
  if (const double segments = numberOf(finding, "segments"); segments > 0) {
    text += "\n    " + countText(segments) + " segments, " + bytesText(numberOf(finding, "bytes")) + ": " +
            textOf(finding, "path");
  }
  const std::string outcome = textOf(finding, "outcome");
  text += "\n    " + (outcome == "left" ? "to do: " + textOf(finding, "advice") : outcome) + '\n';
  return text;
}

std::string progressText(const FsckJson& progress) {
  const double done = numberOf(progress, "repositories");
  const double expected = numberOf(progress, "repositories_expected");
  const double seconds = numberOf(progress, "seconds");
  const double read = numberOf(progress, "bytes_read");
  const bool atRepositories = textOf(progress, "phase") == "repositories";
  std::string text = countText(done);
  if (atRepositories && expected >= done) {
    text += " of about " + countText(expected);
  }
  text += " repositories, " + countText(numberOf(progress, "tags")) + " tags, " +
          countText(numberOf(progress, "manifests")) + " manifests, " + countText(numberOf(progress, "blobs")) +
          " blobs";
  if (read > 0) {
    text += ", " + bytesText(read) + " read";
    text += seconds >= 1 ? " at " + bytesText(read / seconds) + "/s" : "";
  }
  if (!atRepositories) {
    return text + (textOf(progress, "phase") == "segments" ? ", now segments that no blob names"
                                                           : ", now blobs that no repository has");
  }
  if (done > 0 && seconds >= 1 && expected > done) {
    const double left = seconds * (expected - done) / done;
    text += left < 2 * kMinute ? ", about " + countText(left) + " s left"
                               : ", about " + countText(left / kMinute) + " min left";
  }
  return text;
}

OrphanBytes orphanBytes(const FsckJson& status) {
  OrphanBytes bytes;
  for (const auto& count : status.value("counts", FsckJson::array())) {
    if (textOf(count, "kind") == "orphan_segments") {
      (textOf(count, "outcome") == "deleted" ? bytes.freed : bytes.left) += count.value("bytes", std::uint64_t{0});
    }
  }
  return bytes;
}

std::string summaryText(const FsckJson& status, std::uint64_t damageLeft) {
  std::string text;
  for (const auto& count : status.value("counts", FsckJson::array())) {
    text += countText(numberOf(count, "findings")) + ' ' + textOf(count, "kind") + ' ' + textOf(count, "outcome");
    const double bytes = numberOf(count, "bytes");
    text += (bytes > 0 ? " (" + bytesText(bytes) + ")" : "") + '\n';
  }
  const OrphanBytes orphans = orphanBytes(status);
  if (orphans.freed > 0) {
    text += bytesText(static_cast<double>(orphans.freed)) + " of orphan segments were freed\n";
  }
  if (orphans.left > 0) {
    const bool wasAsked = status.value("options", FsckJson::object()).value("delete", false);
    text += wasAsked ? bytesText(static_cast<double>(orphans.left)) + " of orphan segments stay, as said with each\n"
                     : "up to " + bytesText(static_cast<double>(orphans.left)) +
                           " of orphan segments could be freed (--repair --delete)\n";
  }
  const FsckJson sums = status.value("sums", FsckJson::object());
  text += "looked at " + countText(numberOf(sums, "repositories")) + " repositories, " +
          countText(numberOf(sums, "tags")) + " tags, " + countText(numberOf(sums, "manifests")) + " manifests, " +
          countText(numberOf(sums, "blobs")) + " blobs of " + bytesText(numberOf(sums, "blob_bytes"));
  return text + (damageLeft == 0 ? "; no damage is left\n" : "; damage left: " + std::to_string(damageLeft) + '\n');
}

}  // namespace rha::registryctl
