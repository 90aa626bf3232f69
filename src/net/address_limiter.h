// AddressLimiter: how many connections each client address has, and whether it may have one more. IPv6 addresses count
// by their /64 network: who has one address of it has them all.
//
// Owned by the Engine, which outlives the slots; thread-safe. Never fails.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <utility>

#include "base/lock_guarded.h"
#include "net/address.h"

namespace rha::net {

class AddressLimiter final {
 public:
  // One connection's place; given back when destroyed. Move-only.
  class Slot final {
   public:
    Slot() = default;
    Slot(AddressLimiter& owner, std::uint64_t key) : owner_(&owner), key_(key) {}
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;
    Slot(Slot&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)), key_(other.key_) {}
    Slot& operator=(Slot&& other) noexcept {
      reset();
      owner_ = std::exchange(other.owner_, nullptr);
      key_ = other.key_;
      return *this;
    }
    ~Slot() { reset(); }
    void reset() {
      if (owner_ != nullptr) {
        std::exchange(owner_, nullptr)->giveBack(key_);
      }
    }

   private:
    AddressLimiter* owner_ = nullptr;
    std::uint64_t key_ = 0;
  };

  enum class Verdict : std::uint8_t {
    Within,
    Over,    // to be told so
    FarOver  // so many are being told so already that this one is to be dropped; no slot
  };

  // 0: no limit, and nothing is counted.
  explicit AddressLimiter(std::uint64_t most) : most_(most) {}
  std::pair<Verdict, Slot> take(const Address& peer);
  // Addresses with connections.
  [[nodiscard]] std::size_t addresses();

 private:
  void giveBack(std::uint64_t key);

  const std::uint64_t most_;
  base::LockGuarded<std::unordered_map<std::uint64_t, std::uint64_t>> counts_;
};

}  // namespace rha::net
