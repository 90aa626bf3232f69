#include "api/error_response.h"
#include "api/resources.h"
#include "api/upload_answers.h"
#include "api/upload_sink.h"
#include "oci/quote.h"

// POST /v2/<name>/blobs/uploads/: mount, upload in one request, or begin an upload.
namespace rha::api {
namespace {

// Repositories that are tried for a mount from anywhere.
constexpr std::uint64_t kMountCandidates = 32;

access::Decision decideMount(const Exchange& exchange, const oci::RepositoryName& from) {
  return exchange.policy().decide(
      {exchange.principal(), exchange.admission.client, access::Action::Push, &exchange.repository(), &from});
}

bool mayMount(const Exchange& exchange, const oci::RepositoryName& from) {
  return decideMount(exchange, from).allowed();
}

// A mount from wherever the client may pull the blob.
bool mountFromAnywhere(const Services& services, const Exchange& exchange, const oci::Digest& digest) {
  for (const auto& from : services.blobs.mayBeIn(digest, kMountCandidates)) {
    if (mayMount(exchange, from) && services.blobs.mount(exchange.repository(), digest, from)) {
      return true;
    }
  }
  return false;
}

// nullopt: nothing to be mounted, so the client has to upload. A repository that the client may not pull from is
// answered exactly as one that lacks the blob.
base::Result<std::optional<oci::Digest>, oci::Error> mount(const Services& services, const Exchange& exchange) {
  const auto text = exchange.query.find("mount");
  if (!text) {
    return std::optional<oci::Digest>();
  }
  auto digest = digestParameter("mount", *text);
  if (!digest) {
    return base::fail(std::move(digest).error());
  }
  bool mounted = false;
  if (const auto fromText = exchange.query.get("from"); fromText.empty()) {
    mounted = mountFromAnywhere(services, exchange, *digest);
  } else {
    const auto from = oci::RepositoryName::parse(fromText);
    if (!from) {
      return base::fail(oci::Error{oci::ErrorCode::NameInvalid, "from: " + from.error(), {}, 0});
    }
    const access::Decision decision = decideMount(exchange, *from);
    if (!decision.allowed()) {
      exchange.request.log.emplace_back("mount_refused", decision.reason);  // the client gets no hint of it
    }
    mounted = decision.allowed() && services.blobs.mount(exchange.repository(), *digest, *from);
  }
  return mounted ? std::optional(std::move(*digest)) : std::nullopt;
}

net::Disposition uploadAtOnce(const Services& services, const Exchange& exchange, std::string_view text) {
  auto parsed = digestParameter("digest", text);
  if (!parsed) {
    return errorResponse(parsed.error());
  }
  auto writer = services.uploads.startWriting(exchange.repository(), exchange.actor(), parsed->algorithm());
  if (const auto room = limitUpload(exchange, *writer); !room) {
    return errorResponse(room.error());
  }
  return std::make_unique<UploadSink>(
      std::move(writer), std::nullopt, UploadSink::IfBroken::Discard,
      [&request = exchange.request, &settings = exchange.settings, repository = exchange.repository(),
       digest = std::move(*parsed)](registry::UploadWriter& upload) {
        const auto blob = upload.finish(digest);
        return blob ? blobCreated(request, settings, repository, digest) : errorResponse(blob.error());
      });
}

net::Response beginUpload(const Services& services, const Exchange& exchange) {
  auto algorithm = base::HashAlgorithm::Sha256;
  if (const auto text = exchange.query.find("digest-algorithm")) {
    const auto parsed = oci::parseAlgorithm(*text);
    if (!parsed) {
      return errorResponse({oci::ErrorCode::DigestInvalid,
                            "digest-algorithm must be sha256 or sha512, but is " + oci::quote(*text),
                            {},
                            0});
    }
    algorithm = *parsed;
  }
  const auto ticket = services.uploads.start(exchange.repository(), exchange.actor(), algorithm);
  return uploadProgress(202, exchange.request, exchange.settings, exchange.repository(), ticket);
}

}  // namespace

net::Disposition postUpload(const Services& services, const Exchange& exchange) {
  const auto mounted = mount(services, exchange);
  if (!mounted) {
    return errorResponse(mounted.error());
  }
  if (*mounted) {
    return blobCreated(exchange.request, exchange.settings, exchange.repository(), **mounted);
  }
  if (const auto digest = exchange.query.find("digest")) {
    return uploadAtOnce(services, exchange, *digest);
  }
  return beginUpload(services, exchange);
}

}  // namespace rha::api
