#include "fetch/request.h"

#include <algorithm>
#include <cstring>

#include "base/text.h"

namespace rha::fetch {

std::size_t MemoryBody::read(std::uint64_t offset, std::span<std::byte> buffer) const {
  if (offset >= bytes_.size()) {
    return 0;
  }
  const std::string_view rest = bytes_.substr(offset);
  const std::size_t count = std::min(rest.size(), buffer.size());
  std::memcpy(buffer.data(), rest.data(), count);
  return count;
}

std::optional<std::string_view> ResponseHead::find(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (base::equalIgnoringCase(key, name)) {
      return value;
    }
  }
  return std::nullopt;
}

std::optional<std::uint64_t> ResponseHead::contentLength() const {
  const auto value = find("Content-Length");
  return value ? base::parseUnsigned(*value) : std::nullopt;
}

}  // namespace rha::fetch
