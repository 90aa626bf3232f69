#include "registry/uploads.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/secret.h"
#include "registry/layout.h"

namespace rha::registry {
namespace {

oci::Error wrongOffset(std::uint64_t stands, std::uint64_t asked) {
  return {oci::ErrorCode::RangeInvalid,
          "the upload stands at byte " + std::to_string(stands) + ", but this request begins at byte " +
              std::to_string(asked),
          R"({"offset":)" + std::to_string(stands) + "}", 0};
}

}  // namespace

Uploads::Uploads(Storages storages, Blobs& blobs, const base::Clock& clock, UploadTokens tokens,
                 UploadSettings settings, const ProcessLocks* locks)
    : storages_(std::move(storages)),
      blobs_(blobs),
      clock_(clock),
      states_(storages_, std::move(tokens)),
      settings_(settings),
      slots_(locks) {}

std::uint64_t Uploads::active() { return slots_.active(); }

std::unique_ptr<UploadWriter> Uploads::makeWriter(const oci::RepositoryName& repository, UploadState state,
                                                  std::unique_ptr<storage::UploadSession> session, base::Hasher hasher,
                                                  UploadSlots::Lease lease) {
  return std::make_unique<UploadWriter>(std::make_unique<UploadWriter::Parts>(
      UploadWriter::Parts{states_, blobs_, settings_.maxBlobBytes, repository, std::move(state), std::move(session),
                          std::move(hasher), std::move(lease)}));
}

std::unique_ptr<UploadWriter> Uploads::startWriting(const oci::RepositoryName& repository, const Actor& actor,
                                                    base::HashAlgorithm algorithm) {
  base::Hasher hasher(algorithm);
  const Storages::Place& place = storages_.placeOf(repository);
  UploadState state{repository.text(), base::randomUuid(), actor.name, clock_.now(), 0, hasher.state(), {}, place.name};
  auto lease = slots_.take(state.id);
  if (states_.inStorage(repository)) {
    // What 2.8 needs to purge an upload that we left behind.
    place.driver->put(layout::uploadStartedAt(repository, state.id), base::formatRfc3339(state.startedAt),
                      storage::Durability::Relaxed);
  }
  auto session = place.driver->startUpload(layout::uploadFolder(repository, state.id));
  return makeWriter(repository, std::move(state), std::move(session), std::move(hasher), std::move(lease));
}

UploadTicket Uploads::start(const oci::RepositoryName& repository, const Actor& actor, base::HashAlgorithm algorithm) {
  // On shared storage nothing is stored before the first byte: the token is all there is.
  if (!states_.inStorage(repository)) {
    const UploadState state{repository.text(),
                            base::randomUuid(),
                            actor.name,
                            clock_.now(),
                            0,
                            base::Hasher(algorithm).state(),
                            {},
                            storages_.placeOf(repository).name};
    return states_.ticket(state);
  }
  return std::move(startWriting(repository, actor, algorithm)->suspend()).value();
}

base::Result<std::unique_ptr<UploadWriter>, oci::Error> Uploads::resume(const Resume& request) {
  if (!layout::isUploadId(request.id)) {
    return base::fail(unknownUpload());
  }
  auto lease = slots_.take(std::string(request.id));
  auto found = states_.find(request.repository, request.id, request.token);
  if (!found) {
    return base::fail(std::move(found).error());
  }
  UploadState state = std::move(*found);
  const auto token = states_.offsetOf(request.token, request.id);
  std::uint64_t begins = state.offset;
  if (request.offset) {
    begins = *request.offset;
  } else if (token && !request.final) {
    begins = *token;
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
  storage::StorageDriver& driver = storages_.of(request.repository);
  auto session =
      state.driverState.empty() ? driver.startUpload(folder) : driver.resumeUpload(folder, state.driverState);
  if (!session) {
    return base::fail(unknownUpload());
  }
  return makeWriter(request.repository, std::move(state), std::move(session), std::move(*hasher), std::move(lease));
}

base::Result<UploadTicket, oci::Error> Uploads::status(const oci::RepositoryName& repository, std::string_view id,
                                                       std::string_view token) {
  // Taking the slot makes a writer whose client has gone save what it has.
  const auto lease = slots_.take(std::string(id));
  auto state = states_.find(repository, id, token);
  if (!state) {
    return base::fail(std::move(state).error());
  }
  return states_.ticket(*state);
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
  storage::StorageDriver& driver = storages_.of(repository);
  if (layout::isUploadId(id)) {
    if (const auto state = driver.stat(layout::uploadState(repository, id))) {
      return state->modified;
    }
    if (const auto started = driver.stat(layout::uploadStartedAt(repository, id))) {
      return started->modified;
    }
  }
  // Without either, the youngest of the driver's own data tells; what has none of them is a folder that 2.8 left
  // behind, as old as can be.
  base::WallTime youngest;
  const std::string folder = layout::uploadsFolder(repository) + '/' + id;
  driver.list(folder, [&](const storage::ListEntry& entry) {
    const auto data = entry.isFolder ? std::nullopt : driver.stat(folder + '/' + entry.name);
    youngest = data ? std::max(youngest, data->modified) : youngest;
    return true;
  });
  return youngest;
}

std::vector<std::string> Uploads::abandoned(const oci::RepositoryName& repository) {
  const auto oldest = clock_.now() - settings_.purgeAfter;
  std::vector<std::string> ids;
  storages_.of(repository).list(layout::uploadsFolder(repository), [&](const storage::ListEntry& entry) {
    if (entry.isFolder && !slots_.held(entry.name) && lastTouched(repository, entry.name) < oldest) {
      ids.push_back(entry.name);
    }
    return true;
  });
  return ids;
}

std::uint64_t Uploads::purge(const oci::RepositoryName& repository) {
  storage::StorageDriver& driver = storages_.of(repository);
  const auto ids = abandoned(repository);
  for (const auto& id : ids) {
    driver.removeTree(layout::uploadsFolder(repository) + '/' + id);
    driver.removeTree(layout::uploadStateFolder(repository, id));
  }
  return ids.size();
}

}  // namespace rha::registry
