#include "apps/registryd/system_sockets.h"

#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "base/error.h"

namespace rha::registryd {
namespace {

// sd_listen_fds_with_names() gives an array of strings, all from malloc(3).
struct FreeNames {
  void operator()(char** names) const {
    for (char** name = names; *name != nullptr; ++name) {
      std::free(*name);  // NOLINT(cppcoreguidelines-no-malloc): as the library says
    }
    std::free(names);  // NOLINT(cppcoreguidelines-no-malloc)
  }
};

}  // namespace

SystemSockets takeSystemSockets() {
  char** rawNames = nullptr;
  const int count = ::sd_listen_fds_with_names(1, &rawNames);
  const std::unique_ptr<char*, FreeNames> names(rawNames);
  if (count < 0) {
    throw base::IoError(-count, "cannot take the sockets that systemd passed");
  }
  SystemSockets sockets;
  for (int i = 0; i < count; ++i) {
    base::Fd socket(SD_LISTEN_FDS_START + i);
    const std::string name = names.get()[i];
    if (::sd_is_socket(socket.get(), AF_UNSPEC, SOCK_STREAM, 1) <= 0) {
      throw base::IoError(ENOTSOCK, "what systemd passed as \"" + name + "\" is no listening stream socket");
    }
    auto& kind = name == "debug" ? sockets.debug : name == "https" ? sockets.https : sockets.http;
    kind.push_back(std::move(socket));
  }
  return sockets;
}

}  // namespace rha::registryd
