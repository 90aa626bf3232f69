// TicketKeys: the keys that session tickets are sealed with. New ones every twelve hours, the old ones good for as long
// again: who steals the keys of today cannot read what was recorded last week. Internal to net.
//
// Owned by a TlsContext; thread-safe. Throws base::IoError when the kernel gives no random bytes.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "base/lock_guarded.h"

namespace rha::net {

inline constexpr std::chrono::hours kTicketKeyLife{12};

struct TicketKey {
  std::array<unsigned char, 16> name{};
  std::array<unsigned char, 32> cipher{};
  std::array<unsigned char, 32> mac{};
  base::SteadyTime madeAt;
};

class TicketKeys final {
 public:
  // `clock` is borrowed.
  explicit TicketKeys(const base::Clock& clock);

  // The key for a new ticket.
  TicketKey current();
  struct Found {
    TicketKey key;
    bool isCurrent = false;
  };
  // The key of that name (16 bytes), if it is still good.
  std::optional<Found> find(const unsigned char* name);

 private:
  struct Pair {
    TicketKey current;
    std::optional<TicketKey> previous;
  };
  TicketKey make() const;
  void rotate(Pair& keys) const;

  const base::Clock& clock_;
  base::LockGuarded<Pair> keys_;
};

}  // namespace rha::net
