#include "api/buffer_sink.h"

#include <utility>

#include "api/error_response.h"

namespace rha::api {

BufferSink::BufferSink(std::string what, std::uint64_t maxBytes, ByteBudget& budget, Conclusion conclusion)
    : what_(std::move(what)), maxBytes_(maxBytes), budget_(budget), conclusion_(std::move(conclusion)) {}

BufferSink::~BufferSink() { budget_.giveBack(body_.size()); }

std::optional<net::Response> BufferSink::write(std::span<const std::byte> bytes) {
  if (bytes.size() > maxBytes_ - body_.size()) {
    return tooLarge(what_, maxBytes_);
  }
  if (!budget_.take(bytes.size())) {
    return unavailable("too many " + what_ + "s are being received at once; try again later");
  }
  body_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return std::nullopt;
}

net::Response BufferSink::tooLarge(const std::string& what, std::uint64_t maxBytes) {
  return errorResponse(
      {oci::ErrorCode::SizeInvalid,
       "the " + what + " is larger than this registry accepts (" + std::to_string(maxBytes) + " bytes)",
       {},
       413});
}

}  // namespace rha::api
