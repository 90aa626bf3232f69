// The actions of docker-registryctl: each asks the daemon or looks at a file, and gives what is to be printed.
//
// One thread; block for the daemon's answer.
#pragma once

#include <string>
#include <vector>

namespace rha::registryctl {

// As the earlier docker-registryctl has them.
enum class ExitCode : int { Ok = 0, WrongUse = 1, RegistryError = 2, UnknownAction = 3 };

enum class Format : unsigned char { Text, Json };

struct Options {
  std::string socket = "/run/docker-registry-ha/control.sock";
  std::string file;  // of explain: decide by this access.yaml instead of the daemon's rules
  Format format = Format::Text;
  std::string account;  // empty: anonymous
  std::string from;
  std::string mountFrom;
  // Of fsck and adopt.
  bool repair = false;
  bool deleteToo = false;
  bool readAll = false;
  bool resume = false;
  bool statusOnly = false;
  bool cancel = false;
  std::string rate;  // MiB a second
  std::string to;    // of adopt translate: where the files go
  std::vector<std::string> repositories;
  std::vector<std::string> words;  // after the action
};

struct Outcome {
  ExitCode code = ExitCode::Ok;
  std::string out;
  std::string error;
};

// State of the daemon.
Outcome status(const Options& options);
// Has the daemon read access.file and the certificates anew.
Outcome reload(const Options& options);
// Words: ACTION [REPOSITORY]. What is decided, by which rule, and what the client is told.
Outcome explain(const Options& options);
// Words: FILE. Its errors, as FILE:LINE: text, and what is probably not meant.
Outcome checkAccess(const Options& options);

}  // namespace rha::registryctl
