#include "storage/s3_upload.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/body_source.h"
#include "base/secret.h"
#include "base/text.h"
#include "storage/s3_object.h"
#include "storage/s3_publication.h"
#include "storage/s3_reader.h"
#include "storage/storage_path.h"

namespace rha::storage {
namespace {

constexpr std::string_view kVersion = "s3a";
constexpr std::size_t kMarkBytes = 8;
constexpr std::size_t kListIdBytes = 16;
constexpr std::size_t kMaxListInState = 1024;
constexpr std::uint64_t kMaxListBytes = 1U << 20U;
constexpr std::uint64_t kMaxWriters = 1'000'000'000;
constexpr std::size_t kReadBackBytes = 256 * 1024;

std::string randomHex(std::size_t bytes) { return base::toHex(base::randomBytes(bytes)); }

bool isHex(std::string_view text, std::size_t bytes) {
  return text.size() == 2 * bytes && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

S3Upload::S3Upload(Shared shared, std::string_view path)
    : shared_(shared),
      service_(shared.service),
      folder_(service_.key(path)),
      spool_(std::make_unique<Spool>(shared.budget, SpoolChecksum::Sha256)),
      mark_(randomHex(kMarkBytes)) {}

std::unique_ptr<S3Upload> S3Upload::start(Shared shared, std::string_view path) {
  return std::unique_ptr<S3Upload>(new S3Upload(shared, path));
}

std::unique_ptr<S3Upload> S3Upload::resume(Shared shared, std::string_view path, std::string_view state) {
  std::unique_ptr<S3Upload> upload(new S3Upload(shared, path));
  return upload->takeState(state) ? std::move(upload) : nullptr;
}

bool S3Upload::takeState(std::string_view state) {
  const auto parts = base::split(state, ' ');
  if (parts.size() < 2 || parts[0] != kVersion) {
    return false;
  }
  if (parts[1] == "E") {
    return parts.size() == 2;
  }
  const auto writers = parts.size() > 3 ? base::parseUnsigned(parts[2]) : std::nullopt;
  if (!writers || *writers > kMaxWriters) {
    return false;
  }
  std::optional<SegmentList> list;
  if (parts[1] == "L" && parts.size() == 4) {
    list = SegmentList::parse(parts[3]);
  } else if (parts[1] == "O" && parts.size() == 5 && isHex(parts[3], kListIdBytes)) {
    list = readList(parts[3], parts[4]);
  }
  if (!list || list->empty()) {
    return false;
  }
  writers_ = *writers;
  list_ = std::move(*list);
  // The youngest piece tells whether the upload is alive; should another be gone, commit() finds out.
  const S3Piece last = s3PiecesOf(folder_, list_).back();
  const auto there = headS3(service_, last.key, "piece_head");
  return there && there->size == last.size;
}

std::string S3Upload::listKey(std::string_view id) const { return (folder_ + "/list-").append(id); }

std::optional<SegmentList> S3Upload::readList(std::string_view id, std::string_view sha256) {
  const auto answer = S3Call(service_, {.operation = "list_get", .key = listKey(id)}).finish(kMaxListBytes);
  if (!answer.good() || base::hashHex(base::HashAlgorithm::Sha256, answer.body) != sha256) {
    return std::nullopt;
  }
  listId_ = id;
  listHash_ = sha256;
  return SegmentList::parse(answer.body);
}

// If there is no memory for all of it, the small piece stays as it is.
void S3Upload::takeTailBack() {
  if (!std::exchange(tailMayComeBack_, false) || list_.empty() || sending_.spool || spool_->size() > 0) {
    return;
  }
  const S3Piece tail = s3PiecesOf(folder_, list_).back();
  if (tail.size >= kS3MinPartBytes) {
    return;
  }
  const auto source = readS3Pieces(service_, {tail});
  std::vector<std::byte> buffer(kReadBackBytes);
  while (const std::size_t count = source->read(buffer)) {
    if (spool_->append(std::span(buffer).first(count), kS3MinPartBytes, std::chrono::milliseconds(0)) < count) {
      spool_->clear();
      return;
    }
  }
  list_.removeLast();
  replaced_.push_back(tail.key);
  ++writers_;
}

// The memory is spent. What we hold ourselves is on its way; else others hold it.
void S3Upload::waitForMemory(std::span<const std::byte>& bytes) {
  finishSending();
  const std::size_t taken = spool_->append(bytes, service_.settings.partBytes, service_.settings.spoolWait);
  if (taken == 0) {
    throw StorageError(StorageFailure::Unavailable, "s3: no memory came free for the upload " + folder_ + " in " +
                                                        std::to_string(service_.settings.spoolWait.count()) +
                                                        " ms (storage.s3.spool_bytes)");
  }
  bytes = bytes.subspan(taken);
}

void S3Upload::append(std::span<const std::byte> bytes) {
  if (!bytes.empty()) {
    takeTailBack();
  }
  while (!bytes.empty()) {
    if (sending_.call) {
      sending_.call->advance();
    }
    bytes = bytes.subspan(spool_->append(bytes, service_.settings.partBytes, std::chrono::milliseconds(0)));
    if (!bytes.empty() && spool_->size() == 0) {
      waitForMemory(bytes);
    }
    if (!bytes.empty() || spool_->size() >= service_.settings.partBytes) {
      sendSpool();
    }
  }
}

// Starts to send the spool as the next piece, and begins a new one.
void S3Upload::sendSpool() {
  finishSending();
  if (spool_->size() == 0) {
    return;
  }
  if (!std::exchange(wrote_, true)) {
    ++writers_;
  }
  sending_.spool = std::exchange(spool_, std::make_unique<Spool>(shared_.budget, SpoolChecksum::Sha256));
  sending_.call.emplace(service_, S3Request{.operation = "piece_put",
                                            .method = "PUT",
                                            .key = s3PieceKey(folder_, list_.count() + 1, mark_),
                                            .headers = {{"Content-Type", "application/octet-stream"}},
                                            .body = sending_.spool.get(),
                                            .bodyHash = sending_.spool->sha256Hex()});
  sending_.call->start();
}

void S3Upload::finishSending() {
  if (!sending_.call) {
    return;
  }
  const auto answer = sending_.call->finish();
  if (!answer.good()) {
    throw StorageError(StorageFailure::Broken, "s3: a piece of the upload " + folder_ + " was not stored (" +
                                                   std::to_string(answer.head.status) + ")");
  }
  list_.add(sending_.spool->size(), mark_);
  sending_.clear();
  listId_.clear();
}

void S3Upload::storeList() {
  const std::string text = list_.text();
  if (text.size() <= kMaxListInState || !listId_.empty()) {
    return;
  }
  if (text.size() > kMaxListBytes) {
    throw StorageError(StorageFailure::Broken, "s3: the upload " + folder_ + " has come in too many pieces");
  }
  const std::string id = randomHex(kListIdBytes);
  const std::string hash = base::hashHex(base::HashAlgorithm::Sha256, text);
  const fetch::MemoryBody body(text);
  putS3(service_, "list_put", listKey(id), body, hash);
  listId_ = id;
  listHash_ = hash;
}

void S3Upload::flush() {
  sendSpool();
  finishSending();
  storeList();
  if (!std::exchange(tailMayComeBack_, true)) {
    mark_ = randomHex(kMarkBytes);  // a piece that is written anew must not have the name of the one it replaces
  }
}

std::string S3Upload::state() const {
  const std::string begin = std::string(kVersion) + ' ';
  if (list_.empty()) {
    return begin + 'E';
  }
  const std::string writers = std::to_string(writers_) + ' ';
  return listId_.empty() ? begin + "L " + writers + list_.text() : begin + "O " + writers + listId_ + ' ' + listHash_;
}

std::unique_ptr<base::BodySource> S3Upload::readBack() { return readS3Pieces(service_, s3PiecesOf(folder_, list_)); }

void S3Upload::publishPieces(const std::string& key) {
  const auto pieces = s3PiecesOf(folder_, list_);
  if (pieces.size() == 1) {
    if (!copyS3(service_, pieces[0].key, key)) {
      throw StorageError(StorageFailure::Broken,
                         "s3: cannot publish the upload " + folder_ + ": it was removed meanwhile");
    }
    return;
  }
  const bool replace = service_.wrong.lock()->contains(key);
  const auto there = replace ? std::nullopt : headS3(service_, key, "object_head");
  if (!there || there->size != list_.bytes()) {
    S3Publication(service_, shared_.merging, key, pieces).publish();
  }
}

void S3Upload::commit(std::string_view path) {
  requireValidPath(path);
  const std::string key = service_.key(path);
  if (list_.empty() && !sending_.spool) {
    putS3(service_, "object_put", key, *spool_, spool_->sha256Hex());
  } else {
    sendSpool();
    finishSending();
    publishPieces(key);
  }
  service_.wrong.lock()->erase(key);
  spool_->clear();
  try {
    removeData();
  } catch (const StorageError&) {
    return;  // published all the same; the purge of old uploads takes what is left
  }
}

// What a listing does not show yet is left to the purge.
void S3Upload::removeData() {
  std::vector<std::string> keys = replaced_;
  for (S3Piece& piece : s3PiecesOf(folder_, list_)) {
    keys.push_back(std::move(piece.key));
  }
  if (sending_.spool) {
    keys.push_back(s3PieceKey(folder_, list_.count() + 1, mark_));
  }
  sending_.clear();
  spool_->clear();
  if (!listId_.empty()) {
    keys.push_back(listKey(listId_));
  }
  removeS3(service_, keys);
  if (writers_ > 1) {
    listS3(service_, folder_ + '/', S3Listing::Deep, [this](const std::vector<S3Entry>& page) {
      std::vector<std::string> left;
      std::transform(page.begin(), page.end(), std::back_inserter(left),
                     [](const S3Entry& entry) { return entry.key; });
      removeS3(service_, left);
      return true;
    });
  }
  list_ = {};
  replaced_.clear();
  listId_.clear();
}

void S3Upload::cancel() noexcept {
  try {
    removeData();
  } catch (const std::exception&) {
    return;  // left to the purge of old uploads
  }
}

}  // namespace rha::storage
