// Control socket: a Unix stream socket on which companions (docker-registryctl, registry-acl-reloader) talk to
// registryd.
//
// One JSON object per line, UTF-8, at most 16 MiB; one answer line per request line; several may follow on a
// connection.
//   -> {"command":"status"}
//   <- {"ok":true,"result":{…}}
//   <- {"ok":false,"error":"unknown command \"foo\" (known: status)"}
// The socket's file mode is 0660: who may open it may command the registry.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/log.h"
#include "base/result.h"

namespace rha::control {

// Runs one command: takes the request object and returns the result object, both as JSON text; the error is for the
// operator. Called on the server's threads, several at once.
using Command = std::function<base::Result<std::string, std::string>(std::string_view requestJson)>;

struct ControlLimits {
  std::uint64_t lineBytes = 16 * 1024 * 1024;  // of a request; beyond: an error, and the connection is closed
  std::uint64_t connections = 16;              // beyond: an error, and the connection is closed
  // For a request to arrive after the last answer, and for an answer to be taken; then the connection is closed.
  std::chrono::milliseconds deadline{60'000};
};

enum class ControlStart : std::uint8_t { Alone, TakeOver };

class ControlServer final {
 public:
  // `logger` is borrowed.
  explicit ControlServer(const base::Logger& logger, ControlLimits limits = {});
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

  // Before start(). Throws std::logic_error if the name is taken.
  void add(std::string name, Command command);
  // Binds `path` (replacing a socket that a dead process left; refusing one that answers, and anything that is no
  // socket) and starts the thread "control", which starts one thread for each connection. Throws base::IoError naming
  // the path. TakeOver: one that answers is replaced, too, being that of the process which hands over to this one.
  void start(const std::string& path, ControlStart how = ControlStart::Alone);
  // Ends the threads, closes connections, removes the socket file if it is still ours. Waits for commands that run.
  // Idempotent.
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// Sends one request and waits for its answer. The result's JSON text, or a text for the operator (cannot connect,
// deadline passed, or the daemon's own error). Thread-safe.
base::Result<std::string, std::string> callControl(const std::string& path, std::string_view requestJson,
                                                   std::chrono::milliseconds deadline);

}  // namespace rha::control
