#include "apps/registryd/peer_watch.h"

#include <pthread.h>

#include <utility>

namespace rha::registryd {
PeerWatch::PeerWatch(RegistryParts& parts, std::chrono::milliseconds interval, const base::Logger& logger,
                     base::MetricsRegistry& metrics, std::function<bool()> mayWrite)
    : parts_(parts),
      logger_(logger),
      interval_(interval),
      mayWrite_(std::move(mayWrite)),
      changes_(metrics.counter("registry_ha_peer_changes_total",
                               "Changes of other nodes on the same storage that the index took.")),
      failures_(metrics.counter("registry_ha_peer_read_failures_total",
                                "Rounds in which the journals of other nodes could not be read.")) {}

void PeerWatch::start() {
  if (parts_.follower && !thread_.joinable()) {
    thread_ = std::thread([this] {
      ::pthread_setname_np(::pthread_self(), "peers");
      run();
    });
  }
}

void PeerWatch::stop() {
  state_.lock()->stopping = true;
  changed_.notify_all();
  if (thread_.joinable()) {
    thread_.join();
  }
}

void PeerWatch::run() {
  for (;;) {
    round();
    auto state = state_.lock();
    if (changed_.wait_for(state.native(), interval_, [&] { return state->stopping; })) {
      return;
    }
  }
}

void PeerWatch::round() {
  if (parts_.index->state() == index::IndexState::Building) {
    return;
  }
  try {
    changes_.add(parts_.follower->poll());
    if (mayWrite_()) {
      parts_.roll->confirm();
    }
    if (std::exchange(failing_, false)) {
      logger_.info("peers_followed_again", {});
    }
  } catch (const std::exception& error) {
    failures_.add();
    if (!std::exchange(failing_, true)) {
      logger_.error("peers_not_followed",
                    {{"error", error.what()},
                     {"effect", "lists of this node lack what other nodes write; tried again and again"}});
    }
  }
}

}  // namespace rha::registryd
