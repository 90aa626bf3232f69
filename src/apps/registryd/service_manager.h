// ServiceManager: what is told to systemd (sd_notify): ready, status, watchdog, stopping. Does nothing when the program
// was not started by it. One thread.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>

namespace rha::registryd {

class ServiceManager final {
 public:
  // Reads the watchdog's interval from the environment.
  ServiceManager();

  void ready();
  // Another process is the main one from now on; what this one tells afterwards is not heard.
  void handedOver(pid_t successor);
  void stopping();
  // One line for `systemctl status`; told only when it changed.
  void status(const std::string& text);
  void alive();
  // How often alive() is wanted: half of WatchdogSec. nullopt: there is no watchdog.
  [[nodiscard]] std::optional<std::chrono::milliseconds> watchdogInterval() const { return interval_; }

 private:
  std::optional<std::chrono::milliseconds> interval_;
  std::string status_;
};

}  // namespace rha::registryd
