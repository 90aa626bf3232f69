// SegmentList: of which segments a large object consists. As text it is short enough for a header or a signed token,
// because equal segments in a row are one run.
//
//   list  = run *("," run)        run = count [ "x" size ] [ ":" session ]; without a size: that of the run before
//   "31x33554432,1x1048576"       32 segments of one request
//   "2x5242880,2:5fa0c1"          four, the last two of a later request, which put its mark into their names
//
// A value; not synchronised.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rha::storage {

class SegmentList final {
 public:
  // Number and size of one segment, and the mark of the request that wrote it.
  struct Segment {
    std::uint64_t number = 0;  // from 1
    std::uint64_t size = 0;
    std::string_view session;
  };

  void add(std::uint64_t size, std::string_view session);
  // Precondition: not empty.
  void removeLast();
  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] std::vector<Segment> segments() const;
  [[nodiscard]] std::string text() const;
  // nullopt for what text() does not make.
  static std::optional<SegmentList> parse(std::string_view text);

 private:
  struct Run {
    std::uint64_t count = 0;
    std::uint64_t size = 0;
    std::string session;
  };
  std::vector<Run> runs_;
  std::uint64_t count_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace rha::storage
