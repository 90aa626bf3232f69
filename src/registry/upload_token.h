// UploadToken: the state of an upload, signed, as it travels in the Location header (`_state=`), so that any node of
// the same storage and secret can go on with it (architecture, decision 5).
//
//   token = base64url(payload) "." base64url(HMAC-SHA-256(secret, payload)),  payload = JSON
//
// It holds no secret, but a client can neither make nor change one. Thread-safe (const after construction).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/hasher.h"
#include "base/result.h"
#include "base/secret.h"
#include "oci/error_code.h"
#include "oci/names.h"

namespace rha::registry {

// Where an upload stands between two requests.
struct UploadState {
  std::string repository;
  std::string id;
  std::string actor;  // account that started it
  base::WallTime startedAt;
  std::uint64_t offset = 0;  // bytes stored and acknowledged
  std::string hashState;     // base::Hasher::state() at `offset`
  std::string driverState;   // storage::UploadSession::state() at `offset`; empty before the first byte
  std::string storage{};     // name of the storage it lies in; "" is the main one
};

// For the token's payload and for the state file of local storage.
std::string encodeUploadState(const UploadState& state);
std::optional<UploadState> decodeUploadState(std::string_view text);

class UploadTokens final {
 public:
  explicit UploadTokens(base::Secret secret) : secret_(std::move(secret)) {}
  [[nodiscard]] std::string sign(const UploadState& state) const;
  // nullopt if it was not signed with this secret, or is damaged.
  [[nodiscard]] std::optional<UploadState> verify(std::string_view token) const;

 private:
  base::Secret secret_;
};

}  // namespace rha::registry
