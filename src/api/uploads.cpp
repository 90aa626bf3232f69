#include "api/error_response.h"
#include "api/ranges.h"
#include "api/resources.h"
#include "api/upload_answers.h"
#include "api/upload_sink.h"

// PATCH, PUT, GET and DELETE of /v2/<name>/blobs/uploads/<id>.
namespace rha::api {
namespace {

std::string_view tokenOf(const Exchange& exchange) { return exchange.query.get("_state"); }

// The answer to an upload that cannot go on as asked: a chunk out of order also learns where the upload stands.
net::Response uploadError(const Services& services, const Exchange& exchange, const oci::Error& error) {
  auto response = errorResponse(error);
  if (error.code == oci::ErrorCode::RangeInvalid && response.status == 416) {
    const auto ticket = services.uploads.status(exchange.repository(), exchange.route.uploadId, tokenOf(exchange));
    if (ticket) {
      const auto progress = uploadProgress(416, exchange.request, exchange.settings, exchange.repository(), *ticket);
      for (const auto& [name, value] : progress.headers.fields()) {
        response.headers.add(name, value);
      }
    }
  }
  return response;
}

// The sink of a PATCH or PUT, once Content-Range was checked and the upload found.
net::Disposition receive(const Services& services, const Exchange& exchange,
                         std::optional<base::HashAlgorithm> algorithm, bool final, UploadSink::Conclusion conclusion) {
  const auto range = chunkRange(exchange.request.headers, exchange.request.contentLength);
  if (!range) {
    return uploadError(services, exchange, range.error());
  }
  std::optional<std::uint64_t> offset;
  std::optional<std::uint64_t> length;
  if (*range) {
    offset = (*range)->first;
    length = (*range)->length();
  }
  auto writer = services.uploads.resume(
      {exchange.repository(), exchange.route.uploadId, tokenOf(exchange), offset, algorithm, final});
  if (!writer) {
    return uploadError(services, exchange, writer.error());
  }
  if (const auto room = limitUpload(exchange, **writer); !room) {
    return errorResponse(room.error());
  }
  return std::make_unique<UploadSink>(std::move(*writer), length, UploadSink::IfBroken::Keep, std::move(conclusion));
}

}  // namespace

net::Disposition patchUpload(const Services& services, const Exchange& exchange) {
  return receive(services, exchange, std::nullopt, false,
                 [&request = exchange.request, &settings = exchange.settings,
                  repository = exchange.repository()](registry::UploadWriter& upload) {
                   const auto ticket = upload.suspend();
                   return ticket ? uploadProgress(202, request, settings, repository, *ticket)
                                 : errorResponse(ticket.error());
                 });
}

net::Disposition putUpload(const Services& services, const Exchange& exchange) {
  auto parsed = digestParameter("digest", exchange.query.get("digest"));
  if (!parsed) {
    return errorResponse(parsed.error());
  }
  const auto algorithm = parsed->algorithm();
  return receive(services, exchange, algorithm, !exchange.request.hasBody(),
                 [&request = exchange.request, &settings = exchange.settings, repository = exchange.repository(),
                  id = exchange.route.uploadId, digest = std::move(*parsed)](registry::UploadWriter& upload) {
                   const auto blob = upload.finish(digest);
                   if (!blob) {
                     return errorResponse(blob.error());
                   }
                   auto response = blobCreated(request, settings, repository, digest);
                   response.headers.add("Docker-Upload-UUID", id);
                   return response;
                 });
}

net::Disposition getUpload(const Services& services, const Exchange& exchange) {
  const auto ticket = services.uploads.status(exchange.repository(), exchange.route.uploadId, tokenOf(exchange));
  return ticket ? uploadProgress(204, exchange.request, exchange.settings, exchange.repository(), *ticket)
                : errorResponse(ticket.error());
}

net::Disposition deleteUpload(const Services& services, const Exchange& exchange) {
  const auto cancelled = services.uploads.cancel(exchange.repository(), exchange.route.uploadId, tokenOf(exchange));
  return cancelled ? net::Response(204) : errorResponse(cancelled.error());
}

}  // namespace rha::api
