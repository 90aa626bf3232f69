// FsckFollower: follows a check of the storage that registryd does, printing what it finds.
//
// Findings go to standard output as they come, progress to standard error. One thread; blocks. The first Ctrl-C stops
// the check, which can be resumed; the second ends the program.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "apps/docker-registryctl/actions.h"
#include "apps/docker-registryctl/fsck_text.h"
#include "base/result.h"

namespace rha::registryctl {

class FsckFollower final {
 public:
  using Answer = base::Result<FsckJson, std::string>;

  // `options` are borrowed: where registryd is, and the form of the output.
  explicit FsckFollower(const Options& options);

  // One command of the control socket.
  [[nodiscard]] Answer ask(const FsckJson& request) const;
  // What registryd says in the end: the answer to fsck_status, or why it cannot be asked any more.
  Answer follow();
  // Findings of damage that was not mended.
  [[nodiscard]] std::uint64_t damageLeft() const { return damageLeft_; }

 private:
  void print(const FsckJson& findings);
  void showProgress(const FsckJson& progress);
  void clearProgress() const;

  const Options& options_;
  const bool onTerminal_;
  std::int64_t number_ = 0;
  std::uint64_t damageLeft_ = 0;
  std::chrono::steady_clock::time_point reportAfter_;
};

// Why the options of fsck and adopt do not go together; "" if they do.
std::string fsckFault(const Options& options);
FsckJson fsckStartRequest(const Options& options);
// The end of a check that did not come to its end; nullopt if it did.
std::optional<Outcome> fsckBrokenOff(const FsckFollower::Answer& status);
// "docker-registryctl: text".
Outcome fsckCannot(const std::string& text);

}  // namespace rha::registryctl
