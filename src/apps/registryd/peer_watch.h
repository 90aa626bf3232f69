// PeerWatch: the thread that follows what other nodes write to a shared storage, every few seconds.
//
// Started and stopped by the daemon; without a follower (the storage is this process's alone) it does nothing. A
// storage or index that fails is logged once until it works again, and asked again in the next round.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <string>
#include <thread>

#include "apps/registryd/registry_parts.h"
#include "base/lock_guarded.h"
#include "base/log.h"
#include "base/metrics.h"

namespace rha::registryd {

class PeerWatch final {
 public:
  // All borrowed. `mayWrite` tells whether the storage may be sent a write now.
  PeerWatch(RegistryParts& parts, std::chrono::milliseconds interval, const base::Logger& logger,
            base::MetricsRegistry& metrics, std::function<bool()> mayWrite);
  ~PeerWatch() { stop(); }
  PeerWatch(const PeerWatch&) = delete;
  PeerWatch& operator=(const PeerWatch&) = delete;

  void start();
  void stop();

 private:
  void run();
  void round();

  RegistryParts& parts_;
  const base::Logger& logger_;
  std::chrono::milliseconds interval_;
  std::function<bool()> mayWrite_;
  base::Counter& changes_;
  base::Counter& failures_;
  bool failing_ = false;
  struct State {
    bool stopping = false;
  };
  base::LockGuarded<State> state_;
  std::condition_variable changed_;
  std::thread thread_;
};

}  // namespace rha::registryd
