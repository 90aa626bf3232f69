// The reloader's work: hands access.yaml to the running registryd until what it applied is what the file says.
//
//   which file? ── read ── check here ── apply_access over the control socket ── read again ── the same? ── done
//                                                                     └── changed meanwhile: once more
//
// One thread; blocks. Nothing is changed anywhere but in the daemon, and there only by a file without errors.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>

namespace rha::reloader {

enum class ExitCode : int { Applied = 0, Refused = 1, WrongUse = 2, Unreachable = 3 };

struct Job {
  std::filesystem::path file;  // empty: the one that the daemon was started with
  std::string socket = "/run/docker-registry-ha/control.sock";
  std::chrono::milliseconds deadline{30'000};  // for each answer of the daemon
  std::chrono::milliseconds patience{20'000};  // for a daemon that is starting, or being restarted
};

struct Outcome {
  ExitCode code = ExitCode::Applied;
  std::string out;    // for standard output: what changed
  std::string error;  // for standard error: every fault as FILE:LINE: text, one a line
};

Outcome reload(Job job);

}  // namespace rha::reloader
