#include "apps/docker-registryctl/fsck.h"

#include "apps/docker-registryctl/fsck_follower.h"
#include "apps/docker-registryctl/fsck_text.h"

namespace rha::registryctl {
namespace {

using Json = FsckJson;
using Answer = FsckFollower::Answer;

Json summaryOf(const Json& status, std::uint64_t damageLeft) {
  Json summary{{"state", status.value("state", "")}, {"damage_left", damageLeft}};
  for (const char* key : {"error", "options", "counts", "sums"}) {
    if (status.contains(key)) {
      summary[key] = status[key];
    }
  }
  const OrphanBytes orphans = orphanBytes(status);
  summary["orphan_segment_bytes"] = {{"freed", orphans.freed}, {"left", orphans.left}};
  return {{"summary", summary}};
}

Outcome statusOutcome(const Options& options, const Answer& status) {
  if (!status) {
    return fsckCannot(status.error());
  }
  if (options.format == Format::Json) {
    Json shown = *status;
    shown.erase("findings");
    shown.erase("number");
    return {ExitCode::Ok, shown.dump(2) + '\n', ""};
  }
  const std::string state = status->value("state", "");
  if (state == "none") {
    return {ExitCode::Ok, "there was no check\n", ""};
  }
  return {ExitCode::Ok, state + ": " + progressText((*status)["progress"]) + '\n', ""};
}

}  // namespace

Outcome fsck(const Options& options) {
  if (const std::string fault = fsckFault(options); !fault.empty()) {
    return fsckCannot(fault);
  }
  FsckFollower follower(options);
  if (options.statusOnly || options.cancel) {
    return statusOutcome(options, follower.ask({{"command", options.cancel ? "fsck_stop" : "fsck_status"}}));
  }
  if (const Answer started = follower.ask(fsckStartRequest(options)); !started) {
    return fsckCannot(started.error());
  }
  const Answer status = follower.follow();
  if (auto outcome = fsckBrokenOff(status)) {
    return *outcome;
  }
  const std::uint64_t left = follower.damageLeft();
  Outcome outcome;
  outcome.code = left == 0 ? ExitCode::Ok : ExitCode::RegistryError;
  outcome.out = options.format == Format::Json ? summaryOf(*status, left).dump() + '\n' : summaryText(*status, left);
  return outcome;
}

}  // namespace rha::registryctl
