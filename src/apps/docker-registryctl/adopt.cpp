#include "apps/docker-registryctl/adopt.h"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <thread>

#include "apps/docker-registryctl/adopt_translate.h"
#include "apps/docker-registryctl/fsck_follower.h"
#include "apps/docker-registryctl/fsck_text.h"

namespace rha::registryctl {
namespace {

using Json = FsckJson;
using Answer = FsckFollower::Answer;

constexpr std::chrono::seconds kIndexPoll{1};
constexpr std::size_t kColumn = 16;
constexpr std::string_view kManifestsOf = "manifests ";

Json& at(Json& object, const char* section) {
  if (!object.contains(section) || !object[section].is_object()) {
    object[section] = Json::object();
  }
  return object[section];
}

// What registryd says of itself once its index is whole.
Answer statusWithIndex(const FsckFollower& follower) {
  bool told = false;
  while (true) {
    Answer status = follower.ask({{"command", "status"}});
    if (!status || at(*status, "index").value("state", "") == "complete") {
      return status;
    }
    if (!told) {
      std::fputs("waiting for the index to be built\n", stderr);
      told = true;
    }
    std::this_thread::sleep_for(kIndexPoll);
  }
}

bool takesWrites(Json& status) {
  Json& access = at(status, "access");
  return !access.value("read_only", false) && access.value("role", "") != "passive";
}

std::string line(const std::string& name, const std::string& value) {
  std::string text = name;
  text.resize(std::max(text.size() + 1, kColumn), ' ');
  return text + value + '\n';
}

std::string verdictOf(std::uint64_t damage) {
  return damage == 0 ? "safe to take over: all that is stored fits together"
                     : "look at the damage first (" + std::to_string(damage) +
                           " findings): these images cannot be pulled from the old registry either, or not rightly";
}

std::string reportText(const Json& report) {
  const Json& sums = report["sums"];
  const auto count = [&](const char* key) { return std::to_string(sums.value(key, std::uint64_t{0})); };
  std::string text = "\n" + line("repositories", count("repositories")) + line("tags", count("tags")) +
                     line("manifests", count("manifests"));
  for (const auto& [name, value] : sums.items()) {
    if (name.starts_with(kManifestsOf)) {
      const std::string type = name.substr(kManifestsOf.size());
      text += line("  " + value.dump(), type.empty() ? "of no known type" : type);
    }
  }
  text += line("blobs", count("blobs") + " of " + bytesText(sums.value("blob_bytes", 0.0)));
  for (const Json& each : report["counts"]) {
    text += line("finding", each["findings"].dump() + ' ' + each.value("kind", ""));
  }
  text += line("index", std::to_string(report["index"].value("repositories", std::uint64_t{0})) + " repositories, " +
                            std::to_string(report["index"].value("tags", std::uint64_t{0})) + " tags");
  if (report.contains("warning")) {
    text += line("warning", report.value("warning", ""));
  }
  return text + line("verdict", report.value("verdict", ""));
}

}  // namespace

Outcome adopt(const Options& options) {
  if (!options.words.empty()) {
    return translateConfig(options);
  }
  if (!options.to.empty()) {
    return fsckCannot("--to belongs to adopt translate");
  }
  if (const std::string fault = fsckFault(options); !fault.empty()) {
    return fsckCannot(fault);
  }
  FsckFollower follower(options);
  if (const Answer started = follower.ask(fsckStartRequest(options)); !started) {
    return fsckCannot(started.error());
  }
  const Answer checked = follower.follow();
  if (auto outcome = fsckBrokenOff(checked)) {
    return *outcome;
  }
  Answer status = statusWithIndex(follower);
  if (!status) {
    return fsckCannot(status.error());
  }
  const std::uint64_t damage = follower.damageLeft();
  Json report{{"safe", damage == 0},
              {"verdict", verdictOf(damage)},
              {"damage_left", damage},
              {"sums", (*checked)["sums"]},
              {"counts", (*checked)["counts"]},
              {"index", at(*status, "index")},
              {"storage", at(*status, "storage")}};
  if (takesWrites(*status)) {
    report["warning"] = "this registry takes writes: what it wrote since it was started is in these counts";
  }
  Outcome outcome;
  outcome.code = damage == 0 ? ExitCode::Ok : ExitCode::RegistryError;
  outcome.out = options.format == Format::Json ? Json{{"report", report}}.dump() + '\n' : reportText(report);
  return outcome;
}

}  // namespace rha::registryctl
