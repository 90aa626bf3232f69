#include "apps/registryd/hand_over_requests.h"

#include <unistd.h>

#include <csignal>
#include <utility>

namespace rha::registryd {

HandOverRequests::Outcome HandOverRequests::ask(std::chrono::milliseconds patience) {
  std::promise<Outcome> promise;
  auto outcome = promise.get_future();
  {
    auto state = state_.lock();
    if (!state->closed.empty()) {
      return base::fail(state->closed);
    }
    state->waiting.push_back(std::move(promise));
  }
  ::kill(::getpid(), SIGUSR2);
  if (outcome.wait_for(patience) != std::future_status::ready) {
    return base::fail(std::string("no outcome yet; the log of registryd will tell"));
  }
  return outcome.get();
}

void HandOverRequests::answer(const Outcome& outcome) {
  for (auto& each : std::exchange(state_.lock()->waiting, {})) {
    each.set_value(outcome);
  }
}

void HandOverRequests::close(const std::string& reason) {
  state_.lock()->closed = reason;
  answer(base::fail(reason));
}

}  // namespace rha::registryd
