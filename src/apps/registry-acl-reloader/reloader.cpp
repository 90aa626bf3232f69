#include "apps/registry-acl-reloader/reloader.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <thread>

#include "access/access_file.h"
#include "base/error.h"
#include "base/files.h"
#include "control/control_socket.h"
#include "oci/digest.h"

namespace rha::reloader {
namespace {

// A file that still changes after so many rounds is being written by something that has gone wild.
constexpr int kMostRounds = 20;
constexpr std::chrono::milliseconds kRetryEvery{200};

base::Result<std::string, std::string> readText(const std::filesystem::path& file) {
  try {
    if (auto text = base::readFile(file, access::kLargestAccessFile)) {
      return *std::move(text);
    }
    return base::fail(file.string() + ": there is no such file");
  } catch (const base::IoError& error) {
    return base::fail(std::string(error.what()));
  } catch (const std::length_error&) {
    return base::fail(file.string() + ": is larger than 4 MiB; this cannot be an access file");
  }
}

// The faults that can be seen without the daemon.
std::string faultsOf(const std::string& text, const std::filesystem::path& file) {
  std::string faults;
  if (const auto document = access::parseAccess(text); !document) {
    for (const config::SettingError& error : document.error()) {
      faults += config::toText(file, error) + '\n';
    }
  }
  return faults;
}

std::string describe(const nlohmann::json& applied) {
  const auto& changes = applied.at("changes");
  std::string text = "access rules applied, generation " + applied.at("generation").dump() + ", " +
                     applied.at("hash").get<std::string>() + (changes.empty() ? ": nothing changed\n" : ":\n");
  for (const auto& change : changes) {
    text += "  " + change.get<std::string>() + '\n';
  }
  return text;
}

// Asks again while the daemon is not there or says that it is starting: after a restart it is, in a moment.
base::Result<std::string, std::string> callPatiently(const Job& job, const nlohmann::json& request) {
  const auto end = std::chrono::steady_clock::now() + job.patience;
  while (true) {
    auto answer = control::callControl(job.socket, request.dump(), job.deadline);
    const bool mayChange = !answer && (answer.error().starts_with("cannot connect") ||
                                       answer.error().find("starting") != std::string::npos);
    if (!mayChange || std::chrono::steady_clock::now() >= end) {
      return answer;
    }
    std::this_thread::sleep_for(kRetryEvery);
  }
}

// The file that the daemon was started with; empty if it uses none.
base::Result<std::filesystem::path, std::string> fileOfDaemon(const Job& job) {
  const auto answer = callPatiently(job, {{"command", "status"}});
  if (!answer) {
    return base::fail(answer.error());
  }
  return std::filesystem::path(nlohmann::json::parse(*answer).at("access").value("file", ""));
}

// One round: applies the text; adds to the outcome. The hash that the daemon applied, or nullopt: the outcome is final.
std::optional<std::string> applyOnce(const Job& job, const std::string& text, Outcome& outcome) {
  const auto answer = callPatiently(job, {{"command", "apply_access"}, {"file", job.file.string()}, {"text", text}});
  if (!answer) {
    outcome.code = ExitCode::Unreachable;
    outcome.error = answer.error() + '\n';
    return std::nullopt;
  }
  const auto applied = nlohmann::json::parse(*answer);
  outcome.out += describe(applied);
  return applied.at("hash").get<std::string>();
}

}  // namespace

Outcome reload(Job job) {
  Outcome outcome;
  if (job.file.empty()) {
    auto file = fileOfDaemon(job);
    if (!file) {
      return {ExitCode::Unreachable, "", file.error() + '\n'};
    }
    if (file->empty()) {
      return {ExitCode::Applied, "nothing to do: registryd has no access rules (access.file in registryd.yaml)\n", ""};
    }
    job.file = *std::move(file);
  }
  for (int round = 0; round < kMostRounds; ++round) {
    const auto text = readText(job.file);
    std::string faults = text ? faultsOf(*text, job.file) : text.error() + '\n';
    if (!faults.empty()) {
      return {ExitCode::Refused, std::move(outcome.out), std::move(faults)};
    }
    const auto hash = applyOnce(job, *text, outcome);
    if (!hash) {
      return outcome;
    }
    const auto now = readText(job.file);
    if (now && oci::Digest::of(*now).text() == *hash) {
      return outcome;
    }
  }
  outcome.code = ExitCode::Refused;
  outcome.error = job.file.string() + ": changes faster than it can be applied\n";
  return outcome;
}

}  // namespace rha::reloader
