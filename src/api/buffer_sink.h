// BufferSink: takes a whole body into memory, for what must be looked at as a whole: a manifest.
//
// Bounded twice: each body by `maxBytes` (413 beyond), and all of them together by a ByteBudget (503 beyond). Belongs
// to one exchange.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "api/byte_budget.h"
#include "net/handler.h"

namespace rha::api {

class BufferSink final : public net::BodySink {
 public:
  // The answer, given the whole body.
  using Conclusion = std::function<net::Response(const std::string& body)>;
  // `budget` is borrowed. `what` is for messages: "manifest".
  BufferSink(std::string what, std::uint64_t maxBytes, ByteBudget& budget, Conclusion conclusion);
  BufferSink(const BufferSink&) = delete;
  BufferSink& operator=(const BufferSink&) = delete;
  ~BufferSink() override;

  std::optional<net::Response> write(std::span<const std::byte> bytes) override;
  net::Response finish() override { return conclusion_(body_); }
  void abort(net::AbortReason) noexcept override {}

  // The answer to a body that is known to be too large.
  static net::Response tooLarge(const std::string& what, std::uint64_t maxBytes);

 private:
  std::string what_;
  std::uint64_t maxBytes_;
  ByteBudget& budget_;
  Conclusion conclusion_;
  std::string body_;
};

}  // namespace rha::api
