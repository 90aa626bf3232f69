#include "storage/swift_upload.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <utility>

#include "base/body_source.h"
#include "base/secret.h"
#include "base/text.h"
#include "storage/storage_path.h"
#include "storage/swift_reader.h"

namespace rha::storage {
namespace {

constexpr std::string_view kVersion = "sw1";
constexpr std::string_view kOlderMarkers = "+";
// Up to here an upload is one plain object: one request to write, one to read, and never put together.
constexpr std::uint64_t kSmallBytes = 1U << 20U;
constexpr std::size_t kNonceBytes = 16;
constexpr std::size_t kSessionBytes = 3;
constexpr std::size_t kReadBytes = 256U << 10U;
constexpr std::size_t kSideBySide = 2;         // segments of one upload on their way at once
constexpr std::chrono::milliseconds kTurn{2};  // longest wait for one of them while another might go on

const std::pair<std::string, std::string> kPlainBytes{"Content-Type", "application/octet-stream"};

std::string randomHex(std::size_t bytes) { return base::toHex(base::randomBytes(bytes)); }

bool isHex(std::string_view text) {
  return !text.empty() && text.size() <= 2 * kNonceBytes &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

[[noreturn]] void failGone(std::string_view path) {
  throw StorageError(StorageFailure::Broken,
                     "swift: cannot publish the upload " + std::string(path) + ": it was removed meanwhile");
}

}  // namespace

SwiftUpload::SwiftUpload(SwiftService& service, SpoolBudget& budget, std::string_view path, std::string endpoint)
    : service_(service),
      budget_(budget),
      path_(path),
      endpoint_(std::move(endpoint)),
      spool_(std::make_unique<Spool>(budget)) {}

std::unique_ptr<SwiftUpload> SwiftUpload::start(SwiftService& service, SpoolBudget& budget, std::string_view path) {
  return std::unique_ptr<SwiftUpload>(new SwiftUpload(service, budget, path, service.auth.token()->endpoint));
}

std::unique_ptr<SwiftUpload> SwiftUpload::resume(SwiftService& service, SpoolBudget& budget, std::string_view path,
                                                 std::string_view state) {
  auto parts = base::split(state, ' ');
  if (parts.size() < 3 || parts[0] != kVersion || !parts[2].starts_with("http")) {
    return nullptr;
  }
  std::unique_ptr<SwiftUpload> upload(new SwiftUpload(service, budget, path, std::string(parts[2])));
  if (parts.back() == kOlderMarkers) {
    upload->olderMarkers_ = true;
    parts.pop_back();
  }
  bool alive = false;
  if (parts[1] == "E") {
    alive = parts.size() == 3;
  } else if (parts[1] == "S" && parts.size() == 6 && isHex(parts[3])) {
    const auto size = base::parseUnsigned(parts[4]);
    alive = size && *size <= kSmallBytes && upload->resumeSmall(parts[3], *size, parts[5]);
  } else if (parts[1] == "L" && (parts.size() == 5 || parts.size() == 6) && isHex(parts[3])) {
    auto list = SegmentList::parse(parts[4]);
    alive = list && !list->empty() &&
            upload->resumeLarge(parts[3], std::move(*list), parts.size() == 6 ? parts[5] : std::string_view());
  }
  return alive ? std::move(upload) : nullptr;
}

bool SwiftUpload::resumeSmall(std::string_view nonce, std::uint64_t size, std::string_view md5) {
  const auto response =
      SwiftCall(service_, {.operation = "upload_get", .object = markerName(nonce), .endpoint = endpoint_})
          .finish(kSmallBytes);
  if (response.head.status != 200 || response.body.size() != size || base::md5Hex(response.body) != md5) {
    return false;
  }
  const auto bytes = std::as_bytes(std::span(response.body));
  if (spool_->append(bytes, kSmallBytes, service_.settings.spoolWait) != bytes.size()) {
    throw StorageError(StorageFailure::Unavailable, "swift: no memory is free to go on with the upload " + path_);
  }
  nonce_ = nonce;
  smallStored_ = size;
  smallMd5_ = md5;
  return true;
}

bool SwiftUpload::resumeLarge(std::string_view nonce, SegmentList list, std::string_view tail) {
  const auto response = SwiftCall(service_, {.operation = "upload_head",
                                             .method = "HEAD",
                                             .object = markerName(nonce),
                                             .query = "multipart-manifest=get",
                                             .endpoint = endpoint_})
                            .finish();
  if (response.head.status == 404 || !response.head.find("X-Object-Manifest")) {
    return false;
  }
  nonce_ = nonce;
  prefix_ = service_.names.segmentPrefix(path_, nonce_);
  list_ = std::move(list);
  session_ = randomHex(kSessionBytes);
  tail_.emplace(service_, endpoint_, markerName(nonce_), session_);
  return tail.empty() || tail_->restore(tail);
}

std::string SwiftUpload::markerName(std::string_view nonce) const {
  return service_.names.object(path_ + "/data-").append(nonce);
}

fetch::Response SwiftUpload::put(std::string_view operation, std::string name, const fetch::RequestBody& body,
                                 fetch::Headers headers) {
  return SwiftCall(service_, {.operation = operation,
                              .method = "PUT",
                              .object = std::move(name),
                              .headers = std::move(headers),
                              .body = &body,
                              .endpoint = endpoint_})
      .finish();
}

// Takes into the spool what it has memory for, waiting for some if the spool is empty; returns how many bytes.
std::uint64_t SwiftUpload::take(std::span<const std::byte> bytes, std::uint64_t limit) {
  std::size_t taken = spool_->append(bytes, limit, std::chrono::milliseconds(0));
  if (taken == 0 && spool_->size() == 0) {
    // The memory is spent. What we hold ourselves is on its way; else others hold it.
    finishSending();
    taken = spool_->append(bytes, limit, service_.settings.spoolWait);
    if (taken == 0) {
      throw StorageError(StorageFailure::Unavailable, "swift: no memory came free for the upload " + path_ + " in " +
                                                          std::to_string(service_.settings.spoolWait.count()) +
                                                          " ms (storage.swift.spool_bytes)");
    }
  }
  return taken;
}

void SwiftUpload::add(std::span<const std::byte> bytes, base::Hasher* digest) {
  while (!bytes.empty()) {
    advance();
    // Together with the tail the spool makes a whole segment.
    const std::uint64_t limit = service_.settings.segmentBytes - tailBytes();
    const auto arrived = bytes.first(take(bytes, limit));
    bytes = bytes.subspan(arrived.size());
    if (digest != nullptr) {
      hash(arrived, *digest);
    }
    if (!bytes.empty() || spool_->size() >= limit) {
      sendSpool();
    }
  }
}

// The digest of what has just come, together with the MD5s of the two oldest segments that have none yet. These two are
// half done when the second is full, and done when the next one is: then the first is waited for.
void SwiftUpload::hash(std::span<const std::byte> arrived, base::Hasher& digest) {
  Spool* oldest = nullptr;
  Spool* next = spool_.get();
  for (const Sending& segment : sending_) {
    if (segment.spool->hasBlocksToHash()) {
      (oldest == nullptr ? oldest : next) = segment.spool.get();
    }
  }
  if (oldest != nullptr) {
    Spool::hashBoth(*oldest, *next, arrived, digest);
  } else {
    digest.update(arrived);
  }
}

void SwiftUpload::beginLarge() {
  if (!prefix_.empty()) {
    return;
  }
  if (!nonce_.empty()) {
    oldMarkers_.push_back(markerName(nonce_));
  }
  nonce_ = randomHex(kNonceBytes);
  prefix_ = service_.names.segmentPrefix(path_, nonce_);
  smallStored_ = 0;
  const fetch::MemoryBody empty("");
  put("upload_put", markerName(nonce_), empty, manifestHeaders(service_, prefix_, nullptr));
}

// Sends what the spool holds, and begins a new one.
void SwiftUpload::sendSpool() {
  if (!hasTail()) {
    sendSegment();
    return;
  }
  addPiece();
  if (tail_->bytes() >= service_.settings.segmentBytes) {
    absorbTail();
  }
}

// Stores the spool behind the tail; pieces that have become many are made one.
void SwiftUpload::addPiece() {
  finishSending();
  tail_->add(*spool_);
  if (tail_->isFull() && tail_->bytes() < service_.settings.segmentBytes) {
    absorbTail();
    if (spool_->size() > 0) {
      tail_->add(*spool_);
    }
  }
}

// Reads the tail back, and sends it as segments; what does not fill one stays in the spool. Precondition: the spool is
// empty, so that no memory is held while other uploads are waited for.
void SwiftUpload::absorbTail() {
  auto parts = tail_->take();
  const std::uint64_t size = std::accumulate(parts.begin(), parts.end(), std::uint64_t{0},
                                             [](std::uint64_t sum, const SwiftPart& part) { return sum + part.size; });
  SwiftReader reader(service_, std::move(parts), ByteRange{0, size}, endpoint_, nullptr);
  std::vector<std::byte> buffer(kReadBytes);
  while (const std::size_t count = reader.read(buffer)) {
    for (auto bytes = std::span<const std::byte>(buffer).first(count); !bytes.empty();) {
      bytes = bytes.subspan(take(bytes, service_.settings.segmentBytes));
      if (!bytes.empty() || spool_->size() >= service_.settings.segmentBytes) {
        sendSegment();
      }
    }
  }
}

// Starts to send the spool as the next segment, and begins a new one.
void SwiftUpload::sendSegment() {
  if (spool_->size() == 0) {
    return;
  }
  // While Swift makes sure of one segment, the next is on its way already; but not at the cost of other uploads.
  while (sending_.size() >= (budget_.isPlenty() ? kSideBySide : 1)) {
    finishOldest();
  }
  beginLarge();
  Sending next{.spool = std::exchange(spool_, std::make_unique<Spool>(budget_)),
               .name = segmentName(prefix_, list_.count() + sending_.size() + 1, session_),
               .call = {}};
  next.call = std::make_unique<SwiftCall>(service_, SwiftRequest{.operation = "segment_put",
                                                                 .method = "PUT",
                                                                 .object = next.name,
                                                                 .headers = {kPlainBytes},
                                                                 .body = next.spool.get(),
                                                                 .endpoint = endpoint_});
  next.call->start();
  sending_.push_back(std::move(next));
}

void SwiftUpload::advance() {
  for (const Sending& segment : sending_) {
    segment.call->advance();
  }
}

// Waits until the oldest segment on its way is stored as it was sent.
void SwiftUpload::finishOldest() {
  const Sending& segment = sending_.front();
  Spool& next = sending_.size() > 1 ? *sending_[1].spool : *spool_;
  while (Spool::hashBoth(*segment.spool, next) || segment.spool->hashSome()) {
    advance();
  }
  while (sending_.size() > 1 && !segment.call->advance(kTurn)) {
    advance();  // those behind it, too
  }
  const std::string md5 = segment.spool->md5Hex();
  auto response = segment.call->finish();
  if (response.head.find("Etag") != md5) {
    response = put("segment_put", segment.name, *segment.spool, {{"Etag", md5}, kPlainBytes});
  }
  if (!succeeded(response.head) || response.head.find("Etag").value_or(md5) != md5) {
    throw StorageError(StorageFailure::Broken, "swift: a segment of the upload " + path_ + " was not stored (" +
                                                   std::to_string(response.head.status) + ")");
  }
  list_.add(segment.spool->size(), session_);
  sending_.pop_front();
  if (list_.text().size() > kMaxSegmentListBytes) {
    throw StorageError(StorageFailure::Broken, "swift: the upload " + path_ + " has come in too many uneven pieces");
  }
}

void SwiftUpload::finishSending() {
  while (!sending_.empty()) {
    finishOldest();
  }
}

std::uint64_t SwiftUpload::sendingBytes() const {
  return std::accumulate(sending_.begin(), sending_.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const Sending& segment) { return sum + segment.spool->size(); });
}

void SwiftUpload::putSmall() {
  std::string nonce = randomHex(kNonceBytes);
  std::string md5 = spool_->md5Hex();
  const auto response = put("upload_put", markerName(nonce), *spool_, {{"Etag", md5}});
  if (!succeeded(response.head)) {
    throw StorageError(StorageFailure::Broken,
                       "swift: " + path_ + " was not stored (" + std::to_string(response.head.status) + ")");
  }
  if (!nonce_.empty()) {
    oldMarkers_.push_back(markerName(nonce_));
  }
  nonce_ = std::move(nonce);
  smallStored_ = spool_->size();
  smallMd5_ = std::move(md5);
}

void SwiftUpload::flush() {
  if (tail_ && spool_->size() > 0) {
    addPiece();
    finishSending();
  } else if (isLarge() || spool_->size() > kSmallBytes) {
    sendSegment();
    finishSending();
  } else if (spool_->size() > smallStored_) {
    putSmall();
  }
}

std::string SwiftUpload::state() const {
  const std::string begin = std::string(kVersion) + ' ';
  const std::string end = olderMarkers_ || !oldMarkers_.empty() ? std::string(" ").append(kOlderMarkers) : "";
  if (!list_.empty()) {
    return begin + "L " + endpoint_ + ' ' + nonce_ + ' ' + list_.text() +
           (tail_ && tail_->wasUsed() ? ' ' + tail_->text() : "") + end;
  }
  if (smallStored_ > 0) {
    return begin + "S " + endpoint_ + ' ' + nonce_ + ' ' + std::to_string(smallStored_) + ' ' + smallMd5_ + end;
  }
  return begin + "E " + endpoint_;
}

std::unique_ptr<base::BodySource> SwiftUpload::readBack() {
  if (!list_.empty()) {
    auto parts = partsOf(prefix_, list_);
    if (tail_) {
      const auto pieces = tail_->parts();
      parts.insert(parts.end(), pieces.begin(), pieces.end());
    }
    return std::make_unique<SwiftReader>(service_, std::move(parts), ByteRange{0, size()}, endpoint_, nullptr);
  }
  auto bytes = std::make_shared<std::string>(spool_->size(), '\0');
  std::size_t done = 0;
  while (done < bytes->size()) {
    done += spool_->read(done, std::as_writable_bytes(std::span(*bytes)).subspan(done));
  }
  return base::memorySource(std::move(bytes));
}

void SwiftUpload::removeMarker() {
  SwiftCall call(
      service_,
      {.operation = "upload_delete", .method = "DELETE", .object = markerName(nonce_), .endpoint = endpoint_});
  if (call.finish().head.status != 404 || call.repeated()) {
    return;
  }
  // Another request has published it, or it was purged: what this one has stored belongs to nothing, and must not lie
  // beside the segments of a blob.
  std::vector<std::string> names;
  for (const auto& segment : list_.segments()) {
    if (!session_.empty() && segment.session == session_) {
      names.push_back(segmentName(prefix_, segment.number, segment.session));
    }
  }
  removeObjects(service_, names, endpoint_);
  failGone(path_);
}

// A request that died after it had filled a segment may have left it beside ours, and Swift and the old registry would
// take it for a part of the blob. What a listing does not show yet stays; we read by our own list.
void SwiftUpload::removeStrays() {
  std::set<std::string> ours;
  for (const SwiftPart& part : partsOf(prefix_, list_)) {
    ours.insert(part.name);
  }
  std::vector<std::string> strays;
  listObjects(service_, {.prefix = prefix_ + '/'}, endpoint_, [&](const std::vector<SwiftEntry>& page) {
    for (const SwiftEntry& entry : page) {
      if (!ours.contains(entry.name)) {
        strays.push_back(entry.name);
      }
    }
    return true;
  });
  removeObjects(service_, strays, endpoint_);
}

// Markers of when the upload was smaller, and pieces, of earlier requests. What others write who went on from one of
// its tokens is none of ours, but for markers that hold bytes: that upload is over.
void SwiftUpload::addLeftovers(std::vector<std::string>& names) {
  const std::string markers = markerName("");
  const std::string pieces = markerName(nonce_) + '-';
  listObjects(service_, {.prefix = markers}, endpoint_, [&](const std::vector<SwiftEntry>& page) {
    for (const SwiftEntry& entry : page) {
      const bool holdsBytes = entry.size > 0 && entry.name.find('-', markers.size()) == std::string::npos;
      if (entry.name.starts_with(pieces) || holdsBytes) {
        names.push_back(entry.name);
      }
    }
    return true;
  });
}

// Never throws: when the upload is published, that is a success all the same, and the purge of old uploads takes what
// is left.
void SwiftUpload::removeLeftovers() noexcept {
  try {
    std::vector<std::string> names = oldMarkers_;
    if (olderMarkers_ || (tail_ && tail_->wasUsed())) {
      addLeftovers(names);
      std::sort(names.begin(), names.end());
      names.erase(std::unique(names.begin(), names.end()), names.end());
    }
    removeObjects(service_, names, endpoint_);
  } catch (const std::exception&) {
    return;
  }
}

// Everything into segments, the tail and what came behind it as the last ones.
void SwiftUpload::finishSegments() {
  if (hasTail()) {
    if (spool_->size() > 0) {
      finishSending();
      tail_->add(*spool_);
    }
    absorbTail();
  }
  sendSegment();
  finishSending();
}

void SwiftUpload::commit(std::string_view path) {
  requireValidPath(path);
  const std::string name = service_.names.object(path);
  if (!isLarge()) {
    if (smallStored_ > 0) {
      oldMarkers_.push_back(markerName(nonce_));
    }
    publish(name, *spool_, {{"Etag", spool_->md5Hex()}, {"Content-Type", "application/octet-stream"}});
  } else {
    finishSegments();
    removeMarker();
    if (!session_.empty() && list_.count() > 1) {
      removeStrays();
    }
    publishing_ = true;
    const fetch::MemoryBody empty("");
    publish(name, empty, manifestHeaders(service_, prefix_, &list_));
  }
  spool_->clear();
  removeLeftovers();
}

void SwiftUpload::publish(const std::string& name, const fetch::RequestBody& body, fetch::Headers headers) {
  const bool large = isLarge();
  const std::string etag = large ? "" : spool_->md5Hex();
  headers.emplace_back("If-None-Match", "*");
  auto response = put("object_put", name, body, headers);
  if (response.head.status == 412 || response.head.status == 304) {
    if (isAlreadyThere(name, etag)) {
      return;
    }
    headers.pop_back();
    response = put("object_put", name, body, headers);
  }
  if (!succeeded(response.head)) {
    throw StorageError(StorageFailure::Broken, "swift: " + service_.settings.container + '/' + name +
                                                   " was not stored (" + std::to_string(response.head.status) + ")");
  }
  service_.wrong.lock()->erase(name);
}

// Whether what is at the final path will do; our own segments are then removed, unless it was us who put it there.
bool SwiftUpload::isAlreadyThere(const std::string& name, std::string_view etag) {
  if (service_.wrong.lock()->contains(name)) {
    return false;
  }
  std::optional<SwiftObject> there;
  try {
    // The newest: a replica that missed that the blob was deleted refuses the PUT, and would now vouch for it.
    there = lookUp(service_, name, endpoint_, Replica::Newest);
    if (!there || there->size != size()) {
      return false;
    }
    if (there->isLarge() && there->segmentPrefix == prefix_) {
      return true;  // the request that was answered with an error had been done
    }
    requireParts(service_, there->parts, endpoint_);
  } catch (const StorageError& error) {
    if (!isCorrupt(error)) {
      throw;
    }
    return false;
  }
  if (!there->isLarge() && !etag.empty() && there->etag != etag) {
    return false;
  }
  publishing_ = false;
  std::vector<std::string> names;
  for (const SwiftPart& part : partsOf(prefix_, list_)) {
    names.push_back(part.name);
  }
  try {
    removeObjects(service_, names, endpoint_);
  } catch (const StorageError&) {
    return true;  // orphans, which a check of the storage finds
  }
  return true;
}

void SwiftUpload::cancel() noexcept {
  try {
    std::vector<std::string> names;
    if (!publishing_) {
      for (const SwiftPart& part : partsOf(prefix_, list_)) {
        names.push_back(part.name);
      }
      for (std::size_t i = 1; i <= sending_.size(); ++i) {
        names.push_back(segmentName(prefix_, list_.count() + i, session_));
      }
    }
    sending_.clear();
    spool_->clear();
    list_ = {};
    // The marker last: as long as it is there, the purge finds the rest.
    removeObjects(service_, names, endpoint_);
    removeLeftovers();
    if (!nonce_.empty()) {
      removeObjects(service_, {markerName(nonce_)}, endpoint_);
    }
    tail_.reset();
    oldMarkers_.clear();
    nonce_.clear();
    prefix_.clear();
    smallStored_ = 0;
  } catch (const std::exception&) {
    return;  // left to the purge of old uploads
  }
}

}  // namespace rha::storage
