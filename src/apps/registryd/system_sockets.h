// SystemSockets: the listening sockets that systemd passed (LISTEN_FDS, LISTEN_FDNAMES), by what they are for.
#pragma once

#include <vector>

#include "base/fd.h"

namespace rha::registryd {

struct SystemSockets {
  std::vector<base::Fd> http;  // every one but those named otherwise
  std::vector<base::Fd> https;
  std::vector<base::Fd> debug;
};

// Takes them over and clears the environment, so that no child takes them for its own. Call once, at the start. Throws
// base::IoError when what was passed cannot be used; all empty when nothing was passed.
SystemSockets takeSystemSockets();

}  // namespace rha::registryd
