// The names of objects in a Swift container, as CNCF distribution 2.8's swift driver makes them.
//
//   [<prefix>/]files/<path>                                    an object of the registry
//   [<prefix>/]segments/<3 hex>/<more hex>/<16 digits>          segment n of a large one, from 0000000000000001 up
//   [<prefix>/]segments/<3 hex>/<more hex>/<16 digits>-<8 hex>  ditto, of a later request of a chunked upload
//
// The hex is that of the upload's path and of random bytes, so an orphan tells where it came from. Pure functions;
// thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rha::storage {

class SwiftNames final {
 public:
  SwiftNames(std::string container, std::string_view prefix);

  [[nodiscard]] const std::string& container() const { return container_; }
  [[nodiscard]] std::string object(std::string_view path) const;
  // Where the segments of an upload at `uploadPath` lie; `nonce`, some random hex, tells apart those who write it.
  [[nodiscard]] std::string segmentPrefix(std::string_view uploadPath, std::string_view nonce) const;
  // What the names of all segments begin with.
  [[nodiscard]] std::string segmentsRoot() const { return root_ + "segments/"; }
  // The upload whose segments lie at such a prefix, as this or the old registry made it; nullopt if it does not tell.
  struct Origin {
    std::string uploadPath;
    std::string nonce;  // empty: the old registry's
  };
  [[nodiscard]] std::optional<Origin> originOf(std::string_view segmentPrefix) const;
  // "container/name", percent-encoded, for a URL.
  [[nodiscard]] std::string encoded(std::string_view name) const;

 private:
  std::string container_;
  std::string root_;  // "" or "prefix/"
};

// "0000000000000012", followed by "-<session>" when that is not empty.
std::string segmentName(std::string_view prefix, std::uint64_t number, std::string_view session);

}  // namespace rha::storage
