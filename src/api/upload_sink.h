// UploadSink: streams a request's body into an upload. Memory is what the engine hands over at a time, whatever the
// size.
//
// Belongs to one exchange. Storage failures propagate as storage::StorageError.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "net/handler.h"
#include "registry/uploads.h"

namespace rha::api {

class UploadSink final : public net::BodySink {
 public:
  // What becomes of the bytes when the body breaks off.
  enum class IfBroken : std::uint8_t {
    Keep,     // the client may ask where the upload stands, and go on
    Discard,  // nobody knows the upload's name
  };
  // The answer once the body is complete; ends the writer.
  using Conclusion = std::function<net::Response(registry::UploadWriter& writer)>;

  // `expectedBytes`: the length that Content-Range announced, when it did.
  UploadSink(std::unique_ptr<registry::UploadWriter> writer, std::optional<std::uint64_t> expectedBytes,
             IfBroken ifBroken, Conclusion conclusion);

  std::optional<net::Response> write(std::span<const std::byte> bytes) override;
  net::Response finish() override;
  void abort(net::AbortReason reason) noexcept override;

 private:
  net::Response wrongLength();

  std::unique_ptr<registry::UploadWriter> writer_;
  std::optional<std::uint64_t> expectedBytes_;
  std::uint64_t received_ = 0;
  IfBroken ifBroken_;
  Conclusion conclusion_;
};

}  // namespace rha::api
