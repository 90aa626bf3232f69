// S3Upload: an upload of the s3 driver.
//
//   <upload path>/part-00001-<mark> …   the bytes: objects of their own (s3_pieces.h)
//   <upload path>/list-<id>             which they are, once that is too long for a state
//
// Bytes are spooled in memory. A full spool goes out as a piece while the next one fills; when the memory of all
// uploads is spent, a spool goes out early, as a smaller piece, or append() waits. A request that goes on with an
// upload whose last piece is small takes it back into memory and writes it anew, longer, so that many small requests do
// not make many small pieces.
//
// Why objects and not parts of one multipart upload, which they become only in commit(): they can be read back; a
// request that goes on from an old state writes others instead of replacing those that were acknowledged; whoever
// purges the upload's folder has it all; and at the end the bytes are copied once either way, since the final path is
// not known before.
//
// commit(): what was never stored is put to the final path as it is; one piece is copied; several become a multipart
// upload (S3Publication). Of several, an object of the same size at the final path is kept: only blobs are committed,
// and their paths are their digests.
//
// Every request writes under a mark of its own: nothing acknowledged is ever overwritten. What it replaced, and what
// requests that died left, stays beside the pieces until the upload ends.
//
// A state is "s3a E", "s3a L WRITERS SEGMENTLIST" or "s3a O WRITERS ID SHA256": under two kilobytes however many
// requests it took. Threads and failure: see UploadSession. Must not outlive the driver.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/s3_pieces.h"
#include "storage/segment_list.h"
#include "storage/spool.h"
#include "storage/upload_session.h"

namespace rha::storage {

class S3Upload final : public UploadSession {
 public:
  // What the uploads of a driver share. Borrowed.
  struct Shared {
    S3Service& service;
    SpoolBudget& budget;
    SpoolBudget& merging;  // see S3Publication
  };
  static std::unique_ptr<S3Upload> start(Shared shared, std::string_view path);
  static std::unique_ptr<S3Upload> resume(Shared shared, std::string_view path, std::string_view state);

  void append(std::span<const std::byte> bytes) override;
  [[nodiscard]] std::uint64_t size() const override { return list_.bytes() + sendingBytes() + spool_->size(); }
  void flush() override;
  [[nodiscard]] std::string state() const override;
  std::unique_ptr<base::BodySource> readBack() override;
  void commit(std::string_view path) override;
  void cancel() noexcept override;

 private:
  // A piece on its way.
  struct Sending {
    std::unique_ptr<Spool> spool;
    std::optional<S3Call> call;  // reads from the spool: it goes first
    void clear() {
      call.reset();
      spool.reset();
    }
  };
  S3Upload(Shared shared, std::string_view path);
  bool takeState(std::string_view state);
  std::optional<SegmentList> readList(std::string_view id, std::string_view sha256);

  [[nodiscard]] std::uint64_t sendingBytes() const { return sending_.spool ? sending_.spool->size() : 0; }
  [[nodiscard]] std::string listKey(std::string_view id) const;
  void takeTailBack();
  void waitForMemory(std::span<const std::byte>& bytes);
  void sendSpool();
  void finishSending();
  void storeList();
  void publishPieces(const std::string& key);
  void removeData();

  Shared shared_;
  S3Service& service_;
  std::string folder_;  // key of the upload's folder
  std::unique_ptr<Spool> spool_;
  Sending sending_;
  SegmentList list_;  // stored
  std::string mark_;  // in the names of the pieces written from now on
  std::uint64_t writers_ =
      0;                // requests that wrote pieces, and pieces written anew: more than one may leave some behind
  bool wrote_ = false;  // this one did
  bool tailMayComeBack_ = true;        // once, before the first byte after a flush
  std::vector<std::string> replaced_;  // pieces that were written anew
  std::string listId_;                 // of the object that has the list; empty: the state has it
  std::string listHash_;
};

}  // namespace rha::storage
