// SwiftAuth: tokens of a Swift cluster, from TempAuth (v1) or Keystone (v3). One token serves all threads; it is
// renewed a little before it expires and when Swift refuses it, by one thread while the others wait for the outcome.
//
// The password is read from its file for each renewal, so a changed one is taken without a restart.
// Thread-safe; blocking. Failure: StorageError: Broken when the credentials are refused, Unavailable when nobody
// answers.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/lock_guarded.h"
#include "base/secret.h"
#include "fetch/client.h"
#include "storage/request_metrics.h"
#include "storage/swift_settings.h"

namespace rha::storage {

struct SwiftToken {
  base::Secret value;
  std::string endpoint;  // the storage URL, without a slash at its end
  base::SteadyTime expires;
};

class SwiftAuth final {
 public:
  // All borrowed but the settings.
  SwiftAuth(SwiftSettings settings, fetch::Client& client, RequestMetrics& metrics, const base::Clock& clock);

  // A token that is believed to be good. Shared with the requests that use it.
  std::shared_ptr<const SwiftToken> token();
  // Swift refused this one: the next token() asks for another, unless somebody has already.
  void reject(const std::shared_ptr<const SwiftToken>& token);

 private:
  struct State {
    std::shared_ptr<const SwiftToken> token;
    base::SteadyTime askAgain;  // when the token is to be renewed
    bool renewing = false;
    std::uint64_t failures = 0;  // renewals that failed
    std::exception_ptr lastFailure;
  };
  std::shared_ptr<const SwiftToken> renew();
  SwiftToken request();
  SwiftToken requestV1(const base::Secret& password);
  SwiftToken requestV3(const base::Secret& password);
  fetch::Response ask(const fetch::Request& request);
  [[nodiscard]] base::Secret readPassword() const;

  SwiftSettings settings_;
  fetch::Client& client_;
  RequestMetrics& metrics_;
  const base::Clock& clock_;
  base::LockGuarded<State> state_;
  std::condition_variable renewed_;
};

}  // namespace rha::storage
