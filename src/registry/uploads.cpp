#include "registry/uploads.h"

#include <array>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "base/lock_guarded.h"
#include "registry/layout.h"
#include "registry/upload_slots.h"

namespace rha::registry {
namespace {

constexpr std::uint64_t kMaxStateBytes = 64 * 1024;

oci::Error unknownUpload() {
  return {oci::ErrorCode::BlobUploadUnknown, "there is no such upload in this repository; start a new one", {}, 0};
}

oci::Error takenOver() {
  return {oci::ErrorCode::BlobUploadInvalid, "another request has taken this upload over", {}, 0};
}

oci::Error wrongOffset(std::uint64_t stands, std::uint64_t asked) {
  return {oci::ErrorCode::RangeInvalid,
          "the upload stands at byte " + std::to_string(stands) + ", but this request begins at byte " +
              std::to_string(asked),
          R"({"offset":)" + std::to_string(stands) + "}", 0};
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
  std::vector<std::byte> buffer(256 * 1024);
  while (const std::size_t count = source->read(buffer)) {
    hasher.update(std::span(buffer).first(count));
  }
  return hasher;
}

}  // namespace

struct UploadWriter::Parts {
  Uploads& uploads;
  oci::RepositoryName repository;
  UploadState state;
  std::unique_ptr<storage::UploadSession> session;
  base::Hasher hasher;
  UploadSlots::Lease lease;

  // Everything so far is stored and can be found again. Precondition: the lease is held.
  void save() {
    session->flush();
    state.offset = session->size();
    state.hashState = hasher.state();
    state.driverState = session->state();
    uploads.saveState(repository, state);
  }
};

UploadWriter::UploadWriter(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {
  parts_->lease.onTakeOver([parts = parts_.get()] {
    try {
      parts->save();
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
    parts_->save();
  } catch (const std::exception&) {
    // Best effort, as promised: the upload stays where its last saved state says.
  }
}

std::uint64_t UploadWriter::offset() const {
  const auto turn = parts_->lease.enter();
  return turn ? parts_->session->size() : parts_->state.offset;
}

base::Result<void, oci::Error> UploadWriter::append(std::span<const std::byte> bytes) {
  const auto turn = parts_->lease.enter();
  if (!turn) {
    return base::fail(takenOver());
  }
  const std::uint64_t limit = parts_->uploads.settings_.maxBlobBytes;
  if (limit != 0 && bytes.size() > limit - std::min(limit, parts_->session->size())) {
    return base::fail(oci::Error{oci::ErrorCode::SizeInvalid,
                                 "the blob is larger than this registry accepts (" + std::to_string(limit) + " bytes)",
                                 {},
                                 413});
  }
  parts_->session->append(bytes);
  parts_->hasher.update(bytes);
  return {};
}

base::Result<UploadTicket, oci::Error> UploadWriter::suspend() {
  const auto parts = std::move(parts_);
  const auto turn = parts->lease.enter();
  if (!turn) {
    return base::fail(takenOver());
  }
  parts->save();
  return UploadTicket{parts->state.id, parts->state.offset, parts->uploads.tokens_.sign(parts->state)};
}

base::Result<BlobInfo, oci::Error> UploadWriter::finish(const oci::Digest& digest) {
  const auto parts = std::move(parts_);
  const auto turn = parts->lease.enter();
  if (!turn) {
    return base::fail(takenOver());
  }
  if (parts->hasher.algorithm() != digest.algorithm()) {
    parts->hasher = rehash(*parts->session, digest.algorithm());
  }
  const auto found = oci::Digest::fromHex(digest.algorithm(), parts->hasher.hex());
  const std::uint64_t size = parts->session->size();
  if (found != digest) {
    parts->session->cancel();
    parts->uploads.dropState(parts->repository, parts->state.id);
    return base::fail(wrongDigest(digest, found));
  }
  parts->session->commit(layout::blobData(digest));
  parts->uploads.dropState(parts->repository, parts->state.id);
  parts->uploads.blobs_.link(parts->repository, digest);
  return BlobInfo{digest, size};
}

void UploadWriter::cancel() noexcept {
  const auto parts = std::move(parts_);
  const auto turn = parts->lease.enter();
  if (!turn) {
    return;
  }
  parts->session->cancel();
  parts->uploads.dropState(parts->repository, parts->state.id);
}

Uploads::Uploads(storage::StorageDriver& driver, Blobs& blobs, const base::Clock& clock, UploadTokens tokens,
                 UploadSettings settings)
    : driver_(driver),
      blobs_(blobs),
      clock_(clock),
      tokens_(std::move(tokens)),
      settings_(settings),
      slots_(std::make_unique<UploadSlots>()) {}

Uploads::~Uploads() = default;

std::uint64_t Uploads::active() const { return slots_->active(); }

bool Uploads::keepsState() const { return driver_.traits().cheapSmallWrites; }

void Uploads::saveState(const oci::RepositoryName& repository, const UploadState& state) {
  if (keepsState()) {
    driver_.put(layout::uploadState(repository, state.id), encodeUploadState(state), storage::Durability::Relaxed);
  }
}

void Uploads::dropState(const oci::RepositoryName& repository, std::string_view id) noexcept {
  if (!keepsState()) {
    return;
  }
  try {
    driver_.removeTree(layout::uploadStateFolder(repository, id));
  } catch (const storage::StorageError&) {
    // The purge removes it by age.
  }
}

std::unique_ptr<UploadWriter> Uploads::makeWriter(const oci::RepositoryName& repository, UploadState state,
                                                  std::unique_ptr<storage::UploadSession> session, base::Hasher hasher,
                                                  UploadSlots::Lease lease) {
  return std::make_unique<UploadWriter>(std::make_unique<UploadWriter::Parts>(UploadWriter::Parts{
      *this, repository, std::move(state), std::move(session), std::move(hasher), std::move(lease)}));
}

std::unique_ptr<UploadWriter> Uploads::startWriting(const oci::RepositoryName& repository, const Actor& actor,
                                                    base::HashAlgorithm algorithm) {
  base::Hasher hasher(algorithm);
  UploadState state{repository.text(), base::randomUuid(), actor.name, clock_.now(), 0, hasher.state(), {}};
  auto lease = slots_->take(state.id);
  if (keepsState()) {
    // What 2.8 needs to purge an upload that we left behind.
    driver_.put(layout::uploadStartedAt(repository, state.id), base::formatRfc3339(state.startedAt),
                storage::Durability::Relaxed);
  }
  auto session = driver_.startUpload(layout::uploadFolder(repository, state.id));
  return makeWriter(repository, std::move(state), std::move(session), std::move(hasher), std::move(lease));
}

UploadTicket Uploads::start(const oci::RepositoryName& repository, const Actor& actor, base::HashAlgorithm algorithm) {
  // On shared storage nothing is stored before the first byte: the token is all there is.
  if (!keepsState()) {
    const UploadState state{
        repository.text(), base::randomUuid(), actor.name, clock_.now(), 0, base::Hasher(algorithm).state(), {}};
    return {state.id, 0, tokens_.sign(state)};
  }
  return std::move(startWriting(repository, actor, algorithm)->suspend()).value();
}

base::Result<UploadState, oci::Error> Uploads::find(const oci::RepositoryName& repository, std::string_view id,
                                                    std::string_view token) {
  if (!layout::isUploadId(id)) {
    return base::fail(unknownUpload());
  }
  std::optional<UploadState> state;
  if (keepsState()) {
    const auto stored = driver_.get(layout::uploadState(repository, id), kMaxStateBytes);
    state = stored ? decodeUploadState(*stored) : std::nullopt;
  } else {
    state = tokens_.verify(token);
  }
  if (!state || state->repository != repository.text() || state->id != id) {
    return base::fail(unknownUpload());
  }
  return std::move(*state);
}

base::Result<std::unique_ptr<UploadWriter>, oci::Error> Uploads::resume(const Resume& request) {
  if (!layout::isUploadId(request.id)) {
    return base::fail(unknownUpload());
  }
  auto lease = slots_->take(std::string(request.id));
  auto found = find(request.repository, request.id, request.token);
  if (!found) {
    return base::fail(std::move(found).error());
  }
  UploadState state = std::move(*found);
  const auto token = tokens_.verify(request.token);
  std::uint64_t begins = state.offset;
  if (request.offset) {
    begins = *request.offset;
  } else if (token && token->id == state.id && !request.final) {
    begins = token->offset;
  }
  if (begins != state.offset) {
    return base::fail(wrongOffset(state.offset, begins));
  }
  auto hasher = base::Hasher::fromState(state.hashState);
  if (!hasher) {
    return base::fail(unknownUpload());
  }
  if (state.offset == 0 && request.algorithm) {
    hasher = base::Hasher(*request.algorithm);
  }
  const std::string folder = layout::uploadFolder(request.repository, request.id);
  auto session =
      state.driverState.empty() ? driver_.startUpload(folder) : driver_.resumeUpload(folder, state.driverState);
  if (!session) {
    return base::fail(unknownUpload());
  }
  return makeWriter(request.repository, std::move(state), std::move(session), std::move(*hasher), std::move(lease));
}

base::Result<UploadTicket, oci::Error> Uploads::status(const oci::RepositoryName& repository, std::string_view id,
                                                       std::string_view token) {
  // Taking the slot makes a writer whose client has gone save what it has.
  const auto lease = slots_->take(std::string(id));
  auto state = find(repository, id, token);
  if (!state) {
    return base::fail(std::move(state).error());
  }
  return UploadTicket{state->id, state->offset, tokens_.sign(*state)};
}

base::Result<void, oci::Error> Uploads::cancel(const oci::RepositoryName& repository, std::string_view id,
                                               std::string_view token) {
  auto writer = resume({repository, id, token, std::nullopt, std::nullopt, /*final=*/true});
  if (!writer) {
    return base::fail(std::move(writer).error());
  }
  (*writer)->cancel();
  return {};
}

base::WallTime Uploads::lastTouched(const oci::RepositoryName& repository, const std::string& id) {
  if (layout::isUploadId(id)) {
    if (const auto state = driver_.stat(layout::uploadState(repository, id))) {
      return state->modified;
    }
    if (const auto started = driver_.stat(layout::uploadStartedAt(repository, id))) {
      return started->modified;
    }
  }
  // Without either, the data tell; what has none of them is a folder that 2.8 left behind, as old as can be.
  const auto data = driver_.stat(layout::uploadsFolder(repository) + '/' + id + "/data");
  return data ? data->modified : base::WallTime();
}

std::uint64_t Uploads::purge(const oci::RepositoryName& repository) {
  const auto oldest = clock_.now() - settings_.purgeAfter;
  std::vector<std::string> abandoned;
  driver_.list(layout::uploadsFolder(repository), [&](const storage::ListEntry& entry) {
    if (entry.isFolder && !slots_->held(entry.name) && lastTouched(repository, entry.name) < oldest) {
      abandoned.push_back(entry.name);
    }
    return true;
  });
  for (const auto& id : abandoned) {
    driver_.removeTree(layout::uploadsFolder(repository) + '/' + id);
    driver_.removeTree(layout::uploadStateFolder(repository, id));
  }
  return abandoned.size();
}

}  // namespace rha::registry
