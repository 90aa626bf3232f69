#include "apps/registryd/service_manager.h"

#include <systemd/sd-daemon.h>

namespace rha::registryd {

ServiceManager::ServiceManager() {
  std::uint64_t micros = 0;
  if (::sd_watchdog_enabled(0, &micros) > 0) {
    interval_ = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::microseconds(static_cast<std::int64_t>(micros / 2)));
  }
}

void ServiceManager::ready() { ::sd_notify(0, "READY=1"); }

void ServiceManager::handedOver(pid_t successor) { ::sd_notify(0, ("MAINPID=" + std::to_string(successor)).c_str()); }

void ServiceManager::stopping() { ::sd_notify(0, "STOPPING=1"); }

void ServiceManager::status(const std::string& text) {
  if (text != status_) {
    status_ = text;
    ::sd_notify(0, ("STATUS=" + text).c_str());
  }
}

void ServiceManager::alive() { ::sd_notify(0, "WATCHDOG=1"); }

}  // namespace rha::registryd
