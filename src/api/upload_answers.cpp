#include "api/upload_answers.h"

#include "api/locations.h"

namespace rha::api {

net::Response uploadProgress(int status, const net::Request& request, const ApiSettings& settings,
                             const oci::RepositoryName& repository, const registry::UploadTicket& ticket) {
  net::Response response(status);
  response.headers.add("Location", uploadLocation(request, settings, repository, ticket));
  // Nothing received is "0-0" too: clients know no other way to say it.
  response.headers.add("Range", "0-" + std::to_string(ticket.offset == 0 ? 0 : ticket.offset - 1));
  response.headers.add("Docker-Upload-UUID", ticket.id);
  return response;
}

net::Response blobCreated(const net::Request& request, const ApiSettings& settings,
                          const oci::RepositoryName& repository, const oci::Digest& digest) {
  net::Response response(201);
  response.headers.add("Location", blobLocation(request, settings, repository, digest));
  response.headers.add("Docker-Content-Digest", digest.text());
  return response;
}

base::Result<void, oci::Error> limitUpload(const Exchange& exchange, registry::UploadWriter& upload) {
  upload.limitTo(exchange.admission.blobBytes);
  auto room = upload.checkRoom(exchange.request.contentLength.value_or(0));
  if (!room) {
    upload.cancel();
  }
  return room;
}

base::Result<oci::Digest, oci::Error> digestParameter(std::string_view name, std::string_view text) {
  if (text.empty()) {
    return base::fail(oci::Error{oci::ErrorCode::DigestInvalid,
                                 "the parameter " + std::string(name) + " is missing: it must be the blob's digest",
                                 {},
                                 0});
  }
  auto digest = oci::Digest::parse(text);
  if (!digest) {
    return base::fail(oci::Error{oci::ErrorCode::DigestInvalid, std::move(digest).error(), {}, 0});
  }
  return std::move(*digest);
}

}  // namespace rha::api
