#include "api/upload_sink.h"

#include <utility>

#include "api/error_response.h"

namespace rha::api {

UploadSink::UploadSink(std::unique_ptr<registry::UploadWriter> writer, std::optional<std::uint64_t> expectedBytes,
                       IfBroken ifBroken, Conclusion conclusion)
    : writer_(std::move(writer)),
      expectedBytes_(expectedBytes),
      ifBroken_(ifBroken),
      conclusion_(std::move(conclusion)) {}

std::optional<net::Response> UploadSink::write(std::span<const std::byte> bytes) {
  if (expectedBytes_ && bytes.size() > *expectedBytes_ - received_) {
    return wrongLength();
  }
  const auto appended = writer_->append(bytes);
  if (appended) {
    received_ += bytes.size();
    return std::nullopt;
  }
  if (appended.error().code == oci::ErrorCode::SizeInvalid) {
    // Beyond the limit it can never be finished: give the space back now.
    writer_->cancel();
  }
  writer_.reset();
  return errorResponse(appended.error());
}

net::Response UploadSink::finish() {
  if (expectedBytes_ && received_ != *expectedBytes_) {
    return wrongLength();
  }
  auto response = conclusion_(*writer_);
  writer_.reset();
  return response;
}

void UploadSink::abort(net::AbortReason) noexcept {
  if (ifBroken_ == IfBroken::Discard) {
    writer_->cancel();
  }
  writer_.reset();
}

net::Response UploadSink::wrongLength() {
  writer_.reset();
  return errorResponse({oci::ErrorCode::SizeInvalid,
                        "the body is not of the " + std::to_string(*expectedBytes_) +
                            " bytes that Content-Range announced; ask where the upload stands and go on from there",
                        {},
                        0});
}

}  // namespace rha::api
