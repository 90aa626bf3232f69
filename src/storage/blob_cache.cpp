#include "storage/blob_cache.h"

#include <pthread.h>

namespace rha::storage {

void BlobCache::start() {
  disk_.open();
  stopping_ = false;
  tending_.lock()->stopping = false;
  pool_.start(settings_.fills);
  tender_ = std::thread([this] {
    ::pthread_setname_np(::pthread_self(), "cache");
    disk_.tend([this](std::chrono::milliseconds duration) {
      auto tending = tending_.lock();
      return !tendingEnds_.wait_for(tending.native(), duration, [&] { return tending->stopping; });
    });
  });
}

void BlobCache::stop() {
  stopping_ = true;
  tending_.lock()->stopping = true;
  tendingEnds_.notify_all();
  if (tender_.joinable()) {
    tender_.join();
  }
  pool_.stop();
}

}  // namespace rha::storage
