#include "net/tls_ticket_keys.h"

#include <cstring>
#include <string>

#include "base/secret.h"

namespace rha::net {

TicketKeys::TicketKeys(const base::Clock& clock) : clock_(clock) { keys_.lock()->current = make(); }

TicketKey TicketKeys::make() const {
  TicketKey key;
  const base::Secret random(base::randomBytes(key.name.size() + key.cipher.size() + key.mac.size()));
  const char* at = random.reveal().data();
  for (auto [to, size] : {std::pair{key.name.data(), key.name.size()},
                          {key.cipher.data(), key.cipher.size()},
                          {key.mac.data(), key.mac.size()}}) {
    std::memcpy(to, at, size);
    at += size;
  }
  key.madeAt = clock_.steady();
  return key;
}

void TicketKeys::rotate(Pair& keys) const {
  const base::SteadyTime now = clock_.steady();
  if (now - keys.current.madeAt >= kTicketKeyLife) {
    keys.previous = keys.current;
    keys.current = make();
  }
  if (keys.previous && now - keys.previous->madeAt >= 2 * kTicketKeyLife) {
    keys.previous.reset();
  }
}

TicketKey TicketKeys::current() {
  auto keys = keys_.lock();
  rotate(*keys);
  return keys->current;
}

std::optional<TicketKeys::Found> TicketKeys::find(const unsigned char* name) {
  auto keys = keys_.lock();
  rotate(*keys);
  if (std::memcmp(keys->current.name.data(), name, keys->current.name.size()) == 0) {
    return Found{keys->current, true};
  }
  if (keys->previous && std::memcmp(keys->previous->name.data(), name, keys->previous->name.size()) == 0) {
    return Found{*keys->previous, false};
  }
  return std::nullopt;
}

}  // namespace rha::net
