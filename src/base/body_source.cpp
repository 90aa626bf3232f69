#include "base/body_source.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace rha::base {
namespace {

class MemorySource final : public BodySource {
 public:
  MemorySource(std::shared_ptr<const std::string> bytes, std::uint64_t offset, std::uint64_t length)
      : bytes_(std::move(bytes)), rest_(std::string_view(*bytes_).substr(offset, length)), size_(length) {}

  [[nodiscard]] std::uint64_t size() const override { return size_; }
  [[nodiscard]] std::optional<std::string_view> memory() const override { return rest_; }
  std::size_t read(std::span<std::byte> buffer) override {
    const std::size_t count = std::min(buffer.size(), rest_.size());
    std::memcpy(buffer.data(), rest_.data(), count);
    rest_.remove_prefix(count);
    return count;
  }

 private:
  std::shared_ptr<const std::string> bytes_;  // shared with caches and other responses
  std::string_view rest_;
  std::uint64_t size_;
};

}  // namespace

std::unique_ptr<BodySource> memorySource(std::shared_ptr<const std::string> bytes) {
  const std::uint64_t length = bytes->size();
  return memorySource(std::move(bytes), 0, length);
}

std::unique_ptr<BodySource> memorySource(std::shared_ptr<const std::string> bytes, std::uint64_t offset,
                                         std::uint64_t length) {
  if (offset > bytes->size() || length > bytes->size() - offset) {
    throw std::out_of_range("memorySource: range beyond the end of the bytes");
  }
  return std::make_unique<MemorySource>(std::move(bytes), offset, length);
}

std::string readAll(BodySource& source, std::uint64_t maxBytes) {
  if (source.size() > maxBytes) {
    throw std::length_error("readAll: source is larger than the caller allows");
  }
  std::string text(source.size(), '\0');
  std::size_t done = 0;
  while (done < text.size()) {
    const std::size_t count = source.read(std::as_writable_bytes(std::span(text).subspan(done)));
    if (count == 0) {
      throw std::runtime_error("readAll: source ended early");
    }
    done += count;
  }
  return text;
}

}  // namespace rha::base
