#include "registry/upload_writer.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "registry/layout.h"

namespace rha::registry {
namespace {

constexpr std::size_t kRehashBytes = 256 * 1024;

oci::Error takenOver() {
  return {oci::ErrorCode::BlobUploadInvalid, "another request has taken this upload over", {}, 0};
}

oci::Error wrongDigest(const oci::Digest& asked, const oci::Digest& found) {
  return {oci::ErrorCode::DigestInvalid, "the uploaded content has the digest " + found.text() + ", not the one given",
          R"({"digest":")" + asked.text() + R"("})", 0};
}

// Hashes what was uploaded again, with the algorithm that was asked for at the end only.
base::Hasher rehash(storage::UploadSession& session, base::HashAlgorithm algorithm) {
  base::Hasher hasher(algorithm);
  session.flush();
  const auto source = session.readBack();
  std::vector<std::byte> buffer(kRehashBytes);
  while (const std::size_t count = source->read(buffer)) {
    hasher.update(std::span(buffer).first(count));
  }
  return hasher;
}

}  // namespace

// Stores everything so far so that it can be found again. Precondition: the lease's turn is held.
void UploadWriter::save(Parts& parts) {
  if (!parts.session) {
    return;  // given up
  }
  parts.session->flush();
  parts.state.offset = parts.session->size();
  parts.state.hashState = parts.hasher.state();
  parts.state.driverState = parts.session->state();
  parts.states.save(parts.repository, parts.state);
}

// Runs a step on the storage. When that fails, what the storage has is not known, and the upload stands where it was
// saved last; but where there is no space left, somebody else's push is worth more.
template <typename Step>
void UploadWriter::orGiveUp(Parts& parts, Step&& step) {
  try {
    step();
  } catch (const storage::StorageError& error) {
    if (error.failure() == storage::StorageFailure::NoSpace && parts.session) {
      parts.session->cancel();
      parts.states.drop(parts.repository, parts.state.id);
    }
    parts.session.reset();
    throw;
  }
}

UploadWriter::UploadWriter(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {
  parts_->lease.onTakeOver([parts = parts_.get()] {
    try {
      orGiveUp(*parts, [&] { save(*parts); });
    } catch (const storage::StorageError&) {
      // The upload stays where its last saved state says.
    }
    parts->session.reset();
  });
}

UploadWriter::~UploadWriter() {
  if (!parts_) {
    return;
  }
  const auto turn = parts_->lease.enter();
  if (!turn) {
    return;
  }
  try {
    orGiveUp(*parts_, [&] { save(*parts_); });
  } catch (const std::exception&) {
    // Best effort, as promised: the upload stays where its last saved state says.
  }
  parts_->session.reset();
}

std::uint64_t UploadWriter::offset() const {
  const auto turn = parts_->lease.enter();
  return turn && parts_->session ? parts_->session->size() : parts_->state.offset;
}

void UploadWriter::limitTo(std::uint64_t bytes) {
  std::uint64_t& limit = parts_->maxBlobBytes;
  if (bytes != 0) {
    limit = limit == 0 ? bytes : std::min(limit, bytes);
  }
}

base::Result<void, oci::Error> UploadWriter::checkRoom(std::uint64_t bytes) const {
  const auto turn = parts_->lease.enter();
  return turn && parts_->session ? checkRoom(*parts_, bytes) : base::Result<void, oci::Error>();
}

// Precondition: the lease's turn is held, and there is a session.
base::Result<void, oci::Error> UploadWriter::checkRoom(const Parts& parts, std::uint64_t bytes) {
  const std::uint64_t limit = parts.maxBlobBytes;
  if (limit == 0 || bytes <= limit - std::min(limit, parts.session->size())) {
    return {};
  }
  return base::fail(oci::Error{oci::ErrorCode::SizeInvalid,
                               "the blob is larger than this registry accepts (" + std::to_string(limit) + " bytes)",
                               {},
                               413});
}

base::Result<void, oci::Error> UploadWriter::append(std::span<const std::byte> bytes) {
  const auto turn = parts_->lease.enter();
  if (!turn) {
    return base::fail(takenOver());
  }
  if (auto room = checkRoom(*parts_, bytes.size()); !room) {
    return room;
  }
  orGiveUp(*parts_, [&] { parts_->session->appendHashed(bytes, parts_->hasher); });
  return {};
}

base::Result<UploadTicket, oci::Error> UploadWriter::suspend() {
  const auto parts = std::move(parts_);
  const auto turn = parts->lease.enter();
  if (!turn) {
    return base::fail(takenOver());
  }
  parts->lease.giveUp(turn);
  orGiveUp(*parts, [&] { save(*parts); });
  parts->session.reset();  // within the turn: a session holds the upload's file
  return parts->states.ticket(parts->state);
}

base::Result<BlobInfo, oci::Error> UploadWriter::finish(const oci::Digest& digest) {
  const auto parts = std::move(parts_);
  const auto turn = parts->lease.enter();
  if (!turn) {
    return base::fail(takenOver());
  }
  parts->lease.giveUp(turn);
  if (parts->hasher.algorithm() != digest.algorithm()) {
    parts->hasher = rehash(*parts->session, digest.algorithm());
  }
  const auto found = oci::Digest::fromHex(digest.algorithm(), parts->hasher.hex());
  const std::uint64_t size = parts->session->size();
  if (found != digest) {
    parts->session->cancel();
    parts->states.drop(parts->repository, parts->state.id);
    return base::fail(wrongDigest(digest, found));
  }
  const auto kept = parts->blobs.keepData();
  orGiveUp(*parts, [&] { parts->session->commit(layout::blobData(digest)); });
  parts->states.drop(parts->repository, parts->state.id);
  parts->blobs.link(parts->repository, digest);
  return BlobInfo{digest, size, {}, nullptr};
}

void UploadWriter::cancel() noexcept {
  const auto parts = std::move(parts_);
  const auto turn = parts->lease.enter();
  if (!turn) {
    return;
  }
  parts->lease.giveUp(turn);
  parts->session->cancel();
  parts->states.drop(parts->repository, parts->state.id);
}

}  // namespace rha::registry
