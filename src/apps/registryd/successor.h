// Successor: the process that takes over from this one (an upgrade), as this one sees it.
//
//   old ── fork ── (fork, so that the service manager is its parent) ── exec ── new
//   old <── TakesRestart ─────────────────────────────────────────────────────── new: the settings have changed in what
//                                                                               both must agree in; it ends
//   old <── Ready ────────────────────────────────────────────────────────────── new: it serves, beside the old one
//   old ─── MAINPID to the service manager; stops accepting
//   old ─── Confirmed ─────────────────────────────────────────────────────────> new: it is the service's main process
//   old <── Reload ── Reloaded ──>                                               new: rules or certificates changed
//   old ends ── end of file ───────────────────────────────────────────────────> new: nobody else writes any more
//
// The messages go over a socket pair of packets; either side notices the other's end by the end of file. The listening
// sockets are passed as systemd does (LISTEN_FDS, LISTEN_FDNAMES). One thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"

namespace rha::registryd {

// The environment's name for the descriptor of the socket pair and what both must agree in: "7
// filesystem:/srv/registry".
inline constexpr const char* kPredecessorVariable = "REGISTRYD_PREDECESSOR";
// What the old one listens on (listen_addresses.h). In a variable of its own, which versions that do not know it
// ignore.
inline constexpr const char* kAddressesVariable = "REGISTRYD_ADDRESSES";

// What the settings of both must agree in: another value takes a restart.
struct CommonGround {
  std::string places;     // storage and index
  std::string addresses;  // listen_addresses.h
};

struct HandOverPacket {
  enum class Kind : std::uint32_t { Started, CannotRun, Ready, Confirmed, Reload, Reloaded, TakesRestart };
  Kind kind;
  std::int32_t number;  // Started: its process id; CannotRun: errno
};

struct NamedSocket {
  base::Fd socket;
  std::string name;  // "http", "https", "debug"
};

class Successor final {
 public:
  // Runs `command` with the sockets. Throws base::IoError.
  static Successor start(const std::vector<std::string>& command, const std::vector<NamedSocket>& sockets,
                         const CommonGround& ground);

  enum class News : std::uint8_t { None, Ready, Reload, Gone };
  // What it has said since the last call; does not wait.
  News read();
  // Readable when there is news; also after its end, for ever.
  [[nodiscard]] int descriptor() const { return socket_.get(); }
  [[nodiscard]] pid_t pid() const { return pid_; }
  // After News::Gone: errno of execve(2), or 0.
  [[nodiscard]] int cannotRun() const { return cannotRun_; }
  // After News::Gone: whether its settings differ in what both must agree in.
  [[nodiscard]] bool takesRestart() const { return takesRestart_; }
  void confirm() { tell(HandOverPacket::Kind::Confirmed); }
  void reloaded() { tell(HandOverPacket::Kind::Reloaded); }
  // Ends one that did not become ready.
  void kill();

 private:
  explicit Successor(base::Fd socket) : socket_(std::move(socket)) {}
  void tell(HandOverPacket::Kind kind) const;

  base::Fd socket_;
  pid_t pid_ = 0;
  int cannotRun_ = 0;
  bool takesRestart_ = false;
};

// Program and arguments of this process, with the program's path as it is now: after an upgrade the new program is
// there. Call at the start. Throws base::IoError.
std::vector<std::string> ownCommand();

}  // namespace rha::registryd
