// FileSource: a run of bytes of an open file as a BodySource; the sender may use sendfile(2) on it.
//
// See BodySource. Reads what the file holds at the time; whoever needs it not to change must not change it.
#pragma once

#include <functional>

#include "base/body_source.h"
#include "base/fd.h"

namespace rha::base {

class FileSource final : public BodySource {
 public:
  // Throws what the owner wants to be thrown for an errno value; 0: the file ended before the run did.
  using Fault = std::function<void(int error)>;

  FileSource(Fd file, std::uint64_t offset, std::uint64_t length, Fault fault)
      : file_(std::move(file)), offset_(offset), length_(length), fault_(std::move(fault)) {}

  [[nodiscard]] std::uint64_t size() const override { return length_; }
  [[nodiscard]] std::optional<FileRange> file() const override { return FileRange{file_.get(), offset_, length_}; }
  std::size_t read(std::span<std::byte> buffer) override;

 private:
  Fd file_;
  std::uint64_t offset_;
  std::uint64_t length_;
  std::uint64_t done_ = 0;
  Fault fault_;
};

}  // namespace rha::base
