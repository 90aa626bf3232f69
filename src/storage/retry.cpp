#include "storage/retry.h"

#include <algorithm>
#include <random>
#include <thread>

namespace rha::storage {
namespace {

// Between a half and the whole of `longest`.
std::chrono::milliseconds jittered(std::chrono::milliseconds longest) {
  thread_local std::minstd_rand generator{std::random_device{}()};
  std::uniform_int_distribution<std::int64_t> distribution(longest.count() / 2, longest.count());
  return std::chrono::milliseconds(distribution(generator));
}

}  // namespace

bool Retry::pause(std::optional<std::chrono::seconds> askedFor) {
  ++attempts_;
  if (attempts_ >= settings_.attempts) {
    return false;
  }
  const unsigned doublings = std::min(attempts_ - 1, 16U);
  auto longest = std::min(settings_.firstPause * (1U << doublings), settings_.longestPause);
  if (askedFor) {
    longest = std::clamp<std::chrono::milliseconds>(*askedFor, longest, settings_.longestPause);
  }
  std::this_thread::sleep_for(jittered(longest));
  return true;
}

}  // namespace rha::storage
