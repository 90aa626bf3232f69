// S3Publication: makes one object of the pieces of an upload, by a multipart upload to its final key. The multipart
// upload lives as long as this takes: nothing of it is kept between two requests of a client.
//
// A process that dies in between leaves a multipart upload behind which no listing of objects shows; the README tells
// operators to have the bucket clean such up. Everything else that fails aborts it.
//
// One thread at a time. Failure: StorageError; Broken when a piece is gone.
#pragma once

#include <string>
#include <vector>

#include "storage/s3_call.h"
#include "storage/s3_pieces.h"
#include "storage/spool.h"

namespace rha::storage {

class S3Publication final {
 public:
  // `merging` has the memory for one part that is put together here: whoever has its chunk may do so. Both borrowed.
  S3Publication(S3Service& service, SpoolBudget& merging, std::string key, const std::vector<S3Piece>& pieces)
      : service_(service), merging_(merging), key_(std::move(key)), pieces_(pieces) {}

  void publish();

 private:
  struct Copy {
    std::size_t part;
    S3Call call;
  };
  void begin();
  void sendParts();
  void startCopy(std::vector<std::unique_ptr<Copy>>& under, std::size_t index, const S3Slice& slice);
  void finishCopy(Copy& copy);
  void sendGathered(std::size_t index, const S3Part& part);
  std::string gather(const S3Part& part);
  void complete();
  [[nodiscard]] S3Query partQuery(std::size_t index) const;
  void abort() noexcept;
  [[noreturn]] void fail(const std::string& why) const;

  S3Service& service_;
  SpoolBudget& merging_;
  std::string key_;
  const std::vector<S3Piece>& pieces_;
  std::string id_;  // of the multipart upload
  std::vector<std::string> etags_;
};

}  // namespace rha::storage
