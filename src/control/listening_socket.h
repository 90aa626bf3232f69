// ListeningSocket: the control socket's file and its descriptor. Internal to control.
//
// Owned by ControlServer; one thread at a time.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/fd.h"
#include "control/control_socket.h"

namespace rha::control {

class ListeningSocket final {
 public:
  ListeningSocket() = default;
  ~ListeningSocket() { close(); }
  ListeningSocket(const ListeningSocket&) = delete;
  ListeningSocket& operator=(const ListeningSocket&) = delete;

  // Listens on `path`, mode 0660. Replaces a socket on which nobody answers (TakeOver: any socket); one that answers,
  // and any other kind of file, is left alone. Throws base::IoError naming the path.
  void open(const std::string& path, ControlStart how);
  // Closes, and removes the file if it is still the one that open() made. Idempotent.
  void close();
  // A connection that waits, or an invalid Fd if there is none.
  [[nodiscard]] base::Fd accept() const;
  [[nodiscard]] int descriptor() const { return socket_.get(); }

 private:
  base::Fd socket_;
  std::string path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

// A socket connected to `path`, or an invalid Fd with errno set. Never waits.
base::Fd connectTo(const std::string& path);

}  // namespace rha::control
