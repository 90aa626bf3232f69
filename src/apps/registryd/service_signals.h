// ServiceSignals: the signals of a daemon, taken in turn by its main thread instead of interrupting it.
//
//   SIGTERM, SIGINT   end       SIGHUP   read access.file and certificates anew       SIGUSR2   hand over to a new
//   process SIGPIPE   ignored: writes fail
//
// Made by the main thread before any other thread is, so that all inherit its mask. One thread.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/fd.h"

namespace rha::registryd {

class ServiceSignals final {
 public:
  enum class Event : std::uint8_t { Timeout, Terminate, Reload, HandOver };

  // Blocks the signals. Throws base::IoError.
  ServiceSignals();
  ServiceSignals(const ServiceSignals&) = delete;
  ServiceSignals& operator=(const ServiceSignals&) = delete;
  ~ServiceSignals() = default;

  // The next signal, or Timeout after `patience`, or as soon as `other`, a descriptor, is readable.
  Event wait(std::chrono::milliseconds patience, int other = -1);
  // From now on SIGTERM and SIGINT end the process at once: for an operator who will not wait for the drain.
  static void restoreDefaults();

 private:
  base::Fd descriptor_;
};

}  // namespace rha::registryd
